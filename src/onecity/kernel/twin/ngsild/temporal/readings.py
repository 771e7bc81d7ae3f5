"""Readings of measured attributes as history: a page of them by time, the last of each, and what they add up to by period."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from onecity.kernel.core.clock import from_us
from onecity.kernel.telemetry.batch import Floats, Int32s, Int64s
from onecity.kernel.telemetry.logic import buckets
from onecity.kernel.telemetry.logic.buckets import HOUR
from onecity.kernel.twin.ngsild.temporal.arrays import Kind, read_array
from onecity.kernel.twin.ngsild.temporal.span import ALWAYS, DAY, Cut, Duration, Span

# asks one statement as the principal of the request; the rows come in binary form
Ask = Callable[[str, Sequence[Any]], Awaitable[list[tuple[Any, ...]]]]
READINGS: Final = "SELECT series, at, value FROM twin_readings(%s::int4[], %s, %s, %s, %s)"
GATHERED: Final = (
    "SELECT series, bucket, readings, total, minimum, maximum, squares, kinds"
    " FROM twin_gathered(%s::int4[], %s, %s, %s, %s::timestamptz[], %s, %s, %s)"
)
DAYS: Final = """
SELECT (extract(epoch FROM day) * 1000000)::int8, rolled_up_at IS NULL OR rolled_up_at < changed_at
FROM telemetry_day WHERE day >= %s AND day <= %s AND readings > 0 ORDER BY day
"""
KINDS: Final[tuple[Kind, ...]] = ("int4", "timestamptz", "float8")
GATHERED_KINDS: Final[tuple[Kind, ...]] = (
    "int4",
    "timestamptz",
    "int8",
    "float8",
    "float8",
    "float8",
    "float8",
    "int8",
)
# days looked at in one question when nothing was found in those before
MOST_DAYS: Final = 128
ALL: Final = 2_000_000
# the first moment that the database is asked about
YEAR_ONE: Final = -62_135_596_800_000_000
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Found:
    """n readings sorted by time: `series` int32[n], `at` int64[n] (µs since 1970 UTC), `value` float64[n]."""

    series: Int32s
    at: Int64s
    value: Floats

    def __len__(self) -> int:
        return len(self.at)

    def take(self, which: NDArray[Any] | slice) -> "Found":
        """Some of them."""
        return Found(self.series[which], self.at[which], self.value[which])

    @staticmethod
    def empty() -> "Found":
        """None at all."""
        return Found(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


@dataclass(frozen=True, slots=True)
class Sums:
    """What the readings of a series within a period add up to, n rows by series and period; `start` int64[n] in µs."""

    series: Int32s
    start: Int64s
    readings: Int64s
    total: Floats
    minimum: Floats
    maximum: Floats
    squares: Floats
    distinct: Int64s

    def __len__(self) -> int:
        return len(self.series)


async def days(ask: Ask, span: Span) -> list[tuple[int, bool]]:
    """The UTC days (µs) that hold readings and touch the span, and whether their hourly sums do not hold."""
    first = EARLIEST if span.first <= -2_208_988_800_000_000 else from_us(span.first).date()
    last = LATEST if span.last >= ALWAYS[1] else from_us(span.last).date()
    return [(int(day), bool(still_open)) for day, still_open in await ask(DAYS, (first, last))]


async def page(ask: Ask, series: Sequence[int], span: Span, most: int) -> Found:
    """At most `most` + 1 readings in the order of time: one more than `most` tells that there are more."""
    known = [day for day, _open in await days(ask, span)]
    parts: list[Found] = []
    count = 0
    for first, last in _steps(known, span, backwards=False):
        part = await _read(ask, series, first, last, False, most + 1 - count)
        parts.append(part)
        count += len(part)
        if count > most:
            break
    return _joined(parts)


async def last(ask: Ask, series: Sequence[int], span: Span, number: int, most: int) -> Found:
    """The last `number` readings of each series, the newest first; where there are more than `most`, the newest of them all."""
    known = [day for day, _open in await days(ask, span)]
    parts: list[Found] = []
    left = dict.fromkeys(sorted(series), number)
    count = 0
    for first, end in _steps(known, span, backwards=True):
        async for part in _backwards(ask, left, first, end, most + 1):
            kept = part.take(_first_of_each(part, left))
            parts.append(kept)
            count += len(kept)
            _less(left, kept)
            if count > most or not left:
                return _joined(parts)
    return _joined(parts)


async def _backwards(ask: Ask, left: dict[int, int], first: int, end: int, most: int) -> AsyncIterator[Found]:
    """The readings of the series still wanted from `end` back to `first`, at most about `most` at a time."""
    while left and first < end:
        part = await _read(ask, list(left), first, end, True, most)
        if len(part) < most:
            yield part
            return
        oldest = int(part.at[-1])
        complete = part.take(part.at > oldest)
        if len(complete):
            end = oldest + 1
        else:  # more readings of one moment than are read at once
            complete = await _read(ask, list(left), oldest, oldest + 1, True, ALL)
            end = oldest
        yield complete


def _less(left: dict[int, int], kept: Found) -> None:
    """Take what was found off what is wanted of each series."""
    found, times = np.unique(kept.series, return_counts=True)
    for one, seen in zip(found.tolist(), times.tolist(), strict=True):
        left[one] -= seen
        if left[one] <= 0:
            del left[one]


async def moment(ask: Ask, series: Sequence[int], at: int) -> Found:
    """All readings of one moment (µs)."""
    return await _read(ask, series, at, at + 1, False, ALL)


def _first_of_each(part: Found, left: dict[int, int]) -> NDArray[np.bool_]:
    """Which rows are among the first of their series, as many as are still wanted of it."""
    order = np.argsort(part.series, kind="stable")
    series = part.series[order]
    starts = np.flatnonzero(np.r_[True, np.diff(series) != 0]) if len(series) else np.empty(0, np.int64)
    lengths = np.diff(np.r_[starts, len(series)])
    rank = np.arange(len(series)) - np.repeat(starts, lengths)
    allowed = np.repeat(np.array([left[one] for one in series[starts].tolist()], np.int64), lengths)
    keep = np.zeros(len(series), np.bool_)
    keep[order] = rank < allowed
    return keep


def _steps(known: Sequence[int], span: Span, *, backwards: bool) -> Iterator[tuple[int, int]]:
    """Pieces of the span, one day first and ever more: what is looked for is found soon, gaps are crossed fast."""
    ordered = list(reversed(known)) if backwards else list(known)
    at, size = 0, 1
    while at < len(ordered):
        chosen = ordered[at : at + size]
        first, last_day = min(chosen), max(chosen)
        start, end = max(first, span.first), min(last_day + DAY, span.last)
        if start < end:
            yield start, end
        at, size = at + size, min(size * 2, MOST_DAYS)


async def _read(ask: Ask, series: Sequence[int], first: int, end: int, backwards: bool, most: int) -> Found:
    rows = await ask(READINGS, (list(series), from_us(first), from_us(end), backwards, most))
    if not rows:
        return Found.empty()
    return Found(*(read_array(bytes(column), kind) for column, kind in zip(rows[0], KINDS, strict=True)))


def _joined(parts: Sequence[Found]) -> Found:
    if not parts:
        return Found.empty()
    return Found(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


async def sums(ask: Ask, series: Sequence[int], span: Span, cut: Cut, *, spread: bool) -> Sums:
    """What the readings of the span add up to by period; `spread`: with squares and distinct values.

    Whole hours come from hourly sums where these hold and periods consist of whole hours, unless `spread`.
    """
    known = await days(ask, span)
    parts: list[list[NDArray[Any]]] = []
    if known:
        first = max(span.first, known[0][0])
        end = min(span.last, known[-1][0] + DAY)
        edges, width, origin = _grid(cut, first, end)
        hourly = not spread and _whole_hours(cut, edges)
        for rolled, start, stop in _pieces(known, first, end, hourly=hourly):
            parameters = (list(series), rolled, from_us(start), from_us(stop), edges, width, origin, spread)
            rows = await ask(GATHERED, parameters)
            if rows:
                parts.append([read_array(bytes(c), k) for c, k in zip(rows[0], GATHERED_KINDS, strict=True)])
    return _added(parts)


def _grid(cut: Cut, first: int, end: int) -> tuple[list[dt.datetime] | None, dt.timedelta | None, dt.datetime | None]:
    if cut.duration.whole or cut.duration.months:
        return [from_us(start) for start in cut.starts(first, end)], None, None
    cut.check(first, end)
    return None, dt.timedelta(microseconds=cut.duration.micros), from_us(cut.origin)


def _whole_hours(cut: Cut, edges: Sequence[dt.datetime] | None) -> bool:
    if cut.duration.whole:
        return True
    if edges is not None:
        return not any(edge.minute or edge.second or edge.microsecond for edge in edges)
    return cut.duration.micros % HOUR == 0 and cut.origin % HOUR == 0


def _pieces(
    known: Sequence[tuple[int, bool]], first: int, end: int, *, hourly: bool
) -> Iterator[tuple[bool, int, int]]:
    """The span cut where hourly sums hold and where they do not: (rolled up?, from, to), µs."""
    inner = buckets.ceil(first, HOUR), buckets.floor(end, HOUR)
    if not hourly or inner[0] >= inner[1]:
        if first < end:
            yield False, first, end
        return
    if first < inner[0]:
        yield False, first, inner[0]
    yield from buckets.around(*inner, [day for day, still_open in known if still_open], DAY)
    if inner[1] < end:
        yield False, inner[1], end


def _added(parts: Sequence[Sequence[NDArray[Any]]]) -> Sums:
    """One row for each series and period, out of parts that cover times apart."""
    if not parts:
        floats, ints = np.empty(0, np.float64), np.empty(0, np.int64)
        return Sums(np.empty(0, np.int32), ints, ints, floats, floats, floats, floats, ints)
    series, start, readings, total, least, most, squares, distinct = (
        np.concatenate([part[number] for part in parts]) for number in range(len(GATHERED_KINDS))
    )
    order = np.lexsort((start, series))
    series, start = series[order], start[order]
    first = np.flatnonzero(np.r_[True, (np.diff(series) != 0) | (np.diff(start) != 0)])
    return Sums(
        series[first],
        start[first],
        np.add.reduceat(readings[order], first),
        np.add.reduceat(total[order], first),
        np.minimum.reduceat(least[order], first),
        np.maximum.reduceat(most[order], first),
        np.add.reduceat(squares[order], first),
        np.add.reduceat(distinct[order], first),
    )


async def present(ask: Ask, latest: Mapping[int, int | None], span: Span) -> frozenset[int]:
    """Which series have readings in the span; `latest` is the time (µs) of the newest reading of each."""
    found, open_question = set(), []
    for series, newest in latest.items():
        if newest is None or newest < span.first or span.timeproperty == "deletedAt":
            continue
        if newest < span.last:
            found.add(series)
        else:
            open_question.append(series)
    if open_question:
        whole = Cut(Duration(), max(span.first, YEAR_ONE), span.last)
        found.update((await sums(ask, open_question, span, whole, spread=False)).series.tolist())
    return frozenset(found)
