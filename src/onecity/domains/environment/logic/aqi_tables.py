"""Break points, levels and effective dates of the air quality index, HJ 633-2012 and HJ 633-2026 (环境空气质量指数)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from onecity.domains.environment.logic.exact import Rounding

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
"""Order of the columns in every array of this package."""

INDEX_ROW = (0, 50, 100, 150, 200, 300, 400, 500)
"""The individual index (空气质量分指数, IAQI) at each break point."""


class Average(StrEnum):
    """The averaging time a break-point row is made for."""

    HOUR = "1h"
    EIGHT_HOURS = "8h"
    DAY = "24h"


class Report(StrEnum):
    """The two indices the standard defines."""

    HOURLY = "hourly"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the break-point table: concentrations in µg/m³ (CO in mg/m³) against `INDEX_ROW`.

    A row may stop early; a value above its last break point keeps the last index of the row
    (SO₂ 1 h above 800 is 200, O₃ 8 h above 800 is 300, all others 500).
    """

    pollutant: str
    average: Average
    points: tuple[int, ...]
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of HJ 633 with the dates between which it judges a value (both inclusive)."""

    key: str
    title: str
    effective_from: date
    effective_to: date | None
    rounding: Rounding
    hourly_particles: Average
    """What the hourly report puts against the 24 h row of PM: the hour's value, or the moving 24 h mean."""
    daily: tuple[Row, ...]
    hourly: tuple[Row, ...]

    def rows(self, report: Report) -> tuple[Row, ...]:
        """The six rows of a report, in the order of `POLLUTANTS`."""
        return self.daily if report is Report.DAILY else self.hourly

    def in_force(self, day: date) -> bool:
        """Say whether the edition was in force on a day."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the index: its upper end, the word of the standard and its colour (sRGB, as published)."""

    key: str
    word: str
    upper: int
    colour: str


LEVELS = (
    Level("excellent", "优", 50, "#00E400"),
    Level("good", "良", 100, "#FFFF00"),
    Level("light", "轻度污染", 150, "#FF7E00"),
    Level("moderate", "中度污染", 200, "#FF0000"),
    Level("heavy", "重度污染", 300, "#99004C"),
    Level("severe", "严重污染", 500, "#7E0023"),
)

_SO2_DAY = Row("so2", Average.DAY, (0, 50, 150, 475, 800, 1600, 2100, 2620))
_SO2_HOUR = Row("so2", Average.HOUR, (0, 150, 500, 650, 800))
_NO2_DAY = Row("no2", Average.DAY, (0, 40, 80, 180, 280, 565, 750, 940))
_NO2_HOUR = Row("no2", Average.HOUR, (0, 100, 200, 700, 1200, 2340, 3090, 3840))
_CO_DAY = Row("co", Average.DAY, (0, 2, 4, 14, 24, 36, 48, 60), decimals=1)
_CO_HOUR = Row("co", Average.HOUR, (0, 5, 10, 35, 60, 90, 120, 150), decimals=1)
_O3_HOUR = Row("o3", Average.HOUR, (0, 160, 200, 300, 400, 800, 1000, 1200))
_O3_EIGHT = Row("o3", Average.EIGHT_HOURS, (0, 100, 160, 215, 265, 800))
_PM10_2012 = Row("pm10", Average.DAY, (0, 50, 150, 250, 350, 420, 500, 600))
_PM10_2026 = Row("pm10", Average.DAY, (0, 50, 120, 250, 350, 420, 500, 600))
_PM25_2012 = Row("pm2_5", Average.DAY, (0, 35, 75, 115, 150, 250, 350, 500))
_PM25_2026 = Row("pm2_5", Average.DAY, (0, 35, 60, 115, 150, 250, 350, 500))

HJ633_2012 = Edition(
    key="HJ633-2012",
    title="HJ 633-2012",
    effective_from=date(2016, 1, 1),
    effective_to=date(2026, 2, 28),
    rounding=Rounding.HALF_EVEN,
    hourly_particles=Average.DAY,
    daily=(_SO2_DAY, _NO2_DAY, _CO_DAY, _O3_EIGHT, _PM10_2012, _PM25_2012),
    hourly=(_SO2_HOUR, _NO2_HOUR, _CO_HOUR, _O3_HOUR, _PM10_2012, _PM25_2012),
)

HJ633_2026 = Edition(
    key="HJ633-2026",
    title="HJ 633-2026",
    effective_from=date(2026, 3, 1),
    effective_to=None,
    rounding=Rounding.HALF_EVEN,
    hourly_particles=Average.HOUR,
    daily=(_SO2_DAY, _NO2_DAY, _CO_DAY, _O3_EIGHT, _PM10_2026, _PM25_2026),
    hourly=(_SO2_HOUR, _NO2_HOUR, _CO_HOUR, _O3_HOUR, _PM10_2026, _PM25_2026),
)

EDITIONS = (HJ633_2012, HJ633_2026)
"""In order of time, without a gap. Public transcriptions agree on the rows (7 for 2026, 2 for 2012); they disagree on
the rounding, which is why it is a property of the edition. Check against the official text before a release."""


FIRST_DAYS = tuple((edition.effective_from - date(1970, 1, 1)).days for edition in EDITIONS)
"""Days since 1970 on which the editions begin."""


def edition_on(day: date) -> Edition:
    """Give the edition that judges a value measured on `day` (local date of the station).

    Days before the first edition's start are judged by the first edition; `Edition.in_force` tells them apart.
    """
    for edition in reversed(EDITIONS):
        if day >= edition.effective_from:
            return edition
    return EDITIONS[0]
