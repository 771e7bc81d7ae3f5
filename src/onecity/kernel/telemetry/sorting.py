"""Puts a day's partition in the order of series and time, so that block indexes find one series in few blocks.

The pipeline goes on storing late readings meanwhile. The day is copied in order beside the old partition; then, with the
partition locked for a moment, what arrived since is added, the count is compared with the day's own, and the copy takes
the old one's place. If anything does not add up, nothing has happened.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from django.db import connection, transaction
from psycopg import sql

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.locks import BusyError, alone

# a closed day that got late readings is sorted again, but not more often than this
AGAIN_AFTER = dt.timedelta(days=1)
# today is sorted once it is worth it, and again when so much of its time has passed since: each reading is then
# rewritten about four times a day, and a question reads about a quarter of the day beside its own series
WORTH = 1_000_000
SHARE = 0.25
# how many readings may be added while everybody waits
MOST_LATE = 200_000
MEMORY = "256MB"
# pages before the end of the table, within which late readings are looked for first
MARGIN = 256
PAGE = 8192
# fewer than in the parent: the blocks of a sorted day tell series apart
PAGES_PER_RANGE = 16
XID_MASK = 2**32 - 1
LAST_PAGE = 2**32 - 1

LATE = """
INSERT INTO {fresh} (observed_at, value, series_id) SELECT observed_at, value, series_id FROM {old} AS o
WHERE o.ctid >= {first}::tid AND o.ctid < {last}::tid
"""
# begun after the copy: surely not seen by it
AFTER = "AND age(o.xmin) <= age({until}::xid) ORDER BY series_id, observed_at"
# under way while it was made (or part of what was): seen if it is there
BETWEEN = """
AND age(o.xmin) <= age({earliest}::xid) AND age(o.xmin) > age({until}::xid) AND NOT EXISTS
    (SELECT 1 FROM {fresh} AS f WHERE f.series_id = o.series_id AND f.observed_at = o.observed_at)
ORDER BY series_id, observed_at
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Copied:
    """A sorted copy: its rows, how many pages the original had before it was read, and which transactions it saw: all
    before `earliest`, none from `until` on, and of those between the ones that had ended (numbers of 32 bits)."""

    rows: int
    pages: int
    earliest: int
    until: int


def unsorted_days() -> list[dt.date]:
    """Closed days not sorted since they closed, or changed since they were sorted a while ago; today where it has grown."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, readings, sorted_at FROM telemetry_day WHERE day <= %s AND readings > 0"
            " AND (sorted_at IS NULL OR sorted_at < changed_at) ORDER BY day",
            [now().date()],
        )
        return [day for day, readings, sorted_at in cursor.fetchall() if _is_due(day, readings, sorted_at)]


def _is_due(day: dt.date, readings: int, sorted_at: dt.datetime | None) -> bool:
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    moment = now()
    if moment >= start + dt.timedelta(days=1):
        return sorted_at is None or sorted_at < start + dt.timedelta(days=1) or sorted_at < moment - AGAIN_AFTER
    return readings >= WORTH and moment - max(sorted_at or start, start) >= SHARE * (moment - start)


def sort_day(day: dt.date) -> bool:
    """Sort a day's partition; False where it is left as it was, because it was in use or its count does not add up.

    Makes transactions of its own, so it cannot be part of another.
    """
    old = store.partition(day)
    fresh = f"{old}_sorted"
    try:
        _create(fresh, day)
        copied = _copy(old, fresh)
        _finish(fresh)
        return alone(lambda: _swap(day, old, fresh, copied), old)
    except BusyError:
        log.info("the store was in use: day %s is sorted another time", day)
        return False
    finally:
        _execute("DROP TABLE IF EXISTS {fresh}", fresh=fresh)


def _create(fresh: str, day: dt.date) -> None:
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    with transaction.atomic():
        _execute("DROP TABLE IF EXISTS {fresh}", fresh=fresh)
        store.new_table(fresh)
        # the same as the bounds of its partition: attaching it then reads nothing
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(
                    "ALTER TABLE {fresh} ADD CONSTRAINT {check} CHECK (observed_at >= {start} AND observed_at < {end})"
                ).format(
                    fresh=sql.Identifier(fresh),
                    check=sql.Identifier(f"{fresh}_day"),
                    start=sql.Literal(start),
                    end=sql.Literal(start + dt.timedelta(days=1)),
                )
            )


def _copy(old: str, fresh: str) -> _Copied:
    """Copy what one snapshot sees, in order."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_relation_size(%s::regclass), pg_current_snapshot()::text", [old])
        size, snapshot = cursor.fetchone()
        cursor.execute(sql.SQL("SET LOCAL work_mem = {}").format(sql.Literal(MEMORY)))
        cursor.execute(
            sql.SQL(
                "INSERT INTO {fresh} (observed_at, value, series_id)"
                " SELECT observed_at, value, series_id FROM {old} ORDER BY series_id, observed_at"
            ).format(fresh=sql.Identifier(fresh), old=sql.Identifier(old))
        )
        earliest, until, _running = snapshot.split(":")
        return _Copied(cursor.rowcount, size // PAGE, int(earliest) & XID_MASK, int(until) & XID_MASK)


def _finish(fresh: str) -> None:
    """Indexes and statistics, before anybody looks at it."""
    for column in ("observed_at", "series_id"):
        _execute(
            "CREATE INDEX ON {fresh} USING brin ({column})"
            f" WITH (pages_per_range = {PAGES_PER_RANGE}, autosummarize = off)",
            fresh=fresh,
            column=column,
        )
    _execute("VACUUM (FREEZE, ANALYZE) {fresh}", fresh=fresh)


def _swap(day: dt.date, old: str, fresh: str, copied: _Copied) -> bool:
    """Let the copy take the place of the old partition, inside a transaction that holds both."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT readings FROM telemetry_day WHERE day = %s", [day])
        row = cursor.fetchone()
    if row is None:
        return False
    wanted, tail = row[0], max(copied.pages - MARGIN, 0)
    if wanted - copied.rows > MOST_LATE:
        log.info("day %s gets too many readings now: it is sorted another time", day)
        return False
    found = copied.rows
    for pages in ((tail, LAST_PAGE), (0, tail)):
        for condition in (AFTER, BETWEEN):
            if found < wanted:
                found += _add_late(old, fresh, copied, pages, condition)
    if found != wanted:
        log.error("day %s counts %d readings but holds %d: it is left unsorted", day, wanted, found)
        return False
    _execute("DROP TABLE {old}", old=old)
    _execute("ALTER TABLE {fresh} RENAME TO {old}", fresh=fresh, old=old)
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER TABLE {parent} ATTACH PARTITION {part} FOR VALUES FROM ({start}) TO ({end})").format(
                parent=sql.Identifier(store.TABLE),
                part=sql.Identifier(old),
                start=sql.Literal(start),
                end=sql.Literal(start + dt.timedelta(days=1)),
            )
        )
        cursor.execute("UPDATE telemetry_day SET sorted_at = clock_timestamp() WHERE day = %s", [day])
    _execute("ALTER TABLE {old} DROP CONSTRAINT {check}", old=old, check=f"{fresh}_day")
    return True


def _add_late(old: str, fresh: str, copied: _Copied, pages: tuple[int, int], condition: str) -> int:
    """Add the readings in `pages` that the copy did not see; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(LATE + condition).format(
                fresh=sql.Identifier(fresh),
                old=sql.Identifier(old),
                first=sql.Literal(f"({pages[0]},0)"),
                last=sql.Literal(f"({pages[1]},0)"),
                earliest=sql.Literal(str(copied.earliest)),
                until=sql.Literal(str(copied.until)),
            )
        )
        return int(cursor.rowcount)


def _execute(statement: str, **names: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(**{key: sql.Identifier(name) for key, name in names.items()}))
