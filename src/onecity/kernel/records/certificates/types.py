"""Kinds of certificate as data: installed from a file, each version kept, the one in force found by day."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.places.snapshot import today
from onecity.kernel.records import identifiers
from onecity.kernel.records.certificates.logic import kind as kinds
from onecity.kernel.records.certificates.logic.kind import Field, Kind, Validity, Words
from onecity.kernel.records.models import CertificateTypeVersion

__all__ = ["CertificateType", "Field", "Validity", "Words", "export", "in_force", "install", "install_file", "version"]

CertificateType = Kind
SLIPS: Final[Mapping[str, object]] = {
    "reserved": _("this name has a meaning of its own; take another"),
    "twice": _("this is said twice"),
    "age-of-no-date": _("ages follow from a date of birth only"),
    "before-start": _("this ends before it begins"),
    "unknown": _("there is no field of this name"),
}
WRONG: Final[Mapping[str, object]] = {
    "unknown": _("this kind of certificate has no such field"),
    "missing": _("this is missing"),
    "text": _("must be a text of at most 500 characters in one line"),
    "integer": _("must be a whole number"),
    "boolean": _("must be true or false"),
    "date": _("must be a date, like 2026-01-31"),
}


def install_file(text: bytes | str) -> int:
    """Install every kind of a JSON file (see docs/records.md), or nothing; how many versions are new. Raises Problem 422."""
    try:
        found = kinds.read(text)
    except ValueError as error:
        raise Problem(
            "certificate-types",
            _("The file of kinds of certificate is not as it should be."),
            status=422,
            detail=str(error),
        ) from error
    return install(*found)


def install(*found: CertificateType) -> int:
    """Add versions that differ from the newest one of their kind; idempotent; how many are new. Raises Problem 422."""
    for one in found:
        _check(one)
    with transaction.atomic():
        return sum(map(_install, found))


def export() -> str:
    """The newest version of every kind, as a file that `install_file` reads."""
    rows = CertificateTypeVersion.objects.order_by("code", "-version").distinct("code")
    return kinds.write(tuple(_kind(row) for row in rows))


def in_force(code: str, day: dt.date | None = None) -> tuple[CertificateType, int]:
    """The kind of this code that is in force on `day` (today), with its version; raises Problem 404."""
    on = day or today()
    rows = CertificateTypeVersion.objects.filter(code=code, effective_from__lte=on).order_by(
        "-effective_from", "-version"
    )
    row = rows.first()
    kind = _kind(row) if row else None
    if row is None or kind is None or (kind.effective_until is not None and kind.effective_until < on):
        raise Problem(
            "certificate-type",
            _("There is no kind of certificate “%(code)s” in force on %(day)s.")
            % {"code": code, "day": on.isoformat()},
            status=404,
        )
    return kind, row.version


def version(code: str, number: int) -> CertificateType:
    """A version that was in force once; raises CertificateTypeVersion.DoesNotExist."""
    return _kind(CertificateTypeVersion.objects.get(code=code, version=number))


def titles() -> dict[str, Words]:
    """The title of the newest version of every kind."""
    rows = CertificateTypeVersion.objects.order_by("code", "-version").distinct("code")
    return {row.code: _kind(row).title for row in rows}


def check_claims(kind: CertificateType, claims: Mapping[str, Any], place: str = "claims") -> list[FieldError]:
    """What is wrong with the claims of a new certificate."""
    return [FieldError(f"{place}.{name}", WRONG[word], word) for name, word in kinds.wrong(kind, claims)]


def vct(code: str, number: int) -> str:
    """The address that names a kind in signed data and answers with its description (SD-JWT VC, 3.2.2.1.1)."""
    return f"{str(settings.ONECITY_BASE_URL).rstrip('/')}/certificates/types/{code}/{number}"


def _check(kind: CertificateType) -> None:
    errors = [FieldError(f"{kind.code}.{name}", SLIPS[word], word) for name, word in kinds.slips(kind)]
    errors += [
        FieldError(f"{kind.code}.defining_uscc", f.text, f.code) for f in identifiers.uscc_faults(kind.defining_uscc)
    ]
    if errors:
        raise Problem(
            "certificate-types", _("This kind of certificate cannot be installed."), status=422, errors=tuple(errors)
        )


def _install(kind: CertificateType) -> int:
    text = msgspec.json.encode(kind)
    digest = hashlib.sha256(text).hexdigest()
    newest = CertificateTypeVersion.objects.filter(code=kind.code).order_by("-version").first()
    if newest is not None and newest.digest == digest:
        return 0
    row = CertificateTypeVersion(
        code=kind.code,
        version=newest.version + 1 if newest else 1,
        definition=msgspec.json.decode(text),
        digest=digest,
        effective_from=kind.effective_from,
    )
    # two installations at once agree: the second finds the number taken and its own digest there
    made = CertificateTypeVersion.objects.bulk_create([row], ignore_conflicts=True)
    return len(made)


def _kind(row: CertificateTypeVersion) -> CertificateType:
    return _decoded(row.digest, msgspec.json.encode(row.definition))


@lru_cache(maxsize=256)
def _decoded(_digest: str, text: bytes) -> CertificateType:
    return msgspec.json.decode(text, type=Kind)
