"""The change feed: writers publish in their own transaction, live pages read on from a cursor and miss nothing.

Two transactions can take their row numbers in one order and commit in the other. A reader that remembers the largest
number it saw would then skip the late one for ever. So every row carries its writer's transaction number, and a reader
takes only rows below `pg_snapshot_xmin`: everything below it has ended, nothing can still appear there. One long
writing transaction therefore delays the feed, but never tears a hole into it.

The feed is for live pages, not a record: rows are removed after ONECITY_FEED_DAYS, and after a logical restore into another
cluster, whose transaction numbers start anew, it begins empty. A cursor that lies before the oldest row kept, or ahead
of the present, is answered with `gap=True`: the page loads its data again and goes on from the new cursor.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils.translation import gettext_lazy as _
from psycopg.types.json import Jsonb

from onecity.kernel.core import retention
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import FeedEvent

CHANNEL = "onecity_feed"
KEEP_DAYS = 7
MAX_LIMIT = 1000
COLUMNS = {
    "kind": "text",
    "permission": "text",
    "division_path": "text",
    "account_id": "uuid",
    "ref": "text",
    "payload": "jsonb",
    "public": "bool",
}
# no RETURNING: the writer may publish what it must not read; the readers are woken by the same statement, since a round
# trip of its own would cost as much as the rows
INSERT = (
    f"WITH written AS (INSERT INTO notify_event ({', '.join(COLUMNS)})"  # noqa: S608 - our own names
    f" SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in COLUMNS.values())})) SELECT pg_notify(%s, '')"
)
# which permission shows a change, by its kind
PERMISSIONS: Mapping[str, str] = {
    "alert": "alerts.view",
    "case": "cases.view",
    "unit": "cases.view",
    "entity": "entities.view",
    "state": "entities.view",
    # a message to one person: no permission shows it, only being that person
    "message": "",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change to publish: its kind, where it happened, what it is about, and what a page needs to show it."""

    kind: str
    division_path: str
    ref: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    public: bool = False
    account_id: UUID | None = None
    # a permission in place of the one that its kind asks for
    needs: str = ""

    @property
    def permission(self) -> str:
        """The permission that shows this change; raises ValueError for a kind nobody declared."""
        if self.kind not in PERMISSIONS:
            raise ValueError(f"{self.kind!r} is no kind of the change feed: {', '.join(PERMISSIONS)}")
        return self.needs or PERMISSIONS[self.kind]


@dataclass(frozen=True, slots=True)
class Page:
    """What came after a cursor. `gap`: rows between the cursor and these are gone, so load the whole page again."""

    events: tuple[FeedEvent, ...]
    cursor: str
    gap: bool = False


def publish(
    kind: str,
    *,
    division_path: str,
    ref: str,
    payload: Mapping[str, Any],
    public: bool = False,
    account_id: UUID | None = None,
) -> None:
    """Write one change in the caller's transaction and wake the readers when it commits.

    `account_id` shows the change to this person as well, whatever rights they hold. Raises ValueError for an unknown
    kind.
    """
    publish_many([Change(kind, division_path, ref, payload, public, account_id)])


def publish_many(changes: Iterable[Change]) -> int:
    """Write many changes in one statement; returns how many."""
    rows = list(changes)
    if not rows:
        return 0
    with connection.cursor() as cursor:
        for statement, values in statements(rows):
            cursor.execute(statement, values)
    return len(rows)


def statements(changes: Iterable[Change]) -> tuple[tuple[str, list[Any]], ...]:
    """What `publish_many` executes, each with its parameters: for who writes on a connection of his own.

    Raises ValueError for an unknown kind.
    """
    rows = [
        (c.kind, c.permission, c.division_path, c.account_id, c.ref, Jsonb(dict(c.payload), dumps=_dumps), c.public)
        for c in changes
    ]
    columns = [[row[number] for row in rows] for number in range(len(COLUMNS))]
    return ((INSERT, [*columns, CHANNEL]),)


def head() -> str:
    """The cursor that stands after everything published so far: where a freshly loaded page begins to listen."""
    return f"{_horizon().xmin}-0"


def since(cursor: str, limit: int = 200, *, kinds: Sequence[str] = ()) -> Page:
    """Changes after `cursor` that the current account may see, oldest first, at most `limit` (of `kinds`, if given).

    An empty cursor means from the oldest row kept. Raises Problem 400 when the cursor is not one of ours.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    position = _parse(cursor)
    horizon = _horizon()
    if cursor and not horizon.removed < position[0] <= horizon.xmax:
        return Page((), f"{horizon.xmin}-0", gap=True)
    events = tuple(
        FeedEvent.objects.raw(
            "SELECT * FROM notify_event WHERE (xid, id) > (%s::xid8, %s) AND xid < %s::xid8"
            " AND (%s OR kind = ANY(%s)) ORDER BY xid, id LIMIT %s",
            [str(position[0]), position[1], str(horizon.xmin), not kinds, list(kinds), limit],
        )
    )
    last = (events[-1].xid, events[-1].pk) if len(events) == limit else max(position, (horizon.xmin, 0))
    return Page(events, f"{last[0]}-{last[1]}")


def prune(before: dt.datetime | None = None) -> int:
    """Remove rows older than `before` (default: what ONECITY_FEED_DAYS says) and remember how far; returns how many."""
    kept = retention.kept("ONECITY_FEED_DAYS", KEEP_DAYS)
    if before is None:
        if kept is None:
            return 0
        before = now() - kept
    return retention.remove(partial(_prune, before))


def _prune(before: dt.datetime, most: int) -> int:
    """Remove at most so many rows, the oldest in the feed's order first, in one statement that also notes how far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM notify_event WHERE id IN "
            "(SELECT id FROM notify_event WHERE at < %s ORDER BY xid, id LIMIT %s) RETURNING xid), "
            "mark AS (INSERT INTO notify_feed_floor AS floor (id, xid) SELECT * FROM "
            "(SELECT 1, xid FROM gone ORDER BY xid DESC LIMIT 1) AS newest "
            "ON CONFLICT (id) DO UPDATE SET xid = excluded.xid WHERE excluded.xid > floor.xid) "
            "SELECT count(*) FROM gone",
            [before, most],
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True, slots=True)
class _Horizon:
    """Transaction numbers: the oldest still running, the first not yet given, the newest whose rows were removed."""

    xmin: int
    xmax: int
    removed: int


def _horizon() -> _Horizon:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(snapshot)::text, pg_snapshot_xmax(snapshot)::text,"
            " coalesce((SELECT xid::text FROM notify_feed_floor), '0') FROM pg_current_snapshot() AS snapshot"
        )
        xmin, xmax, removed = cursor.fetchone()
    return _Horizon(int(xmin), int(xmax), int(removed))


def _parse(cursor: str) -> tuple[int, int]:
    if not cursor:
        return (0, 0)
    xid, dash, number = cursor.partition("-")
    if not (dash and xid.isascii() and number.isascii() and xid.isdigit() and number.isdigit() and len(cursor) < 40):
        raise Problem(
            "feed-cursor",
            _("This position in the change feed is not valid."),
            status=400,
            detail=_("Load the page again; it continues from the present."),
        )
    return (int(xid), int(number))


def _dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
