"""Bringing a batch into the order of the store, and telling new readings from old, late and double ones."""

from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.telemetry.batch import NEVER, Batch, Bools, Floats, Int32s, Int64s
from onecity.kernel.telemetry.logic.recent import Recent, key_width, keys


@dataclass(slots=True)
class Newest:
    """The newest reading of every series by its id: `at` int64 (µs, NEVER where none), `value` float64 (NaN where none).

    `recent` are the readings that were stored since this was loaded, as far as they are remembered.
    """

    at: Int64s
    value: Floats
    recent: Recent = field(default_factory=Recent)

    @staticmethod
    def empty(size: int = 1) -> "Newest":
        """Nothing known of series below `size`."""
        return Newest(np.full(size, NEVER, np.int64), np.full(size, np.nan, np.float64))

    def reach(self, size: int) -> None:
        """Have room for series ids below `size`."""
        if size > len(self.at):
            larger = Newest.empty(max(size, 2 * len(self.at)))
            larger.at[: len(self.at)], larger.value[: len(self.value)] = self.at, self.value
            self.at, self.value = larger.at, larger.value


@dataclass(frozen=True, slots=True)
class Judged:
    """What a sorted batch is next to what was before, row by row.

    `repeated` bool[n]: the same series and time as the row before, which came first. `late` bool[n]: too far behind its
    series' newest. `old` bool[n]: not newer than its series' newest, so it may be in the store already.
    """

    repeated: Bools
    late: Bools
    old: Bools


def judge(batch: Batch, newest: Newest, late_after: Int64s) -> Judged:
    """Judge each reading of a sorted batch against the newest of its series; `late_after` (µs) is by series id."""
    series, at = batch.series_id, batch.observed_at
    repeated = np.zeros(len(batch), np.bool_)
    repeated[1:] = (series[1:] == series[:-1]) & (at[1:] == at[:-1])
    last = newest.at[series]
    old = (at <= last) & ~repeated
    late = np.zeros(len(batch), np.bool_)
    if old.any():
        rows = np.flatnonzero(old)
        late[rows] = at[rows] < last[rows] - late_after[series[rows]]
    return Judged(repeated, late, old & ~late)


def sort(series: Int32s, at: Int64s) -> Int64s:
    """The stable order by series, then time, as positions int64[n]."""
    if len(series) < 2:
        return np.arange(len(series), dtype=np.int64)
    width = key_width(series, at)
    if not width:
        return np.lexsort((at, series))
    key = keys(series, at, int(at.min()), width)
    if bool(np.all(key[1:] >= key[:-1])):
        return np.arange(len(series), dtype=np.int64)
    # the quick sort of numpy is several times faster than its stable one; equal keys are put right afterwards
    rows = np.argsort(key)
    ordered = key[rows]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    return np.argsort(key, kind="stable") if len(same) else rows


def groups(series: Int32s) -> tuple[Int32s, Int64s]:
    """Distinct series int32[m] of a sorted column and where their rows begin, int64[m + 1]."""
    if not len(series):
        return np.empty(0, np.int32), np.zeros(1, np.int64)
    starts = np.flatnonzero(np.concatenate([[True], series[1:] != series[:-1]]))
    return series[starts], np.append(starts, len(series)).astype(np.int64)
