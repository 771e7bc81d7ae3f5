"""Brings the simulated past into the store through the real gateway, from where the store ends up to now."""

import datetime as dt
import logging
from collections.abc import Sequence

import numpy as np
from django.db.models import Max

from onecity.kernel.telemetry.models import Latest
from onecity.sim.client import GatewayClient
from onecity.sim.station import Member, lines

log = logging.getLogger(__name__)

DAYS = 14
"""How much past a new district gets."""
LINES_A_BATCH = 10_000


def backfill(members: Sequence[Member], client: GatewayClient, until: dt.datetime, days: int = DAYS) -> int:
    """Send what each entity would have read since its newest stored reading, at most `days`; gives the readings sent."""
    newest = newest_readings(members)
    start = min(
        (max(newest.get(str(m.entity.id), until - dt.timedelta(days=days)), until - dt.timedelta(days=days)))
        for m in members
    )
    sent = 0
    for simulation in {id(m.simulation): m.simulation for m in members}.values():
        group = [member for member in members if member.simulation is simulation]
        step = int(group[0].planned.properties["sampling_minutes"]) * 60
        seconds = np.arange(-(-int(start.timestamp()) // step) * step, int(until.timestamp()), step, dtype=np.int64)
        if not seconds.size:
            continue
        readings = simulation.read(seconds)
        for member in group:
            since = newest.get(str(member.entity.id))
            wanted = seconds > since.timestamp() if since else np.ones(seconds.shape, dtype=bool)
            own = {name: values[wanted] for name, values in readings[member.planned.key].items()}
            sent += _send(member, seconds[wanted], own, client)
    return sent


def newest_readings(members: Sequence[Member]) -> dict[str, dt.datetime]:
    """Time of the newest stored reading of each entity that has one, by entity id."""
    rows = (
        Latest.objects.filter(series__entity_id__in=[member.entity.id for member in members])
        .values("series__entity_id")
        .annotate(newest=Max("observed_at"))
        .values_list("series__entity_id", "newest")
    )
    return {str(entity_id): newest for entity_id, newest in rows}


def _send(member: Member, seconds: np.ndarray, readings: dict[str, np.ndarray], client: GatewayClient) -> int:
    encoded = lines(member.entity.urn, seconds, readings)
    for start in range(0, len(encoded), LINES_A_BATCH):
        client.send(b"\n".join(encoded[start : start + LINES_A_BATCH]), member.sender)
    return len(encoded) * len(readings)
