"""Taking a closed matter in: packed, checked in four ways, written to the disk, and only then known to the archive."""

from typing import Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import Func, Max, TextField, Value
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit
from onecity.kernel.core import search_text
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.records.archive import store
from onecity.kernel.records.archive.logic import checks, package, retention
from onecity.kernel.records.archive.logic.matter import Matter
from onecity.kernel.records.models import ArchiveEvent, ArchivePackage

LOCK_SPACE: Final = 0x0A2C01  # the first key of the archive's advisory locks; the second is the fonds and year
AUDITED: Final = "archived_matter"

# what a check is called on a page, in the order of the report
CHECKS: Final = {
    "manifest": _("Digests of all files by SHA-256 and SM3"),
    "call_number": _("File number"),
    "digests_of_metadata": _("Metadata and files agree"),
    "made_before_closing": _("Every file was made before the matter was closed"),
    "signatures": _("Signatures and certificates"),
    "metadata_read": _("Metadata can be read"),
    "facts": _("Required metadata"),
    "files_listed": _("Every file is listed, and every listed file is there"),
    "parts": _("Application and result are there"),
    "course": _("The course of handling is there, in order"),
    "format": _("Formats for long keeping"),
    "opens": _("Every file opens to its end"),
    "no_active_content": _("Nothing that acts by itself"),
    "no_passwords": _("No passwords"),
    "virus_scan": _("Virus scan"),
}
PROPERTIES: Final = {
    "authentic": _("Authentic"),
    "complete": _("Complete"),
    "usable": _("Usable"),
    "safe": _("Safe"),
}


def take_in(matter: Matter, verifier: checks.Verifier | None = None, actor_id: UUID | None = None) -> ArchivePackage:
    """The package of a closed matter, made once: the same `source_key` again gives the same package.

    Raises a problem (422) that names each check that failed; nothing is then kept.
    """
    with transaction.atomic():
        _lock(matter.fonds, matter.closed_at.year)
        found = ArchivePackage.objects.filter(source_key=matter.source_key).first()
        return found or _taken_in(matter, verifier, actor_id)


def _taken_in(matter: Matter, verifier: checks.Verifier | None, actor_id: UUID | None) -> ArchivePackage:
    year = matter.closed_at.year
    order = _next(matter.fonds, year)
    number = retention.call_number(matter.fonds, year, matter.retention, order)
    report = checks.check(package.build(matter, number), verifier)
    if not report.passed:
        raise refused(report)
    bag = package.build(matter, number, report.to_json())
    content = package.write(bag)
    marks = store.keep(content)  # before the row: what the archive knows is on the disk
    row = ArchivePackage.objects.create(
        source_key=matter.source_key, call_number=number, fonds=matter.fonds, year=year, order=order,
        number=matter.number, kind=matter.kind, title=matter.title[:300], office=matter.office,
        division_path=matter.division_path, outcome=matter.outcome, restricted=matter.restricted,
        retention=matter.retention, kept_until=retention.kept_until(matter.closed_at, matter.retention),
        closed_at=matter.closed_at, archived_at=now(), size=len(content), files=len(matter.documents),
        report=[vars_of(check) for check in report.checks], **marks,
        search=_words(matter.title, matter.number, number, matter.office, matter.kind),
    )  # fmt: skip
    ArchiveEvent.objects.create(package=row, what="taken_in", actor_id=actor_id, detail=marks)
    audit.record(
        "archive.taken_in", actor_id=actor_id, object_type=AUDITED, object_id=row.id, division_path=row.division_path
    )
    return row


def vars_of(check: checks.Check) -> dict[str, object]:
    """A check as it is kept beside the package."""
    return {"property": check.property, "code": check.code, "outcome": check.outcome, "about": list(check.about)}


def refused(report: checks.Report) -> Problem:
    """Why a matter cannot be archived: each check that failed, with what it found."""
    errors = [
        FieldError(check.code, f"{CHECKS.get(check.code, check.code)}: {'; '.join(check.about[:5])}", check.property)
        for check in report.failed
    ]
    return Problem("not-archived", _("This matter cannot be archived as it is."), status=422, errors=errors)


def _next(fonds: str, year: int) -> int:
    last: int | None = ArchivePackage.objects.filter(fonds=fonds, year=year).aggregate(last=Max("order"))["last"]
    return (last or 0) + 1


def _lock(fonds: str, year: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, f"{fonds}/{year}"])


def _words(*texts: str) -> Func:
    words = Value(search_text.document(*texts), output_field=ArrayField(TextField()))
    return Func(words, function="array_to_tsvector")
