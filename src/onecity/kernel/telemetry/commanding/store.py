"""The steps of commands in the database, each one statement: whoever takes a step, none is taken twice or lost."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

# commands of one device that are handed over together, the oldest first
MOST_AT_ONCE = 32
# devices whose commands are taken in one round
MOST_DEVICES = 500
LEADER = 0x0C17_C033
OPEN = "('queued', 'sent', 'delivered')"

CLAIM = f"""
WITH due AS (
    SELECT device_id, target, min(next_at) AS first FROM telemetry_command
    WHERE state IN {OPEN} AND route = %(route)s AND (%(target)s = '' OR target = %(target)s)
        AND next_at <= %(at)s AND expires_at > %(at)s
    GROUP BY 1, 2 ORDER BY first LIMIT %(most)s
), ranked AS (
    SELECT c.id, row_number() OVER (PARTITION BY c.device_id ORDER BY c.created_at, c.id) AS place
    FROM telemetry_command c JOIN due USING (device_id, target)
    WHERE c.state IN {OPEN} AND c.route = %(route)s AND c.expires_at > %(at)s
), taken AS (
    SELECT c.id FROM telemetry_command c JOIN ranked USING (id) WHERE ranked.place <= %(at_once)s
    ORDER BY c.id FOR UPDATE OF c SKIP LOCKED
)
UPDATE telemetry_command c SET next_at = %(at)s + make_interval(secs => %(lease)s) FROM taken WHERE c.id = taken.id
RETURNING c.id, c.device_id, c.target, c.name, c.payload, c.created_at, c.expires_at, c.attempts + 1
"""  # noqa: S608 - the states are our own words
HANDED = f"""
UPDATE telemetry_command SET state = CASE WHEN state = 'queued' THEN 'sent' ELSE state END, attempts = attempts + 1,
    sent_at = %(at)s, next_at = %(at)s + coalesce(make_interval(secs => %(pause)s), telemetry_command_pause(attempts + 1))
WHERE id = ANY (%(ids)s) AND state IN {OPEN}
"""  # noqa: S608 - the states are our own words
POSTPONED = f"UPDATE telemetry_command SET next_at = %s WHERE id = ANY (%s) AND state IN {OPEN}"  # noqa: S608 - as above
ARRIVED = f"""
UPDATE telemetry_command c SET next_at = %s FROM unnest(%s::uuid[], %s::timestamptz[]) AS n (device_id, came_at)
WHERE c.device_id = n.device_id AND c.route = 'direct' AND c.state IN {OPEN} AND c.next_at > %s
    AND (c.sent_at IS NULL OR c.sent_at < n.came_at)
"""  # noqa: S608 - as above
EXPIRE = f"""
UPDATE telemetry_command SET state = 'expired', finished_at = %s WHERE id IN (
    SELECT id FROM telemetry_command WHERE state IN {OPEN} AND expires_at <= %s LIMIT 5000 FOR UPDATE SKIP LOCKED
)
"""  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Due:
    """A command that is to be handed over now; `attempt` counts from 1."""

    id: uuid.UUID
    device_id: uuid.UUID
    target: str
    name: str
    payload: Mapping[str, Any]
    created_at: dt.datetime
    expires_at: dt.datetime
    attempt: int

    def message(self) -> bytes:
        """The command as devices get it (JSON)."""
        return msgspec.json.encode(shown(self))


def shown(due: Due) -> dict[str, Any]:
    """The members of a command as devices get them."""
    return {
        "id": str(due.id),
        "name": due.name,
        "payload": due.payload,
        "created_at": due.created_at.isoformat().replace("+00:00", "Z"),
        "expires_at": due.expires_at.isoformat().replace("+00:00", "Z"),
        "attempt": due.attempt,
    }


def lead() -> bool:
    """Whether this connection is, from now on and as long as it lasts, the one that sends; of several one is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LEADER])
        row = cursor.fetchone()
        return bool(row is not None and row[0])


def claim(route: str, at: dt.datetime, lease: dt.timedelta, target: str = "") -> list[Due]:
    """Take the open commands of every device for which one is due, in order; for `lease` nobody else takes them."""
    limits = {"lease": lease.total_seconds(), "most": MOST_DEVICES, "at_once": MOST_AT_ONCE}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"route": route, "target": target, "at": at, **limits})
        found = [_due(row) for row in cursor.fetchall()]
    return sorted(found, key=lambda due: (due.created_at, due.id))


def handed(ids: Sequence[uuid.UUID], at: dt.datetime, pause: dt.timedelta | None = None) -> None:
    """They are on their way; without `pause` they are tried again ever later while no answer comes."""
    with connection.cursor() as cursor:
        seconds = pause.total_seconds() if pause is not None else None
        cursor.execute(HANDED, {"ids": list(ids), "at": at, "pause": seconds})


def postponed(ids: Sequence[uuid.UUID], until: dt.datetime) -> None:
    """They could not be handed over; they are tried again at `until`."""
    with connection.cursor() as cursor:
        cursor.execute(POSTPONED, [until, list(ids)])


def arrived(came: Mapping[uuid.UUID, dt.datetime], at: dt.datetime) -> None:
    """Devices have come in, each at its time: what they were not sent since is due now."""
    with connection.cursor() as cursor:
        cursor.execute(ARRIVED, [at, list(came), list(came.values()), at])


def expire(at: dt.datetime) -> int:
    """End what is too late; how many."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRE, [at, at])
        return int(cursor.rowcount)


def waiting(devices: Sequence[uuid.UUID], at: dt.datetime) -> set[uuid.UUID]:
    """Those of the devices for which something is to be fetched."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT telemetry_command_waiting(%s, %s)", [list(devices), at])
        return {device for (device,) in cursor.fetchall()}


def give(device: uuid.UUID, at: dt.datetime) -> list[Due]:
    """Every open command of a device in order, each marked as delivered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM telemetry_command_give(%s, %s, %s)", [device, at, MOST_AT_ONCE])
        return [Due(row[0], device, "", row[1], _decoded(row[2]), row[3], row[4], row[5]) for row in cursor.fetchall()]


def settle(device: uuid.UUID, command: uuid.UUID, outcome: str, result: Mapping[str, Any], at: dt.datetime) -> str:
    """Take the step that a device reports; the state after it, "" where the device has no such command."""
    with connection.cursor() as cursor:
        said = json.dumps(dict(result))
        cursor.execute("SELECT telemetry_command_settle(%s, %s, %s, %s, %s)", [device, command, outcome, said, at])
        row = cursor.fetchone()
        return str(row[0]) if row is not None and row[0] is not None else ""


def _due(row: Sequence[Any]) -> Due:
    return Due(row[0], row[1], row[2], row[3], _decoded(row[4]), row[5], row[6], row[7])


def _decoded(payload: str) -> Mapping[str, Any]:
    """JSON as the database gives it to a plain cursor: text."""
    found: Mapping[str, Any] = json.loads(payload)
    return found
