"""Silence: alerts for series whose next reading is overdue, found by a sweep and settled by the next reading.

The onset is the last reading plus the time allowed, the end is the next reading, both by the readings' own times. So
a gap found afterwards gives the very alert the sweep would have given, and the sweep may run as often as it likes.
"""

import numpy as np

from onecity.kernel.rules.logic.arrays import NEVER, Bools, Int32s, Int64s, Readings, expand, previous_rows
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.ladder import MICROSECONDS, Ladder


class Silence:
    """The absence rules that watch the same series: `series` int32[s] ascending, `announced` int64[s] levels open."""

    def __init__(self, ladder: Ladder, series: Int32s) -> None:
        self.ladder = ladder
        self.series = series
        self.announced: Int64s = np.zeros(len(series), np.int64)
        self._allowed: Int64s = np.round(ladder.raise_at * MICROSECONDS).astype(np.int64)

    def settle(self, readings: Readings) -> Changes:
        """Return the alerts that these readings end: every gap between consecutive ones that was too long.

        An alert announced although its gap was not too long after all (a reading held up on its way) comes with its
        end at its onset: it never was.
        """
        before, _value = previous_rows(readings)
        gap = np.where(before == NEVER, 0, readings.at - np.where(before == NEVER, readings.at, before))
        long = np.searchsorted(self._allowed, gap, side="left")
        mine = np.searchsorted(self.series, readings.series)
        announced = np.zeros(len(readings), np.int64)
        announced[readings.starts[:-1]] = self.announced[mine]
        self.announced[mine] = 0
        row, level = self._gravest(np.zeros_like(long), np.maximum(long, announced))
        base = self.ladder.base[level]
        onset = before[row] + self._allowed[base]
        end_at = np.maximum(readings.at[row], onset)
        return Changes(
            rule=self.ladder.rule[level],
            series=np.repeat(readings.series, readings.counts)[row],
            onset=onset,
            raised_at=onset,
            peak_at=end_at,
            peak=(end_at - before[row]) / MICROSECONDS,
            end_at=end_at,
            rank=self.ladder.rank[level],
            new=base >= announced[row],
            peak_only=np.zeros(len(row), np.bool_),
        )

    def sweep(self, now: int, last_at: Int64s, live: Bools) -> Changes:
        """Return the alerts open at `now` (µs) that were not announced yet, or not as grave.

        `last_at` int64[s] (NEVER: nothing yet) and `live` bool[s] (whether its readings come in time: the end of a
        history read in afterwards is no silence) of each series watched.
        """
        age = np.where(live & (last_at != NEVER), now - np.where(last_at == NEVER, now, last_at), 0)
        long = np.searchsorted(self._allowed, age, side="left")
        rows = np.flatnonzero(long > self.announced)
        before = self.announced[rows]
        self.announced[rows] = long[rows]
        which, level = self._gravest(before, long[rows])
        base, row = self.ladder.base[level], rows[which]
        onset = last_at[row] + self._allowed[base]
        return Changes(
            rule=self.ladder.rule[level],
            series=self.series[row],
            onset=onset,
            raised_at=onset,
            peak_at=np.full(len(row), now),
            peak=age[row] / MICROSECONDS,
            end_at=np.full(len(row), NEVER),
            rank=self.ladder.rank[level],
            new=base >= before[which],
            peak_only=np.zeros(len(row), np.bool_),
        )

    def announce(self, rule: int, series: Int32s, rank: int) -> None:
        """Take up alerts of a rule that are open already at this rank, on the series among those watched."""
        level = np.flatnonzero((self.ladder.rule == rule) & (self.ladder.rank <= rank))
        mine = np.isin(self.series, series)
        if len(level):
            self.announced[mine] = np.maximum(self.announced[mine], level[-1] + 1)

    def _gravest(self, low: Int64s, high: Int64s) -> tuple[Int64s, Int64s]:
        """Return (row, level) pairs: for every row the gravest of levels low[row]..high[row] - 1 of each rule."""
        row, level = np.repeat(np.arange(len(low)), high - low), expand(low, high - low)
        order = np.lexsort((level, self.ladder.base[level], row))
        row, level = row[order], level[order]
        last = np.ones(len(row), np.bool_)
        last[:-1] = (np.diff(row) != 0) | (np.diff(self.ladder.base[level]) != 0)
        return row[last], level[last]
