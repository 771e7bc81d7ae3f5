"""The feature of a condition: the one number each reading is reduced to before levels are compared with it.

Equal features are equal values, so that a thousand rules about the same window compute it once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from onecity.kernel.rules.logic import baselines, rates, windows
from onecity.kernel.rules.logic.arrays import Floats, Int64s, Readings
from onecity.kernel.rules.logic.conditions import Baseline, Condition, Direction, Rate, Window, WindowFunction

MICROSECOND = timedelta(microseconds=1)


@dataclass
class Context:
    """What features are computed from: the readings of one channel, their windows, the baselines by length of history.

    `stretch` holds the windows of the rows `stretched`; the other rows belong to series that no window rule watches.
    """

    readings: Readings
    zone: ZoneInfo
    tables: Mapping[timedelta, baselines.Table]
    stretch: windows.Stretch | None = None
    stretched: Int64s | slice = field(default_factory=lambda: slice(None))
    _reach: dict[int, Int64s] = field(default_factory=dict)
    _known: "dict[Feature, Floats]" = field(default_factory=dict)

    def values(self, feature: "Feature") -> Floats:
        """Return the feature of every row, float64[n], NaN where it is undefined; computed once."""
        if feature not in self._known:
            self._known[feature] = feature.values(self)
        return self._known[feature]

    def reach(self, stretch: windows.Stretch, span: int) -> Int64s:
        """Return where the window of each new row begins; computed once per span."""
        if span not in self._reach:
            self._reach[span] = windows.reach(stretch, span)
        return self._reach[span]


@dataclass(frozen=True, slots=True)
class Value:
    """The reading itself."""

    def values(self, context: Context) -> Floats:
        """Return the readings."""
        return context.readings.value


@dataclass(frozen=True, slots=True)
class Change:
    """The rate of change against the reading before; `absolute` forgets its sign."""

    per: timedelta
    max_gap: timedelta
    absolute: bool

    def values(self, context: Context) -> Floats:
        """Return the rates."""
        found = rates.rate(context.readings, self.per // MICROSECOND, self.max_gap // MICROSECOND)
        return np.abs(found) if self.absolute else found


@dataclass(frozen=True, slots=True)
class Sliding:
    """A function over the window that ends with the reading."""

    span: timedelta
    function: WindowFunction
    minimum_count: int
    share_above: float | None

    def values(self, context: Context) -> Floats:
        """Return the window's value at each reading."""
        result = np.full(len(context.readings), np.nan)
        if context.stretch is not None:
            first = context.reach(context.stretch, self.span // MICROSECOND)
            result[context.stretched] = windows.window(
                context.stretch, first, self.function, self.minimum_count, self.share_above
            )
        return result


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far the reading is from its hour of the week, in robust standard deviations; `absolute` forgets the sign."""

    history: timedelta
    minimum_count: int
    minimum_spread: float
    absolute: bool

    def values(self, context: Context) -> Floats:
        """Return the deviations."""
        table = context.tables.get(self.history, baselines.Table.empty())
        found = baselines.deviation(context.readings, table, context.zone, self.minimum_count, self.minimum_spread)
        return np.abs(found) if self.absolute else found


Feature = Value | Change | Sliding | Deviation


def feature_of(condition: Condition) -> Feature:
    """Return the feature that a condition compares with its levels (an absence has none: it is about no reading)."""
    absolute = condition.direction is Direction.EITHER
    if isinstance(condition, Rate):
        return Change(condition.per, condition.max_gap, absolute)
    if isinstance(condition, Window):
        return Sliding(condition.span, condition.function, condition.minimum_count, condition.share_above)
    if isinstance(condition, Baseline):
        return Deviation(condition.history, condition.minimum_count, condition.minimum_spread, absolute)
    return Value()
