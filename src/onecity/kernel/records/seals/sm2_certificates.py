"""X.509 certificates with SM2 keys (GB/T 20518-2018): made, read, and checked along their chain, at a time and against a revocation list.

Python's cryptography reads such a certificate but refuses its key, so the key is taken out here and handed to OpenSSL.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from asn1crypto import core, crl, keys, x509

from onecity.kernel.records.keys import sm2_openssl
from onecity.kernel.records.seals import der, oids
from onecity.kernel.records.seals.der import StructureError
from onecity.kernel.records.seals.making import Signer

Usage = Literal["authority", "sign", "time"]
USAGE_BITS: Final = {
    "authority": {"key_cert_sign", "crl_sign"},
    "sign": {"digital_signature", "non_repudiation"},
    "time": {"digital_signature", "non_repudiation"},
}
TIME_STAMPING: Final = "time_stamping"
LARGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names."""

    common_name: str
    organisation: str
    country: str = "CN"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a check needs of a certificate; `signed` are the bytes under the issuer's signature, as received."""

    raw: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    name: str
    subject: bytes = field(repr=False)
    issuer_name: str
    issuer: bytes = field(repr=False)
    serial: int
    not_before: dt.datetime
    not_after: dt.datetime
    key: bytes = field(repr=False)
    """SubjectPublicKeyInfo, DER."""
    usage: frozenset[str] | None
    extended_usage: frozenset[str]
    is_authority: bool
    unknown_critical: tuple[str, ...]

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Whether `signature` over `data` is this certificate's; StructureError when its key is no SM2 key."""
        try:
            return sm2_openssl.PublicKey(self.key).verify(data, as_der(signature))
        except sm2_openssl.Sm2Error as error:
            raise StructureError(f"the certificate of {self.name} holds no SM2 key") from error


def as_der(signature: bytes) -> bytes:
    """SEQUENCE { r, s } of a signature that may also be the plain 64 bytes r ‖ s, as some devices give it."""
    if len(signature) != 64 or (signature[0] == 0x30 and signature[1] == 62):
        return signature
    halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    return der_sequence(b"".join(core.Integer(half).dump() for half in halves))


def der_sequence(content: bytes) -> bytes:
    """DER of a SEQUENCE shorter than 128 bytes."""
    return b"\x30" + bytes([len(content)]) + content


@lru_cache(maxsize=256)
def read(data: bytes) -> Certificate:
    """The certificate in DER; StructureError says what does not fit."""
    if len(data) > LARGEST:
        raise StructureError("larger than any certificate")
    parts = der.fields(der.node(data), "Certificate")
    if len(parts) != 3:
        raise StructureError("Certificate has three fields")
    algorithm = der.oid(der.fields(parts[1], "signatureAlgorithm")[0], "signatureAlgorithm")
    try:
        return _read(data, parts[0].raw, algorithm, der.bits(parts[2], "signature"))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise StructureError(f"certificate cannot be read: {error}") from None


def _read(data: bytes, signed: bytes, algorithm: str, signature: bytes) -> Certificate:
    tbs = x509.TbsCertificate.load(signed, strict=True)
    extensions = {item["extn_id"].native: item for item in tbs["extensions"]}
    known = {"basic_constraints", "key_usage", "extended_key_usage", "authority_key_identifier", "key_identifier"}
    basic = extensions.get("basic_constraints")
    usage = extensions.get("key_usage")
    extended = extensions.get("extended_key_usage")
    validity = tbs["validity"]
    return Certificate(
        raw=data,
        signed=signed,
        algorithm=algorithm,
        signature=signature,
        name=_readable(tbs["subject"]),
        subject=tbs["subject"].dump(),
        issuer_name=_readable(tbs["issuer"]),
        issuer=tbs["issuer"].dump(),
        serial=tbs["serial_number"].native,
        not_before=validity["not_before"].native.astimezone(dt.UTC),
        not_after=validity["not_after"].native.astimezone(dt.UTC),
        key=tbs["subject_public_key_info"].dump(),
        usage=frozenset(usage["extn_value"].native) if usage is not None else None,
        extended_usage=frozenset(extended["extn_value"].native) if extended is not None else frozenset(),
        is_authority=bool(basic is not None and basic["extn_value"].native["ca"]),
        unknown_critical=tuple(
            str(name) for name, item in extensions.items() if item["critical"].native and name not in known
        ),
    )


def _readable(name: x509.Name) -> str:
    values = name.native
    found = values.get("common_name") or values.get("organization_name") or name.human_friendly
    return str(found[0] if isinstance(found, list) else found)


def issue(
    subject: Subject,
    key: bytes,
    *,
    usage: Usage,
    valid: tuple[dt.datetime, dt.datetime],
    issuer: Signer | None,
    sign: Signer | None = None,
    serial: int,
) -> bytes:
    """DER of a certificate over `key` (SubjectPublicKeyInfo); without `issuer` it is an anchor signed by `sign` itself."""
    signer = issuer or sign
    if signer is None:
        raise ValueError("a certificate is signed by its issuer, or an anchor by itself")
    name = _name(subject)
    algorithm = x509.SignedDigestAlgorithm({"algorithm": oids.SM2_WITH_SM3})
    authority = read(issuer.certificate) if issuer else None
    tbs = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": serial,
            "signature": algorithm,
            "issuer": x509.Name.load(authority.subject) if authority else name,
            "validity": {
                "not_before": x509.Time("general_time" if valid[0].year > 2049 else "utc_time", _whole(valid[0])),
                "not_after": x509.Time("general_time" if valid[1].year > 2049 else "utc_time", _whole(valid[1])),
            },
            "subject": name,
            "subject_public_key_info": keys.PublicKeyInfo.load(key),
            "extensions": _extensions(usage, key, authority.key if authority else key),
        }
    )
    certificate = x509.Certificate(
        {
            "tbs_certificate": tbs,
            "signature_algorithm": algorithm,
            "signature_value": signer.sign(tbs.dump()),
        }
    )
    return bytes(certificate.dump())


def _whole(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(microsecond=0)


def _name(subject: Subject) -> x509.Name:
    return x509.Name.build(
        {
            "country_name": subject.country,
            "organization_name": subject.organisation,
            "common_name": subject.common_name,
        }
    )


def _extensions(usage: Usage, key: bytes, issuer_key: bytes) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {"extn_id": "basic_constraints", "critical": True, "extn_value": {"ca": usage == "authority"}},
        {"extn_id": "key_usage", "critical": True, "extn_value": USAGE_BITS[usage]},
        {"extn_id": "key_identifier", "extn_value": key_identifier(key)},
        {"extn_id": "authority_key_identifier", "extn_value": {"key_identifier": key_identifier(issuer_key)}},
    ]
    if usage == "time":
        found.append({"extn_id": "extended_key_usage", "critical": True, "extn_value": [TIME_STAMPING]})
    return found


def key_identifier(key: bytes) -> bytes:
    """RFC 7093, 2, method 1: the first 160 bits of SHA-256 over the public key's bits."""
    point = der.fields(der.node(key), "SubjectPublicKeyInfo")[1]
    return hashlib.sha256(der.bits(point, "subjectPublicKey")).digest()[:20]


def revocation_list(
    issuer: Signer, revoked: dict[int, dt.datetime], *, at: dt.datetime, until: dt.datetime, number: int
) -> bytes:
    """DER of the issuer's list of revoked serial numbers (RFC 5280, 5), valid from `at` to `until`."""
    algorithm = x509.SignedDigestAlgorithm({"algorithm": oids.SM2_WITH_SM3})
    body: dict[str, object] = {
        "version": "v2",
        "signature": algorithm,
        "issuer": x509.Name.load(read(issuer.certificate).subject),
        "this_update": x509.Time("utc_time", _whole(at)),
        "next_update": x509.Time("utc_time", _whole(until)),
        "crl_extensions": [{"extn_id": "crl_number", "extn_value": number}],
    }
    if revoked:
        body["revoked_certificates"] = [
            {"user_certificate": serial, "revocation_date": x509.Time("utc_time", _whole(moment))}
            for serial, moment in sorted(revoked.items())
        ]
    tbs = crl.TbsCertList(body)
    return bytes(
        crl.CertificateList(
            {"tbs_cert_list": tbs, "signature_algorithm": algorithm, "signature": issuer.sign(tbs.dump())}
        ).dump()
    )
