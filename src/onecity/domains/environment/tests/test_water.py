"""Every line of GB 3838 table 1, and the rules that decide a class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.domains.environment.logic.water import (
    BelowDetection,
    classify,
    item_class,
    judged_items,
    source_water_exceeds,
    temperature_change_allowed,
)
from onecity.domains.environment.logic.water_tables import ITEM, ITEMS, SOURCE_WATER, Body, Item, Sense

TABLE = {
    "dissolved_oxygen": (7.5, 6, 5, 3, 2),
    "cod_mn": (2, 4, 6, 10, 15),
    "cod": (15, 15, 20, 30, 40),
    "bod5": (3, 3, 4, 6, 10),
    "ammonia_nitrogen": (0.15, 0.5, 1.0, 1.5, 2.0),
    "total_phosphorus": (0.02, 0.1, 0.2, 0.3, 0.4),
    "total_nitrogen": (0.2, 0.5, 1.0, 1.5, 2.0),
    "copper": (0.01, 1, 1, 1, 1),
    "zinc": (0.05, 1, 1, 2, 2),
    "fluoride": (1, 1, 1, 1.5, 1.5),
    "selenium": (0.01, 0.01, 0.01, 0.02, 0.02),
    "arsenic": (0.05, 0.05, 0.05, 0.1, 0.1),
    "mercury": (0.00005, 0.00005, 0.0001, 0.001, 0.001),
    "cadmium": (0.001, 0.005, 0.005, 0.005, 0.01),
    "chromium_6": (0.01, 0.05, 0.05, 0.05, 0.1),
    "lead": (0.01, 0.01, 0.05, 0.05, 0.1),
    "cyanide": (0.005, 0.05, 0.2, 0.2, 0.2),
    "volatile_phenol": (0.002, 0.002, 0.005, 0.01, 0.1),
    "petroleum": (0.05, 0.05, 0.05, 0.5, 1.0),
    "anionic_surfactant": (0.2, 0.2, 0.2, 0.3, 0.3),
    "sulfide": (0.05, 0.1, 0.2, 0.5, 1.0),
    "faecal_coliforms": (200, 2000, 10000, 20000, 40000),
}


def numbers(name: str, *values: float, body: Body = Body.RIVER) -> list[int]:
    return [int(number) for number in item_class(ITEM[name], np.array(values, dtype=np.float64), body)]


@pytest.mark.parametrize(("name", "limits"), TABLE.items())
def test_equal_to_a_limit_is_inside_and_equal_limits_give_the_better_class(
    name: str, limits: tuple[float, ...]
) -> None:
    expected = [limits.index(limit) + 1 for limit in limits]
    assert numbers(name, *limits) == expected


@pytest.mark.parametrize(("name", "limits"), TABLE.items())
def test_beyond_the_last_limit_is_worse_than_v(name: str, limits: tuple[float, ...]) -> None:
    step = -0.00001 if name == "dissolved_oxygen" else 0.00001
    assert numbers(name, limits[4] + step) == [6]


def test_total_phosphorus_of_lakes_has_its_own_row() -> None:
    assert numbers("total_phosphorus", 0.01, 0.025, 0.05, 0.1, 0.2, 0.21, body=Body.LAKE) == [1, 2, 3, 4, 5, 6]
    assert numbers("total_phosphorus", 0.05) == [2]
    assert numbers("total_phosphorus", 0.05, body=Body.LAKE) == [3]


def test_ph_is_a_range() -> None:
    assert numbers("ph", 5.99, 6, 7, 9, 9.01) == [6, 1, 1, 1, 6]


def test_dissolved_oxygen_is_judged_the_other_way_round() -> None:
    assert numbers("dissolved_oxygen", 8, 7.5, 7.4, 6, 5.9, 5, 3, 2, 1.9) == [1, 1, 2, 2, 3, 3, 4, 5, 6]


def test_saturation_of_90_percent_makes_oxygen_class_one() -> None:
    classes = item_class(ITEM["dissolved_oxygen"], np.array([7.0, 7.0, 7.0]), saturation=np.array([90.0, 89.9, np.nan]))
    assert classes.tolist() == [1, 2, 2]


def test_total_nitrogen_counts_for_lakes_only() -> None:
    sample = {"ph": np.array([7.0]), "total_nitrogen": np.array([1.8])}
    assert classify(sample, Body.RIVER).number.tolist() == [1]
    lake = classify(sample, Body.LAKE)
    assert lake.number.tolist() == [5]
    assert lake.deciding(0) == ("total_nitrogen",)


def test_practice_judges_21_items() -> None:
    assert len(judged_items(Body.RIVER)) == 21
    assert len(judged_items(Body.LAKE)) == 22
    assert len(ITEMS) == 23


def test_the_worst_item_decides() -> None:
    judged = classify(
        {
            "ph": np.array([7.2, 9.5, 7.0, np.nan]),
            "dissolved_oxygen": np.array([6.1, 8.0, 8.0, np.nan]),
            "ammonia_nitrogen": np.array([1.2, 0.1, 0.1, np.nan]),
            "total_phosphorus": np.array([0.25, 0.02, 0.02, np.nan]),
        }
    )
    assert judged.number.tolist() == [4, 6, 1, 0]
    assert [judged.label(k) for k in range(4)] == ["Ⅳ", "劣Ⅴ", "Ⅰ", ""]
    assert judged.deciding(0) == ("ammonia_nitrogen", "total_phosphorus")
    assert judged.deciding(1) == ("ph",)
    assert judged.deciding(2) == ()
    assert judged.deciding(3) == ()


def test_below_detection_is_judged_by_a_rule_not_as_zero() -> None:
    sample = {"ammonia_nitrogen": np.array([0.4])}
    flag = {"ammonia_nitrogen": np.array([True])}
    assert classify(sample, below_detection=flag).number.tolist() == [2]
    assert classify(sample, below_detection=flag, rule=BelowDetection.LIMIT).number.tolist() == [2]
    low = {"ammonia_nitrogen": np.array([0.2])}
    assert classify(low, below_detection=flag, rule=BelowDetection.HALF).number.tolist() == [1]
    assert classify(low, below_detection=flag, rule=BelowDetection.LIMIT).number.tolist() == [2]
    assert classify(low).number.tolist() == [2]


def test_items_that_do_not_count_leave_a_sample_unjudged() -> None:
    assert classify({"total_nitrogen": np.array([1.0, 2.0])}).number.tolist() == [0, 0]
    assert classify({}).number.tolist() == []


def test_a_mean_with_binary_dust_still_equals_its_limit() -> None:
    assert numbers("ammonia_nitrogen", 0.1 + 0.05, 0.15000000000000002) == [1, 1]


@given(st.sampled_from([item for item in ITEMS if item.sense is Sense.AT_MOST]), st.floats(0, 50_000))
def test_more_of_a_pollutant_never_improves_the_class(item: Item, value: float) -> None:
    before, after = numbers(item.name, value, value * 1.5)
    assert after >= before


def test_source_water_limits() -> None:
    assert SOURCE_WATER == {
        "iron": 0.3,
        "manganese": 0.1,
        "molybdenum": 0.07,
        "cobalt": 1.0,
        "beryllium": 0.002,
        "boron": 0.5,
        "antimony": 0.005,
        "nickel": 0.02,
        "barium": 0.7,
        "vanadium": 0.05,
        "titanium": 0.1,
        "thallium": 0.0001,
    }
    assert source_water_exceeds("thallium", np.array([0.0001, 0.00011, np.nan])).tolist() == [False, True, False]


def test_weekly_temperature_change() -> None:
    rise, fall = np.array([1.0, 1.1, 0.0, 0.0]), np.array([0.0, 0.0, 2.0, 2.1])
    assert temperature_change_allowed(rise, fall).tolist() == [True, False, True, False]
