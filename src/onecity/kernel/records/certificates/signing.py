"""Makes the signed data of a certificate, an SD-JWT VC, and the row that keeps it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from django.utils import timezone

from onecity.kernel.core.ids import new_id
from onecity.kernel.records.certificates import sealing, types
from onecity.kernel.records.certificates.logic import kind as kinds
from onecity.kernel.records.certificates.logic import sdjwt, statuslist
from onecity.kernel.records.certificates.requests import Ready
from onecity.kernel.records.identifiers import CertificateNumber
from onecity.kernel.records.keys.port import SigningKey
from onecity.kernel.records.models import Certificate, State

LISTS: Final = "/certificates/status/"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new certificate stands among all: its count, its serial number and its version."""

    count: int
    serial: str
    version: int = 1
    replaces: UUID | None = None


class Signer:
    """Signs many certificates with one key at one moment."""

    def __init__(self, key: SigningKey, issuer: str, moment: dt.datetime) -> None:
        self.key = key
        self.issuer = issuer
        self.moment = moment
        header = {"alg": key.algorithm, "kid": key.kid, "typ": sdjwt.TYPE}
        self._header = sdjwt.encode(msgspec.json.encode(header))

    def sign(self, payload: dict[str, Any]) -> str:
        """The compact JWS of a payload."""
        data = f"{self._header}.{sdjwt.encode(msgspec.json.encode(payload))}"
        return f"{data}.{sdjwt.encode(self.key.sign(data.encode()))}"


def row_of(one: Ready, signer: Signer, place: Place) -> Certificate:
    """The new certificate, signed, not yet written."""
    request, identifier = one.request, new_id()
    number = CertificateNumber(
        one.kind.defining_uscc, one.kind.number, request.issuer_uscc, place.serial, place.version
    )
    claims = {name: value for name, value in request.claims.items() if value not in {None, ""}}
    disclosures, digests = sdjwt.disclose(_hidden(one, claims))
    status_list, status_index = divmod(place.count, statuslist.SIZE)
    signed = signer.sign(_payload(one, signer, str(number), status_list, status_index) | {"_sd": digests})
    sensitive = {f.name for f in one.kind.fields if f.grade == "sensitive"}
    inside = sealing.Inside(
        one.identity, {name: value for name, value in claims.items() if name in sensitive}, tuple(disclosures)
    )
    return Certificate(
        id=identifier, number=str(number), type_code=one.kind.code, type_version=one.kind_version, version=place.version,
        serial=place.serial, issuer_uscc=request.issuer_uscc,
        issuer_name=one.issuer_name, division_path=one.division_path,
        holder_kind=request.holder.kind, holder_name=request.holder.name.strip(),
        identity_hash=sealing.identity_hash(one.identity), account_id=request.holder.account_id,
        claims={name: value for name, value in claims.items() if name not in sensitive},
        sealed=sealing.seal(identifier, inside), signed=signed, kid=signer.key.kid, status_list=status_list,
        status_index=status_index, state=State.VALID, step=1, valid_from=one.valid_from, valid_until=one.valid_until,
        issued_at=signer.moment, replaces_id=place.replaces, source_key=request.source_key, case_id=request.case_id,
    )  # fmt: skip


def token_of(certificate: Certificate) -> str:
    """The whole signed certificate with every disclosure: for its holder alone."""
    inside = sealing.unseal(certificate.id, certificate.sealed)
    return sdjwt.combine(certificate.signed, inside.disclosures)


def status_uri(issuer: str, status_list: int) -> str:
    """Where a status list is published."""
    return f"{issuer}{LISTS}{status_list}"


def _hidden(one: Ready, claims: dict[str, Any]) -> dict[str, Any]:
    holder = one.request.holder
    said = {"name": holder.name.strip(), "identity": one.identity, "holder_kind": holder.kind}
    said |= {"issuer_name": one.issuer_name} if one.issuer_name else {}
    return said | claims | kinds.ages(one.kind, claims, one.valid_from)


def _payload(one: Ready, signer: Signer, number: str, status_list: int, status_index: int) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "iss": signer.issuer,
        "iat": int(signer.moment.timestamp()),
        "nbf": _midnight(one.valid_from),
        "jti": number,
        "vct": types.vct(one.kind.code, one.kind_version),
        "status": {"status_list": {"idx": status_index, "uri": status_uri(signer.issuer, status_list)}},
        "_sd_alg": sdjwt.HASH,
    }
    if one.valid_until is not None:
        payload["exp"] = _midnight(one.valid_until + dt.timedelta(days=1))
    if one.request.holder_key is not None:
        payload["cnf"] = {"jwk": dict(one.request.holder_key)}
    return payload


def _midnight(day: dt.date) -> int:
    """The beginning of a day in the district, in seconds since 1970."""
    return int(dt.datetime.combine(day, dt.time(), timezone.get_default_timezone()).timestamp())
