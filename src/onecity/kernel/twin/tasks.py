"""Background work of the twin: days of the change log, transient entities and attributes, the census."""

import asyncio
import datetime as dt
import logging
import re

from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app
from psycopg import sql

from onecity.kernel.core import retention
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import limits
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.twin import indexes
from onecity.kernel.twin.ngsild.snapshots.limits import PREPARING_S
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.sweeping import sweep

AHEAD = 3
PART = re.compile(r"twin_change_(\d{8})\Z")
PARTS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'twin_change'::regclass"
FOLD = """
WITH gone AS (DELETE FROM twin_census RETURNING *)
INSERT INTO twin_census (tenant, division_path, public, type, attribute, kind, entities)
SELECT tenant, division_path, public, type, attribute, kind, sum(entities) FROM gone
GROUP BY tenant, division_path, public, type, attribute, kind HAVING sum(entities) <> 0
"""
log = logging.getLogger(__name__)

OLD_OBSERVATIONS = """
DELETE FROM twin_observation o USING (
    SELECT series_id, observed_at FROM twin_observation WHERE observed_at < %s LIMIT %s
) old WHERE o.series_id = old.series_id AND o.observed_at = old.observed_at
"""
STALE = "UPDATE twin_snapshot SET status = 'failure' WHERE status = 'preparing' AND created_at < %s"


def make_days() -> None:
    """Have the change log's partitions of today and the next days."""
    today = now().date()
    with connection.cursor() as cursor:
        for number in range(AHEAD + 1):
            cursor.execute("SELECT twin_change_day(%s)", [today + dt.timedelta(days=number)])


def retain() -> list[str]:
    """Drop the days of the change log that are older than ONECITY_CHANGES_DAYS; returns their tables.

    Where that is not set they are kept as long as readings are. Raises ValueError where it is no number of days.
    """
    kept = retention.kept("ONECITY_CHANGES_DAYS", settings.ONECITY_RETENTION_DAYS)
    if kept is None:
        return []
    oldest = (now() - kept).date()
    dropped = []
    with connection.cursor() as cursor:
        cursor.execute(PARTS)
        for (name,) in cursor.fetchall():
            found = PART.match(name)
            if found and dt.datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=dt.UTC).date() < oldest:
                cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
                dropped.append(name)
    return dropped


def forget_observations() -> int:
    """Remove what is kept beside readings that are gone (ONECITY_RETENTION_DAYS); returns how many rows."""
    kept = limits.retention_us()
    if not kept:
        return 0
    oldest = now() - dt.timedelta(microseconds=kept)

    def one_batch(most: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(OLD_OBSERVATIONS, [oldest, most])
            removed: int = cursor.rowcount
        return removed

    return retention.remove(one_batch)


def fold_census() -> None:
    """Add up what writers appended; readers see the same sums before and after."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOLD)


def remove_snapshots() -> int:
    """Remove snapshots whose time is over, and give those up whose process died preparing them; how many were removed."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM twin_snapshot WHERE expires_at <= statement_timestamp()")
        removed: int = cursor.rowcount
        cursor.execute(STALE, [now() - dt.timedelta(seconds=PREPARING_S)])
    return removed


def remove_expired() -> int:
    """Remove entities and attributes whose time is over; returns how many entities were touched."""

    async def inside() -> int:
        database = Database(database_parameters(), most=1)
        try:
            return await sweep(database)
        finally:
            await database.close()

    return asyncio.run(inside())


@app.periodic(cron="*/5 * * * *")
@app.task(name="twin.census", queueing_lock="twin.census", lock="twin.census")
def census(timestamp: int = 0) -> None:  # noqa: ARG001 - the scheduler passes it
    """Add up the census."""
    fold_census()


@app.periodic(cron="* * * * *")
@app.task(name="twin.expire", queueing_lock="twin.expire", lock="twin.expire")
def expire(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Remove what is over."""
    return remove_expired() + remove_snapshots()


@app.periodic(cron="17 * * * *")
@app.task(name="twin.days", queueing_lock="twin.days", lock="twin.days")
def days(timestamp: int = 0) -> None:  # noqa: ARG001 - same
    """Make the change log's next days and drop its oldest; forget old observations."""
    make_days()
    retain()
    forget_observations()


@app.periodic(cron="*/10 * * * *")
@app.task(name="twin.indexes", queueing_lock="twin.indexes", lock="twin.indexes")
def tend_indexes(timestamp: int = 0) -> None:  # noqa: ARG001 - same
    """Make the indexes that queries ask for, drop what is unused."""
    made, dropped = indexes.tend()
    if made or dropped:
        log.info("indexes for queries: made %s, dropped %s", ", ".join(made) or "none", ", ".join(dropped) or "none")
