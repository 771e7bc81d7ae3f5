"""Makes seals and stamps: V4 (GB/T 38540-2020) by default, V5 (GM/T 0031-2025) on demand."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from asn1crypto import core

from onecity.kernel.records.seals import oids, reading
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.structures import (
    CertDigestList,
    CertificateList,
    SES_ESPictrueInfo,
    SES_ESPropertyInfo,
    SES_Header,
    SES_SealInfo,
    SES_Signature,
    SESeal,
    TBS_Sign,
)

VENDOR: Final = "OneCity"
OF_ORGANISATION: Final = 1
OF_PERSON: Final = 2
WRITTEN: Final = frozenset({4, 5})
CONTEXT_0: Final = {"explicit": 0}

Stamper = Callable[[bytes], bytes]
"""Gives a time stamp (RFC 3161 token, DER) over the SM3 of the bytes it is handed."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the certificate, and what its key does; the key itself stays where it is."""

    certificate: bytes = field(repr=False)
    sign: Callable[[bytes], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealContent:
    """What a seal is to say; times are aware, the picture's size is mm."""

    number: str
    """esID, ASCII."""
    name: str
    signers: tuple[bytes, ...] = field(repr=False)
    """Certificates (DER) that may use the seal."""
    picture: reading.Picture
    created_at: dt.datetime
    valid_from: dt.datetime
    valid_until: dt.datetime
    kind: int = OF_ORGANISATION
    by_digest: bool = False
    """List the certificates by their SM3 digest, which keeps the seal small."""


def make_seal(content: SealContent, maker: Signer, *, version: int = 4, stamper: Stamper | None = None) -> bytes:
    """DER of a seal signed by its maker; a V5 seal takes a time stamp too. ValueError for a version that is not written."""
    _writable(version)
    info = SES_SealInfo(
        {
            "header": SES_Header({"ID": "ES", "version": version, "Vid": VENDOR}),
            "esID": content.number,
            "property": SES_ESPropertyInfo(
                {
                    "type": content.kind,
                    "name": content.name,
                    "certListType": reading.BY_DIGEST if content.by_digest else reading.BY_CERTIFICATE,
                    "certList": core.Any(_listed(content)),
                    "createDate": _second(content.created_at),
                    "validStart": _second(content.valid_from),
                    "validEnd": _second(content.valid_until),
                }
            ),
            "picture": SES_ESPictrueInfo(
                {
                    "type": content.picture.format,
                    "data": content.picture.data,
                    "width": content.picture.width,
                    "height": content.picture.height,
                }
            ),
        }
    )
    signature = maker.sign(info.dump())
    seal = SESeal(
        {"eSealInfo": info, "cert": maker.certificate, "signAlgID": oids.SM2_WITH_SM3, "signedValue": signature}
    )
    if version == 5 and stamper is not None:
        seal["timeStamp"] = core.OctetBitString(stamper(signature), explicit=0)
    return bytes(seal.dump())


def make_stamp(
    seal: bytes,
    *,
    digest: bytes,
    property_info: str,
    signed_at: dt.datetime,
    signer: Signer,
    stamper: Stamper | None = None,
) -> bytes:
    """DER of a stamp of `seal` over `digest` (SM3 of Signature.xml, whose place in the package is `property_info`).

    The stamp has the version of its seal; ValueError for a V1 seal, which is read but no longer used.
    """
    version = reading.read_seal(seal).version
    _writable(version)
    to_sign = TBS_Sign(
        {
            "version": version,
            "eseal": core.Any.load(seal),
            "timeInfo": _second(signed_at),
            "dataHash": digest,
            "propertyInfo": property_info,
        }
    )
    signature = signer.sign(to_sign.dump())
    stamp = SES_Signature(
        {"toSign": to_sign, "cert": signer.certificate, "signatureAlgID": oids.SM2_WITH_SM3, "signature": signature}
    )
    if stamper is not None:
        stamp["timeStamp"] = core.OctetBitString(stamper(signature), explicit=0)
    return bytes(stamp.dump())


def _listed(content: SealContent) -> core.Asn1Value:
    if content.by_digest:
        return CertDigestList([{"type": "SM3", "value": sm3(certificate)} for certificate in content.signers])
    return CertificateList(list(content.signers))


def _second(moment: dt.datetime) -> dt.datetime:
    """GeneralizedTime in DER of whole seconds, UTC."""
    return moment.astimezone(dt.UTC).replace(microsecond=0)


def _writable(version: int) -> None:
    if version not in WRITTEN:
        raise ValueError(f"seals of version {version} are not written, only of versions 4 and 5")
