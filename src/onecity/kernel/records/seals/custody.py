"""Seals from making to destruction, and who gets leave to use one: each step by somebody who may, each in the audit trail."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core import clock
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account, Organisation
from onecity.kernel.records.keys import sm2
from onecity.kernel.records.models import Seal, SealGrant, SealState
from onecity.kernel.records.ofd import faces
from onecity.kernel.records.seals import authority, drawing, making, permissions, reading
from onecity.kernel.records.seals.sm2_certificates import Subject

DEMONSTRATION: Final = ("示范专用", "DEMONSTRATION")
SOFTWARE: Final = ("", "软件密钥 SOFTWARE KEY")
"""What stands below the star, so that nobody takes the seal for one with a state-certified device."""
LONGEST: Final = dt.timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class NewSeal:
    """What a new seal is to be; `number` is the one under which it is registered, letters, digits and hyphens."""

    number: str
    name: str
    division_path: str
    valid_until: dt.datetime
    organisation_id: UUID | None = None
    demonstration: bool = False
    key_reference: str = ""
    """A device's key; empty for a new software key."""


@dataclass(frozen=True, slots=True)
class Leave:
    """For what a seal may be used, by whom (None: by the system after a rule's decision) and until when."""

    account_id: UUID | None
    subject_kind: str
    subject_code: str
    needs_approval: bool = False
    valid_from: dt.datetime | None = None
    valid_until: dt.datetime | None = None


def make(wanted: NewSeal, actor: Account | None) -> Seal:
    """A new seal with its key, its certificate and its picture, signed by the maker.

    `actor` None is the installation itself (set-up of a demonstration). Problem 403 without the right, 409 for a number
    that is taken, 422 for what does not fit, 501 without SM2 on this machine.
    """
    if actor is not None:
        policy.require(actor, permissions.MANAGE, wanted.division_path)
    sm2.require_sm2()
    _fits(wanted)
    identifier = new_id()
    key = sm2.open_key(wanted.key_reference) if wanted.key_reference else sm2.make_key(f"seal-{identifier}")
    owner = Organisation.objects.filter(id=wanted.organisation_id).first() if wanted.organisation_id else None
    certificate, serial = authority.certify(
        Subject(wanted.name, owner.name if owner else wanted.name),
        key.public_key,
        usage="sign",
        until=wanted.valid_until,
    )
    picture = _picture(wanted)
    start = clock.now().replace(microsecond=0)
    structure = making.make_seal(
        making.SealContent(
            number=wanted.number,
            name=wanted.name,
            signers=(certificate,),
            picture=reading.Picture("png", picture, round(drawing.DIAMETER), round(drawing.DIAMETER)),
            created_at=start,
            valid_from=start,
            valid_until=wanted.valid_until,
        ),
        authority.maker(),
    )
    seal = Seal(
        id=identifier, number=wanted.number, name=wanted.name, organisation_id=wanted.organisation_id,
        division_path=wanted.division_path, structure=structure, picture=picture, certificate=certificate,
        serial=str(serial), key_reference=key.kid, demonstration=wanted.demonstration,
        valid_from=start, valid_until=wanted.valid_until, made_by_id=actor.id if actor else None,
    )  # fmt: skip
    with transaction.atomic():
        seal.save(force_insert=True)
        _record("seals.make", seal, actor, {"number": seal.number, "key": seal.key_reference})
    return seal


def _fits(wanted: NewSeal) -> None:
    errors = []
    if not 0 < len(wanted.name.strip()) <= drawing.LONGEST_NAME:
        errors.append(FieldError("name", _("A seal's name has 1 to 40 characters.")))
    if not wanted.number.isascii() or not wanted.number.replace("-", "").isalnum() or len(wanted.number) > 40:
        errors.append(FieldError("number", _("A seal's number has letters, digits and hyphens, at most 40.")))
    elif Seal.objects.filter(number=wanted.number).exists():
        errors.append(FieldError("number", _("There is a seal with this number already.")))
    if not clock.now() < wanted.valid_until <= clock.now() + LONGEST:
        errors.append(FieldError("valid_until", _("A seal is valid for at most five years from now.")))
    if errors:
        raise Problem("seal-does-not-fit", _("The seal cannot be made like this."), status=422, errors=errors)


def _picture(wanted: NewSeal) -> bytes:
    software = not wanted.key_reference or wanted.key_reference.startswith(sm2.SOFTWARE)
    below, second = DEMONSTRATION if wanted.demonstration else SOFTWARE if software else ("", "")
    return drawing.draw(wanted.name, faces.path_of(bold=True), below=below, second=second)


def suspend(seal_id: UUID, actor: Account, reason: str) -> Seal:
    """Nobody may use the seal for now; documents stamped before, at a proven time, stay valid."""
    return _move(seal_id, actor, reason, SealState.SUSPENDED, frozenset({SealState.ACTIVE}))


def resume(seal_id: UUID, actor: Account, reason: str) -> Seal:
    """The seal may be used again."""
    return _move(seal_id, actor, reason, SealState.ACTIVE, frozenset({SealState.SUSPENDED}))


def destroy(seal_id: UUID, actor: Account, reason: str) -> Seal:
    """The seal is never used again: its certificate is revoked and its software key removed."""
    seal = _move(seal_id, actor, reason, SealState.DESTROYED, frozenset({SealState.ACTIVE, SealState.SUSPENDED}))
    transaction.on_commit(lambda: sm2.destroy_key(seal.key_reference))
    return seal


def _move(seal_id: UUID, actor: Account, reason: str, state: SealState, from_states: frozenset[SealState]) -> Seal:
    said = _reason(reason)
    with transaction.atomic():
        seal = manageable(seal_id, actor, lock=True)
        if seal.state not in from_states:
            raise Problem(
                "seal-state",
                _("This cannot be done with a seal in the state “%(state)s”.") % {"state": SealState(seal.state).label},
                status=409,
            )
        seal.state, seal.state_since = state, clock.now()
        seal.save(update_fields=["state", "state_since"])
        _record(f"seals.{state}", seal, actor, {"reason": said})
    return seal


def allow(seal_id: UUID, leave: Leave, actor: Account | None) -> SealGrant:
    """Give leave to use the seal; the same leave given again is the one that stands."""
    with transaction.atomic():
        seal = manageable(seal_id, actor)
        if not leave.subject_code.strip():
            raise Problem("seal-subject", _("Say for which kind the seal may be used."), status=422)
        grant = standing(seal, leave.account_id, leave.subject_kind, leave.subject_code).first()
        if grant is None or grant.needs_approval != leave.needs_approval or grant.valid_until != leave.valid_until:
            grant = SealGrant.objects.create(
                seal=seal, account_id=leave.account_id, subject_kind=leave.subject_kind,
                subject_code=leave.subject_code.strip(), needs_approval=leave.needs_approval,
                valid_from=leave.valid_from or clock.now(), valid_until=leave.valid_until,
                granted_by_id=actor.id if actor else None,
            )  # fmt: skip
            _record("seals.allow", seal, actor, {"grant": str(grant.id), "to": str(leave.account_id or "system")})
    return grant


def withdraw(grant_id: UUID, actor: Account) -> SealGrant:
    """Take leave back; from then on it allows nothing."""
    with transaction.atomic():
        grant = SealGrant.objects.select_related("seal").filter(id=grant_id).first()
        if grant is None:
            raise not_there()
        seal = manageable(grant.seal_id, actor)
        if grant.withdrawn_at is None:
            grant.withdrawn_at = clock.now()
            grant.save(update_fields=["withdrawn_at"])
            _record("seals.withdraw", seal, actor, {"grant": str(grant.id)})
    return grant


def standing(seal: Seal, account_id: UUID | None, kind: str, code: str) -> QuerySet[SealGrant]:
    """The leaves that hold now for this account and this kind; the one that asks for no second person first."""
    at = clock.now()
    return SealGrant.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=at),
        seal=seal,
        account_id=account_id,
        subject_kind=kind,
        subject_code=code,
        withdrawn_at__isnull=True,
        valid_from__lte=at,
    ).order_by("needs_approval", "granted_at")


def manageable(seal_id: UUID, actor: Account | None, *, lock: bool = False) -> Seal:
    """The seal, when the actor may manage it; a seal that he may not even see is not there."""
    rows = Seal.objects.select_for_update() if lock else Seal.objects.all()
    seal = rows.filter(id=seal_id).first()
    if seal is None:
        raise not_there()
    if actor is not None:
        policy.require(actor, permissions.MANAGE, seal.division_path)
    return seal


def not_there() -> Problem:
    """404, the same for what does not exist and what one may not see."""
    return Problem("no-such-seal", _("There is no such seal, or you may not see it."), status=404)


def _reason(reason: str) -> str:
    said = " ".join(reason.replace("\0", "").split())
    if not said or len(said) > 200:
        raise Problem("reason-needed", _("Give the reason, in at most 200 characters."), status=422)
    return said


def _record(action: str, seal: Seal, actor: Account | None, detail: dict[str, str]) -> None:
    audit.record(
        action,
        actor_id=actor.id if actor else None,
        object_type="seal",
        object_id=seal.id,
        division_path=seal.division_path,
        detail=detail,
    )
