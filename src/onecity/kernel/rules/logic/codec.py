"""Conditions as JSON data and back: what is stored in versions, exported to files and sent by forms."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from onecity.kernel.rules.logic.conditions import (
    Absence,
    Baseline,
    Condition,
    ConditionError,
    Direction,
    Kind,
    Level,
    Rate,
    Severity,
    Threshold,
    Window,
    WindowFunction,
)

Data = dict[str, Any]


def to_data(condition: Condition) -> Data:
    """Return the condition as JSON data: spans in seconds, levels mildest first."""
    data: Data = {
        "kind": condition.kind.value,
        "direction": condition.direction.value,
        "duration_seconds": _seconds(condition.duration),
        "levels": [
            {"severity": level.severity.value, "raise_at": level.raise_at, "clear_at": level.clear_at}
            for level in condition.levels
        ],
    }
    if isinstance(condition, Rate):
        data |= {"per_seconds": _seconds(condition.per), "max_gap_seconds": _seconds(condition.max_gap)}
    elif isinstance(condition, Window):
        data |= {
            "span_seconds": _seconds(condition.span),
            "function": condition.function.value,
            "minimum_count": condition.minimum_count,
            "share_above": condition.share_above,
        }
    elif isinstance(condition, Baseline):
        data |= {
            "history_seconds": _seconds(condition.history),
            "minimum_count": condition.minimum_count,
            "minimum_spread": condition.minimum_spread,
        }
    return data


def from_data(data: Mapping[str, Any]) -> Condition:
    """Return the condition that JSON data describe; raises ConditionError naming the wrong member."""
    kind = _word(data, "kind", Kind)
    return _READERS[kind](data, _levels(data.get("levels")))


def _threshold(data: Mapping[str, Any], levels: tuple[Level, ...]) -> Condition:
    return Threshold(levels, _word(data, "direction", Direction, Direction.ABOVE), _span(data, "duration_seconds", 0))


def _rate(data: Mapping[str, Any], levels: tuple[Level, ...]) -> Condition:
    return Rate(
        levels,
        _word(data, "direction", Direction, Direction.EITHER),
        _span(data, "per_seconds", 3600),
        _span(data, "max_gap_seconds", 10800),
        _span(data, "duration_seconds", 0),
    )


def _absence(data: Mapping[str, Any], levels: tuple[Level, ...]) -> Condition:
    del data
    return Absence(levels)


def _window(data: Mapping[str, Any], levels: tuple[Level, ...]) -> Condition:
    share = data.get("share_above")
    return Window(
        levels,
        _span(data, "span_seconds"),
        _word(data, "function", WindowFunction, WindowFunction.MEAN),
        _word(data, "direction", Direction, Direction.ABOVE),
        _whole(data, "minimum_count", 1),
        None if share is None else _number(data, "share_above"),
        _span(data, "duration_seconds", 0),
    )


def _baseline(data: Mapping[str, Any], levels: tuple[Level, ...]) -> Condition:
    return Baseline(
        levels,
        _word(data, "direction", Direction, Direction.EITHER),
        _span(data, "history_seconds", 8 * 7 * 86400),
        _whole(data, "minimum_count", 3),
        _number(data, "minimum_spread", 0.0),
        _span(data, "duration_seconds", 0),
    )


_READERS: Mapping[Kind, Callable[[Mapping[str, Any], tuple[Level, ...]], Condition]] = {
    Kind.THRESHOLD: _threshold,
    Kind.RATE: _rate,
    Kind.ABSENCE: _absence,
    Kind.WINDOW: _window,
    Kind.BASELINE: _baseline,
}


def _levels(data: object) -> tuple[Level, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str) or not all(isinstance(one, Mapping) for one in data):
        raise ConditionError("levels", "levels_missing", "levels must be a list of objects")
    return tuple(
        Level(
            _word(one, "severity", Severity),
            _number(one, "raise_at"),
            None if one.get("clear_at") is None else _number(one, "clear_at"),
        )
        for one in data
    )


WordT = TypeVar("WordT", bound=StrEnum)


def _word(data: Mapping[str, Any], name: str, words: type[WordT], default: WordT | None = None) -> WordT:
    value = data.get(name, default)
    if not isinstance(value, str) or value not in {word.value for word in words}:
        raise ConditionError(name, "word_unknown", f"{name} must be one of {', '.join(words)}")
    return words(value)


def _number(data: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConditionError(name, "not_a_number", f"{name} must be a number")
    return float(value)


def _whole(data: Mapping[str, Any], name: str, default: int) -> int:
    value = _number(data, name, default)
    if value != int(value):
        raise ConditionError(name, "not_whole", f"{name} must be a whole number")
    return int(value)


def _span(data: Mapping[str, Any], name: str, default: float | None = None) -> timedelta:
    seconds = _number(data, name, default)
    if abs(seconds) > 10**9:
        raise ConditionError(name, "span_out_of_range", f"{name} is out of range")
    return timedelta(seconds=seconds)


def _seconds(span: timedelta) -> float:
    seconds = span.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds
