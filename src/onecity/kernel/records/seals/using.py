"""Uses a seal on a document: leave, agreement and state are checked, the stamp is made, and the use is written with it or not at all."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.records.keys import sm2
from onecity.kernel.records.models import RequestState, Seal, SealGrant, SealRequest, SealState, SealUse
from onecity.kernel.records.ofd import stamping
from onecity.kernel.records.ofd.names import MalformedXmlError
from onecity.kernel.records.ofd.package import RefusedPackageError
from onecity.kernel.records.ofd.signatures import MissingPartError
from onecity.kernel.records.seals import asking, authority, custody, opening, pdf, permissions
from onecity.kernel.records.seals.digests import sm3
from onecity.kernel.records.seals.drawing import DIAMETER
from onecity.kernel.records.seals.making import Signer
from onecity.kernel.records.seals.pdf import RefusedPdfError
from onecity.kernel.records.seals.placing import Order, Place
from onecity.kernel.records.seals.purpose import Purpose

Stamp = Callable[[bytes, Order], bytes]
LOWER_RIGHT: Final = Place(0, 142.0, 228.0, DIAMETER, DIAMETER)
"""Where the seal stands on an A4 page unless the caller knows better: over the date, at the lower right."""
REFUSALS: Final = (RefusedPackageError, MissingPartError, MalformedXmlError, RefusedPdfError, IndexError)


def stamp_ofd(
    document: bytes, seal_id: UUID, actor: Account | None, purpose: Purpose, *, place: Place = LOWER_RIGHT
) -> bytes:
    """The OFD with the stamp of this seal; `actor` None is the platform after a rule's decision.

    Raises Problem: 403 without leave, 404 for a seal that is not there, 409 when the seal is not in force or a second
    person has not agreed yet, 422 for what is no OFD, 501 without SM2, 503 when the key is not here. Nothing is written then.
    """
    return _use(document, seal_id, actor, purpose, ("ofd", stamping.stamp, place))


def stamp_pdf(
    document: bytes, seal_id: UUID, actor: Account | None, purpose: Purpose, *, place: Place = LOWER_RIGHT
) -> bytes:
    """The same for a PDF."""
    return _use(document, seal_id, actor, purpose, ("pdf", pdf.stamp, place))


def _use(
    document: bytes, seal_id: UUID, actor: Account | None, purpose: Purpose, how: tuple[str, Stamp, Place]
) -> bytes:
    name, stamp, place = how
    with _wall(seal_id, actor):
        seal = Seal.objects.filter(id=seal_id).first()
        if seal is None:
            raise custody.not_there()
        grant = _leave(seal, actor, purpose)
        digest = sm3(document).hex()
        request = _agreement(seal, grant, actor, digest, purpose)
        _in_force(seal)
        stamped = _stamped(document, seal, stamp, place)
        if request is not None:
            request.state = RequestState.USED
            request.save(update_fields=["state"])
        use = SealUse.objects.create(
            seal=seal, grant=grant, request=request, actor_id=actor.id if actor else None, used_at=clock.now(),
            format=name, digest_before=digest, digest_after=sm3(stamped).hex(), **purpose.columns(),
        )  # fmt: skip
        audit.record(
            "seals.use",
            actor_id=actor.id if actor else None,
            object_type="seal",
            object_id=seal.id,
            division_path=seal.division_path,
            purpose=use.purpose,
            detail={"use": str(use.id), "for": f"{purpose.kind}:{purpose.code}", "digest": use.digest_after},
        )
    return stamped


def _wall(seal_id: UUID, actor: Account | None) -> AbstractContextManager[None]:
    return opening.opened(seal_id) if actor is None else transaction.atomic()


def _leave(seal: Seal, actor: Account | None, purpose: Purpose) -> SealGrant:
    if actor is not None:
        policy.require(actor, permissions.USE, seal.division_path)
    grant = custody.standing(seal, actor.id if actor else None, purpose.kind, purpose.code).first()
    if grant is None:
        raise asking.no_leave(seal)
    return grant


def _agreement(
    seal: Seal, grant: SealGrant, actor: Account | None, digest: str, purpose: Purpose
) -> SealRequest | None:
    if not grant.needs_approval or actor is None:
        return None
    request = asking.agreed(seal, actor, digest, purpose)
    if request is None:
        raise Problem(
            "seal-approval-needed",
            _("Somebody else has to agree before this seal is used."),
            status=409,
            detail=_("Ask for it with the document as it is now; a changed document has to be asked for again."),
        )
    return request


def _in_force(seal: Seal) -> None:
    if seal.state != SealState.ACTIVE:
        raise Problem(
            "seal-state",
            _("This cannot be done with a seal in the state “%(state)s”.") % {"state": SealState(seal.state).label},
            status=409,
        )
    if not seal.valid_from <= clock.now() <= seal.valid_until:
        raise Problem("seal-expired", _("This seal is not valid today."), status=409)


def _stamped(document: bytes, seal: Seal, stamp: Stamp, place: Place) -> bytes:
    key = sm2.open_key(seal.key_reference)
    order = Order(
        bytes(seal.structure),
        Signer(bytes(seal.certificate), key.sign),
        clock.now().replace(microsecond=0),
        [place],
        authority.stamper(),
    )
    try:
        return stamp(document, order)
    except REFUSALS as error:
        raise Problem(
            "seal-document",
            _("This file cannot be stamped: it is not a document of the kind expected."),
            status=422,
            detail=str(error),
        ) from error
