"""The store's housekeeping: what is too old goes, closed days are sorted, hourly figures are made of days that changed.

Every act may be repeated at any time; what is done already is not done again.
"""

import datetime as dt
import logging

from django.db import connection, transaction
from psycopg import sql

from onecity.kernel.core.clock import from_us, now, now_us
from onecity.kernel.telemetry import limits, sorting, store
from onecity.kernel.telemetry.locks import BusyError, alone

ROLLUP = "telemetry_rollup"
MEMORY = "256MB"
# today is rolled up only where nothing came for so long: it would not hold otherwise
QUIET = dt.timedelta(minutes=5)

ROLL_UP = """
WITH put AS (
    INSERT INTO telemetry_rollup (hour, series_id, readings, total, minimum, maximum, newest, newest_at)
    SELECT date_bin('1 hour', observed_at, '1970-01-01T00:00:00Z'), series_id, count(*), sum(value), min(value),
        max(value), (array_agg(value ORDER BY observed_at DESC))[1], max(observed_at)
    FROM {part} GROUP BY 1, 2
    ON CONFLICT (series_id, hour) DO UPDATE SET readings = excluded.readings, total = excluded.total,
        minimum = excluded.minimum, maximum = excluded.maximum, newest = excluded.newest, newest_at = excluded.newest_at
    RETURNING readings
) SELECT coalesce(sum(readings), 0)::int8 FROM put
"""

log = logging.getLogger(__name__)


def retain() -> list[dt.date]:
    """Drop the days that lie wholly before the retention time; returns them. Never today, nor when nothing is to end.

    Hourly figures of a dropped day stay: they are made before it goes.
    """
    kept = limits.retention_us()
    if kept <= 0:
        return []
    end = min(from_us(now_us() - kept).date(), now().date())
    return [day for day in _days("day < %s", end) if _drop(day)]


def sort_days() -> list[dt.date]:
    """Sort the partitions of closed days, and of today where that is worth it; returns the days that were."""
    return [day for day in sorting.unsorted_days() if sorting.sort_day(day)]


def roll_up() -> list[dt.date]:
    """Make hourly figures of the days that changed since they were made; returns the days for which they now hold."""
    quiet = now() - QUIET
    open_days = _days(
        "(rolled_up_at IS NULL OR rolled_up_at < changed_at) AND readings > 0 AND (day < %s OR changed_at < %s)",
        now().date(),
        quiet,
    )
    return [day for day in open_days if roll_up_day(day)]


def roll_up_day(day: dt.date) -> bool:
    """Make the hourly figures of a day; False where readings came meanwhile or its count does not add up."""
    with transaction.atomic(), connection.cursor() as cursor:
        ensure_month(day)
        cursor.execute(sql.SQL("SET LOCAL work_mem = {}").format(sql.Literal(MEMORY)))
        cursor.execute(sql.SQL(ROLL_UP).format(part=sql.Identifier(store.partition(day))))
        rolled = cursor.fetchone()[0]
        # waits for a transaction that stores readings of this day, and then does not count if there was one
        cursor.execute(
            "UPDATE telemetry_day SET rolled_up_at = clock_timestamp(), part_relation = NULL"
            " WHERE day = %s AND readings = %s",
            [day, rolled],
        )
        return bool(cursor.rowcount)


def _drop(day: dt.date) -> bool:
    part = store.partition(day)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT readings > 0 AND (rolled_up_at IS NULL OR rolled_up_at < changed_at) FROM telemetry_day"
            " WHERE day = %s",
            [day],
        )
        if cursor.fetchone()[0] and not roll_up_day(day):
            log.warning("day %s is kept for now: its hourly figures could not be made", day)
            return False
    try:
        alone(lambda: _forget(day, part), part)
    except BusyError:
        log.info("the store was in use: day %s is dropped another time", day)
        return False
    return True


def _forget(day: dt.date, part: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part)))
        cursor.execute("DELETE FROM telemetry_day WHERE day = %s", [day])


def ensure_month(day: dt.date) -> None:
    """Have the roll-up's partition for the month of a day, without holding up its readers."""
    name = f"{ROLLUP}_{day:%Y%m}"
    first = dt.datetime(day.year, day.month, 1, tzinfo=dt.UTC)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    names = {"name": sql.Identifier(name), "parent": sql.Identifier(ROLLUP)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if cursor.fetchone()[0]:
            return
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [store.PARTITION_LOCK])
        cursor.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {name} (LIKE {parent} INCLUDING ALL)").format(**names))
        cursor.execute(sql.SQL("REVOKE ALL ON {name} FROM onecity_app").format(**names))
        cursor.execute(
            sql.SQL("ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({following})").format(
                first=sql.Literal(first), following=sql.Literal(following), **names
            )
        )


def _days(condition: str, *values: dt.date) -> list[dt.date]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT day FROM telemetry_day WHERE {condition} ORDER BY day", values)  # noqa: S608 - ours
        return [row[0] for row in cursor.fetchall()]
