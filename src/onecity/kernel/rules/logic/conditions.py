"""What a rule can ask of a stream of readings: five kinds of condition, each a small checked value.

Every condition reduces a reading to one number, its *feature* (the value itself, a rate, a window's mean, the age of
the last reading, a deviation), and compares it with a ladder of levels. A level raises when the feature passes
`raise_at` strictly and clears when it is back at `clear_at` or inside it; between the two it holds (hysteresis).
"""

import itertools
import math
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Literal

MAX_DURATION = timedelta(days=31)
MOST_COUNTED = 30_000


class Severity(StrEnum):
    """How serious an alert is: the four colours of China's warning signals (蓝黄橙红), mildest first."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def rank(self) -> int:
        """Return 0 for blue to 3 for red."""
        return SEVERITIES.index(self)


SEVERITIES = (Severity.BLUE, Severity.YELLOW, Severity.ORANGE, Severity.RED)


class Kind(StrEnum):
    """The five kinds of condition."""

    THRESHOLD = "threshold"
    RATE = "rate"
    ABSENCE = "absence"
    WINDOW = "window"
    BASELINE = "baseline"


class Direction(StrEnum):
    """On which side of a level it is bad to be; `EITHER` looks at the size of a change and forgets its sign."""

    ABOVE = "above"
    BELOW = "below"
    EITHER = "either"


class ConditionError(ValueError):
    """A condition that cannot be evaluated; `code` and `field` let a form say why in plain words."""

    def __init__(self, field_name: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name
        self.code = code


@dataclass(frozen=True, slots=True)
class Level:
    """One rung: its severity, the value whose passing raises it, the value at which it clears (default: the same)."""

    severity: Severity
    raise_at: float
    clear_at: float

    def __init__(self, severity: Severity | str, raise_at: float, clear_at: float | None = None) -> None:
        object.__setattr__(self, "severity", Severity(severity))
        object.__setattr__(self, "raise_at", float(raise_at))
        object.__setattr__(self, "clear_at", float(raise_at if clear_at is None else clear_at))


def _check_levels(levels: tuple[Level, ...], direction: Direction) -> None:
    if not levels:
        raise ConditionError("levels", "levels_missing", "a condition needs at least one level")
    sign = -1.0 if direction is Direction.BELOW else 1.0
    for level in levels:
        if not (math.isfinite(level.raise_at) and math.isfinite(level.clear_at)):
            raise ConditionError("levels", "level_not_finite", f"the level {level.severity} is not a finite number")
        if sign * level.clear_at > sign * level.raise_at:
            raise ConditionError(
                "levels", "clear_beyond_raise", f"the level {level.severity} clears beyond the value that raises it"
            )
    for lower, upper in itertools.pairwise(levels):
        if upper.severity.rank <= lower.severity.rank:
            raise ConditionError("levels", "levels_order", "levels go from the mildest severity to the gravest")
        if sign * upper.raise_at <= sign * lower.raise_at or sign * upper.clear_at < sign * lower.clear_at:
            raise ConditionError(
                "levels", "levels_nested", f"the level {upper.severity} must lie beyond the level {lower.severity}"
            )


def _check_span(name: str, span: timedelta, *, least: timedelta = timedelta(0)) -> None:
    if not least <= span <= MAX_DURATION:
        raise ConditionError(name, "span_out_of_range", f"{name} must be between {least} and {MAX_DURATION}")


def _check_count(count: int) -> None:
    if count < 1:
        raise ConditionError("minimum_count", "count_too_small", "at least one reading is needed")
    if count > MOST_COUNTED:
        raise ConditionError("minimum_count", "count_too_large", f"at most {MOST_COUNTED} readings can be asked for")


def _allow(direction: Direction, allowed: tuple[Direction, ...]) -> None:
    if direction not in allowed:
        raise ConditionError("direction", "direction_not_allowed", f"the direction {direction} has no meaning here")


@dataclass(frozen=True, slots=True)
class Threshold:
    """The value itself passes a level and stays past it for `duration` (zero: the first reading is enough)."""

    levels: tuple[Level, ...]
    direction: Direction = Direction.ABOVE
    duration: timedelta = timedelta(0)
    kind: Literal[Kind.THRESHOLD] = field(default=Kind.THRESHOLD, init=False)

    def __post_init__(self) -> None:
        _allow(self.direction, (Direction.ABOVE, Direction.BELOW))
        _check_levels(self.levels, self.direction)
        _check_span("duration", self.duration)


@dataclass(frozen=True, slots=True)
class Rate:
    """The change between two consecutive readings, per `per`; undefined (holds) when they lie over `max_gap` apart.

    `ABOVE` looks at rises, `BELOW` at falls (levels negative), `EITHER` at the size of the change.
    """

    levels: tuple[Level, ...]
    direction: Direction = Direction.EITHER
    per: timedelta = timedelta(hours=1)
    max_gap: timedelta = timedelta(hours=3)
    duration: timedelta = timedelta(0)
    kind: Literal[Kind.RATE] = field(default=Kind.RATE, init=False)

    def __post_init__(self) -> None:
        _check_levels(self.levels, self.direction)
        _check_span("per", self.per, least=timedelta(seconds=1))
        _check_span("max_gap", self.max_gap, least=timedelta(seconds=1))
        _check_span("duration", self.duration)


@dataclass(frozen=True, slots=True)
class Absence:
    """No reading for longer than a level's number of **seconds**; the onset is the moment the silence became too long.

    A series that has never delivered is not absent: it has not begun.
    """

    levels: tuple[Level, ...]
    direction: Direction = field(default=Direction.ABOVE, init=False)
    duration: timedelta = field(default=timedelta(0), init=False)
    kind: Literal[Kind.ABSENCE] = field(default=Kind.ABSENCE, init=False)

    def __post_init__(self) -> None:
        _check_levels(self.levels, self.direction)
        for level in self.levels:
            if level.clear_at != level.raise_at:
                raise ConditionError("levels", "absence_hysteresis", "a silence ends with the next reading")
            _check_span("levels", timedelta(seconds=level.raise_at), least=timedelta(seconds=1))


class WindowFunction(StrEnum):
    """What is computed over a sliding window; `SPREAD` is maximum minus minimum (a stuck sensor has none)."""

    MEAN = "mean"
    SUM = "sum"
    MINIMUM = "min"
    MAXIMUM = "max"
    COUNT = "count"
    SHARE = "share"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True)
class Window:
    """A function over the readings of the last `span`, the newest included and one exactly `span` old excluded.

    Undefined (holds) while fewer than `minimum_count` readings lie in the window. `SHARE` is the fraction (0 to 1) of
    readings strictly above `share_above`.
    """

    levels: tuple[Level, ...]
    span: timedelta
    function: WindowFunction = WindowFunction.MEAN
    direction: Direction = Direction.ABOVE
    minimum_count: int = 1
    share_above: float | None = None
    duration: timedelta = timedelta(0)
    kind: Literal[Kind.WINDOW] = field(default=Kind.WINDOW, init=False)

    def __post_init__(self) -> None:
        _allow(self.direction, (Direction.ABOVE, Direction.BELOW))
        _check_levels(self.levels, self.direction)
        _check_span("span", self.span, least=timedelta(seconds=1))
        _check_span("duration", self.duration)
        _check_count(self.minimum_count)
        if (self.function is WindowFunction.SHARE) != (self.share_above is not None):
            raise ConditionError("share_above", "share_above", "a share, and only a share, needs the value to be above")


@dataclass(frozen=True, slots=True)
class Baseline:
    """How far a reading is from what its hour of the week usually brings, in robust standard deviations.

    Centre and spread are the median and 1.4826 x the median absolute deviation of the same hour of the week (168 slots,
    local time) over the last `history`; undefined (holds) while a slot has fewer than `minimum_count` readings.
    `minimum_spread` (unit of the attribute) keeps a very even history from turning small wobbles into alerts.
    """

    levels: tuple[Level, ...]
    direction: Direction = Direction.EITHER
    history: timedelta = timedelta(weeks=8)
    minimum_count: int = 3
    minimum_spread: float = 0.0
    duration: timedelta = timedelta(0)
    kind: Literal[Kind.BASELINE] = field(default=Kind.BASELINE, init=False)

    def __post_init__(self) -> None:
        _check_levels(self.levels, self.direction)
        _check_span("duration", self.duration)
        if not timedelta(weeks=1) <= self.history <= timedelta(weeks=53):
            raise ConditionError("history", "history_out_of_range", "history must be between 1 and 53 weeks")
        _check_count(self.minimum_count)
        if not (math.isfinite(self.minimum_spread) and self.minimum_spread >= 0):
            raise ConditionError("minimum_spread", "spread_negative", "the minimum spread must be zero or more")


Condition = Threshold | Rate | Absence | Window | Baseline
