"""The state of every device that an account may see, with what was refused of it lately."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import Max, Min, Sum

from onecity.domains.devices.logic.fitness import NEVER, Fitness, judge
from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import now, to_us
from onecity.kernel.telemetry.models import Device, Quarantine, Series
from onecity.kernel.telemetry.models.device import DeviceStatus
from onecity.kernel.telemetry.permissions import TELEMETRY_VIEW

LATELY = dt.timedelta(hours=24)
MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class State:
    """One device: how it fares, when it was last heard (None: never), and how many readings of it were refused lately."""

    device: Device
    fitness: Fitness
    heard_at: dt.datetime | None
    refused: int


def states(account: Principal, division_path: str = "") -> list[State]:
    """The state of all visible devices below a division, those in trouble first, then by name."""
    rows = policy.visible(Device.objects.all(), account, TELEMETRY_VIEW)
    devices = list(rows.filter(division_path__startswith=division_path).order_by("name", "id"))
    known = {device.id for device in devices}
    heard = _heard(known)
    refused = _refused(known)
    moment = now()
    times = [heard.get(device.id, (None, None)) for device in devices]
    found = judge(
        np.array([NEVER if at is None else to_us(at) for at, _age in times], np.int64),
        np.array([0 if age is None else age // MICROSECOND for _at, age in times], np.int64),
        np.array([device.status == DeviceStatus.ACTIVE for device in devices], np.bool_),
        to_us(moment),
    )
    listed = [
        State(device, Fitness(fitness), at, refused.get(device.id, 0))
        for device, fitness, (at, _age) in zip(devices, found.tolist(), times, strict=True)
    ]
    return sorted(listed, key=lambda state: state.fitness)


def counts(listed: list[State]) -> dict[Fitness, int]:
    """How many devices there are of each fitness."""
    found = Counter(state.fitness for state in listed)
    return {fitness: found[fitness] for fitness in Fitness}


def _heard(known: set[UUID]) -> Mapping[UUID | None, tuple[dt.datetime | None, dt.timedelta | None]]:
    """By device: its newest reading, and the shortest age up to which one of its series counts as current."""
    rows = Series.objects.filter(device_id__in=known, active=True).values("device_id")
    grouped = rows.annotate(at=Max("latest__observed_at"), age=Min("max_age"))
    return {row["device_id"]: (row["at"], row["age"]) for row in grouped}


def _refused(known: set[UUID]) -> Mapping[UUID | None, int]:
    rows = Quarantine.objects.filter(device_id__in=known, received_at__gte=now() - LATELY).values("device_id")
    return {row["device_id"]: row["n"] for row in rows.annotate(n=Sum("readings"))}
