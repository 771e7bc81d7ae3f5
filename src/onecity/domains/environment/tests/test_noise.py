"""Noise levels after their definitions, and every limit of GB 3096."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.domains.environment.logic.noise import (
    EUROPEAN_PARTS,
    GB3096_PARTS,
    LIMITS,
    OLD_RAIL_BACKGROUND,
    complete_share,
    daily_levels,
    energy_mean,
    energy_mean_by_group,
    exceeded_level,
    judge,
    judge_sudden_night,
    levels_of,
)

HOUR = 3600


@pytest.mark.parametrize(
    ("name", "day", "night"),
    [("0", 50, 40), ("1", 55, 45), ("2", 60, 50), ("3", 65, 55), ("4a", 70, 55), ("4b", 70, 60)],
)
def test_limits(name: str, day: int, night: int) -> None:
    assert LIMITS[name] == (day, night)
    assert not judge(day, name, night=False).exceeds
    assert judge(day + 0.1, name, night=False).exceeds
    assert not judge(night, name, night=True).exceeds
    assert judge(night + 0.1, name, night=True).exceeds
    assert not judge_sudden_night(night + 15, name).exceeds
    assert judge_sudden_night(night + 15.1, name).exceeds


def test_old_rail_is_not_4b() -> None:
    assert OLD_RAIL_BACKGROUND == (70, 55)


def test_levels_are_compared_as_meters_report_them() -> None:
    assert judge(60.04, "2", night=False).excess == 0.0
    assert judge(60.06, "2", night=False).excess == 0.1


def test_an_unknown_level_does_not_exceed() -> None:
    verdict = judge(float("nan"), "2", night=True)
    assert not verdict.exceeds
    assert math.isnan(verdict.excess)


def test_the_energy_mean_is_not_the_mean() -> None:
    assert energy_mean(np.array([60.0, 60.0])) == pytest.approx(60.0, abs=1e-12)
    assert energy_mean(np.array([50.0, 60.0])) == pytest.approx(10 * math.log10((1e5 + 1e6) / 2), abs=1e-12)
    assert energy_mean(np.array([60.0, np.nan])) == pytest.approx(60.0, abs=1e-12)
    assert math.isnan(energy_mean(np.array([np.nan])))


@given(st.lists(st.floats(20, 120), min_size=1, max_size=50))
def test_the_energy_mean_lies_between_mean_and_maximum(levels: list[float]) -> None:
    array = np.array(levels)
    assert array.mean() - 1e-9 <= energy_mean(array) <= array.max() + 1e-9


def test_exceeded_levels() -> None:
    levels = np.arange(1.0, 102.0)
    assert exceeded_level(levels, 10) == 91.0
    assert exceeded_level(levels, 50) == 51.0
    assert exceeded_level(levels, 90) == 11.0
    assert math.isnan(exceeded_level(np.array([]), 10))


def test_parts_of_the_day() -> None:
    hours = np.arange(24)
    assert GB3096_PARTS.part_of(hours).tolist() == [2] * 6 + [0] * 16 + [2] * 2
    assert EUROPEAN_PARTS.part_of(hours).tolist() == [2] * 7 + [0] * 12 + [1] * 4 + [2]
    assert [EUROPEAN_PARTS.length(part) for part in range(3)] == [12, 4, 8]
    assert [GB3096_PARTS.length(part) for part in range(3)] == [16, 0, 8]


def test_penalised_levels_of_a_constant_noise() -> None:
    hours = np.arange(24)
    levels = levels_of(np.full(24, 50.0), hours, EUROPEAN_PARTS)
    expected = 10 * math.log10((12 * 1e5 + 4 * 10**5.5 + 8 * 1e6) / 24)
    assert levels.day_evening_night == pytest.approx(expected, abs=1e-12)
    assert math.isnan(levels.day_night)
    two = levels_of(np.full(24, 50.0), hours)
    assert two.day_night == pytest.approx(10 * math.log10((16 * 1e5 + 8 * 1e6) / 24), abs=1e-12)


def test_groups_without_samples_have_no_level() -> None:
    means, counts = energy_mean_by_group(np.array([60.0, np.nan, 50.0]), np.array([0, 1, 2]), 4)
    assert counts.tolist() == [1, 0, 1, 0]
    assert np.isnan(means).tolist() == [False, True, False, True]


def test_a_night_belongs_to_the_day_it_begins() -> None:
    seconds = np.arange(0, 2 * 24) * HOUR
    noise = np.where((seconds >= 22 * HOUR) & (seconds < 30 * HOUR), 40.0, 60.0)
    levels = daily_levels(noise, seconds, HOUR)
    assert levels.first_day == -1
    assert levels.night[1] == pytest.approx(40.0, abs=1e-9)
    assert levels.day[1:] == pytest.approx([60.0, 60.0], abs=1e-9)
    assert levels.night_share.tolist() == [0.75, 1.0, 0.25]
    assert np.isnan(levels.night[2])
    assert np.isnan(levels.day[0])


def test_incomplete_periods_have_no_level() -> None:
    seconds = np.arange(6, 18) * HOUR + 10 * 24 * HOUR
    assert daily_levels(np.full(12, 55.0), seconds, HOUR).day == pytest.approx([55.0])
    assert np.isnan(daily_levels(np.full(11, 55.0), seconds[:11], HOUR).day).all()


def test_share_of_a_period() -> None:
    assert complete_share(43_200, 1, 16) == 0.75
    assert complete_share(100_000, 1, 16) == 1.0
