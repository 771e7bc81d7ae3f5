"""The hot store: day partitions of `telemetry_observation`, written with binary COPY, asked for what they hold already."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
from django.db import connection, transaction
from psycopg import sql

from onecity.kernel.core.clock import from_us
from onecity.kernel.telemetry.batch import Batch, Bools, Floats, Int32s, Int64s
from onecity.kernel.telemetry.limits import DAY
from onecity.kernel.telemetry.logic import copy
from onecity.kernel.telemetry.logic.copy_columns import read_columns

TABLE = "telemetry_observation"
# one at a time may change the set of partitions
PARTITION_LOCK = 0x7E1E_0001
# over so many days counting is quicker than sorting
MOST_DAYS_COUNTED = 100_000

UPDATE_NEWEST = """
UPDATE telemetry_latest l SET observed_at = n.observed_at, value = n.value
FROM telemetry_newest n WHERE n.series_id = l.series_id
"""
INSERT_NEWEST = """
INSERT INTO telemetry_latest AS l (series_id, observed_at, value)
SELECT series_id, observed_at, value FROM telemetry_newest ON CONFLICT (series_id) DO UPDATE
SET observed_at = excluded.observed_at, value = excluded.value WHERE l.observed_at < excluded.observed_at
"""


def day_of(micros: int) -> dt.date:
    """The UTC day of a time in µs."""
    return from_us(micros).date()


def partition(day: dt.date) -> str:
    """The name of a day's partition."""
    return f"{TABLE}_{day:%Y%m%d}"


def days(batch: Batch) -> set[dt.date]:
    """The UTC days of a batch's readings."""
    return {day_of(number * DAY) for number in _day_numbers(batch.observed_at // DAY)}


def by_day(batch: Batch) -> Iterator[tuple[dt.date, Batch]]:
    """The readings of a batch, UTC day by UTC day, each in the batch's order."""
    number = batch.observed_at // DAY
    found = _day_numbers(number)
    for one in found:
        yield day_of(one * DAY), batch if len(found) == 1 else batch.take(number == one)


def _day_numbers(numbers: Int64s) -> list[int]:
    if not len(numbers):
        return []
    first, last = int(numbers.min()), int(numbers.max())
    if last - first > MOST_DAYS_COUNTED:
        return [int(number) for number in np.unique(numbers)]
    return [first + int(number) for number in np.flatnonzero(np.bincount(numbers - first))]


class Partitions:
    """Knows which partitions exist and creates those that are missing, each in a transaction of its own."""

    def __init__(self) -> None:
        self._known: set[dt.date] = set()

    def forget(self) -> None:
        """Look again: retention may have dropped some."""
        self._known.clear()

    def missing(self, days: set[dt.date]) -> set[dt.date]:
        """Those of `days` of which no partition is known."""
        return days - self._known

    def ensure(self, days: set[dt.date]) -> None:
        """Have a partition for each of `days`; not inside another transaction, since that would block readers."""
        for day in sorted(self.missing(days)):
            create_partition(day)
        self._known |= days


def create_partition(day: dt.date) -> None:
    """Create a day's partition where it does not exist; readers are not held up."""
    name = partition(day)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK])
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if not cursor.fetchone()[0]:
            new_table(name)
            attach(name, day)
        cursor.execute(
            "INSERT INTO telemetry_day (day, readings, changed_at) VALUES (%s, 0, now()) ON CONFLICT DO NOTHING", [day]
        )


def new_table(name: str) -> None:
    """A table like the store, not yet part of it; the application's role reads it only through the store."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH ("
                # rows only ever come, and a closed day is written anew and frozen when it is sorted: what an automatic
                # vacuum does meanwhile would be done again and again beside the readings that come
                "autovacuum_vacuum_insert_threshold = -1)"
            ).format(name=sql.Identifier(name), parent=sql.Identifier(TABLE))
        )
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM onecity_app").format(sql.Identifier(name)))


def attach(name: str, day: dt.date) -> None:
    """Make a table the partition of a day; a check that says the same spares reading it for that."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    bounds = {"start": sql.Literal(start), "end": sql.Literal(start + dt.timedelta(days=1))}
    names = {"name": sql.Identifier(name), "parent": sql.Identifier(TABLE), "check": sql.Identifier(f"{name}_day")}
    with connection.cursor() as cursor:
        for statement in (
            "ALTER TABLE {name} ADD CONSTRAINT {check} CHECK (observed_at >= {start} AND observed_at < {end})",
            "ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})",
            "ALTER TABLE {name} DROP CONSTRAINT {check}",
        ):
            cursor.execute(sql.SQL(statement).format(**names, **bounds))


@contextmanager
def appending(batch: Batch) -> Iterator[None]:
    """Store readings, inside the caller's transaction, while the block runs; their partitions exist.

    The block must not use the database: the connection is the copying thread's until the block ends.
    """
    failed: list[BaseException] = []
    # the thread must not touch Django's connection, which belongs to this one
    connection.ensure_connection()
    database: psycopg.Connection[Any] = connection.connection

    def work() -> None:
        try:
            _copy(database, batch)
        except BaseException as error:
            # raised again in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=work, name="telemetry-copy")
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failed:
        with connection.wrap_database_errors:
            raise failed[0]


def append(batch: Batch) -> None:
    """Store readings, inside the caller's transaction; their partitions exist."""
    with appending(batch):
        pass


def _copy(database: psycopg.Connection[Any], batch: Batch) -> None:
    with psycopg.Cursor(database) as cursor:
        for day, part in by_day(batch):
            statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
                sql.Identifier(partition(day)), sql.SQL(copy.COLUMNS)
            )
            with cursor.copy(statement) as stream:
                for piece in copy.pieces(part):
                    stream.write(piece)
            cursor.execute(
                "UPDATE telemetry_day SET readings = readings + %s, changed_at = now() WHERE day = %s", [len(part), day]
            )


def present(batch: Batch) -> Bools:
    """Which readings' series and time are in the store already, bool[n]."""
    found = np.zeros(len(batch), np.bool_)
    with connection.cursor() as cursor:
        for number in np.unique(batch.observed_at // DAY).tolist():
            rows = np.flatnonzero(batch.observed_at // DAY == number)
            name = partition(day_of(number * DAY))
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
            if not cursor.fetchone()[0]:
                continue
            found[rows[_matches(cursor, name, batch.take(rows))]] = True
    return found


def _matches(cursor: Any, name: str, batch: Batch) -> Int64s:
    cursor.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS telemetry_asked"
        " (observed_at timestamptz, value float8, series_id int4) ON COMMIT DELETE ROWS"
    )
    # the value is where the reading stands in the batch: exact in a float64
    asked = Batch(batch.series_id, batch.observed_at, np.arange(len(batch), dtype=np.float64))
    with cursor.copy(f"COPY telemetry_asked ({copy.COLUMNS}) FROM STDIN (FORMAT BINARY)") as stream:
        stream.write(copy.rows(asked))
    query = sql.SQL(
        "COPY (SELECT q.value::int8 FROM {} o JOIN telemetry_asked q USING (series_id, observed_at)"
        " WHERE o.observed_at BETWEEN {} AND {} AND o.series_id BETWEEN {} AND {}) TO STDOUT (FORMAT BINARY)"
    ).format(
        sql.Identifier(name),
        sql.Literal(from_us(int(batch.observed_at.min()))),
        sql.Literal(from_us(int(batch.observed_at.max()))),
        sql.Literal(int(batch.series_id.min())),
        sql.Literal(int(batch.series_id.max())),
    )
    with cursor.copy(query) as stream:
        data = b"".join(bytes(piece) for piece in stream)
    cursor.execute("TRUNCATE telemetry_asked")
    found: Int64s = read_columns(data, ["int8"])[0]
    return found


def load_newest() -> tuple[Int32s, Int64s, Floats]:
    """The newest reading of every series: ids, times (µs), values."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY (SELECT observed_at, value, series_id FROM telemetry_latest) TO STDOUT (FORMAT BINARY)"
        ) as stream,
    ):
        data = b"".join(bytes(piece) for piece in stream)
    return copy.read_rows(data)


def write_newest(newest: Batch, known: Bools) -> None:
    """Keep the newest readings of series (each once), inside the caller's transaction; `known` bool[n]: it had one before."""
    if not len(newest):
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS telemetry_newest"
            " (observed_at timestamptz, value float8, series_id int4) ON COMMIT DELETE ROWS"
        )
        # an update of rows that are there is twice as quick as the insert that finds them there
        for rows, statement in ((newest.take(known), UPDATE_NEWEST), (newest.take(~known), INSERT_NEWEST)):
            if len(rows):
                with cursor.copy(f"COPY telemetry_newest ({copy.COLUMNS}) FROM STDIN (FORMAT BINARY)") as stream:
                    stream.write(copy.rows(rows))
                cursor.execute(statement)


def summarise() -> None:
    """Let the block indexes of the partitions written lately know their newest blocks, so that queries skip the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text FROM telemetry_day d"
            " JOIN pg_index i ON i.indrelid = to_regclass('telemetry_observation_' || to_char(d.day, 'YYYYMMDD'))"
            " WHERE d.changed_at > now() - interval '1 hour'"
        )
        for (index,) in cursor.fetchall():
            cursor.execute("SELECT brin_summarize_new_values(%s::regclass)", [index])
