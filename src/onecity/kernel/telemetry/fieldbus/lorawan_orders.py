"""Commands to LoRaWAN devices: handed to the network server that last heard the device, and what it tells of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import chirpstack
from onecity.kernel.telemetry.chirpstack import NETWORK, Told
from onecity.kernel.telemetry.codecs import encoding
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.commanding import routing, store
from onecity.kernel.telemetry.commanding.store import Due
from onecity.kernel.telemetry.models import Command, DeviceAddress

LEASE = dt.timedelta(seconds=30)
# the network server keeps what it was given; only what it says nothing of for so long is given again
SILENCE = dt.timedelta(hours=6)
# what the device did not confirm is given again after so long
UNCONFIRMED = dt.timedelta(seconds=30)
MINE = """
SELECT address, signal->>'application' FROM telemetry_deviceaddress a WHERE network = %s AND division_path ^@ %s
    AND signal->>'source' = %s AND signal->>'application' <> '' AND EXISTS (
        SELECT 1 FROM telemetry_command c WHERE c.route = 'lorawan' AND c.target = a.address
            AND c.state IN ('queued', 'sent', 'delivered') AND c.next_at <= %s
    )
LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Order:
    """A command ready for the network server."""

    due: Due
    topic: str
    body: bytes


def orders(source: UUID, division: str) -> list[Order]:
    """What the devices that this source heard are to be sent now, in order; what their codecs cannot say has failed."""
    with connection.cursor() as cursor:
        cursor.execute(MINE, [NETWORK, division, str(source), now()])
        places: Mapping[str, str] = dict(cursor.fetchall())
    found: list[Order] = []
    for address, application in places.items():
        row = DeviceAddress.objects.get(network=NETWORK, address=address)
        for due in store.claim("lorawan", now(), LEASE, address):
            # the address may have been given to another device meanwhile
            order = _order(due, row, application) if due.device_id == row.device_id else None
            if order is not None:
                found.append(order)
    return found


def handed(ids: list[UUID]) -> None:
    """The network server has them."""
    store.handed(ids, now(), SILENCE)


def settle(told: Told, division: str) -> None:
    """Take what the network server tells of a command, if the device is one that it may speak for."""
    try:
        identity = UUID(told.queued)
    except ValueError:
        return
    row = DeviceAddress.objects.filter(
        network=NETWORK, address=told.address, division_path__startswith=division
    ).first()
    command = Command.objects.filter(id=identity, target=told.address).first()
    if row is None or command is None or command.device_id != row.device_id:
        return
    if told.acknowledged is False:
        store.postponed([identity], now() + UNCONFIRMED)
    elif told.acknowledged:
        store.settle(row.device_id, identity, "acknowledged", {"confirmed": True}, now())
    else:
        # of a message that no device confirms, that it was transmitted is all that can be known
        outcome = "delivered" if _confirmed(row, command.name) else "acknowledged"
        store.settle(row.device_id, identity, outcome, {"confirmed": False, "transmitted": True}, now())


def _confirmed(row: DeviceAddress, name: str) -> bool:
    try:
        return routing.downlink_of(row, name).confirmed
    except Problem:
        return True


def _order(due: Due, row: DeviceAddress, application: str) -> Order | None:
    try:
        downlink = routing.downlink_of(row, due.name)
        data = encoding.encode(downlink, due.payload)
    except (Problem, CodecError) as error:
        store.settle(due.device_id, due.id, "failed", {"error": str(error)[:500]}, now())
        return None
    topic, body = chirpstack.downlink(
        application, row.address, data, downlink.port, confirmed=downlink.confirmed, number=str(due.id)
    )
    return Order(due, topic, body)
