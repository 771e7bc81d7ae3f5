"""Which series a rule watches, looked up for a whole batch at once."""

import numpy as np

from onecity.kernel.rules.logic.arrays import Bools, Int32s, Int64s, Readings


class Scope:
    """A set of series (`series` int32[s] ascending), shared by all rules that watch exactly these."""

    def __init__(self, series: Int32s) -> None:
        self.series = series
        self._member: Bools = np.zeros(int(series[-1]) + 1 if len(series) else 0, np.bool_)
        self._member[series] = True

    def contains(self, series: Int32s) -> Bools:
        """Return for each series whether it is watched, bool[m]."""
        known = series < len(self._member)
        inside = np.zeros(len(series), np.bool_)
        inside[known] = self._member[series[known]]
        return inside

    def select(self, readings: Readings) -> tuple[Readings, Int64s | slice]:
        """Return the readings that are watched, and where their rows stand among all."""
        inside = self.contains(readings.series)
        if inside.all():
            return readings, slice(None)
        return readings.choose(inside)
