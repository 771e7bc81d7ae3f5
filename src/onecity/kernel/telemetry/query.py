"""Asking the store: newest values, all readings of a time, and figures by interval. What comes back are arrays.

Row-level security applies: readings of series the asker may not see are simply not there.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db import connection
from psycopg import sql

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.batch import Batch, Floats, Int32s, Int64s
from onecity.kernel.telemetry.logic import copy
from onecity.kernel.telemetry.query_text import AGGREGATE, FUNCTIONS, HOUR_S, RAW, ROLLED

MOST_ROWS = 1_000_000
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Buckets:
    """Figures of m intervals that have readings, ordered by series and time.

    `series_id` int32[m]; `bucket_start` int64[m] (µs since 1970 UTC); `values` float64[m] for each function asked for.
    """

    series_id: Int32s
    bucket_start: Int64s
    values: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.series_id)


def latest(series_ids: Sequence[int]) -> Batch:
    """The newest reading of each series that has one, by series id."""
    text = sql.SQL(
        "SELECT observed_at, value, series_id FROM telemetry_latest WHERE series_id = ANY({}) ORDER BY series_id"
    )
    return _rows(text.format(_ids(series_ids)))


def range_(series_ids: Sequence[int], start: dt.datetime, end: dt.datetime, limit: int = MOST_ROWS) -> Batch:
    """All readings with start ≤ time < end, ordered by series and time; at most `limit`, the first ones."""
    text = sql.SQL(
        "SELECT observed_at, value, series_id FROM telemetry_observation WHERE series_id = ANY({ids})"
        " AND observed_at >= {start} AND observed_at < {end} ORDER BY series_id, observed_at LIMIT {limit}"
    )
    return _rows(
        text.format(ids=_ids(series_ids), start=sql.Literal(start), end=sql.Literal(end), limit=sql.Literal(limit))
    )


def aggregate(
    series_ids: Sequence[int],
    start: dt.datetime,
    end: dt.datetime,
    bucket_seconds: int,
    functions: Sequence[str] = ("mean",),
) -> Buckets:
    """Figures of the readings with start ≤ time < end by intervals of `bucket_seconds`.

    Intervals begin at midnight of the district's time zone; a day is a local day. Functions: mean (avg), min, max, count,
    sum, last. Whole hours come from the hourly roll-up where there is one. Raises Problem 422 for another function or an
    interval that does not divide a day nor consists of days.
    """
    wanted = [name for name in functions if name in FUNCTIONS]
    if len(wanted) != len(functions) or not wanted:
        raise Problem("function-unknown", f"functions: {', '.join(FUNCTIONS)}", status=422)
    if bucket_seconds <= 0 or (DAY_S % bucket_seconds and bucket_seconds % DAY_S):
        raise Problem("bucket-unfit", "the interval must divide a day or consist of days", status=422)
    source = ROLLED if bucket_seconds % HOUR_S == 0 and _whole_hours(start, end) else RAW
    statement = sql.SQL(AGGREGATE).format(
        source=sql.SQL(source).format(ids=_ids(series_ids), start=sql.Literal(start), end=sql.Literal(end)),
        width=sql.Literal(dt.timedelta(seconds=bucket_seconds)),
        zone=sql.Literal(settings.TIME_ZONE),
        columns=sql.SQL(", ").join(
            sql.SQL(FUNCTIONS[name] + " AS {}").format(sql.Identifier(name)) for name in dict.fromkeys(wanted)
        ),
    )
    names = list(dict.fromkeys(wanted))
    fields: list[tuple[str, str]] = [
        ("fields", ">i2"),
        ("l0", ">i4"),
        ("series", ">i4"),
        ("l1", ">i4"),
        ("start", ">i8"),
    ]
    for number, name in enumerate(names):
        fields += [(f"v{number}", ">i4"), (name, ">f8")]
    table = np.frombuffer(_copied(statement), np.dtype(fields))
    return Buckets(
        table["series"].astype(np.int32),
        table["start"].astype(np.int64) + copy.POSTGRES_EPOCH,
        {name: table[name].astype(np.float64) for name in names},
    )


def _whole_hours(start: dt.datetime, end: dt.datetime) -> bool:
    return all(moment.timestamp() % HOUR_S == 0 for moment in (start, end))


def _ids(series_ids: Sequence[int]) -> sql.Composable:
    return sql.SQL("{}::int4[]").format(sql.Literal([int(number) for number in series_ids]))


def _rows(statement: sql.Composable) -> Batch:
    series, at, value = copy.read_table(_copied(statement))
    return Batch(series, at, value)


def _copied(statement: sql.Composable) -> bytes:
    """The rows of a statement in PostgreSQL's binary form: no object a row is made on the way."""
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(statement)) as stream,
    ):
        data = b"".join(bytes(piece) for piece in stream)
    return data[len(copy.HEADER) : -len(copy.TRAILER)]
