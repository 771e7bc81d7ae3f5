"""Indices of real series, computed by the platform's algorithms, equal an independent computation from the files."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.real import recorded
from tests.real.recorded import AIR, NOISE_1M, NOISE_1S, needs_data

from onecity.domains.environment.logic.aqi import NOT_AVAILABLE, Means, index_of
from onecity.domains.environment.logic.aqi_tables import HJ633_2012, HJ633_2026, POLLUTANTS, Edition, Report
from onecity.domains.environment.logic.noise import (
    EUROPEAN_PARTS,
    GB3096_PARTS,
    daily_levels,
    energy_mean,
    exceeded_level,
    levels_of,
)
from onecity.domains.environment.logic.reports import Reported, daily_report, hourly_report

pytestmark = needs_data

FIRST_DAY = 15_765  # 2013-03-01
STATIONS = ("dongsi", "huairou", "aotizhongxin")


def hours_of(station: str) -> np.ndarray:
    frame = pl.read_csv(AIR / f"{station}.csv.gz", infer_schema_length=None)
    return frame.with_columns(pl.col("co") / 1000).select(POLLUTANTS).cast(pl.Float64).to_numpy()


def as_published(index: np.ndarray) -> list[int | None]:
    return [None if value == NOT_AVAILABLE else int(value) for value in index]


@pytest.mark.parametrize("station", STATIONS)
def test_daily_index_of_four_years_equals_the_independent_computation(station: str) -> None:
    reported: Reported = daily_report(hours_of(station).reshape(-1, 24, 6), FIRST_DAY)
    days: dict[str, list[dict[str, str]]] = defaultdict(list)
    for line in recorded.rows(AIR / f"{station}.csv.gz"):
        days[line["observed_at"][:10]].append(line)
    expected = [recorded.day_index(hours, recorded.DAILY_2012, 160) for hours in days.values()]
    assert len(expected) == 1461
    assert as_published(reported.index.aqi) == expected
    assert {reported.index.edition_of(k).key for k in range(1461)} == {"HJ633-2012"}


@pytest.mark.parametrize(("edition", "table"), [(HJ633_2012, recorded.DAILY_2012), (HJ633_2026, recorded.DAILY_2026)])
def test_each_individual_index_of_a_station_equals_the_independent_one(
    edition: Edition, table: dict[str, tuple[int, ...]]
) -> None:
    lines = list(recorded.rows(AIR / "wanliu.csv.gz"))[:8760]
    values = hours_of("wanliu")[:8760]
    found = index_of(edition, Report.DAILY, Means.of(values)).iaqi
    for column, pollutant in enumerate(POLLUTANTS):
        places = 1 if pollutant == "co" else 0
        known = [recorded.concentration(line, pollutant) for line in lines]
        expected = [
            NOT_AVAILABLE if value is None else recorded.individual(recorded.Fraction(value), table[pollutant], places)
            for value in known
        ]
        assert found[:, column].tolist() == expected, pollutant


def test_hourly_index_by_the_edition_of_2026_equals_the_independent_computation() -> None:
    lines = list(recorded.rows(AIR / "tiantan.csv.gz"))[:8760]
    index = hourly_report(hours_of("tiantan")[:8760], 20_600 * 24).index
    expected = []
    for line in lines:
        known = {name: recorded.concentration(line, name) for name in POLLUTANTS}
        indices = {
            name: recorded.individual(recorded.Fraction(value), recorded.HOURLY_2026[name], 1 if name == "co" else 0)
            for name, value in known.items()
            if value is not None
        }
        expected.append(recorded.published(indices))
    assert as_published(index.aqi) == expected
    assert index.edition_of(0).key == "HJ633-2026"


def series(path: Path) -> tuple[np.ndarray, np.ndarray]:
    frame = pl.read_csv(path).with_columns(pl.col("observed_at").str.to_datetime())
    return frame["laeq_db"].to_numpy(), frame["observed_at"].dt.epoch("s").to_numpy()


def test_levels_of_eleven_days_are_those_the_publisher_gives() -> None:
    values, seconds = series(NOISE_1M)
    levels = levels_of(values, seconds // 3600 % 24, EUROPEAN_PARTS)
    assert round(levels.day_evening_night, 2) == 56.10
    assert round(levels.day, 2) == 51.75
    assert round(levels.evening, 2) == 50.09
    assert round(levels.night, 2) == 49.22


def test_day_and_night_levels_of_each_day_equal_the_independent_computation() -> None:
    values, seconds = series(NOISE_1M)
    found = daily_levels(values, seconds, 60, GB3096_PARTS)
    days: dict[tuple[int, bool], list[float]] = defaultdict(list)
    for line in recorded.rows(NOISE_1M):
        date, clock = line["observed_at"].split("T")
        hour = int(clock[:2])
        night = hour < 6 or hour >= 22
        day = int(date[8:]) + (31 if date[5:7] == "04" else 0) - (1 if hour < 6 else 0)
        days[day, night].append(float(line["laeq_db"]))
    first = min(day for day, _night in days)
    for offset in range(len(found.day)):
        for night, level, hours in ((False, found.day[offset], 16), (True, found.night[offset], 8)):
            samples = days.get((first + offset, night), [])
            if len(samples) * 60 >= 0.75 * hours * 3600:
                assert level == pytest.approx(recorded.level(samples), abs=1e-9)
            else:
                assert np.isnan(level)


def test_a_day_of_one_second_levels() -> None:
    values, _seconds = series(NOISE_1S)
    texts = [float(line["laeq_db"]) for line in recorded.rows(NOISE_1S)]
    assert len(texts) == 86_401
    assert energy_mean(values) == pytest.approx(recorded.level(texts), abs=1e-9)
    ordered = sorted(texts)
    for percent in (10, 50, 90):
        position = (100 - percent) / 100 * (len(ordered) - 1)
        below, share = int(position), position - int(position)
        expected = ordered[below] + share * (ordered[min(below + 1, len(ordered) - 1)] - ordered[below])
        assert exceeded_level(values, percent) == pytest.approx(expected, abs=1e-9)
