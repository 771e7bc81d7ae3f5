"""Notifications that wait: written with the position in the change log, removed with the count of what became of them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from onecity.kernel.core.ids import new_id
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.subscriptions import limits

encode = msgspec.json.Encoder().encode

# what waits for a subscription that was deleted or paused meanwhile is not written at all
INSERT: Final = """
INSERT INTO twin_notification (id, subscription_id, at, data)
SELECT n.id, n.subscription_id, n.at, n.data
FROM json_to_recordset(%s::json) AS n(id uuid, subscription_id uuid, at timestamptz, data text, place int)
JOIN twin_subscription s ON s.id = n.subscription_id AND s.is_active
ORDER BY n.place RETURNING number, id
"""
MADE: Final = """
UPDATE twin_delivery d SET made_at = n.at, next_at = coalesce(n.next_at, d.next_at)
FROM json_to_recordset(%s::json) AS n(id uuid, at timestamptz, next_at timestamptz) WHERE d.subscription_id = n.id
"""
LOCK: Final = "SELECT 1 FROM twin_delivery WHERE subscription_id = ANY (%s) ORDER BY subscription_id FOR UPDATE"
HEADS: Final = """
SELECT number, id, subscription_id, at, data, attempts, due_at FROM (
    SELECT n.*, row_number() OVER (PARTITION BY subscription_id ORDER BY number) AS place FROM twin_notification n
) heads WHERE place <= %s ORDER BY number
"""
NEXT: Final = """
SELECT number, id, subscription_id, at, data, attempts, due_at FROM twin_notification
WHERE subscription_id = %s AND number > %s ORDER BY number LIMIT %s
"""
REMOVE: Final = "DELETE FROM twin_notification WHERE number = ANY (%s)"
TRIED: Final = """
UPDATE twin_notification w SET attempts = n.attempts, due_at = n.due_at
FROM json_to_recordset(%s::json) AS n(number int8, attempts int, due_at timestamptz) WHERE w.number = n.number
"""
COUNTED: Final = """
UPDATE twin_delivery d SET times_sent = d.times_sent + n.sent, times_failed = d.times_failed + n.failed,
    dropped = d.dropped + n.dropped, last_notification = coalesce(n.last_notification, d.last_notification),
    last_success = coalesce(n.last_success, d.last_success), last_failure = coalesce(n.last_failure, d.last_failure),
    status = coalesce(n.status, d.status), error = coalesce(n.error, d.error)
FROM json_to_recordset(%s::json) AS n(id uuid, sent int8, failed int8, dropped int8, last_notification timestamptz,
    last_success timestamptz, last_failure timestamptz, status text, error text) WHERE d.subscription_id = n.id
"""
# of a subscription for which too many wait, the oldest go
OVERFLOW: Final = """
WITH gone AS (
    DELETE FROM twin_notification w USING (
        SELECT subscription_id, max(number) AS last FROM (
            SELECT subscription_id, number, row_number() OVER (PARTITION BY subscription_id ORDER BY number DESC) AS place
            FROM twin_notification
        ) counted WHERE place > %s GROUP BY 1
    ) over WHERE w.subscription_id = over.subscription_id AND w.number <= over.last RETURNING w.subscription_id
), counted AS (SELECT subscription_id, count(*) AS n FROM gone GROUP BY 1)
UPDATE twin_delivery d SET dropped = d.dropped + counted.n FROM counted WHERE d.subscription_id = counted.subscription_id
RETURNING d.subscription_id
"""


@dataclass(slots=True)
class Item:
    """One notification that waits. `number` gives the order; `id` stays the same however often it is sent."""

    number: int
    id: UUID
    subscription_id: UUID
    at: dt.datetime
    data: str
    attempts: int = 0
    due_at: dt.datetime | None = None


@dataclass(slots=True)
class Tally:
    """What became of the attempts for one subscription since the last time it was written down."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0
    last_notification: dt.datetime | None = None
    last_success: dt.datetime | None = None
    last_failure: dt.datetime | None = None
    status: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """That a notification was made for a subscription, and when the next periodic one is due."""

    subscription_id: UUID
    at: dt.datetime
    next_at: dt.datetime | None = None


def item(subscription_id: UUID, at: dt.datetime, data: str) -> Item:
    """A new notification, not yet written."""
    return Item(0, new_id(), subscription_id, at, data)


async def write(connection: Connection, items: Sequence[Item], made: Sequence[Made]) -> list[Item]:
    """Write notifications inside the caller's transaction; returns those of subscriptions that are still there."""
    written: list[Item] = []
    if made:
        await connection.execute(LOCK, ([one.subscription_id for one in made],))
        await connection.execute(
            MADE, (_json({"id": one.subscription_id, "at": one.at, "next_at": one.next_at} for one in made),)
        )
    if items:
        records = _json(
            {"id": one.id, "subscription_id": one.subscription_id, "at": one.at, "data": one.data, "place": place}
            for place, one in enumerate(items)
        )
        cursor = await connection.execute(INSERT, (records,))
        numbers = {identifier: number for number, identifier in await cursor.fetchall()}
        for one in items:
            if one.id in numbers:
                one.number = numbers[one.id]
                written.append(one)
    return written


async def heads(connection: Connection, most: int) -> list[Item]:
    """The first `most` that wait for each subscription, in order."""
    return [Item(*row) for row in await (await connection.execute(HEADS, (most,))).fetchall()]


async def following(connection: Connection, subscription_id: UUID, number: int, most: int) -> list[Item]:
    """The next that wait for one subscription behind a number."""
    cursor = await connection.execute(NEXT, (subscription_id, number, most))
    return [Item(*row) for row in await cursor.fetchall()]


async def settle(
    connection: Connection, done: Sequence[int], tried: Iterable[Item], tallies: Sequence[tuple[UUID, Tally]]
) -> None:
    """Remove what is done, note what was tried, and count it, in one transaction."""
    async with connection.transaction():
        await connection.execute(LOCK, ([identifier for identifier, _tally in tallies],))
        if done:
            await connection.execute(REMOVE, (list(done),))
        again = [{"number": one.number, "attempts": one.attempts, "due_at": one.due_at} for one in tried]
        if again:
            await connection.execute(TRIED, (_json(again),))
        await connection.execute(COUNTED, (_json(_tally(identifier, tally) for identifier, tally in tallies),))


async def overflow(connection: Connection) -> set[UUID]:
    """Remove what is more than may wait; returns whose it was."""
    cursor = await connection.execute(OVERFLOW, (limits.WAITING,))
    return {identifier for (identifier,) in await cursor.fetchall()}


def _tally(identifier: UUID, tally: Tally) -> dict[str, Any]:
    return {"id": identifier} | {name: getattr(tally, name) for name in Tally.__slots__}


def _json(records: Iterable[dict[str, Any]]) -> str:
    return encode(list(records)).decode()
