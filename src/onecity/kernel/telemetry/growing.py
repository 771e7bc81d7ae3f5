"""Hourly figures of the day that still grows, so that a question reads of it only what came since they were made.

What is stored only ever goes behind what is there; so the figures hold the readings up to a place in the partition, and a
question adds those behind it. That both are all that the day counts is checked whenever somebody asks (`telemetry_part`):
where it is not so (the partition was sorted meanwhile, space of a failed transaction was used again) raw readings answer.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from django.db.models import F
from psycopg import sql

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import store, upkeep
from onecity.kernel.telemetry.models import Day

# no store waits longer for this than so
LOCK_TIMEOUT = "500ms"
PAGE = 8192
# where the last readings are looked for; transactions that failed may have left the very last pages empty
LAST_PAGES = 1024

ADD = """
WITH put AS (
    INSERT INTO telemetry_rollup AS r (hour, series_id, readings, total, minimum, maximum, newest, newest_at)
    SELECT date_bin('1 hour', observed_at, '1970-01-01T00:00:00Z'), series_id, count(*), sum(value), min(value),
        max(value), (array_agg(value ORDER BY observed_at DESC))[1], max(observed_at)
    FROM {part} WHERE ctid > {after} AND ctid <= {until} GROUP BY 1, 2
    ON CONFLICT (series_id, hour) DO UPDATE SET readings = r.readings + excluded.readings,
        total = r.total + excluded.total, minimum = least(r.minimum, excluded.minimum),
        maximum = greatest(r.maximum, excluded.maximum),
        newest = CASE WHEN excluded.newest_at > r.newest_at THEN excluded.newest ELSE r.newest END,
        newest_at = greatest(r.newest_at, excluded.newest_at)
) SELECT count(*)::int8 FROM {part} WHERE ctid > {after} AND ctid <= {until}
"""

log = logging.getLogger(__name__)


class _DoesNotAddUpError(RuntimeError):
    """What was added and what was there are not what the day counts."""


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the partition (oid) was filled at one moment: the last reading's place, and how many there were."""

    relation: int
    end: str
    readings: int


def roll_up_part(day: dt.date) -> bool:
    """Bring the hourly figures of a day up to now; False where they could not be made, or hold for the whole day already.

    Makes transactions of its own, so it cannot be part of another.
    """
    if Day.objects.filter(day=day, rolled_up_at__gte=F("changed_at")).exists():
        return False
    try:
        place = _place(day)
    except OperationalError:
        log.info("the store was in use: the figures of %s are made another time", day)
        return False
    if place is None:
        return False
    try:
        with transaction.atomic():
            return _add(day, place)
    except _DoesNotAddUpError:
        log.info("the figures of %s do not add up and are made anew the next time", day)
        Day.objects.filter(day=day).update(part_relation=None)
        return False


def roll_up_today() -> bool:
    """Bring the hourly figures of today up to now."""
    today = now().date()
    return Day.objects.filter(day=today, readings__gt=0).exists() and roll_up_part(today)


def _place(day: dt.date) -> _Place | None:
    """Where the partition ends while nobody stores: for a moment they wait."""
    part = sql.Identifier(store.partition(day))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)::oid::int8", [store.partition(day)])
        (relation,) = cursor.fetchone()
        if relation is None:
            return None
        cursor.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(part))
        cursor.execute("SELECT pg_relation_size(%s::oid) / %s", [relation, PAGE])
        pages = cursor.fetchone()[0]
        first = sql.Literal(f"({max(pages - LAST_PAGES, 0)},0)")
        cursor.execute(sql.SQL("SELECT max(ctid)::text FROM {} WHERE ctid >= {}::tid").format(part, first))
        (end,) = cursor.fetchone()
        cursor.execute("SELECT readings FROM telemetry_day WHERE day = %s", [day])
        row = cursor.fetchone()
    return _Place(relation, end, row[0]) if end is not None and row is not None else None


def _add(day: dt.date, place: _Place) -> bool:
    """Add what stands between the place reached before and `place`; all of it, where none was reached in this partition."""
    upkeep.ensure_month(day)
    part = sql.Identifier(store.partition(day))
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    with connection.cursor() as cursor:
        # not locked: whoever stores must not wait for the sums below
        cursor.execute(
            "SELECT part_relation, part_end, part_readings, rolled_up_at FROM telemetry_day WHERE day = %s", [day]
        )
        relation, end, readings, rolled_up_at = cursor.fetchone()
        if relation != place.relation:
            end, readings = "(0,0)", 0
            cursor.execute(
                "DELETE FROM telemetry_rollup WHERE hour >= %s AND hour < %s", [start, start + dt.timedelta(days=1)]
            )
        cursor.execute(sql.SQL("SET LOCAL work_mem = {}").format(sql.Literal(upkeep.MEMORY)))
        places = {"part": part, "after": _tid(end), "until": _tid(place.end)}
        cursor.execute(sql.SQL(ADD).format(**places))
        added = cursor.fetchone()[0]
        cursor.execute("SELECT to_regclass(%s)::oid::int8", [store.partition(day)])
        if readings + added != place.readings or cursor.fetchone()[0] != place.relation:
            raise _DoesNotAddUpError
        cursor.execute(
            "UPDATE telemetry_day SET part_relation = %s, part_end = %s, part_readings = %s, part_at = clock_timestamp()"
            " WHERE day = %s AND part_relation IS NOT DISTINCT FROM %s AND rolled_up_at IS NOT DISTINCT FROM %s",
            [place.relation, place.end, place.readings, day, relation, rolled_up_at],
        )
        if cursor.rowcount != 1:
            raise _DoesNotAddUpError
    return True


def _tid(place: str) -> sql.Composable:
    return sql.SQL("{}::tid").format(sql.Literal(place))
