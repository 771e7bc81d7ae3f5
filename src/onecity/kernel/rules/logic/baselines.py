"""What each hour of the week usually brings, and how far a reading is from it, in robust standard deviations.

Median and median absolute deviation instead of mean and standard deviation: half of the history may be outliers before
they move (Rousseeuw & Croux 1993, "Alternatives to the median absolute deviation", section 1).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from onecity.kernel.rules.logic.arrays import Floats, Int32s, Int64s, Readings, first_of_each

Grid = NDArray[np.float32]
Counts = NDArray[np.int16]
SLOTS = 168
MOST_COUNTED = int(np.iinfo(np.int16).max)
HOUR = 3_600_000_000
DAY = 24 * HOUR
# hours from a Monday 00:00 to 1970-01-01 00:00, a Thursday
EPOCH_SLOT = 72
# makes the MAD of a normal distribution its standard deviation (1 / the 0.75 quantile)
NORMAL_MAD = 1.4826
UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def hour_of_week(at: Int64s, zone: ZoneInfo) -> Int64s:
    """Return the local hour of the week of each moment (µs UTC), 0 = Monday 00:00 to 167, int64[n].

    The zone's offset is looked up once per distinct quarter of an hour, the finest step in which offsets change.
    """
    quarters, which = np.unique(at // (HOUR // 4), return_inverse=True)
    offsets = [(UNIX_EPOCH + dt.timedelta(minutes=15 * q)).astimezone(zone).utcoffset() for q in quarters.tolist()]
    local = at + np.array([_microseconds(offset) for offset in offsets], np.int64)[which.reshape(at.shape)]
    return (local // HOUR + EPOCH_SLOT) % SLOTS


def _microseconds(offset: dt.timedelta | None) -> int:
    return 0 if offset is None else offset // dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Table:
    """Baselines of s series: `series` int32[s] ascending; `centre`, `spread` float32[s, 168]; `count` int16[s, 168].

    Seven digits are more than a median of measurements has, and half the memory: 1.7 kB a series.
    """

    series: Int32s
    centre: Grid
    spread: Grid
    count: Counts

    @staticmethod
    def empty() -> "Table":
        """Return a table of no series."""
        nothing = np.empty((0, SLOTS), np.float32)
        return Table(np.empty(0, np.int32), nothing, nothing, np.empty((0, SLOTS), np.int16))

    @staticmethod
    def concatenate(tables: "Sequence[Table]") -> "Table":
        """Return the baselines of all tables, whose series ascend from one to the next."""
        whole = [Table.empty(), *tables]
        return Table(
            np.concatenate([table.series for table in whole]),
            np.concatenate([table.centre for table in whole]),
            np.concatenate([table.spread for table in whole]),
            np.concatenate([table.count for table in whole]),
        )


def learn(series: Int32s, slot: Int64s, value: Floats) -> Table:
    """Return the baselines of a history: n values with their series and hour of the week, in any order."""
    known, row = np.unique(series, return_inverse=True)
    table = Table(
        known.astype(np.int32),
        np.full((len(known), SLOTS), np.nan, np.float32),
        np.full((len(known), SLOTS), np.nan, np.float32),
        np.zeros((len(known), SLOTS), np.int16),
    )
    group = row * SLOTS + slot
    centre, cells, counts = _medians(group, value)
    table.centre.flat[cells], table.count.flat[cells] = centre, np.minimum(counts, MOST_COUNTED)
    deviation = np.abs(value - table.centre.flat[group])
    spread, cells, _counts = _medians(group, deviation)
    table.spread.flat[cells] = NORMAL_MAD * spread
    return table


def _medians(group: Int64s, value: Floats) -> tuple[Floats, Int64s, Int64s]:
    """Return the median of each group, the groups, and their sizes."""
    order = np.lexsort((value, group))
    ranked, groups = value[order], group[order]
    first = first_of_each(groups)
    count = np.diff(np.append(first, len(groups)))
    median = (ranked[first + (count - 1) // 2] + ranked[first + count // 2]) / 2
    return median, groups[first], count


def deviation(readings: Readings, table: Table, zone: ZoneInfo, minimum_count: int, minimum_spread: float) -> Floats:
    """Return (value - centre) / spread of its hour of the week for each row, float64[n].

    NaN where the series has no baseline, its slot fewer than `minimum_count` values, or no spread at all: a history
    without any variation says nothing about how much is much, unless `minimum_spread` does.
    """
    if not len(table.series) or not len(readings):
        return np.full(len(readings), np.nan)
    at = np.minimum(np.searchsorted(table.series, readings.series), len(table.series) - 1)
    row = np.repeat(np.where(table.series[at] == readings.series, at, -1), readings.counts)
    slot = hour_of_week(readings.at, zone)
    spread = np.maximum(table.spread[row, slot].astype(np.float64), minimum_spread)
    known = (row >= 0) & (table.count[row, slot] >= minimum_count) & (spread > 0)
    return np.where(known, (readings.value - table.centre[row, slot]) / np.where(known, spread, 1.0), np.nan)
