"""The rules read literally, one reading at a time, in plain Python: what the engine must agree with exactly."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from onecity.kernel.rules.logic.conditions import Absence, Condition, Direction, Level, Rate, Window, WindowFunction

SECOND = 1_000_000


class Interval(NamedTuple):
    """One alert; times in µs, `end_at` None while it goes on."""

    rule: int
    series: int
    onset: int
    raised_at: int
    peak_at: int
    peak: float
    end_at: int | None
    severity: str


@dataclass
class LevelState:
    """One level of one rule on one series: a Schmitt trigger with a timer."""

    since: int | None = None
    raised_at: int | None = None
    peak: float = 0.0
    peak_at: int = 0
    severity: int = -1


@dataclass
class SeriesState:
    """All readings so far and the levels of one rule on one series."""

    history: list[tuple[int, float]] = field(default_factory=list)
    levels: list[LevelState] = field(default_factory=list)


def feature(condition: Condition, history: Sequence[tuple[int, float]]) -> float | None:
    at, value = history[-1]
    if isinstance(condition, Rate):
        if len(history) < 2 or at - history[-2][0] > condition.max_gap.total_seconds() * SECOND:
            return None
        change = (value - history[-2][1]) * (condition.per.total_seconds() * SECOND / (at - history[-2][0]))
        return abs(change) if condition.direction is Direction.EITHER else change
    if isinstance(condition, Window):
        inside = [v for t, v in history if t > at - condition.span.total_seconds() * SECOND]
        return None if len(inside) < condition.minimum_count else over_window(condition, inside)
    return value


def over_window(condition: Window, inside: list[float]) -> float:
    results: dict[WindowFunction, Callable[[list[float]], float]] = {
        WindowFunction.MEAN: statistics.fmean,
        WindowFunction.SUM: sum,
        WindowFunction.MINIMUM: min,
        WindowFunction.MAXIMUM: max,
        WindowFunction.COUNT: len,
        WindowFunction.SPREAD: lambda values: max(values) - min(values),
        WindowFunction.SHARE: lambda values: sum(v > (condition.share_above or 0.0) for v in values) / len(values),
    }
    return float(results[condition.function](inside))


def evaluate(rules: Sequence[tuple[int, Condition]], readings: Sequence[tuple[int, int, float]]) -> Iterator[Interval]:
    """Yield every alert of (series, at, value) readings, ended ones first in order of their end."""
    states: dict[tuple[int, int], SeriesState] = {}
    for series, at, value in readings:
        for rule, condition in rules:
            state = states.setdefault((rule, series), SeriesState(levels=[LevelState() for _ in condition.levels]))
            state.history.append((at, value))
            if isinstance(condition, Absence):
                yield from gap(rule, series, condition, state.history)
            else:
                yield from step(rule, series, condition, state)
    for (rule, series), state in states.items():
        base = state.levels[0]
        if base.raised_at is not None:
            condition = dict(rules)[rule]
            yield interval(rule, series, condition, base, None)


def step(rule: int, series: int, condition: Condition, state: SeriesState) -> Iterator[Interval]:
    x = feature(condition, state.history)
    at = state.history[-1][0]
    base = state.levels[0]
    for rank, level in enumerate(condition.levels):
        memory = state.levels[rank]
        if clears(condition, level, x):
            if memory is base and base.raised_at is not None:
                yield interval(rule, series, condition, base, at)
            state.levels[rank] = LevelState()
            continue
        follow(condition, level, memory, x, at)
        if memory.raised_at is not None:
            base.severity = max(base.severity, rank)


def clears(condition: Condition, level: Level, x: float | None) -> bool:
    if x is None:
        return False
    return x >= level.clear_at if condition.direction is Direction.BELOW else x <= level.clear_at


def follow(condition: Condition, level: Level, memory: LevelState, x: float | None, at: int) -> None:
    sign = -1 if condition.direction is Direction.BELOW else 1
    if memory.since is None and x is not None and sign * x > sign * level.raise_at:
        memory.since, memory.peak, memory.peak_at = at, x, at
    if memory.since is None:
        return
    if x is not None and sign * x > sign * memory.peak:
        memory.peak, memory.peak_at = x, at
    if memory.raised_at is None and at - memory.since >= condition.duration.total_seconds() * SECOND:
        memory.raised_at = at


def interval(rule: int, series: int, condition: Condition, base: LevelState, end_at: int | None) -> Interval:
    assert base.since is not None
    assert base.raised_at is not None
    severity = condition.levels[base.severity].severity.value
    return Interval(rule, series, base.since, base.raised_at, base.peak_at, base.peak, end_at, severity)


def gap(rule: int, series: int, condition: Absence, history: list[tuple[int, float]]) -> Iterator[Interval]:
    if len(history) < 2:
        return
    before, at = history[-2][0], history[-1][0]
    passed = [level for level in condition.levels if at - before > level.raise_at * SECOND]
    if passed:
        onset = before + int(condition.levels[0].raise_at * SECOND)
        yield Interval(rule, series, onset, onset, at, (at - before) / SECOND, at, passed[-1].severity.value)
