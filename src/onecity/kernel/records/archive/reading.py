"""The reading room: search, ask to read what is restricted, read and take away, each look written down with its purpose."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core import search_text
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.archive import permissions, store
from onecity.kernel.records.archive.logic import package
from onecity.kernel.records.archive.logic.retention import CALL_NUMBER
from onecity.kernel.records.models import ArchiveEvent, ArchivePackage, PackageState, ReadingRequest

ALLOWED_FOR: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty means everything."""

    text: str = ""
    year: int | None = None
    retention: str = ""
    soundness: str = ""


def visible(account: Account) -> QuerySet[ArchivePackage]:
    """The packages of the account's divisions, newest first."""
    return policy.visible(
        ArchivePackage.objects.defer("search", "report").order_by("-archived_at"), account, permissions.VIEW
    )


def search(account: Account, wanted: Wanted) -> QuerySet[ArchivePackage]:
    """Those that match, by file number, number of the matter or words of the title."""
    rows = visible(account)
    text = wanted.text.strip()
    if CALL_NUMBER.fullmatch(text):
        rows = rows.filter(call_number=text)
    elif query := search_text.query(text):
        rows = rows.filter(search=SearchQuery(query, search_type="raw", config="simple"))
    if wanted.year is not None:
        rows = rows.filter(year=wanted.year)
    if wanted.retention:
        rows = rows.filter(retention=wanted.retention)
    return rows.filter(soundness=wanted.soundness) if wanted.soundness else rows


def find(package_id: UUID, account: Account) -> ArchivePackage:
    """One package; raises a problem (404) for one that there is not, or not for this account."""
    found = policy.visible(ArchivePackage.objects.all(), account, permissions.VIEW).filter(id=package_id).first()
    if found is None:
        raise Problem(
            "archive-not-found", _("There is no such archived matter, or it is not yours to see."), status=404
        )
    return found


def ask(row: ArchivePackage, reader: Account, purpose: str) -> ReadingRequest:
    """Ask to read a restricted package; one request at a time. Raises a problem (409, 422)."""
    if not purpose.strip():
        raise Problem("purpose-missing", _("Say what you need it for."), status=422)
    try:
        with transaction.atomic():
            made = ReadingRequest.objects.create(package=row, reader_id=reader.id, purpose=purpose.strip()[:300])
    except IntegrityError as error:
        raise Problem("archive-asked", _("You have asked already. Somebody will decide."), status=409) from error
    _written(row, "reading_asked", reader, purpose)
    return made


@transaction.atomic
def decide(request_id: UUID, actor: Account, *, allow: bool) -> None:
    """Allow reading for a week, or refuse; nobody decides his own. Raises a problem (404, 403, 409)."""
    found = (
        ReadingRequest.objects.select_for_update(of=("self",)).filter(id=request_id).select_related("package").first()
    )
    if found is None:
        raise Problem("request-not-found", _("There is no such request."), status=404)
    policy.require(actor, permissions.RELEASE, found.package.division_path)
    if found.reader_id == actor.id:
        raise Problem("archive-two-people", _("Somebody else must decide your own request."), status=409)
    if found.decided_at is not None:
        raise Problem("archive-moved-on", _("Somebody has decided this meanwhile. Look at it again."), status=409)
    found.decided_at, found.decided_by_id = now(), actor.id
    found.allowed_until = now() + ALLOWED_FOR if allow else None
    found.save(update_fields=["decided_at", "decided_by_id", "allowed_until"])
    _written(found.package, "reading_allowed" if allow else "reading_refused", actor, found.purpose)


def may_read(row: ArchivePackage, reader: Account) -> bool:
    """Whether the account may open the files now: what is open, and what it was allowed."""
    if row.state == PackageState.DISPOSED:
        return False
    allowed = ReadingRequest.objects.filter(package=row, reader_id=reader.id, allowed_until__gt=now())
    return not row.restricted or allowed.exists()


def names(row: ArchivePackage) -> list[tuple[str, int]]:
    """The files in a package with their sizes in bytes."""
    bag = package.read(store.read(row.sha256, row.sm3))
    return [(path, len(content)) for path, content in sorted(bag.payload().items())]


def file(row: ArchivePackage, path: str, reader: Account) -> bytes:
    """One file of a package, the look written down. Raises a problem (403, 404, and 500 where it is damaged)."""
    _opened(row, reader)
    content = package.read(store.read(row.sha256, row.sm3)).payload().get(path)
    if content is None:
        raise Problem("archive-file-not-found", _("There is no such file in this archived matter."), status=404)
    _written(row, "read", reader, _purpose(row, reader), {"path": path})
    return content


def export(row: ArchivePackage, reader: Account) -> bytes:
    """The whole package as a ZIP that BagIt's tools check, the export written down. Raises a problem (403, 500)."""
    policy.require(reader, permissions.KEEP, row.division_path)
    _opened(row, reader)
    content = store.read(row.sha256, row.sm3)
    _written(row, "exported", reader, _purpose(row, reader))
    return content


def _opened(row: ArchivePackage, reader: Account) -> None:
    if not may_read(row, reader):
        raise Problem(
            "archive-restricted",
            _("This archived matter is restricted."),
            status=403,
            detail=_("Ask to read it and say what for; whoever may release it decides."),
        )


def _purpose(row: ArchivePackage, reader: Account) -> str:
    allowed = ReadingRequest.objects.filter(package=row, reader_id=reader.id, allowed_until__gt=now()).first()
    return allowed.purpose if allowed is not None else ""


def _written(
    row: ArchivePackage, what: str, actor: Account, purpose: str, detail: dict[str, str] | None = None
) -> None:
    ArchiveEvent.objects.create(package=row, what=what, actor_id=actor.id, reason=purpose[:300], detail=detail or {})
    audit.record(
        f"archive.{what}", actor_id=actor.id, object_type="archived_matter", object_id=row.id,
        division_path=row.division_path, purpose=purpose[:300], detail=detail or {},
    )  # fmt: skip
