"""Spans of time into which readings are gathered, and the joining of what was gathered in parts; pure."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from onecity.kernel.core.clock import MICROSECOND, to_us
from onecity.kernel.telemetry.batch import Floats, Int32s, Int64s

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY_S = 86_400
# buckets of whole weeks begin on Mondays
FIRST_MONDAY = dt.date(1970, 1, 5)
# the most buckets of days one question may span
MOST_DAYS = 40_000


def floor(at: int, width: int) -> int:
    """The last multiple of `width` that is not after `at`."""
    return at // width * width


def ceil(at: int, width: int) -> int:
    """The first multiple of `width` that is not before `at`."""
    return -(-at // width) * width


def around(first: int, last: int, holes: Sequence[int], width: int) -> Iterator[tuple[bool, int, int]]:
    """[first, last) in pieces, in order: (False, from, to) inside holes of `width` that begin at `holes` (ascending,
    apart), (True, from, to) between them."""
    at = first
    for hole in holes:
        start, end = max(hole, at), min(hole + width, last)
        if start >= end:
            continue
        if at < start:
            yield True, at, start
        yield False, start, end
        at = end
    if at < last:
        yield True, at, last


@dataclass(frozen=True, slots=True)
class Grid:
    """How time is cut: every `width` µs counted from `origin` (µs), or at the given `edges` int64[k] (µs) where days count."""

    width: int
    origin: int
    edges: Int64s | None = None

    @property
    def whole_hours(self) -> bool:
        """Whether every bucket consists of whole hours UTC, so that hourly sums can be added up to it."""
        if self.edges is not None:
            return not np.any(self.edges % HOUR)
        return self.width % HOUR == 0 and self.origin % HOUR == 0


def grid(start: dt.datetime, end: dt.datetime, seconds: int, zone: dt.tzinfo) -> Grid:
    """The grid of buckets of `seconds` over [start, end).

    A bucket shorter than a day is counted from midnight of `zone` as its offset is at `start`; one of n days begins at
    the zone's own midnight whatever the clock did meanwhile, counted from a Monday. Raises ValueError for a length that
    is not positive, or longer than a day and not whole days.
    """
    if seconds <= 0:
        raise ValueError("a bucket must be longer than nothing")
    if seconds < DAY_S:
        offset = start.astimezone(zone).utcoffset() or dt.timedelta(0)
        return Grid(seconds * SECOND, -(offset // MICROSECOND))
    if seconds % DAY_S:
        raise ValueError("a bucket longer than a day must be of whole days")
    return Grid(seconds * SECOND, 0, _day_edges(start, end, seconds // DAY_S, zone))


def _day_edges(start: dt.datetime, end: dt.datetime, days: int, zone: dt.tzinfo) -> Int64s:
    first = start.astimezone(zone).date()
    first -= dt.timedelta(days=(first - FIRST_MONDAY).days % days)
    last = end.astimezone(zone).date()
    count = (last - first).days // days + 2
    if count > MOST_DAYS:
        raise ValueError("too many days at once")
    midnights = [dt.datetime.combine(first + dt.timedelta(days=days * n), dt.time(), zone) for n in range(count)]
    return np.array([to_us(midnight) for midnight in midnights], np.int64)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What readings of a series within a bucket add up to, n rows; `newest` is the value of the last in time."""

    series_id: Int32s
    bucket: Int64s
    readings: Int64s
    total: Floats
    minimum: Floats
    maximum: Floats
    newest: Floats

    def __len__(self) -> int:
        return len(self.series_id)

    @staticmethod
    def empty() -> "Gathered":
        """Nothing gathered."""
        ints, floats = np.empty(0, np.int64), np.empty(0, np.float64)
        return Gathered(np.empty(0, np.int32), ints, ints, floats, floats, floats, floats)


def join(parts: list[Gathered]) -> Gathered:
    """One row for each series and bucket, sorted so, out of parts that cover disjoint times in ascending order."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return Gathered.empty()
    series = np.concatenate([part.series_id for part in parts])
    bucket = np.concatenate([part.bucket for part in parts])
    # lexsort is stable, so the parts of a bucket stay in the order of time
    order = np.lexsort((bucket, series))
    series, bucket = series[order], bucket[order]
    first = np.flatnonzero(np.r_[True, (np.diff(series) != 0) | (np.diff(bucket) != 0)])
    last = np.r_[first[1:], len(series)] - 1
    return Gathered(
        series[first],
        bucket[first],
        np.add.reduceat(np.concatenate([part.readings for part in parts])[order], first),
        np.add.reduceat(np.concatenate([part.total for part in parts])[order], first),
        np.minimum.reduceat(np.concatenate([part.minimum for part in parts])[order], first),
        np.maximum.reduceat(np.concatenate([part.maximum for part in parts])[order], first),
        np.concatenate([part.newest for part in parts])[order][last],
    )
