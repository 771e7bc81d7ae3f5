"""Keeping and ending: holds, disposals that one person proposes and another approves, and what is left to show for it."""

import datetime as dt
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.archive import permissions, store
from onecity.kernel.records.models import ArchiveEvent, ArchivePackage, PackageState


def due(account: Account, today: dt.date | None = None) -> QuerySet[ArchivePackage]:
    """What may be disposed of by its time, in the divisions that the account keeps: not held, not proposed yet."""
    last = today or _today()
    rows = ArchivePackage.objects.filter(state=PackageState.KEPT, held=False, kept_until__lt=last)
    return policy.visible(rows.order_by("kept_until", "call_number"), account, permissions.KEEP)


@transaction.atomic
def propose(package_id: UUID, actor: Account, reason: str) -> None:
    """Propose to dispose of a package whose time is over. Raises a problem: 404, 403, 409 (held, or not yet), 422."""
    row = _locked(package_id, actor, permissions.KEEP, reason)
    if row.held or row.kept_until is None or row.kept_until >= _today():
        raise Problem("archive-kept", _("This archived matter is still kept."), status=409, detail=_why_kept(row))
    _moved(row, PackageState.KEPT, PackageState.PROPOSED, "disposal_proposed", actor, reason)


@transaction.atomic
def approve(package_id: UUID, actor: Account, reason: str) -> None:
    """Approve a disposal: the bytes go for good, the row and its history stay. Raises a problem: 404, 403, 409, 422."""
    row = _locked(package_id, actor, permissions.APPROVE, reason)
    _other_person(row, actor)
    if row.held:
        raise Problem("archive-held", _("This archived matter is held."), status=409, detail=_why_kept(row))
    _moved(row, PackageState.PROPOSED, PackageState.DISPOSED, "disposed", actor, reason, {"sha256": row.sha256})
    transaction.on_commit(lambda: store.remove(row.sha256))


@transaction.atomic
def refuse(package_id: UUID, actor: Account, reason: str) -> None:
    """Refuse a disposal: the package is kept on. Raises a problem: 404, 403, 409, 422."""
    row = _locked(package_id, actor, permissions.APPROVE, reason)
    _moved(row, PackageState.PROPOSED, PackageState.KEPT, "disposal_refused", actor, reason)


@transaction.atomic
def hold(package_id: UUID, actor: Account, reason: str, *, held: bool) -> None:
    """Stop every disposal of a package (a law suit, an audit), or let it run again. Raises a problem: 404, 403, 409, 422."""
    row = _locked(package_id, actor, permissions.KEEP, reason)
    if row.state == PackageState.DISPOSED:
        raise Problem("archive-gone", _("This archived matter was disposed of."), status=409)
    if row.held != held:
        ArchivePackage.objects.filter(id=row.id).update(held=held)
        _written(row, "held" if held else "released", actor, reason)


def _today() -> dt.date:
    return timezone.localtime(now()).date()


def _locked(package_id: UUID, actor: Account, permission: str, reason: str) -> ArchivePackage:
    row = ArchivePackage.objects.select_for_update().filter(id=package_id).first()
    if row is None:
        raise Problem(
            "archive-not-found", _("There is no such archived matter, or it is not yours to see."), status=404
        )
    policy.require(actor, permission, row.division_path)
    if not reason.strip():
        raise Problem("reason-missing", _("Say why, for those who read it later."), status=422)
    return row


def _other_person(row: ArchivePackage, actor: Account) -> None:
    proposed = ArchiveEvent.objects.filter(package=row, what="disposal_proposed").order_by("-id").first()
    if proposed is not None and proposed.actor_id == actor.id:
        raise Problem("archive-two-people", _("Somebody else must approve what you proposed."), status=409)


def _moved(
    row: ArchivePackage, before: PackageState, after: PackageState, what: str, actor: Account, reason: str,
    detail: dict[str, str] | None = None,
) -> None:  # fmt: skip
    if not ArchivePackage.objects.filter(id=row.id, state=before).update(state=after):
        raise Problem("archive-moved-on", _("Somebody has decided this meanwhile. Look at it again."), status=409)
    _written(row, what, actor, reason, detail)


def _written(row: ArchivePackage, what: str, actor: Account, reason: str, detail: dict[str, str] | None = None) -> None:
    ArchiveEvent.objects.create(
        package=row, what=what, actor_id=actor.id, reason=reason.strip()[:300], detail=detail or {}
    )
    audit.record(
        f"archive.{what}", actor_id=actor.id, object_type="archived_matter", object_id=row.id,
        division_path=row.division_path, purpose=reason.strip()[:300],
    )  # fmt: skip


def _why_kept(row: ArchivePackage) -> object:
    if row.held:
        return _("It is held: nothing is disposed of until the hold is lifted.")
    if row.kept_until is None:
        return _("It is kept for ever.")
    return _("It is kept until %(day)s.") % {"day": row.kept_until.isoformat()}
