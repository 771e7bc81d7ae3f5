"""Whether devices' clocks are right: the moment in a message as it came, against the moment at which it came."""

import datetime as dt
import re
from collections.abc import Mapping
from uuid import UUID

import numpy as np
from django.db import connection

from onecity.domains.devices.logic.health import DEFAULT, clock
from onecity.domains.devices.models import ClockSample

KEPT = 12
# a moment as JSON writes it: text of ISO 8601, or seconds or milliseconds since 1970
MOMENT = re.compile(rb'"observed_at"\s*:\s*(?:"([^"]{10,40})"|(-?\d{9,14}(?:\.\d+)?))')
MILLISECONDS_FROM = 1e11
# the newest message of each device since it was last looked at
NEWEST = """
SELECT DISTINCT ON (r.device_id) r.device_id, r.division_path, r.received_at, r.payload
FROM telemetry_rawmessage r LEFT JOIN devices_clocksample c ON c.device_id = r.device_id
WHERE r.received_at > coalesce(c.sampled_at, '-infinity') ORDER BY r.device_id, r.received_at DESC
"""
KEEP = """
INSERT INTO devices_clocksample AS c (device_id, division_path, offsets, sampled_at)
SELECT device, path, ARRAY[shift], at FROM unnest(%s::uuid[], %s::text[], %s::float8[], %s::timestamptz[])
    AS n(device, path, shift, at)
ON CONFLICT (device_id) DO UPDATE SET division_path = excluded.division_path, sampled_at = excluded.sampled_at,
    offsets = (c.offsets || excluded.offsets)[greatest(1, cardinality(c.offsets) + 2 - %s):]
"""


def offset(payload: bytes, received_at: dt.datetime) -> float | None:
    """Seconds by which the newest moment in a message lies before (-) or after (+) its arrival; None: it names none."""
    found = [moment for text, number in MOMENT.findall(payload) if (moment := _moment(text, number)) is not None]
    return max(found) - received_at.timestamp() if found else None


def sample(moment: dt.datetime) -> int:
    """Take one more sample of each device that sent since the last one; gives how many."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        taken = [
            (device, path, shift, received_at)
            for device, path, received_at, payload in cursor.fetchall()
            if received_at <= moment and (shift := offset(bytes(payload), received_at)) is not None
        ]
        if taken:
            devices, paths, shifts, times = zip(*taken, strict=True)
            cursor.execute(KEEP, [list(devices), list(paths), list(shifts), list(times), KEPT])
    return len(taken)


def off(among: Mapping[UUID, str]) -> dict[UUID, tuple[float, dt.datetime]]:
    """Of these devices those whose clock is off: by how many seconds, and when that was last seen."""
    rows = list(ClockSample.objects.values_list("device_id", "offsets", "sampled_at"))
    offsets = np.full((len(rows), KEPT), np.nan)
    for place, (_device, listed, _at) in enumerate(rows):
        offsets[place, : len(listed)] = listed[-KEPT:]
    found = clock(offsets, DEFAULT) if rows else np.empty(0)
    return {
        rows[place][0]: (round(float(found[place]), 1), rows[place][2])
        for place in np.flatnonzero(found).tolist()
        if rows[place][0] in among
    }


def _moment(text: bytes, number: bytes) -> float | None:
    if number:
        value = float(number)
        return value / 1000 if abs(value) >= MILLISECONDS_FROM else value
    try:
        at = dt.datetime.fromisoformat(text.decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None
    return at.timestamp() if at.tzinfo else None
