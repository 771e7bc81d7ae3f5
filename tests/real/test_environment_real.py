"""Indices of real series, computed by the platform's algorithms, equal an independent computation from the files.

The independent part (`expected_…` and what it uses) works on the text of the files with decimals and fractions, one value
at a time: slow, plain, and without any code of the platform.
"""

import csv
import gzip
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest

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

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
AIR = DATA / "environment" / "beijing_air"
NOISE_1M = DATA / "environment" / "noise_laeq1m.csv.gz"
NOISE_1S = DATA / "environment" / "noise_laeq1s.csv.gz"

pytestmark = pytest.mark.skipif(
    not AIR.is_dir(),
    reason=f"the real data set (Beijing air, noise) is not at {DATA.name}/ beside this checkout; see docs/ for its source",
)

INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
DAILY_2012 = {
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "o3": (0, 100, 160, 215, 265, 800),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "pm2_5": (0, 35, 75, 115, 150, 250, 350, 500),
}
DAILY_2026 = DAILY_2012 | {
    "pm10": (0, 50, 120, 250, 350, 420, 500, 600),
    "pm2_5": (0, 35, 60, 115, 150, 250, 350, 500),
}
HOURLY_2026 = DAILY_2026 | {
    "so2": (0, 150, 500, 650, 800),
    "no2": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
    "co": (0, 5, 10, 35, 60, 90, 120, 150),
    "o3": (0, 160, 200, 300, 400, 800, 1000, 1200),
}


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Lines of a compressed CSV as dictionaries of text."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def concentration(line: dict[str, str], pollutant: str) -> Decimal | None:
    """A value of the file in the unit of the standard: CO comes in µg/m³."""
    text = line[pollutant]
    if not text:
        return None
    return Decimal(text) / 1000 if pollutant == "co" else Decimal(text)


def rounded(value: Fraction, places: int) -> Fraction:
    """Half to even at `places` decimals, by the decimal module."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    scaled = Fraction(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN))
    tie = value * 10**places % 1 == Fraction(1, 2)
    return scaled if not tie else Fraction(2 * round(value * 10**places / 2), 10**places)


def individual(value: Fraction, points: tuple[int, ...], places: int) -> int:
    """The individual index by the definition: interpolate between neighbours, round up."""
    held = rounded(value, places)
    if held > points[-1]:
        return INDEX[len(points) - 1]
    upper = max(1, bisect_left(points, held))
    low, high = points[upper - 1], points[upper]
    share = (held - low) / (high - low)
    return math.ceil(INDEX[upper - 1] + share * (INDEX[upper] - INDEX[upper - 1]))


def published(indices: dict[str, int]) -> int | None:
    """The index of one report: NA (None) when a pollutant is missing and nothing is above 100."""
    if not indices:
        return None
    largest = max(indices.values())
    return largest if len(indices) == len(POLLUTANTS) or largest > 100 else None


def day_index(hours: list[dict[str, str]], table: dict[str, tuple[int, ...]], ozone_limit: int | None) -> int | None:
    """The daily index of 24 lines of the file."""
    found: dict[str, int] = {}
    for pollutant in POLLUTANTS:
        values = [concentration(line, pollutant) for line in hours]
        mean = eight_hour_maximum(values, ozone_limit) if pollutant == "o3" else day_mean(values)
        if mean is not None:
            found[pollutant] = individual(mean, table[pollutant], 1 if pollutant == "co" else 0)
    return published(found)


def day_mean(values: list[Decimal | None]) -> Fraction | None:
    """Mean of the hours of a day; at least 20."""
    known = [Fraction(value) for value in values if value is not None]
    return sum(known, Fraction(0)) / len(known) if len(known) >= 20 else None


def eight_hour_maximum(values: list[Decimal | None], limit: int | None) -> Fraction | None:
    """Largest of the 17 means over 8 hours within a day; at least 6 hours each, 14 means or a known exceedance."""
    windows = []
    for end in range(8, 25):
        known = [Fraction(value) for value in values[end - 8 : end] if value is not None]
        if len(known) >= 6:
            windows.append(sum(known, Fraction(0)) / len(known))
    if not windows:
        return None
    return max(windows) if len(windows) >= 14 or (limit is not None and max(windows) > limit) else None


def equivalent_level(samples: list[float]) -> float:
    """Equivalent level by the definition."""
    return 10 * math.log10(math.fsum(10 ** (sample / 10) for sample in samples) / len(samples))


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
    for line in rows(AIR / f"{station}.csv.gz"):
        days[line["observed_at"][:10]].append(line)
    expected = [day_index(hours, DAILY_2012, 160) for hours in days.values()]
    assert len(expected) == 1461
    assert as_published(reported.index.aqi) == expected
    assert {reported.index.edition_of(k).key for k in range(1461)} == {"HJ633-2012"}


@pytest.mark.parametrize(("edition", "table"), [(HJ633_2012, DAILY_2012), (HJ633_2026, DAILY_2026)])
def test_each_individual_index_of_a_station_equals_the_independent_one(
    edition: Edition, table: dict[str, tuple[int, ...]]
) -> None:
    lines = list(rows(AIR / "wanliu.csv.gz"))[:8760]
    values = hours_of("wanliu")[:8760]
    found = index_of(edition, Report.DAILY, Means.of(values)).iaqi
    for column, pollutant in enumerate(POLLUTANTS):
        places = 1 if pollutant == "co" else 0
        known = [concentration(line, pollutant) for line in lines]
        expected = [
            NOT_AVAILABLE if value is None else individual(Fraction(value), table[pollutant], places) for value in known
        ]
        assert found[:, column].tolist() == expected, pollutant


def test_hourly_index_by_the_edition_of_2026_equals_the_independent_computation() -> None:
    lines = list(rows(AIR / "tiantan.csv.gz"))[:8760]
    index = hourly_report(hours_of("tiantan")[:8760], 20_600 * 24).index
    expected = []
    for line in lines:
        known = {name: concentration(line, name) for name in POLLUTANTS}
        indices = {
            name: individual(Fraction(value), HOURLY_2026[name], 1 if name == "co" else 0)
            for name, value in known.items()
            if value is not None
        }
        expected.append(published(indices))
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
    for line in rows(NOISE_1M):
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
                assert level == pytest.approx(equivalent_level(samples), abs=1e-9)
            else:
                assert np.isnan(level)


def test_a_day_of_one_second_levels() -> None:
    values, _seconds = series(NOISE_1S)
    texts = [float(line["laeq_db"]) for line in rows(NOISE_1S)]
    assert len(texts) == 86_401
    assert energy_mean(values) == pytest.approx(equivalent_level(texts), abs=1e-9)
    ordered = sorted(texts)
    for percent in (10, 50, 90):
        position = (100 - percent) / 100 * (len(ordered) - 1)
        below, share = int(position), position - int(position)
        expected = ordered[below] + share * (ordered[min(below + 1, len(ordered) - 1)] - ordered[below])
        assert exceeded_level(values, percent) == pytest.approx(expected, abs=1e-9)
