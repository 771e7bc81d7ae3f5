"""Rules in plain words, in both languages, and values as people read them."""

from datetime import timedelta

import pytest
from django.utils import translation

from onecity.kernel.core.errors import Problem
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules import wording
from onecity.kernel.rules.forms import Number
from onecity.kernel.rules.logic import codec
from onecity.kernel.rules.types import (
    Absence,
    Baseline,
    Condition,
    Direction,
    Level,
    Rate,
    Threshold,
    Window,
    WindowFunction,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("condition", "english", "chinese"),
    [
        (
            Threshold((Level("yellow", 115), Level("red", 250)), duration=10 * MINUTE),
            "Dust above 115 µg/m³ (Yellow), 250 µg/m³ (Red), for 10 minutes",
            "Dust 高于 115 µg/m³（黄色）、250 µg/m³（红色），持续 10 分钟",
        ),
        (
            Rate((Level("blue", 300),), Direction.EITHER),
            "Change of Dust, up or down, by more than 300 µg/m³/h (Blue)",
            "Dust变化率（升或降）超过 300 µg/m³/小时（蓝色）",
        ),
        (
            Absence((Level("blue", 7200), Level("red", 5400 * 6))),
            "No Dust for longer than 2 hours (Blue), 9 hours (Red)",
            "Dust 无数据超过 2 小时（蓝色）、9 小时（红色）",
        ),
        (
            Window((Level("orange", 0.5),), 60 * MINUTE, WindowFunction.SHARE, share_above=75),
            "Dust, share of readings above a value of 1 hour above 50% (Orange)",
            "Dust（1 小时内的超过某值的占比） 高于 50%（橙色）",
        ),
        (
            Window((Level("yellow", 1e-6),), 720 * MINUTE, WindowFunction.SPREAD, Direction.BELOW),
            "Dust, highest minus lowest value of 12 hours below 0.000001 µg/m³ (Yellow)",
            "Dust（12 小时内的极差） 低于 0.000001 µg/m³（黄色）",
        ),
        (
            Baseline((Level("yellow", 5),), Direction.ABOVE),
            "Deviation of Dust above 5 σ (Yellow)",
            "Dust偏离程度 高于 5 σ（黄色）",
        ),
    ],
)
def test_a_condition_is_one_sentence(condition: Condition, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert wording.sentence(condition, "Dust", "ug/m3") == english
    with translation.override("zh-hans"):
        assert wording.sentence(condition, "Dust", "ug/m3") == chinese


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (90, "1 minute 30 seconds"),
        (17400, "4 hours 50 minutes"),
        (90061, "1 day 1 hour"),
        (864_000, "10 days"),
        (1_209_600, "2 weeks"),
    ],
)
def test_periods_are_told_in_two_units(seconds: int, words: str) -> None:
    with translation.override("en"):
        assert wording.span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (60.0, "60"),
        (1200, "1,200"),
        (103.5, "103.5"),
        (1e-6, "0.000001"),
        (-0.25, "-0.25"),
        (123456.789, "123,457"),
        (3e-11, "3×10⁻¹¹"),
        (-2.5e17, "-2.5×10¹⁷"),
    ],
)
def test_numbers_have_no_needless_digits(value: float, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234.567, 1, "1,234.6"),
        (103.0, 1, "103.0"),
        (103.33333, None, "103.333"),
        (0.0004, 1, "0.0004"),
        (0.0, 2, "0.00"),
    ],
)
def test_measured_values_have_the_decimals_of_their_attribute(value: float, decimals: int | None, text: str) -> None:
    assert wording.rounded(value, decimals) == text
    if value > 1000:
        assert wording.peak(Threshold((Level("red", 1),)), value, "ug/m3", decimals) == f"{text} µg/m³"


@pytest.mark.parametrize(
    ("value", "text"), [(1e-6, "0.000001"), (75.0, "75.0"), (12, 12), ("1e-6", "1e-6"), (None, None)]
)
def test_the_editor_shows_numbers_without_powers_of_ten(value: object, text: object) -> None:
    assert Number().prepare_value(value) == text


@pytest.mark.parametrize(
    "change",
    [
        {"titles": {"en": "a\0b"}},
        {"titles": {"en": "\ud800"}},
        {"properties": {"x": float("inf")}},
        {"properties": {"a\0": 1}},
        {"entity_type": "\0"},
        {"titles": "Dust"},
        {"titles": {"fr": "Poussière"}},
        {"titles": {"en": "x" * 121}},
        {"properties": [1]},
        {"case_from": "green"},
        {"attribute": 7},
    ],
)
def test_what_cannot_be_stored_is_refused_before_the_database_sees_it(change: dict[str, object]) -> None:
    good = {
        "titles": {"en": "Dust"},
        "entity_type": "Station",
        "attribute": "dust",
        "condition": codec.to_data(Threshold((Level("red", 1),))),
    }
    assert definitions.from_data(good).title == "Dust"
    with pytest.raises(Problem) as refusal:
        definitions.from_data({**good, **change})
    assert refusal.value.status == 422
    assert len(refusal.value.errors) >= 1
