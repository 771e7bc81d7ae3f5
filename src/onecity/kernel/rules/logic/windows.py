"""Sliding windows over the readings of many series, with the tails that carry them from batch to batch.

A window's value is computed from exactly the readings inside it, in order of time, never by adding and taking away from
a running sum: the result is the same however the stream was cut, and does not drift. The price is time in proportion to
the readings in the windows.
"""

from dataclasses import dataclass

import numpy as np

from onecity.kernel.rules.logic.arrays import Floats, Int32s, Int64s, Readings, Records, expand, within
from onecity.kernel.rules.logic.conditions import WindowFunction

# one reading of a tail, as journalled
READING = np.dtype([("series", "<i4"), ("at", "<i8"), ("value", "<f8")])


@dataclass(frozen=True, slots=True)
class Stretch:
    """For m series, the tail and the new rows in one: `at` int64[N], `value` float64[N], sorted by (series, time).

    `starts` int64[m + 1]; the new rows of series i are `fresh[i]:starts[i + 1]`.
    """

    starts: Int64s
    fresh: Int64s
    at: Int64s
    value: Floats

    def new_rows(self) -> Int64s:
        """Return the positions of the new rows, int64[n], in the order of the readings."""
        return expand(self.fresh, self.starts[1:] - self.fresh)


class Tails:
    """The readings of the last `horizon` µs of every series that has a window: a table of series x capacity."""

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self.series: Int32s = np.empty(0, np.int32)
        self.count: Int64s = np.empty(0, np.int64)
        self._at: Int64s = np.empty((0, 4), np.int64)
        self._value: Floats = np.empty((0, 4), np.float64)

    def join(self, readings: Readings) -> Stretch:
        """Return tail and new rows of each series, and keep what the next batch will need."""
        slots = self._slots(readings.series)
        tail, counts = self.count[slots], readings.counts
        starts = np.concatenate([[0], np.cumsum(tail + counts)])
        at, value = np.empty(int(starts[-1]), np.int64), np.empty(int(starts[-1]), np.float64)
        old, new = expand(starts[:-1], tail), expand(starts[:-1] + tail, counts)
        kept = expand(slots * self._at.shape[1], tail)
        at[old], value[old] = self._at.take(kept), self._value.take(kept)
        at[new], value[new] = readings.at, readings.value
        stretch = Stretch(starts, starts[:-1] + tail, at, value)
        self._keep(slots, stretch)
        return stretch

    def restore(self, records: Records) -> None:
        """Take up READING records written batch by batch: of each series those within `horizon` of its newest."""
        order = np.lexsort((records["at"], records["series"]))
        series, starts = np.unique(records["series"][order], return_index=True)
        if len(series):
            bounds = np.append(starts, len(order))
            at, value = records["at"][order], records["value"][order]
            stretch = Stretch(bounds, bounds[:-1], at, value)
            self._keep(self._slots(series.astype(np.int32)), stretch)

    def records(self) -> Records:
        """Return all tails as READING records."""
        row, column = np.repeat(np.arange(len(self.series)), self.count), expand(np.zeros_like(self.count), self.count)
        records = np.empty(len(row), READING)
        records["series"], records["at"], records["value"] = (
            self.series[row],
            self._at[row, column],
            self._value[row, column],
        )
        return records

    def _slots(self, series: Int32s) -> Int64s:
        """Return the row of each series, making room for new ones (`self.series` stays ascending)."""
        missing = series[~within(series, self.series)]
        if len(missing):
            where = np.searchsorted(self.series, missing)
            self.series = np.insert(self.series, where, missing)
            self.count = np.insert(self.count, where, 0)
            self._at = np.insert(self._at, where, 0, axis=0)
            self._value = np.insert(self._value, where, 0.0, axis=0)
        return np.searchsorted(self.series, series)

    def _keep(self, slots: Int64s, stretch: Stretch) -> None:
        """Write back, for each series, the rows that may still lie in a window of its next reading."""
        ends = stretch.starts[1:]
        oldest = np.repeat(stretch.at[ends - 1] - self.horizon, np.diff(stretch.starts))
        stays = stretch.at > oldest
        counts = np.add.reduceat(stays.astype(np.int64), stretch.starts[:-1])
        capacity = self._at.shape[1]
        if int(counts.max()) > capacity:
            more = int(counts.max()) * 2 - capacity
            self._at = np.pad(self._at, ((0, 0), (0, more)))
            self._value = np.pad(self._value, ((0, 0), (0, more)))
        cells = expand(slots * self._at.shape[1], counts)
        self._at.put(cells, stretch.at[stays])
        self._value.put(cells, stretch.value[stays])
        self.count[slots] = counts


def reach(stretch: Stretch, span: int) -> Int64s:
    """Return for each new row the position of the first row within `span` µs before it, int64[n]."""
    new, least = stretch.new_rows(), int(stretch.at.min())
    width = int(stretch.at.max()) - least + 2
    series = np.repeat(np.arange(len(stretch.fresh)), np.diff(stretch.starts))
    oldest = np.maximum(stretch.at[new] - span - least, -1)
    if width * len(stretch.fresh) >= np.iinfo(np.int64).max:
        # the products below would overflow (centuries of history): rank the times first, their order is all that counts
        times = np.unique(stretch.at)
        ranks, width = np.searchsorted(times, stretch.at), len(times) + 1
        oldest = np.searchsorted(times, oldest + least, side="right") - 1
        return np.searchsorted(series * width + ranks, series[new] * width + oldest, side="right")
    return np.searchsorted(series * width + (stretch.at - least), series[new] * width + oldest, side="right")


def window(
    stretch: Stretch, first: Int64s, function: WindowFunction, minimum_count: int, share_above: float | None
) -> Floats:
    """Return the function over rows `first[i]` up to each new row i, float64[n]; NaN with fewer than `minimum_count`."""
    last = stretch.new_rows() + 1
    count = last - first
    if share_above is not None:
        above = np.concatenate([[0], np.cumsum(stretch.value > share_above)])
        result = (above[last] - above[first]) / count
    elif function is WindowFunction.COUNT:
        result = count.astype(np.float64)
    else:
        result = _FUNCTIONS[function](stretch.value, first, last)
    return np.where(count >= minimum_count, result, np.nan)


def _reduce(function: np.ufunc, value: Floats, first: Int64s, last: Int64s) -> Floats:
    """Return `function` over value[first:last] for each pair; every second result of `reduceat` is the gap between."""
    bounds = np.empty(2 * len(first), np.int64)
    bounds[0::2], bounds[1::2] = first, last
    reduced: Floats = function.reduceat(np.append(value, 0.0), bounds)[0::2]
    return reduced


def _mean(value: Floats, first: Int64s, last: Int64s) -> Floats:
    return _reduce(np.add, value, first, last) / (last - first)


def _spread(value: Floats, first: Int64s, last: Int64s) -> Floats:
    return _reduce(np.maximum, value, first, last) - _reduce(np.minimum, value, first, last)


_FUNCTIONS = {
    WindowFunction.MEAN: _mean,
    WindowFunction.SUM: lambda value, first, last: _reduce(np.add, value, first, last),
    WindowFunction.MINIMUM: lambda value, first, last: _reduce(np.minimum, value, first, last),
    WindowFunction.MAXIMUM: lambda value, first, last: _reduce(np.maximum, value, first, last),
    WindowFunction.SPREAD: _spread,
}
