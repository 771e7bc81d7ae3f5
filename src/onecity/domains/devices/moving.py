"""Moves a device with all that belongs to it into another division: one transaction, and nobody sees half of it."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices import registering
from onecity.domains.devices.permissions import MANAGE
from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.notify import feed
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.twin.models import Entity


@dataclass(frozen=True, slots=True)
class Moved:
    """What went along: the things that it measures at, how many series, and how many alerts that go on."""

    things: tuple[UUID, ...]
    series: int
    alerts: int


@transaction.atomic
def move(device_id: UUID, division_path: str, actor: Account, reason: str) -> Moved:
    """Give a device, the things it measures at, their series with all history and the alerts that go on to a division.

    Rules follow: one of the old division no longer sees the series, one of the new does within two seconds. Cases stay
    with whoever handles them. The actor must manage devices on both sides, which the database checks once more. Raises
    Problem 404 (no such device to be seen), 403 (no right on one side), 422 (no such division, it is there already, no reason).
    """
    record = registering.one(actor, device_id)
    before = record.division_path
    policy.require(actor, MANAGE, before)
    _check(division_path, before, reason)
    policy.require(actor, MANAGE, division_path)
    with connection.cursor() as cursor:
        cursor.execute("SELECT things, series, alerts FROM devices_move(%s, %s, %s)", [device_id, division_path, now()])
        things, series, alerts = cursor.fetchone()
    moved = Moved(tuple(things), series, alerts)
    for path in (before, division_path):  # both sides are told, and both keep it in their records
        audit.record(
            "devices.moved",
            actor_id=actor.id,
            object_type="device",
            object_id=device_id,
            division_path=path,
            purpose=reason,
            detail={"from": before, "to": division_path, "series": series, "alerts": alerts},
        )
    for entity in Entity.objects.filter(id__in=moved.things):
        feed.publish(
            "entity",
            division_path=division_path,
            ref=str(entity.id),
            payload={"type": entity.type, "name": entity.name, "lon": entity.lon, "lat": entity.lat},
            public=entity.public,
        )
    return moved


def _check(division_path: str, before: str, reason: str) -> None:
    errors = []
    if places.by_path(division_path) is None:
        errors.append(FieldError("division", _("There is no such division. Choose one of the list.")))
    elif division_path == before:
        errors.append(FieldError("division", _("The device is there already.")))
    if not reason.strip():
        errors.append(FieldError("reason", _("Say why; both sides keep it in their records.")))
    if errors:
        raise Problem("device-move", _("The device cannot be moved like this."), status=422, errors=errors)
