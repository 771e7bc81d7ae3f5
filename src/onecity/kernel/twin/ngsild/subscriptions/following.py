"""Reads the change log in the order of commit and writes the notifications that follow, with the position, at once.

One process does this at a time. The log is read inside one snapshot: positions, subscriptions, changes and entities
agree. What no subscription waits for is left in the database.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from onecity.kernel.core import clock
from onecity.kernel.twin.models.change import Operation
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.store import rows, times
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import SET, SYSTEM
from onecity.kernel.twin.ngsild.store.search import COLUMNS, entity
from onecity.kernel.twin.ngsild.subscriptions import events, outbox
from onecity.kernel.twin.ngsild.subscriptions.events import Event, State
from onecity.kernel.twin.ngsild.subscriptions.index import Interest
from onecity.kernel.twin.ngsild.subscriptions.matching import Made, Matching
from onecity.kernel.twin.ngsild.subscriptions.outbox import Item
from onecity.kernel.twin.ngsild.subscriptions.roster import Roster

NAME: Final = "subscriptions"
MOST: Final = 1_000  # changes in one pass
# a transaction may have begun, and dated its changes, this long before others that the position has passed
OVERLAP: Final = dt.timedelta(hours=1)
SAVE: Final = dt.timedelta(seconds=1)  # the position is written this often where nothing else is

EVENT: Final = """id, txid::text, at, tenant, entity_id, urn, types, operation, changes::text, previous::text, division_path,
public"""
# the newest rows are looked up at the end of an index: without fresh statistics a condition would read whole tables. Orders
# name the table's column: a bare name would be that of the text that is shown, in which 999 comes after 1000
HORIZON: Final = """
SELECT pg_snapshot_xmin(s)::text,
    coalesce((SELECT txid FROM twin_change WHERE at >= %s ORDER BY txid DESC, id DESC LIMIT 1) >= pg_snapshot_xmin(s), false),
    (SELECT s.txid::text FROM twin_subscription s ORDER BY s.txid DESC LIMIT 1)
FROM pg_current_snapshot() s
"""
START: Final = "SELECT txid, number, at FROM twin_position WHERE name = %s"
OLDEST: Final = "SELECT created_at FROM twin_subscription ORDER BY created_at LIMIT 1"
MOVE: Final = """
INSERT INTO twin_position (name, txid, number, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET txid = excluded.txid, number = excluded.number, at = excluded.at
"""
SINCE: Final = sql.SQL(
    "SELECT {event} FROM twin_change c WHERE (txid, id) > (%s::xid8, %s) AND txid < %s::xid8 AND at >= %s {filter}"
    " ORDER BY c.txid, c.id LIMIT %s"
)
LATER: Final = f"""
SELECT {EVENT} FROM twin_change WHERE entity_id = ANY (%s) AND at >= %s AND id >= %s ORDER BY id
"""  # noqa: S608 - our own columns
NOW: Final = f"SELECT e.id, {COLUMNS} FROM twin_seen e WHERE e.id = ANY (%s)"  # noqa: S608 - our own columns


@dataclass(slots=True)
class Place:
    """How far the log is matched: everything up to (txid, number); changes made before `at` need not be looked for."""

    txid: str
    number: int
    at: dt.datetime


@dataclass(slots=True)
class Pass:
    """What one pass found. `full`: more may wait already; `hidden`: changes wait for a transaction that still runs."""

    items: list[Item] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)
    full: bool = False
    hidden: bool = False


class Follower:
    """Follows the log on a connection of its own."""

    def __init__(self, connection: Connection, roster: Roster, matching: Matching) -> None:
        self._connection = connection
        self._roster = roster
        self._matching = matching
        self._place: Place | None = None
        self._saved = dt.datetime.min.replace(tzinfo=dt.UTC)

    async def step(self) -> Pass:
        """One pass; what it found is committed when it returns."""
        found = Pass()
        connection = self._connection
        async with connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await connection.execute(SET, SYSTEM.settings())
            place = self._place or await self._start()
            moment = clock.now()
            row = await (await connection.execute(HORIZON, (moment - OVERLAP,))).fetchone()
            horizon, found.hidden, newest = ("0", False, None) if row is None else row
            found.changed = await self._roster.refresh(connection, horizon, newest)
            changes = await self._since(place, horizon)
            found.full = len(changes) == MOST
            made = await self._matched(changes)
            throttled = [outbox.Made(one, moment) for one in sorted(made.throttled)]
            found.items = await outbox.write(connection, made.items, throttled)
            last = changes[-1] if found.full else None
            reached = Place(last.txid, last.number, last.at) if last else _further(place, horizon, moment)
            if found.items or throttled or moment - self._saved > SAVE:
                await connection.execute(MOVE, (NAME, reached.txid, reached.number, reached.at))
                self._saved = moment
        self._place = reached
        return found

    async def _start(self) -> Place:
        """The position that was written last; where there is none, the time of the oldest subscription, else the present.

        What is written before this process works for the first time is told as well.
        """
        row = await (await self._connection.execute(START, (NAME,))).fetchone()
        if row is not None:
            return Place(*row)
        oldest = await (await self._connection.execute(OLDEST)).fetchone()
        if oldest is not None:
            return Place("0", 0, oldest[0])
        head = await (await self._connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")).fetchone()
        return Place("0" if head is None else head[0], 0, clock.now())

    async def _since(self, place: Place, horizon: str) -> list[Event]:
        if not len(self._roster.index):
            return []
        condition, parameters = _condition(self._roster.index.interest())
        statement = SINCE.format(event=sql.SQL(EVENT), filter=condition)
        values = (place.txid, place.number, horizon, place.at - OVERLAP, *parameters, MOST)
        return [_event(row) for row in await (await self._connection.execute(statement, values)).fetchall()]

    async def _matched(self, changes: Sequence[Event]) -> Made:
        concerned = [event for event in changes if self._matching.concerns(event)]
        return await self._matching.matched(concerned, await self._states(concerned) if concerned else {})

    async def _states(self, concerned: Sequence[Event]) -> dict[int, tuple[State, State]]:
        """By the number of each event: its entity before and after."""
        ids = list({event.entity_id for event in concerned})
        earliest = min(event.at for event in concerned) - OVERLAP
        first = min(event.number for event in concerned)
        cursor = await self._connection.execute(NOW, (ids,))
        current: dict[UUID, StoredEntity | None] = {row[0]: entity(row[1:]) for row in await cursor.fetchall()}
        cursor = await self._connection.execute(LATER, (ids, earliest, first))
        of_entity: dict[UUID, list[Event]] = {}
        for row in await cursor.fetchall():
            event = _event(row)
            of_entity.setdefault(event.entity_id, []).append(event)
        found = {}
        for identifier, all_later in of_entity.items():
            both = events.states(current.get(identifier), all_later)
            found.update({event.number: pair for event, pair in zip(all_later, both, strict=True)})
        return found


def _further(place: Place, horizon: str, moment: dt.datetime) -> Place:
    """Everything below the horizon is matched."""
    return Place(horizon, -1, moment) if int(horizon) > int(place.txid) else place


def _condition(interest: Interest) -> tuple[sql.Composable, list[Any]]:
    """What is waited for, as a condition on the log."""
    parts: list[str] = []
    parameters: list[Any] = []
    if interest.types is not None:
        parts.append("(types && %s OR urn = ANY (%s))")
        parameters += [list(interest.types), list(interest.urns)]
    if interest.attributes is not None:
        parts.append("(changes ?| %s OR operation = ANY (%s))")
        parameters += [list(interest.attributes), [int(Operation.CREATED), int(Operation.DELETED)]]
    return sql.SQL("".join(f" AND {part}" for part in parts)), parameters


def _event(row: Sequence[Any]) -> Event:
    number, txid, at, tenant, entity_id, urn, types, operation, changes, previous, division, public = row
    found = Event(
        number,
        txid,
        at,
        times.text(at),
        tenant,
        entity_id,
        urn,
        tuple(types),
        operation,
        rows.decode(changes),
        (rows.decode(previous) if previous else None) or {},
        division,
        public,
    )
    found.touched = events.touched(found)
    return found
