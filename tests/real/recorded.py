"""Where the real data lie, and what they say when they are computed without any code of the platform.

Everything here works on the text of the files with decimals and fractions, one value at a time: slow, plain, and
written apart from what it checks.
"""

import csv
import gzip
import math
from bisect import bisect_left
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
AIR = DATA / "environment" / "beijing_air"
NOISE_1M = DATA / "environment" / "noise_laeq1m.csv.gz"
NOISE_1S = DATA / "environment" / "noise_laeq1s.csv.gz"

needs_data = pytest.mark.skipif(
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
POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")


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


def level(samples: list[float]) -> float:
    """Equivalent level by the definition."""
    return 10 * math.log10(math.fsum(10 ** (sample / 10) for sample in samples) / len(samples))
