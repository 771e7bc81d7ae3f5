"""Conditions that cannot be are refused with the member at fault; the others survive the way through JSON."""

import json
from datetime import timedelta

import pytest

from onecity.kernel.rules.logic import codec
from onecity.kernel.rules.logic.conditions import (
    Absence,
    Baseline,
    Condition,
    ConditionError,
    Direction,
    Level,
    Rate,
    Threshold,
    Window,
    WindowFunction,
)

HOUR = timedelta(hours=1)
YELLOW = {"severity": "yellow", "raise_at": 5}


@pytest.mark.parametrize(
    "condition",
    [
        Threshold((Level("blue", 5, 4.5), Level("red", 9)), duration=timedelta(minutes=10)),
        Threshold((Level("blue", 5, 6),), Direction.BELOW, timedelta(seconds=1.5)),
        Rate((Level("orange", -3),), Direction.BELOW, timedelta(minutes=1), timedelta(minutes=5)),
        Absence((Level("blue", 600), Level("red", 3600))),
        Window((Level("yellow", 0.5),), HOUR, WindowFunction.SHARE, minimum_count=3, share_above=75),
        Window((Level("yellow", 0.1),), 12 * HOUR, WindowFunction.SPREAD, Direction.BELOW, 12),
        Baseline((Level("blue", 3), Level("yellow", 5)), history=timedelta(weeks=4), minimum_spread=2),
    ],
)
def test_a_condition_comes_back_from_json_as_it_was(condition: Condition) -> None:
    assert codec.from_data(json.loads(json.dumps(codec.to_data(condition)))) == condition


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({}, "kind", "word_unknown"),
        ({"kind": "magic"}, "kind", "word_unknown"),
        ({"kind": ["threshold"]}, "kind", "word_unknown"),
        ({"kind": "threshold"}, "levels", "levels_missing"),
        ({"kind": "threshold", "levels": []}, "levels", "levels_missing"),
        ({"kind": "threshold", "levels": "yellow"}, "levels", "levels_missing"),
        ({"kind": "threshold", "levels": [{"severity": "green", "raise_at": 5}]}, "severity", "word_unknown"),
        ({"kind": "threshold", "levels": [{"severity": "red", "raise_at": "5"}]}, "raise_at", "not_a_number"),
        ({"kind": "threshold", "levels": [{"severity": "red", "raise_at": float("nan")}]}, "raise_at", "not_a_number"),
        ({"kind": "threshold", "levels": [{"severity": "red", "raise_at": True}]}, "raise_at", "not_a_number"),
        ({"kind": "threshold", "levels": [YELLOW | {"clear_at": 6}]}, "levels", "clear_beyond_raise"),
        (
            {"kind": "threshold", "direction": "below", "levels": [YELLOW | {"clear_at": 4}]},
            "levels",
            "clear_beyond_raise",
        ),
        ({"kind": "threshold", "direction": "either", "levels": [YELLOW]}, "direction", "direction_not_allowed"),
        ({"kind": "threshold", "levels": [YELLOW, {"severity": "blue", "raise_at": 9}]}, "levels", "levels_order"),
        ({"kind": "threshold", "levels": [YELLOW, {"severity": "red", "raise_at": 5}]}, "levels", "levels_nested"),
        (
            {
                "kind": "threshold",
                "levels": [YELLOW | {"clear_at": 4}, {"severity": "red", "raise_at": 9, "clear_at": 3}],
            },
            "levels",
            "levels_nested",
        ),
        ({"kind": "threshold", "levels": [YELLOW], "duration_seconds": -1}, "duration", "span_out_of_range"),
        ({"kind": "threshold", "levels": [YELLOW], "duration_seconds": 1e300}, "duration_seconds", "span_out_of_range"),
        ({"kind": "rate", "levels": [YELLOW], "per_seconds": 0}, "per", "span_out_of_range"),
        ({"kind": "absence", "levels": [YELLOW | {"clear_at": 4}]}, "levels", "absence_hysteresis"),
        ({"kind": "absence", "levels": [{"severity": "blue", "raise_at": 0}]}, "levels", "span_out_of_range"),
        ({"kind": "window", "levels": [YELLOW]}, "span_seconds", "not_a_number"),
        (
            {"kind": "window", "levels": [YELLOW], "span_seconds": 60, "minimum_count": 0},
            "minimum_count",
            "count_too_small",
        ),
        (
            {"kind": "window", "levels": [YELLOW], "span_seconds": 60, "minimum_count": 1.5},
            "minimum_count",
            "not_whole",
        ),
        ({"kind": "window", "levels": [YELLOW], "span_seconds": 60, "function": "share"}, "share_above", "share_above"),
        ({"kind": "window", "levels": [YELLOW], "span_seconds": 60, "share_above": 3}, "share_above", "share_above"),
        ({"kind": "baseline", "levels": [YELLOW], "history_seconds": 3600}, "history", "history_out_of_range"),
        ({"kind": "baseline", "levels": [YELLOW], "minimum_spread": -1}, "minimum_spread", "spread_negative"),
    ],
)
def test_what_cannot_be_is_refused_by_name(data: dict[str, object], field: str, code: str) -> None:
    with pytest.raises(ConditionError) as refusal:
        codec.from_data(data)
    assert (refusal.value.field, refusal.value.code) == (field, code)
