"""A second person's agreement to one use of a seal on one document: asked for, given or refused, used once."""

import datetime as dt
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.models import RequestState, Seal, SealRequest
from onecity.kernel.records.seals import custody, permissions
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.purpose import Purpose

HOLDS: Final = dt.timedelta(hours=24)
"""So long after it was given an agreement may be used."""


def ask(seal_id: UUID, document: bytes, purpose: Purpose, actor: Account) -> SealRequest:
    """Ask for agreement to stamp this very document; the same question twice is one request.

    Problem 403 without leave for this kind of thing, 404 for a seal one may not see.
    """
    with transaction.atomic():
        seal = Seal.objects.filter(id=seal_id).first()
        if seal is None:
            raise custody.not_there()
        policy.require(actor, permissions.USE, seal.division_path)
        if not custody.standing(seal, actor.id, purpose.kind, purpose.code).exists():
            raise no_leave(seal)
        digest = sm3(document).hex()
        same = SealRequest.objects.filter(
            seal=seal, requested_by_id=actor.id, digest=digest, state=RequestState.WAITING, **purpose.columns()
        ).first()
        if same is not None:
            return same
        request = SealRequest.objects.create(seal=seal, requested_by_id=actor.id, digest=digest, **purpose.columns())
        _record("seals.ask", request, actor)
    return request


def approve(request_id: UUID, actor: Account, note: str = "") -> SealRequest:
    """Agree; Problem 403 for the one who asked or without the right, 409 when it was decided already."""
    return _decide(request_id, actor, note, RequestState.APPROVED)


def refuse(request_id: UUID, actor: Account, note: str) -> SealRequest:
    """Refuse, with a word why."""
    if not note.strip():
        raise Problem("reason-needed", _("Give the reason, in at most 200 characters."), status=422)
    return _decide(request_id, actor, note, RequestState.REFUSED)


def _decide(request_id: UUID, actor: Account, note: str, state: RequestState) -> SealRequest:
    with transaction.atomic():
        request = (
            SealRequest.objects.select_for_update(of=("self",)).select_related("seal").filter(id=request_id).first()
        )
        if request is None:
            raise custody.not_there()
        policy.require(actor, permissions.APPROVE, request.seal.division_path)
        if request.requested_by_id == actor.id:
            raise Problem(
                "seal-second-person", _("You asked for this yourself: somebody else has to decide."), status=403
            )
        if request.state != RequestState.WAITING:
            raise Problem("seal-decided", _("This request was decided already."), status=409)
        request.state, request.decided_by_id, request.decided_at = state, actor.id, clock.now()
        request.note = " ".join(note.replace("\0", "").split())[:400]
        request.save(update_fields=["state", "decided_by_id", "decided_at", "note"])
        _record(f"seals.{state}", request, actor)
    return request


def waiting(account: Account) -> QuerySet[SealRequest]:
    """The requests that wait for somebody like this account, oldest first; his own are not among them."""
    seals = policy.visible(Seal.objects.all(), account, permissions.APPROVE)
    return (
        SealRequest.objects.filter(state=RequestState.WAITING, seal__in=seals)
        .exclude(requested_by_id=account.id)
        .select_related("seal")
    )


def agreed(seal: Seal, actor: Account, digest: str, purpose: Purpose) -> SealRequest | None:
    """The fresh agreement to stamp the document of this digest, locked until it is used."""
    return (
        SealRequest.objects.select_for_update()
        .filter(
            seal=seal,
            requested_by_id=actor.id,
            digest=digest,
            state=RequestState.APPROVED,
            decided_at__gt=clock.now() - HOLDS,
            subject_kind=purpose.kind,
            subject_code=purpose.code,
        )
        .order_by("decided_at")
        .first()
    )


def no_leave(seal: Seal) -> Problem:
    """403: this seal is not for this."""
    return Problem(
        "seal-not-allowed",
        _("The seal “%(name)s” may not be used for this.") % {"name": seal.name},
        status=403,
        detail=_("Whoever manages the seal can give leave for it."),
    )


def _record(action: str, request: SealRequest, actor: Account) -> None:
    audit.record(
        action,
        actor_id=actor.id,
        object_type="seal",
        object_id=request.seal_id,
        division_path=request.seal.division_path,
        purpose=request.purpose,
        detail={"request": str(request.id), "digest": request.digest},
    )
