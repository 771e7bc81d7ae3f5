"""Names for the arrays of the engine, and what numpy lacks for rows that belong to segments."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Bytes = NDArray[np.int8]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]
Records = NDArray[np.void]

# "no moment": earlier than every real one (microseconds since 1970 UTC)
NEVER = int(np.iinfo(np.int64).min)


@dataclass(frozen=True, slots=True)
class Readings:
    """n readings of m series, all newer than what their series had before, sorted by (series, time), no time twice.

    `series` int32[m] ascending; the rows of `series[i]` are `starts[i]:starts[i + 1]`, never none; `at` int64[n] (µs);
    `value` float64[n]; `previous_at` int64[m] (NEVER: none) and `previous_value` float64[m] (NaN: none).
    """

    series: Int32s
    starts: Int64s
    at: Int64s
    value: Floats
    previous_at: Int64s
    previous_value: Floats

    def __len__(self) -> int:
        return len(self.at)

    @property
    def counts(self) -> Int64s:
        """Return the number of rows of each series, int64[m]."""
        return np.diff(self.starts)

    def block(self, first: int, last: int) -> "Readings":
        """Return the readings of `series[first:last]`; views, nothing is copied but the starts."""
        rows = slice(int(self.starts[first]), int(self.starts[last]))
        return Readings(
            self.series[first:last],
            self.starts[first : last + 1] - self.starts[first],
            self.at[rows],
            self.value[rows],
            self.previous_at[first:last],
            self.previous_value[first:last],
        )

    def choose(self, mask: Bools) -> tuple["Readings", Int64s]:
        """Return the readings of the series where `mask` bool[m] is set, and the positions of their rows here."""
        rows = expand(self.starts[:-1][mask], self.counts[mask])
        starts = np.concatenate([[0], np.cumsum(self.counts[mask])])
        chosen = Readings(
            self.series[mask],
            starts,
            self.at[rows],
            self.value[rows],
            self.previous_at[mask],
            self.previous_value[mask],
        )
        return chosen, rows


def expand(first: Int64s, counts: Int64s) -> Int64s:
    """Return `first[i], first[i] + 1, ...`, `counts[i]` of them, for every i in turn, int64[sum of counts]."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(first - (ends - counts), counts) + np.arange(total)


def first_of_each(groups: Int64s) -> Int64s:
    """Return the position of the first row of every group in an ascending int64[n]."""
    if not len(groups):
        return np.empty(0, np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(groups)) + 1])


def within(values: Int64s | Int32s, known: Int64s | Int32s) -> Bools:
    """Return for each value whether it is in the ascending array `known`, bool[n]."""
    at = np.searchsorted(known, values)
    found = at < len(known)
    found[found] = known[at[found]] == values[found]
    return found


def merged(one: Int64s, other: Int64s) -> Int64s:
    """Return the union of two ascending arrays without repetitions, ascending."""
    both = np.sort(np.concatenate([one, other]), kind="stable")
    return both[first_of_each(both)]


def previous_rows(readings: Readings) -> tuple[Int64s, Floats]:
    """Return time int64[n] and value float64[n] of the reading before each row (NEVER and NaN where there is none)."""
    at, value = np.empty_like(readings.at), np.empty_like(readings.value)
    at[1:], value[1:] = readings.at[:-1], readings.value[:-1]
    at[readings.starts[:-1]], value[readings.starts[:-1]] = readings.previous_at, readings.previous_value
    return at, value
