"""What the public page and the public API say about "now" and the last weeks, kept for a moment because many ask at once."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.core.cache import cache

from onecity.domains.environment import service
from onecity.domains.environment.domain import AIR_STATION
from onecity.domains.environment.readings import EPOCH, local_hour, stations
from onecity.domains.environment.service import AirReport
from onecity.kernel.core.clock import now
from onecity.kernel.twin.models import Entity

T = TypeVar("T")

TREND_HOURS = 25
"""A day and the same hour of the day before, to compare with."""
PATIENCE_HOURS = 3
"""How many hours back the newest report may lie before the page says that it does not know."""
NOW_SECONDS = 30
UNSETTLED_SECONDS = 60
"""Yesterday, and days without an index, may still be filled."""
DAYS_SECONDS = 6 * 3600
"""A day that is over changes only when late readings arrive."""


@dataclass(frozen=True, slots=True)
class StationAir:
    """One station and its newest hourly report, None when it has none within the last hours."""

    key: str
    name: str
    division_path: str
    lon: float | None
    lat: float | None
    simulated: bool
    report: AirReport | None


@dataclass(frozen=True, slots=True)
class AirNow:
    """The air of the district: the newest hourly report, the last 24 of them (oldest first), and the stations."""

    report: AirReport | None
    trend: tuple[AirReport, ...]
    stations: tuple[StationAir, ...]

    @property
    def day_before(self) -> AirReport | None:
        """The report of the same hour a day before the newest one."""
        if self.report is None:
            return None
        wanted = self.report.start - dt.timedelta(days=1)
        return next((report for report in self.trend if report.start == wanted), None)

    @property
    def simulated(self) -> bool:
        """Whether any figure here comes from a simulated station."""
        return any(station.simulated for station in self.stations)


def air_now() -> AirNow:
    """The air now, from the public stations of the district."""
    return kept(f"environment.now.{local_hour(now())}", NOW_SECONDS, _air_now)


def air_days(count: int) -> list[AirReport]:
    """Daily reports of the district for the last `count` complete days, oldest first; each day is computed rarely."""
    today = local_hour(now()) // 24
    keys = {day: f"environment.day.{day}" for day in range(today - count, today)}
    found: dict[str, AirReport] = cache.get_many(keys.values())
    missing = [day for day, key in keys.items() if key not in found]
    if missing:
        first = missing[0]
        reports = service.air_daily(own_air_stations(), first, missing[-1] + 1 - first)[0]
        fresh = {keys[first + place]: report for place, report in enumerate(reports)}
        settled = {key: one for key, one in fresh.items() if one.aqi is not None and key != keys[today - 1]}
        cache.set_many(settled, DAYS_SECONDS)
        cache.set_many({key: one for key, one in fresh.items() if key not in settled}, UNSETTLED_SECONDS)
        found |= fresh
    return [found[key] for key in keys.values() if key in found]


def known_days(reports: Sequence[AirReport]) -> list[AirReport]:
    """The reports from the first day on which anything was measured."""
    measured = [any(v is not None for v in report.iaqi.values()) for report in reports]
    return list(reports[measured.index(True) :]) if True in measured else []


def own_air_stations() -> list[Entity]:
    """The district's own public air stations."""
    return [entity for entity in stations(AIR_STATION) if entity.public]


def first_day_of(day: dt.date) -> int:
    """Days since 1970 of a date."""
    return (day - EPOCH.date()).days


def newest(reports: Sequence[AirReport]) -> AirReport | None:
    """The newest report of the last hours that has an index, else the newest that has any value."""
    recent = list(reversed(reports[-PATIENCE_HOURS:]))
    with_index = [report for report in recent if report.aqi is not None]
    with_value = [report for report in recent if any(v is not None for v in report.iaqi.values())]
    return next(iter(with_index or with_value), None)


def kept(key: str, seconds: int, compute: Callable[[], T]) -> T:
    """Give what the cache holds, else compute and keep it; all web processes share the cache."""
    found: T | None = cache.get(key)
    if found is None:
        found = compute()
        cache.set(key, found, seconds)
    return found


def _air_now() -> AirNow:
    entities = own_air_stations()
    first = local_hour(now()) - TREND_HOURS
    district, each = service.air_hourly(entities, first, TREND_HOURS)
    found = tuple(
        StationAir(
            entity.key,
            entity.name,
            entity.division_path,
            entity.lon,
            entity.lat,
            bool(entity.properties.get("simulated")),
            newest(reports),
        )
        for entity, reports in zip(entities, each, strict=True)
    )
    return AirNow(newest(district), tuple(district), found)
