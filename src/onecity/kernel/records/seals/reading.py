"""Reads seals and stamps of the three versions in use and keeps the bytes that were signed.

V1 is GM/T 0031-2014, V4 is GB/T 38540-2020, V5 is GM/T 0031-2025. A seal (电子印章) is made once by its maker (制章者); a stamp
(电子签章) is one use of it on one document by its signer (签章者). Which version lies at hand shows in the number of fields
and the header (certificates.md, 3).
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Final, Literal

from onecity.kernel.records.seals import der
from onecity.kernel.records.seals.der import Node, StructureError

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a seal or stamp that are still looked at; pictures of real seals have some ten thousand."""
BY_CERTIFICATE: Final = 1
BY_DIGEST: Final = 2
Reading = Literal["none", "untagged", "tagged", "wrapped"]


@dataclass(frozen=True, slots=True)
class Extension:
    """One item of extDatas."""

    identifier: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """What the seal looks like: a picture file and its size on paper, mm."""

    format: str
    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SealInfo:
    """SES_SealInfo: what the seal says of itself."""

    version: int
    vendor: str
    number: str
    """esID."""
    kind: int
    """1 seal of an organisation, 2 of a person; other numbers occur and are kept."""
    name: str
    list_type: int
    certificates: tuple[bytes, ...] = field(repr=False)
    """DER of the certificates that may use the seal (list type 1)."""
    digests: tuple[tuple[str, bytes], ...]
    """(kind of digest, value) of those certificates (list type 2)."""
    created_at: dt.datetime
    valid_from: dt.datetime
    valid_until: dt.datetime
    picture: Picture
    extensions: tuple[Extension, ...]
    extension_reading: Reading


@dataclass(frozen=True, slots=True)
class ReadSeal:
    """A seal as received."""

    version: int
    raw: bytes = field(repr=False)
    info: SealInfo
    signed: bytes = field(repr=False)
    """The bytes that the maker signed."""
    certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    time_stamp: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class ReadStamp:
    """A stamp as received."""

    version: int
    raw: bytes = field(repr=False)
    seal: ReadSeal
    signed: bytes = field(repr=False)
    """The bytes that the signer signed: TBS_Sign."""
    claimed_at: dt.datetime | None
    digest: bytes
    property_info: str
    certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    time_stamp: bytes | None = field(repr=False, default=None)


def read_seal(data: bytes) -> ReadSeal:
    """The seal in `data` (DER of SESeal of any version); StructureError names what does not fit."""
    return _seal(der.node(_bounded(data)))


def read_stamp(data: bytes) -> ReadStamp:
    """The stamp in `data` (DER of SES_Signature of any version); StructureError names what does not fit."""
    element = der.node(_bounded(data))
    parts = der.fields(element, "SES_Signature")
    if len(parts) == 2:
        return _stamp_v1(element, parts)
    if len(parts) in {4, 5}:
        return _stamp(element, parts)
    raise StructureError(f"SES_Signature has {len(parts)} fields, not 2, 4 or 5")


def _bounded(data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise StructureError(f"{len(data)} bytes are more than any seal has")
    return data


def _seal(element: Node) -> ReadSeal:
    parts = der.fields(element, "SESeal")
    if len(parts) == 2:
        return _seal_v1(element, parts)
    if len(parts) not in {4, 5}:
        raise StructureError(f"SESeal has {len(parts)} fields, not 2, 4 or 5")
    info = _info(parts[0], v1=False)
    version = 5 if len(parts) == 5 or info.version == 5 else 4
    return ReadSeal(
        version=version,
        raw=element.raw,
        info=info,
        signed=parts[0].raw,
        certificate=der.octets(parts[1], "cert"),
        algorithm=der.oid(parts[2], "signAlgID"),
        signature=der.bits(parts[3], "signedValue"),
        time_stamp=_time_stamp(parts[4]) if len(parts) == 5 else None,
    )


def _seal_v1(element: Node, parts: list[Node]) -> ReadSeal:
    signing = der.fields(parts[1], "SES_SignInfo")
    if len(signing) != 3:
        raise StructureError(f"SES_SignInfo has {len(signing)} fields, not 3")
    return ReadSeal(
        version=1,
        raw=element.raw,
        info=_info(parts[0], v1=True),
        signed=sequence(parts[0].raw, signing[0].raw, signing[1].raw),
        certificate=der.octets(signing[0], "cert"),
        algorithm=der.oid(signing[1], "signatureAlgorithm"),
        signature=der.bits(signing[2], "signData"),
    )


def sequence(*slices: bytes) -> bytes:
    """DER of a SEQUENCE around slices that stay as they are (the signed bytes of a V1 seal are put together so)."""
    content = b"".join(slices)
    length = len(content)
    if length < 0x80:
        return b"\x30" + bytes([length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return b"\x30" + bytes([0x80 | len(size)]) + size + content


def _info(element: Node, *, v1: bool) -> SealInfo:
    parts = der.fields(element, "SES_SealInfo")
    if len(parts) not in {4, 5}:
        raise StructureError(f"SES_SealInfo has {len(parts)} fields, not 4 or 5")
    header = der.fields(parts[0], "SES_Header")
    if len(header) != 3 or der.text(header[0], "header ID") != "ES":
        raise StructureError("SES_Header does not begin with ES")
    kind, name, list_type, listed, times = _property(parts[2], v1=v1)
    extensions, reading = _extensions(parts[4]) if len(parts) == 5 else ((), "none")
    return SealInfo(
        version=der.integer(header[1], "header version"),
        vendor=der.text(header[2], "Vid"),
        number=der.text(parts[1], "esID"),
        kind=kind,
        name=name,
        list_type=list_type,
        certificates=_certificates(listed) if list_type == BY_CERTIFICATE else (),
        digests=_digests(listed) if list_type == BY_DIGEST else (),
        created_at=times[0],
        valid_from=times[1],
        valid_until=times[2],
        picture=_picture(parts[3]),
        extensions=extensions,
        extension_reading=reading,
    )


def _property(element: Node, *, v1: bool) -> tuple[int, str, int, Node, list[dt.datetime]]:
    parts = der.fields(element, "SES_ESPropertyInfo")
    expected = 6 if v1 else 7
    if len(parts) != expected:
        raise StructureError(f"SES_ESPropertyInfo has {len(parts)} fields, not {expected}")
    list_type = BY_CERTIFICATE if v1 else der.integer(parts[2], "certListType")
    if list_type not in {BY_CERTIFICATE, BY_DIGEST}:
        raise StructureError(f"certListType is {list_type}, neither 1 nor 2")
    times = [
        der.time(part, name) for part, name in zip(parts[-3:], ("createDate", "validStart", "validEnd"), strict=True)
    ]
    return der.integer(parts[0], "type"), der.text(parts[1], "name"), list_type, parts[-4], times


def _certificates(element: Node) -> tuple[bytes, ...]:
    return tuple(der.octets(part, "certList") for part in der.fields(element, "certList"))


def _digests(element: Node) -> tuple[tuple[str, bytes], ...]:
    found = []
    for part in der.fields(element, "certList"):
        pair = der.fields(part, "certDigest")
        if len(pair) != 2:
            raise StructureError("a certificate's digest has a type and a value")
        found.append((der.text(pair[0], "digest type"), der.octets(pair[1], "digest")))
    return tuple(found)


def _picture(element: Node) -> Picture:
    parts = der.fields(element, "SES_ESPictrueInfo")
    if len(parts) != 4:
        raise StructureError(f"SES_ESPictrueInfo has {len(parts)} fields, not 4")
    return Picture(
        der.text(parts[0], "picture type"),
        der.octets(parts[1], "picture"),
        der.integer(parts[2], "picture width"),
        der.integer(parts[3], "picture height"),
    )


def _extensions(element: Node) -> tuple[tuple[Extension, ...], Reading]:
    """ExtDatas as three readings of the standard write them: untagged, [0] EXPLICIT, or inside an OCTET STRING."""
    if element.is_a(der.OCTET_STRING):
        return _extension_list(der.node(element.content)), "wrapped"
    if element.is_context(0):
        return _extension_list(der.node(element.content)), "tagged"
    return _extension_list(element), "untagged"


def _extension_list(element: Node) -> tuple[Extension, ...]:
    found = []
    for item in der.fields(element, "extDatas"):
        parts = der.fields(item, "ExtData")
        if len(parts) not in {2, 3}:
            raise StructureError(f"ExtData has {len(parts)} fields, not 2 or 3")
        critical = len(parts) == 3 and parts[1].content != b"\x00"
        found.append(Extension(der.oid(parts[0], "extnID"), critical, der.octets(parts[-1], "extnValue")))
    return tuple(found)


def _time_stamp(element: Node) -> bytes:
    if not element.is_context(0):
        raise StructureError("timeStamp does not carry [0]")
    return der.bits(der.node(element.content), "timeStamp")


def _stamp(element: Node, parts: list[Node]) -> ReadStamp:
    tbs = der.fields(parts[0], "TBS_Sign")
    if len(tbs) not in {5, 6}:
        raise StructureError(f"TBS_Sign has {len(tbs)} fields, not 5 or 6")
    seal = _seal(tbs[1])
    if len(tbs) == 6:
        _extensions(tbs[5])
    return ReadStamp(
        version=5 if seal.info.version == 5 else 4,
        raw=element.raw,
        seal=seal,
        signed=parts[0].raw,
        claimed_at=der.time(tbs[2], "timeInfo"),
        digest=der.bits(tbs[3], "dataHash"),
        property_info=der.text(tbs[4], "propertyInfo"),
        certificate=der.octets(parts[1], "cert"),
        algorithm=der.oid(parts[2], "signatureAlgID"),
        signature=der.bits(parts[3], "signature"),
        time_stamp=_time_stamp(parts[4]) if len(parts) == 5 else None,
    )


def _stamp_v1(element: Node, parts: list[Node]) -> ReadStamp:
    tbs = der.fields(parts[0], "TBS_Sign")
    if len(tbs) != 7:
        raise StructureError(f"TBS_Sign of version 1 has {len(tbs)} fields, not 7")
    claimed_at, time_stamp = _time_v1(der.bits(tbs[2], "timeInfo"))
    return ReadStamp(
        version=1,
        raw=element.raw,
        seal=_seal(tbs[1]),
        signed=parts[0].raw,
        claimed_at=claimed_at,
        digest=der.bits(tbs[3], "dataHash"),
        property_info=der.text(tbs[4], "propertyInfo"),
        certificate=der.octets(tbs[5], "cert"),
        algorithm=der.oid(tbs[6], "signatureAlgorithm"),
        signature=der.bits(parts[1], "signature"),
        time_stamp=time_stamp,
    )


def _time_v1(data: bytes) -> tuple[dt.datetime | None, bytes | None]:
    """What V1 puts into timeInfo: a plain time, or a time stamp, which is then the only time there is."""
    element = der.node(data)
    if element.tag in der.TIMES and element.tag_class == der.UNIVERSAL:
        return der.time(element, "timeInfo"), None
    return None, data
