"""The index equals every table row and test value of HJ 633, in both editions."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.domains.environment.logic.aqi import index_of, individual_index, level_of, without
from onecity.domains.environment.logic.aqi_tables import (
    EDITIONS,
    HJ633_2012,
    HJ633_2026,
    INDEX_ROW,
    LEVELS,
    POLLUTANTS,
    Average,
    Edition,
    Report,
    Row,
    edition_on,
)
from onecity.domains.environment.logic.exact import Rounding

TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("so2", "24h"): (0, 50, 150, 475, 800, 1600, 2100, 2620),
    ("so2", "1h"): (0, 150, 500, 650, 800),
    ("no2", "24h"): (0, 40, 80, 180, 280, 565, 750, 940),
    ("no2", "1h"): (0, 100, 200, 700, 1200, 2340, 3090, 3840),
    ("co", "24h"): (0, 2, 4, 14, 24, 36, 48, 60),
    ("co", "1h"): (0, 5, 10, 35, 60, 90, 120, 150),
    ("o3", "1h"): (0, 160, 200, 300, 400, 800, 1000, 1200),
    ("o3", "8h"): (0, 100, 160, 215, 265, 800),
}
PARTICLES: dict[tuple[str, str], tuple[int, ...]] = {
    ("HJ633-2026", "pm10"): (0, 50, 120, 250, 350, 420, 500, 600),
    ("HJ633-2012", "pm10"): (0, 50, 150, 250, 350, 420, 500, 600),
    ("HJ633-2026", "pm2_5"): (0, 35, 60, 115, 150, 250, 350, 500),
    ("HJ633-2012", "pm2_5"): (0, 35, 75, 115, 150, 250, 350, 500),
}
ROWS = [(edition, row) for edition in EDITIONS for row in (*edition.daily, *edition.hourly)]


def row(edition: Edition, pollutant: str, report: Report = Report.DAILY) -> Row:
    return edition.rows(report)[POLLUTANTS.index(pollutant)]


def one(edition: Edition, pollutant: str, value: float, report: Report = Report.DAILY) -> int:
    return int(individual_index(np.array([value]), row(edition, pollutant, report), edition.rounding)[0])


@pytest.mark.parametrize(("edition", "line"), ROWS)
def test_the_rows_are_those_of_the_standard(edition: Edition, line: Row) -> None:
    key = (line.pollutant, line.average.value)
    assert line.points == (TABLE.get(key) or PARTICLES[(edition.key, line.pollutant)])


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize(("edition", "line"), ROWS)
def test_each_break_point_maps_exactly_on_its_index(edition: Edition, line: Row, rounding: Rounding) -> None:
    values = np.array(line.points, dtype=np.float64)
    assert individual_index(values, line, rounding).tolist() == list(INDEX_ROW[: len(line.points)])


@pytest.mark.parametrize(
    ("pollutant", "report", "value", "in_2026", "in_2012"),
    [
        ("pm2_5", "daily", 75, 114, 100),
        ("pm10", "daily", 150, 112, 100),
        ("pm2_5", "daily", 60, 100, 82),
        ("pm10", "daily", 120, 100, 85),
        ("pm2_5", "daily", 36, 52, 52),
        ("no2", "hourly", 350, 115, 115),
        ("o3", "daily", 215, 150, 150),
        ("o3", "daily", 216, 151, 151),
        ("co", "daily", 4.1, 101, 101),
        ("so2", "hourly", 800, 200, 200),
        ("so2", "hourly", 801, 200, 200),
        ("o3", "daily", 801, 300, 300),
        ("pm2_5", "daily", 501, 500, 500),
    ],
)
def test_value(pollutant: str, report: str, value: float, in_2026: int, in_2012: int) -> None:
    assert one(HJ633_2026, pollutant, value, Report(report)) == in_2026
    assert one(HJ633_2012, pollutant, value, Report(report)) == in_2012


def test_python_aqi_reference_values_of_2012() -> None:
    values = np.array([35, 75, 115, 150, 250], dtype=np.float64)
    assert individual_index(values, row(HJ633_2012, "pm2_5")).tolist() == [50, 100, 150, 200, 300]


def test_disputed_rounding_of_60_11_gives_100_when_rounded_first() -> None:
    assert HJ633_2026.rounding is Rounding.HALF_EVEN
    assert one(HJ633_2026, "pm2_5", 60.11) == 100


def test_disputed_rounding_of_60_11_gives_101_without_rounding_the_losing_case() -> None:
    assert one(replace(HJ633_2026, rounding=Rounding.NONE), "pm2_5", 60.11) == 101


def test_disputed_rounding_of_61_5_differs_between_half_even_and_truncation_the_losing_case() -> None:
    assert one(HJ633_2026, "pm2_5", 61.5) == 102
    assert one(replace(HJ633_2026, rounding=Rounding.TRUNCATE), "pm2_5", 61.5) == 101


def test_a_tie_goes_to_the_even_digit() -> None:
    assert one(HJ633_2026, "pm2_5", 60.5) == 100
    assert one(HJ633_2026, "co", 4.05) == 100
    assert one(HJ633_2026, "co", 4.15) == 101


@given(st.sampled_from(ROWS), st.lists(st.floats(0, 5000), min_size=2, max_size=40), st.sampled_from(list(Rounding)))
def test_more_pollution_never_lowers_the_index(
    case: tuple[Edition, Row], values: list[float], rounding: Rounding
) -> None:
    index = individual_index(np.sort(np.array(values)), case[1], rounding)
    assert (np.diff(index) >= 0).all()
    assert (index >= 0).all()
    assert (index <= 500).all()


@given(st.sampled_from(ROWS), st.floats(0, 3000))
def test_the_integer_arithmetic_equals_decimal_fractions(case: tuple[Edition, Row], value: float) -> None:
    line = case[1]
    exact = Fraction(round(value * 1_000_000), 1_000_000)
    if exact > line.points[-1]:
        expected = INDEX_ROW[len(line.points) - 1]
    else:
        upper = next(k for k in range(1, len(line.points)) if exact <= line.points[k])
        low, high = line.points[upper - 1], line.points[upper]
        start, end = INDEX_ROW[upper - 1], INDEX_ROW[upper]
        expected = math.ceil(Fraction(end - start) * (exact - low) / (high - low) + start)
    assert int(individual_index(np.array([value]), line, Rounding.NONE)[0]) == expected


def test_absent_values_have_no_index() -> None:
    values = np.array([np.nan, -1.0, np.inf, 35.0])
    assert individual_index(values, row(HJ633_2026, "pm2_5")).tolist() == [-1, -1, -1, 50]


def test_the_index_is_the_largest_and_names_the_primary_pollutant() -> None:
    index = index_of(HJ633_2026, Report.DAILY, np.array([[10, 30, 0.8, 120, 60, 75]], dtype=np.float64))
    assert index.iaqi[0].tolist() == [10, 38, 20, 67, 58, 114]
    assert index.aqi.tolist() == [114]
    assert index.primary_names(0) == ("pm2_5",)
    assert LEVELS[index.level[0]].word == "轻度污染"
    assert index.complete.tolist() == [True]


def test_ties_name_several_primary_pollutants() -> None:
    index = index_of(HJ633_2026, Report.DAILY, np.array([[10, 30, 0.8, 100, 120, 60]], dtype=np.float64))
    assert index.aqi.tolist() == [100]
    assert index.primary_names(0) == ("pm10", "pm2_5")


def test_up_to_50_there_is_no_primary_pollutant() -> None:
    index = index_of(HJ633_2026, Report.DAILY, np.array([[10, 30, 0.8, 100, 50, 35]], dtype=np.float64))
    assert index.aqi.tolist() == [50]
    assert index.primary_names(0) == ()
    assert LEVELS[index.level[0]].word == "优"


def test_incomplete_set_is_na_up_to_100_and_published_above() -> None:
    values = np.array([[np.nan, 30, 0.8, 100, 50, 60], [np.nan, 30, 0.8, 100, 50, 61]], dtype=np.float64)
    index = index_of(HJ633_2026, Report.DAILY, values)
    assert index.computed.tolist() == [100, 101]
    assert index.aqi.tolist() == [-1, 101]
    assert index.level.tolist() == [-1, 2]
    assert index.primary_names(0) == ()
    assert index.primary_names(1) == ("pm2_5",)


def test_nothing_measured_is_na() -> None:
    index = index_of(HJ633_2026, Report.HOURLY, np.full((1, 6), np.nan))
    assert (index.aqi.tolist(), index.level.tolist()) == ([-1], [-1])


def test_a_report_can_be_declared_not_available() -> None:
    index = index_of(HJ633_2026, Report.DAILY, np.array([[10, 30, 0.8, 120, 60, 75]] * 2, dtype=np.float64))
    kept = without(index, np.array([True, False]))
    assert kept.aqi.tolist() == [114, -1]
    assert kept.primary_names(1) == ()


@pytest.mark.parametrize(
    ("aqi", "word", "colour"),
    [
        (0, "优", "#00E400"),
        (50, "优", "#00E400"),
        (51, "良", "#FFFF00"),
        (100, "良", "#FFFF00"),
        (101, "轻度污染", "#FF7E00"),
        (150, "轻度污染", "#FF7E00"),
        (151, "中度污染", "#FF0000"),
        (200, "中度污染", "#FF0000"),
        (201, "重度污染", "#99004C"),
        (300, "重度污染", "#99004C"),
        (301, "严重污染", "#7E0023"),
        (500, "严重污染", "#7E0023"),
    ],
)
def test_levels_and_colours(aqi: int, word: str, colour: str) -> None:
    level = LEVELS[int(level_of(np.array([aqi]))[0])]
    assert (level.word, level.colour) == (word, colour)


@pytest.mark.parametrize(
    ("day", "key", "in_force"),
    [
        (date(2013, 3, 1), "HJ633-2012", False),
        (date(2016, 1, 1), "HJ633-2012", True),
        (date(2026, 2, 28), "HJ633-2012", True),
        (date(2026, 3, 1), "HJ633-2026", True),
        (date(2040, 1, 1), "HJ633-2026", True),
    ],
)
def test_the_edition_is_chosen_by_the_date_of_the_value(day: date, key: str, *, in_force: bool) -> None:
    edition = edition_on(day)
    assert (edition.key, edition.in_force(day)) == (key, in_force)


def test_the_hourly_report_of_2026_judges_hourly_particles_by_the_day_row() -> None:
    assert HJ633_2026.hourly_particles is Average.HOUR
    assert one(HJ633_2026, "pm2_5", 60, Report.HOURLY) == 100
    assert HJ633_2012.hourly_particles is Average.DAY
