"""What is asked when a certificate is to be issued, checked as a whole before anything is written."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Organisation
from onecity.kernel.places import service as places
from onecity.kernel.places.snapshot import today
from onecity.kernel.records import identifiers
from onecity.kernel.records.certificates import sealing, types
from onecity.kernel.records.certificates.logic.kind import Value
from onecity.kernel.records.certificates.types import CertificateType
from onecity.kernel.records.keys import es256

LONGEST_NAME: Final = 200
LONGEST_IDENTITY: Final = 40
LONGEST_KEY: Final = 200
EARLIEST: Final = dt.date(1900, 1, 1)
LATEST: Final = dt.date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose certificate it is; `identity`: number of the identity document, or unified social credit code."""

    kind: Literal["person", "company"]
    name: str
    identity: str = field(repr=False)
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """One certificate to be issued; the same `source_key` again gives the same certificate.

    `division_path`: whose staff sees it (default: the whole district). `holder_key`: the holder's public key (JWK, P-256), to
    which the signed data is then bound. `issuer_name`: as printed (default: the organisation with this code).
    """

    type_code: str
    holder: Holder
    issuer_uscc: str
    source_key: str
    claims: Mapping[str, Value] = field(default_factory=dict, repr=False)
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    case_id: UUID | None = None
    division_path: str = ""
    holder_key: Mapping[str, Any] | None = None
    issuer_name: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A request that was checked, with what follows from its kind."""

    request: IssueRequest
    kind: CertificateType
    kind_version: int
    valid_from: dt.date
    valid_until: dt.date | None
    division_path: str
    identity: str
    issuer_name: str


def check(requests: Sequence[IssueRequest]) -> list[Ready]:
    """The requests ready to be issued; raises Problem 422 that names everything wrong in any of them, 404 for a kind."""
    day = today()
    root = places.root()
    whole = root.path if root else ""
    kinds = {code: types.in_force(code, day) for code in dict.fromkeys(r.type_code for r in requests)}
    names = _issuers({r.issuer_uscc for r in requests if not r.issuer_name})
    errors: list[FieldError] = []
    ready = []
    for place, request in enumerate(requests):
        kind, version = kinds[request.type_code]
        first = request.valid_from or day
        last = request.valid_until or kind.validity.last_day(first)
        named = request.issuer_name or names.get(request.issuer_uscc, "")
        one = Ready(
            request, kind, version, first, last, request.division_path or whole,
            sealing.plain(request.holder.identity), " ".join(named.split())[:LONGEST_NAME],
        )  # fmt: skip
        errors += _wrong(one, f"requests.{place}." if len(requests) > 1 else "")
        ready.append(one)
    if errors:
        raise Problem("certificate-request", _("This certificate cannot be issued."), status=422, errors=tuple(errors))
    return ready


def _issuers(codes: set[str]) -> dict[str, str]:
    """The names of organisations by their unified social credit codes."""
    return dict(Organisation.objects.filter(code__in=codes).values_list("code", "name")) if codes else {}


def _wrong(one: Ready, place: str) -> list[FieldError]:
    request = one.request
    errors = types.check_claims(one.kind, request.claims, f"{place}claims") + _wrong_holder(one, f"{place}holder")
    errors += [FieldError(f"{place}issuer_uscc", f.text, f.code) for f in identifiers.uscc_faults(request.issuer_uscc)]
    if not EARLIEST <= one.valid_from < LATEST or (one.valid_until is not None and one.valid_until < one.valid_from):
        errors.append(FieldError(f"{place}valid_until", _("It would end before it begins.")))
    if not 0 < len(request.source_key) <= LONGEST_KEY or "\0" in request.source_key:
        errors.append(FieldError(f"{place}source_key", _("Say what this certificate comes from.")))
    if not one.division_path:
        errors.append(FieldError(f"{place}division_path", _("Say in which division it is issued.")))
    if request.holder_key is not None and not es256.is_public_key(request.holder_key):
        errors.append(FieldError(f"{place}holder_key", _("The holder's key is not a public key on P-256.")))
    return errors


def _wrong_holder(one: Ready, place: str) -> list[FieldError]:
    holder = one.request.holder
    errors = []
    if not holder.name.strip() or len(holder.name) > LONGEST_NAME or not holder.name.isprintable():
        errors.append(FieldError(f"{place}.name", _("Say whose certificate it is.")))
    if holder.kind == "company":
        errors += [FieldError(f"{place}.identity", f.text, f.code) for f in identifiers.uscc_faults(one.identity)]
    elif not one.identity.isalnum() or len(one.identity) > LONGEST_IDENTITY:
        errors.append(FieldError(f"{place}.identity", _("Say the number of the holder's identity document.")))
    if one.kind.holder not in {"any", holder.kind}:
        errors.append(FieldError(f"{place}.kind", _("This kind of certificate is for other holders.")))
    return errors
