"""Questions to the history: the newest readings, the readings of a span, and what they add up to, as arrays.

Asked by the web they run under row-level security: readings of series the asking account may not see do not exist.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray
from psycopg import sql

from onecity.kernel.core.clock import from_us, to_us
from onecity.kernel.telemetry.batch import Floats, Int32s, Int64s
from onecity.kernel.telemetry.limits import DAY
from onecity.kernel.telemetry.logic import buckets
from onecity.kernel.telemetry.logic.buckets import HOUR, Gathered, Grid
from onecity.kernel.telemetry.logic.copy_columns import Kind, read_blocks, read_columns
from onecity.kernel.telemetry.query_text import BLOCKS, GATHER, GATHER_PART, NEWEST, OPEN_DAYS, PART, RAW, ROLLED

Function = Literal["mean", "minimum", "maximum", "count", "sum", "last"]
FUNCTIONS: tuple[Function, ...] = ("mean", "minimum", "maximum", "count", "sum", "last")
READING: tuple[Kind, ...] = ("int4", "timestamptz", "float8")
GATHERED: tuple[Kind, ...] = ("int4", "timestamptz", "int8", "float8", "float8", "float8", "float8")


@dataclass(frozen=True, slots=True)
class Readings:
    """n readings: `series_id` int32[n], `observed_at` int64[n] (µs since 1970 UTC), `value` float64[n]."""

    series_id: Int32s
    observed_at: Int64s
    value: Floats

    def __len__(self) -> int:
        return len(self.series_id)


class Piece(NamedTuple):
    """A span [first, last) in µs, and where its figures are: raw readings, roll-ups, or both for a day that grows."""

    kind: Literal["raw", "rolled", "part"]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Aggregates:
    """n buckets that hold readings, sorted by series and time: `series_id` int32[n], `bucket_start` int64[n] (µs since
    1970 UTC), and for every function asked for float64[n] in `values`."""

    series_id: Int32s
    bucket_start: Int64s
    values: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.series_id)


def latest(series_ids: Sequence[int]) -> Readings:
    """The newest reading of each series, sorted by series; a series without any is left out."""
    ids = _ids(series_ids)
    if not ids:
        return _empty()
    query = "SELECT series_id, observed_at, value FROM telemetry_latest WHERE series_id = ANY({}) ORDER BY series_id"
    return _readings(_columns(sql.SQL(query).format(_array(ids)), READING))


def range_(
    series_ids: Sequence[int],
    start: dt.datetime,
    end: dt.datetime,
    limit: int | None = None,
    newest_first: bool = False,
) -> Readings:
    """The readings from `start` to just before `end` (aware), sorted by series and time, at most `limit` in that order.

    With `newest_first` the times of each series descend, so that a limit keeps the newest. Raises ValueError for a naive
    time.
    """
    ids = _ids(series_ids)
    span = to_us(start), to_us(end)
    if not ids or span[1] <= span[0] or limit == 0:
        return _empty()
    query = sql.SQL(
        "SELECT series_id, observed_at, value FROM telemetry_observation WHERE {which}"
        " ORDER BY series_id, observed_at {order} {limit}"
    ).format(
        which=_which(ids, "observed_at", *span),
        order=sql.SQL("DESC" if newest_first else "ASC"),
        limit=sql.SQL("") if limit is None else sql.SQL("LIMIT {}").format(sql.Literal(limit)),
    )
    return _readings(_columns(query, READING))


def as_of(series_ids: Sequence[int], moment: dt.datetime, at_most: dt.timedelta) -> Readings:
    """The reading that was the newest of each series at `moment` (aware), sorted by series; none older than `at_most`."""
    ids = _ids(series_ids)
    last = to_us(moment) + 1
    if not ids:
        return _empty()
    query = sql.SQL(
        "SELECT DISTINCT ON (series_id) series_id, observed_at, value FROM telemetry_observation WHERE {which}"
        " ORDER BY series_id, observed_at DESC"
    ).format(which=_which(ids, "observed_at", last - int(at_most / dt.timedelta(microseconds=1)), last))
    return _readings(_columns(query, READING))


def page(
    series_ids: Sequence[int],
    start: dt.datetime,
    end: dt.datetime,
    limit: int,
    after: tuple[int, int] | None = None,
    *,
    newest_first: bool = False,
) -> tuple[Readings, tuple[int, int] | None]:
    """At most `limit` readings as `range_` orders them, those behind `after` (series, time in µs), and where they end.

    The second is the `after` of the next page; None where there is no more.
    """
    ids = [number for number in _ids(series_ids) if after is None or number > after[0]]
    found = _empty()
    if after is not None and after[0] in series_ids:
        rest = (start, min(end, from_us(after[1]))) if newest_first else (max(start, from_us(after[1] + 1)), end)
        found = range_([after[0]], *rest, limit + 1, newest_first)
    if len(found) <= limit:
        more = range_(ids, start, end, limit + 1 - len(found), newest_first)
        found = Readings(
            np.concatenate([found.series_id, more.series_id]),
            np.concatenate([found.observed_at, more.observed_at]),
            np.concatenate([found.value, more.value]),
        )
    if len(found) <= limit:
        return found, None
    found = Readings(found.series_id[:limit], found.observed_at[:limit], found.value[:limit])
    return found, (int(found.series_id[-1]), int(found.observed_at[-1]))


def aggregate(
    series_ids: Sequence[int],
    start: dt.datetime,
    end: dt.datetime,
    bucket_seconds: int,
    functions: Sequence[Function] = FUNCTIONS,
    zone: dt.tzinfo | None = None,
) -> Aggregates:
    """What the readings from `start` to just before `end` (aware) add up to in each bucket of `bucket_seconds`.

    Buckets are cut as `buckets.grid` says, in the district's zone unless another is given. The first may begin before
    `start`, but only readings of the span count. Whole hours come from the roll-up where it holds. Raises ValueError for
    a naive time, an unknown function or a length that cannot be cut.
    """
    if unknown := set(functions) - set(FUNCTIONS):
        raise ValueError(f"no such function: {', '.join(sorted(unknown))}")
    ids = _ids(series_ids)
    first, last = to_us(start), to_us(end)
    if not ids or last <= first:
        found = Gathered.empty()
    else:
        cut = buckets.grid(start, end, bucket_seconds, zone or timezone.get_default_timezone())
        parts = [_gathered(ids, cut, piece, newest="last" in functions) for piece in _pieces(cut, first, last)]
        found = buckets.join(parts)
    return Aggregates(found.series_id, found.bucket, {name: _value(found, name) for name in functions})


def _pieces(cut: Grid, first: int, last: int) -> Iterator[Piece]:
    """The span cut where roll-ups hold, where they hold in part, and where not, in order."""
    inner = buckets.ceil(first, HOUR), buckets.floor(last, HOUR)
    if not cut.whole_hours or inner[0] >= inner[1]:
        yield Piece("raw", first, last)
        return
    open_days = _open_days(*inner)
    at = first
    for rolled, start, end in buckets.around(*inner, list(open_days), DAY):
        if not rolled and not open_days.get(buckets.floor(start, DAY), False):
            continue
        if at < start:
            yield Piece("raw", at, start)
        yield Piece("rolled" if rolled else "part", start, end)
        at = end
    if at < last:
        yield Piece("raw", at, last)


def _open_days(first: int, last: int) -> dict[int, bool]:
    """The starts (µs) of the UTC days that touch the span and whose roll-up does not hold: whether there is one in part."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(OPEN_DAYS).format(start=_moment(first), end=_moment(last)))
        return dict(cursor.fetchall())


def _gathered(ids: list[int], cut: Grid, piece: Piece, *, newest: bool) -> Gathered:
    if piece.kind == "part":
        found = _gather_part(ids, cut, piece, newest=newest)
        if found is not None:
            return found
    return _gather(ids, cut, piece, newest=newest)


def _gather_part(ids: list[int], cut: Grid, piece: Piece, *, newest: bool) -> Gathered | None:
    """The figures of a day that still grows, from its hourly sums and what came since; None where they do not hold."""
    state = _part(piece.first)
    if state is None:
        return None
    query = sql.SQL(GATHER_PART).format(
        bucket=_bucket(cut, sql.SQL("at")),
        newest=sql.SQL("(array_agg(newest ORDER BY newest_at DESC))[1]" if newest else "min(newest)"),
        hours=_which(ids, "hour", piece.first, piece.last),
        which=_which(ids, "observed_at", piece.first, piece.last),
        behind=sql.SQL("{}::tid").format(sql.Literal(state[0])),
    )
    found = Gathered(*_blocks(query, GATHERED))
    # made anew while we read: what was behind the place might be counted twice
    return found if _part(piece.first) == state else None


def _part(at: int) -> tuple[str, dt.datetime] | None:
    """Behind which place the readings stand that hourly sums of the day do not hold, and when these were made."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(PART).format(day=sql.Literal(from_us(at).date())))
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def _gather(ids: list[int], cut: Grid, piece: Piece, *, newest: bool) -> Gathered:
    first, last = piece.first, piece.last
    names = ROLLED if piece.kind == "rolled" else RAW
    columns = {name: sql.SQL(text) for name, text in names.items()}
    # the last in time costs a sort; where nobody asks, anything may stand for it
    chosen = sql.SQL(NEWEST if newest else "min({newest})").format(newest=columns["newest"], at=columns["at"])
    query = sql.SQL(GATHER).format(
        **columns
        | {"newest": chosen, "bucket": _bucket(cut, columns["at"]), "which": _which(ids, names["at"], first, last)}
    )
    return Gathered(*_blocks(query, GATHERED))


def _bucket(cut: Grid, at: sql.SQL) -> sql.Composable:
    if cut.edges is None:
        width = sql.Literal(dt.timedelta(microseconds=cut.width))
        return sql.SQL("date_bin({}, {}, {})").format(width, at, _moment(cut.origin))
    edges = sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(_moment(edge) for edge in cut.edges.tolist()))
    return sql.SQL("({edges})[width_bucket({at}, {edges})]").format(edges=edges, at=at)


def _value(found: Gathered, name: Function) -> Floats:
    if name == "mean":
        return found.total / found.readings
    columns = {"minimum": found.minimum, "maximum": found.maximum, "sum": found.total, "last": found.newest}
    return found.readings.astype(np.float64) if name == "count" else columns[name]


def _which(ids: list[int], at: str, first: int, last: int) -> sql.Composable:
    return sql.SQL("{series} AND {at} >= {first} AND {at} < {last}").format(
        series=_among(ids), at=sql.Identifier(at), first=_moment(first), last=_moment(last)
    )


def _among(ids: list[int]) -> sql.Composable:
    """The shortest condition that a block index can use: neighbours are a range, others are listed within their bounds."""
    least, greatest = sql.Literal(ids[0]), sql.Literal(ids[-1])
    if len(ids) == 1:
        return sql.SQL("series_id = {}").format(least)
    between = sql.SQL("series_id BETWEEN {} AND {}").format(least, greatest)
    if len(ids) == ids[-1] - ids[0] + 1:
        return between
    return sql.SQL("{} AND series_id = ANY({})").format(between, _array(ids))


def _ids(series_ids: Sequence[int]) -> list[int]:
    return sorted({int(number) for number in series_ids})


def _array(ids: list[int]) -> sql.Composable:
    return sql.SQL("{}::int4[]").format(sql.Literal(ids))


def _moment(micros: int) -> sql.Literal:
    return sql.Literal(from_us(micros))


def _columns(query: sql.Composable, kinds: Sequence[Kind]) -> list[NDArray[Any]]:
    """The rows of a query as columns, through binary COPY: no object a row is made on the way."""
    return read_columns(_copied(query), kinds)


def _blocks(query: sql.Composable, kinds: Sequence[Kind]) -> list[NDArray[Any]]:
    """The same for many rows whose order does not matter: they come by thousands."""
    names = [sql.Identifier(f"c{number}") for number in range(len(kinds))]
    blocks = sql.SQL(BLOCKS).format(
        arrays=sql.SQL(", ").join(sql.SQL("array_agg({})").format(name) for name in names),
        query=query,
        names=sql.SQL(", ").join(names),
    )
    return read_blocks(_copied(blocks), kinds)


def _copied(query: sql.Composable) -> bytes:
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        return b"".join(bytes(piece) for piece in stream)


def _readings(columns: list[NDArray[Any]]) -> Readings:
    return Readings(*columns)


def _empty() -> Readings:
    return Readings(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))
