"""The answers of this domain: air, noise and water of stations and district, for pages, API and operations screen."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onecity.domains.environment.domain import WATER_STATION
from onecity.domains.environment.logic import noise as noise_logic
from onecity.domains.environment.logic.aqi import NOT_AVAILABLE
from onecity.domains.environment.logic.aqi_tables import FIRST_DAYS, LEVELS, POLLUTANTS
from onecity.domains.environment.logic.exact import MISSING, Floats
from onecity.domains.environment.logic.limits import Period, Verdict, edition_key_on, limit_on, verdicts
from onecity.domains.environment.logic.noise import NoiseVerdict, daily_levels
from onecity.domains.environment.logic.reports import (
    Reported,
    daily_report,
    district_daily_report,
    district_hourly_report,
    hourly_report,
)
from onecity.domains.environment.logic.water import classify, judged_items
from onecity.domains.environment.logic.water_tables import CLASSES, Body
from onecity.domains.environment.readings import (
    EPOCH,
    HOUR,
    local_instant,
    local_seconds,
    means,
    pollutant_hours,
    sampling_minutes,
    series_of,
    trace,
)
from onecity.domains.environment.readings import zone as local_zone
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity

LEAD_HOURS = 23
"""Hours before the first that an hourly report of the 2012 edition needs for its moving means of particles."""
DEFAULT_NOISE_CLASS = "2"
DEFAULT_TARGET_CLASS = 3
JUDGED_HERE = judged_items(Body.LAKE) & {attribute.name for attribute in WATER_STATION.attributes}
"""Items of GB 3838 that our stations measure."""


@dataclass(frozen=True, slots=True)
class AirReport:
    """One hourly or daily report. `aqi` None = NA; `iaqi` and `concentrations` by pollutant, None where absent."""

    start: dt.datetime
    end: dt.datetime
    edition: str
    in_force: bool
    aqi: int | None
    level: str | None
    primary: tuple[str, ...]
    iaqi: Mapping[str, int | None]
    concentrations: Mapping[str, float | None]
    complete: bool


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """One pollutant of one day against its limit (µg/m³, CO mg/m³); `limit` None: not published here."""

    value: float | None
    limit: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DayVerdicts:
    """All pollutants of one day, judged by the edition of GB 3095 in force on it."""

    day: dt.date
    edition: str
    items: Mapping[str, ItemVerdict]


@dataclass(frozen=True, slots=True)
class NoiseDay:
    """Day and night level of one station on one day, each with its verdict; `share`s say how much was measured."""

    day: dt.date
    noise_class: str
    day_level: NoiseVerdict
    night_level: NoiseVerdict
    day_share: float
    night_share: float


@dataclass(frozen=True, slots=True)
class WaterReport:
    """Class of one station's water from values of judged items; `number` 0 = nothing measured, 6 = 劣Ⅴ."""

    number: int
    label: str
    deciding: tuple[str, ...]
    target: int
    values: Mapping[str, float]
    at: dt.datetime | None
    body: Body

    @property
    def below_target(self) -> bool:
        """Whether the water is worse than the class it must keep."""
        return self.number > self.target


def air_hourly(
    entities: Sequence[Entity], first_hour: int, hours: int
) -> tuple[list[AirReport], list[list[AirReport]]]:
    """Hourly reports of the district and of each station; `first_hour` in local hours since 1970."""
    lead = LEAD_HOURS if first_hour // 24 <= FIRST_DAYS[1] else 0
    begin = first_hour - lead
    grid = pollutant_hours(entities, begin, hours + lead)
    starts = [local_instant(first_hour + k) for k in range(hours)]
    each = [_reports(hourly_report(station, begin), starts, HOUR, lead) for station in grid]
    return (_reports(district_hourly_report(grid, begin), starts, HOUR, lead) if entities else []), each


def air_daily(entities: Sequence[Entity], first_day: int, days: int) -> tuple[list[AirReport], list[list[AirReport]]]:
    """Daily reports of the district and of each station; `first_day` in local days since 1970."""
    grid = pollutant_hours(entities, first_day * 24, days * 24)
    split = grid.reshape(len(entities), days, 24, len(POLLUTANTS))
    starts = [local_instant((first_day + k) * 24) for k in range(days)]
    each = [_reports(daily_report(station, first_day), starts, 24 * HOUR, 0) for station in split]
    return (_reports(district_daily_report(split, first_day), starts, 24 * HOUR, 0) if entities else []), each


def compliance(reports: Sequence[AirReport], zone: int = 2) -> list[DayVerdicts]:
    """Judge daily reports by GB 3095: 24 h means, and the largest 8 h mean of ozone; equal to a limit meets it."""
    found: list[DayVerdicts] = []
    for report in reports:
        day = report.start.astimezone(local_zone()).date()
        items: dict[str, ItemVerdict] = {}
        for item in POLLUTANTS:
            period = Period.EIGHT_HOURS if item == "o3" else Period.DAY
            limit, value = limit_on(day, item, period, zone), report.concentrations[item]
            (verdict,) = verdicts([day], np.array([np.nan if value is None else value]), item, period, zone)
            items[item] = ItemVerdict(value, limit.value if limit else None, verdict)
        found.append(DayVerdicts(day, edition_key_on(day), items))
    return found


def noise_days(entity: Entity, first_day: int, days: int) -> list[NoiseDay]:
    """Ld and Ln of one station for consecutive days; a night belongs to the day on which it begins."""
    parts = noise_logic.GB3096_PARTS
    start, end = local_instant(first_day * 24 + parts.day), local_instant((first_day + days) * 24 + parts.day)
    found = trace(entity, "laeq", start, end)
    class_name = noise_class(entity)
    if not found.value.size:
        return []
    seconds = sampling_minutes(entity) * 60
    levels = daily_levels(found.value, local_seconds(found.observed_at), seconds)
    return [
        NoiseDay(
            (EPOCH + dt.timedelta(days=levels.first_day + k)).date(),
            class_name,
            noise_logic.judge(float(levels.day[k]), class_name, night=False),
            noise_logic.judge(float(levels.night[k]), class_name, night=True),
            float(levels.day_share[k]),
            float(levels.night_share[k]),
        )
        for k in range(len(levels.day))
    ]


def noise_class(entity: Entity) -> str:
    """Class of acoustic environment in which a station stands; class 2 where nobody has said."""
    named = str(entity.properties.get("noise_class", DEFAULT_NOISE_CLASS))
    return named if named in noise_logic.LIMITS else DEFAULT_NOISE_CLASS


def water_now(entities: Sequence[Entity]) -> list[WaterReport]:
    """Class of each station's newest values; values older than the type's greatest age are left out."""
    states = twin.state(entities)
    found: list[WaterReport] = []
    for entity in entities:
        fresh = [value for value in states[entity.id] if value.value is not None and not value.stale]
        at = max((value.observed_at for value in fresh if value.observed_at is not None), default=None)
        found.append(judge_water(entity, {v.attribute: v.value for v in fresh if v.value is not None}, at))
    return found


def water_daily(entity: Entity, first_day: int, days: int) -> list[WaterReport]:
    """Class of each day's mean values of one station; days without values are judged as number 0."""
    names = sorted(judged_items(water_body(entity)) & JUDGED_HERE)
    known = series_of([entity], names)
    columns = {number: name for (_entity, name), number in known.items()}
    start, end = local_instant(first_day * 24), local_instant((first_day + days) * 24)
    series, bucket, value = means(sorted(columns), start, end, 3600)
    day = local_seconds(bucket) // 86_400 - first_day
    daily: list[dict[str, float]] = [{} for _ in range(days)]
    for number, name in columns.items():
        for position in range(days):
            chosen = value[(series == number) & (day == position)]
            if chosen.size:
                daily[position][name] = float(np.mean(chosen))
    return [judge_water(entity, values, local_instant((first_day + k) * 24)) for k, values in enumerate(daily)]


def judge_water(entity: Entity, values: Mapping[str, float], at: dt.datetime | None) -> WaterReport:
    """Judge one set of values of a station by GB 3838; items that do not count for its body are left out."""
    body = water_body(entity)
    judged = {name: value for name, value in values.items() if name in judged_items(body)}
    columns: dict[str, Floats] = {name: np.array([value]) for name, value in judged.items()}
    result = classify(columns, body)
    number = int(result.number[0]) if judged else 0
    return WaterReport(
        number,
        CLASSES[number - 1] if number else "",
        result.deciding(0) if judged else (),
        target_class(entity),
        judged,
        at,
        body,
    )


def water_body(entity: Entity) -> Body:
    """Kind of water body of a station; a river where nobody has said."""
    return Body.LAKE if entity.properties.get("water_body") == Body.LAKE.value else Body.RIVER


def target_class(entity: Entity) -> int:
    """Class that the water of a station must keep (1 to 5); III where nobody has said."""
    target = entity.properties.get("target_class", DEFAULT_TARGET_CLASS)
    return int(target) if target in (1, 2, 3, 4, 5) else DEFAULT_TARGET_CLASS


def _reports(reported: Reported, starts: Sequence[dt.datetime], length: dt.timedelta, skip: int) -> list[AirReport]:
    index = reported.index
    values = np.where(reported.means.numerator == MISSING, np.nan, reported.means.as_float())
    found: list[AirReport] = []
    for place, start in enumerate(starts):
        row = place + skip
        edition = index.edition_of(row)
        aqi, level = int(index.aqi[row]), int(index.level[row])
        found.append(
            AirReport(
                start,
                start + length,
                edition.title,
                edition.in_force((EPOCH + dt.timedelta(seconds=_local(start))).date()),
                None if aqi == NOT_AVAILABLE else aqi,
                None if level == NOT_AVAILABLE else LEVELS[level].key,
                index.primary_names(row),
                {n: _number(index.iaqi[row, k]) for k, n in enumerate(POLLUTANTS)},
                {n: _value(values[row, k]) for k, n in enumerate(POLLUTANTS)},
                bool(index.complete[row]),
            )
        )
    return found


def _local(moment: dt.datetime) -> int:
    return int(local_seconds(np.array([int(moment.timestamp()) * 1_000_000]))[0])


def _number(value: np.int64) -> int | None:
    return None if value == NOT_AVAILABLE else int(value)


def _value(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
