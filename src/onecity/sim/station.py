"""A simulated entity that is registered: its credentials, and its readings in the wire form of the gateways."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity
from onecity.sim.devices import Credentials, KeyRing
from onecity.sim.makes import device_name, record
from onecity.sim.simulation import PlannedEntity, Readings, Simulation

READINGS_PER_SECOND = 100_000
"""What a simulated device may send: enough to bring weeks of history in one go."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entity of the simulated district with the device that speaks for it."""

    planned: PlannedEntity
    entity: Entity
    sender: Credentials
    simulation: Simulation


def register(simulations: Iterable[Simulation], home: Path) -> list[Member]:
    """Bring entities and devices of all simulations into being; a second call changes nothing.

    Each station has a device of its own, with its make and its place in device management.
    """
    ring = KeyRing(home)
    members: list[Member] = []
    for simulation in simulations:
        for planned in simulation.plan():
            path = planned.division_path
            sender = ring.credentials(device_name(planned.name), path, READINGS_PER_SECOND)
            entity = twin.upsert_entity(
                type=planned.type,
                key=planned.key,
                name=planned.name,
                division_path=path,
                lon=planned.lon,
                lat=planned.lat,
                properties=planned.properties,
                device_id=sender.device_id,
                public=True,
            )
            members.append(Member(planned, entity, sender, simulation))
    record([member.entity for member in members])
    return members


def lines(urn: str, seconds: NDArray[np.int64], readings: Readings) -> Sequence[bytes]:
    """Readings of one entity as JSON objects {"entity", "observed_at", "values"}; instants without a value are left out."""
    columns = {name: np.broadcast_to(values, seconds.shape).tolist() for name, values in readings.items()}
    found: list[bytes] = []
    for position, second in enumerate(seconds.tolist()):
        values = {name: column[position] for name, column in columns.items() if math.isfinite(column[position])}
        if values:
            found.append(msgspec.json.encode({"entity": urn, "observed_at": second, "values": values}))
    return found
