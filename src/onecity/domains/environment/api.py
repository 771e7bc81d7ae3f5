"""The public API of air, noise and water: what is measured, judged by which edition of which standard."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from onecity.domains.environment import charts, overview, service
from onecity.domains.environment.domain import AIR_STATION, NOISE_STATION, TYPES, WATER_STATION
from onecity.domains.environment.logic.aqi_tables import POLLUTANTS
from onecity.domains.environment.logic.noise import EDITION as NOISE_EDITION
from onecity.domains.environment.logic.water_tables import EDITION as WATER_EDITION
from onecity.domains.environment.readings import local_hour, stations
from onecity.domains.environment.service import AirReport
from onecity.kernel.access.api import public
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.moments import Day
from onecity.kernel.core.openapi import CHART_SCHEMA, POINTS_SCHEMA, answers_with, may_answer
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin.models import Entity

router = Router(tags=["environment"], auth=public)

LONGEST_HOURLY_DAYS = 31
LONGEST_DAILY_DAYS = 366
DEFAULT_DAYS = 7
MeasuredDay = Annotated[Day, Field(ge=dt.date(2000, 1, 1), le=dt.date(2100, 12, 31))]
Key = Annotated[str, Field(max_length=180, description="Key of a station; empty: the district")]


class AirOut(Schema):
    """One report: times in UTC, concentrations in µg/m³ (CO mg/m³); aqi null = NA."""

    start: dt.datetime
    end: dt.datetime
    edition: str
    in_force: bool
    aqi: int | None
    level: str | None
    primary: list[str]
    complete: bool
    iaqi: dict[str, int | None]
    concentrations: dict[str, float | None]


class StationAirOut(Schema):
    """A station with its newest hourly report."""

    key: str
    name: str
    division_path: str
    lon: float | None
    lat: float | None
    simulated: bool
    report: AirOut | None


class AirNowOut(Schema):
    """The air of the district now."""

    time_zone: str
    simulated: bool
    report: AirOut | None
    stations: list[StationAirOut]


class AirSeriesOut(Schema):
    """Reports of a station or the district in order of time."""

    station: str
    name: str
    time_zone: str
    simulated: bool
    reports: list[AirOut]


class NoiseOut(Schema):
    """Levels of one day, dB(A): `day_level` 06:00-22:00, `night_level` the night that begins on the day; null = too little measured."""

    day: dt.date
    noise_class: str
    edition: str
    day_level: float | None
    day_limit: int
    day_share: float
    night_level: float | None
    night_limit: int
    night_share: float


class WaterOut(Schema):
    """Class of a station's water: 1 to 5, 6 = worse than V, 0 = not measured."""

    station: str
    name: str
    edition: str
    at: dt.datetime | None
    body: str
    number: int
    label: str
    deciding: list[str]
    target: int
    values: dict[str, float]


class Span(Schema):
    """Local days of the district, both included; without them the last seven."""

    station: Key = ""
    start: MeasuredDay | None = None
    end: MeasuredDay | None = None


class StationSpan(Span):
    """The same of a station, which must be named."""

    station: Annotated[str, Field(min_length=1, max_length=180, description="Key of a station")]


class ZoneSpan(Span):
    """The same, with the class of the zone: 1 = nature reserves and scenic areas, 2 = everywhere else."""

    zone: Annotated[int, Field(ge=1, le=2)] = 2


class ItemVerdictOut(Schema):
    """One pollutant: value and limit in µg/m³ (CO mg/m³)."""

    value: float | None
    limit: float | None
    verdict: Literal["meets", "exceeds", "not_published_here", "no_value"]


class ComplianceOut(Schema):
    """One day by the edition of GB 3095 in force on it: 24 h means, ozone the largest 8 h mean."""

    day: dt.date
    edition: str
    items: dict[str, ItemVerdictOut]


@router.get("/air/now", response=AirNowOut, summary="Air quality index now, of the district and its stations")
def air_now(request: HttpRequest) -> dict[str, Any]:
    """The newest hourly report."""
    del request
    found = overview.air_now()
    return {
        "time_zone": settings.TIME_ZONE,
        "simulated": found.simulated,
        "report": found.report,
        "stations": found.stations,
    }


@router.get(
    "/air/hourly",
    response=AirSeriesOut,
    summary="Hourly reports of a station or the district",
    openapi_extra=may_answer(404),
)
def air_hourly(request: HttpRequest, span: Query[Span]) -> dict[str, Any]:
    """At most 31 days."""
    del request
    return _air(span, hourly=True)


@router.get(
    "/air/daily",
    response=AirSeriesOut,
    summary="Daily reports of a station or the district",
    openapi_extra=may_answer(404),
)
def air_daily(request: HttpRequest, span: Query[Span]) -> dict[str, Any]:
    """At most 366 days."""
    del request
    return _air(span, hourly=False)


@router.get(
    "/air/{period}.csv",
    summary="The same reports as a table (CSV, UTF-8)",
    openapi_extra=answers_with({"text/csv": {"type": "string"}}),
)
def air_csv(request: HttpRequest, period: Literal["hourly", "daily"], span: Query[Span]) -> HttpResponse:
    """One line a report; times with their zone."""
    del request
    found = _air(span, hourly=period == "hourly")
    head = ["start", "end", "edition", "aqi", "level", "primary", *(f"iaqi_{n}" for n in POLLUTANTS), *POLLUTANTS]
    return _table(f"air-{period}-{span.station or 'district'}.csv", head, (_row(report) for report in found["reports"]))


@router.get(
    "/air/compliance",
    response=list[ComplianceOut],
    openapi_extra=may_answer(404),
    summary="Daily values against the limits of GB 3095",
)
def air_compliance(request: HttpRequest, span: Query[ZoneSpan]) -> list[service.DayVerdicts]:
    """At most 366 days; a limit that is not known here is null, never guessed."""
    del request
    first, days = _days(span, LONGEST_DAILY_DAYS)
    entities = [_station(AIR_STATION, span.station)] if span.station else overview.own_air_stations()
    district, each = service.air_daily(entities, first, days)
    return service.compliance(each[0] if span.station else district, span.zone)


@router.get(
    "/noise/daily",
    response=list[NoiseOut],
    summary="Day and night levels of a noise station",
    openapi_extra=may_answer(404),
)
def noise_daily(request: HttpRequest, span: Query[StationSpan]) -> list[dict[str, Any]]:
    """At most 366 days."""
    del request
    first, days = _days(span, LONGEST_DAILY_DAYS)
    return [
        {
            "day": day.day,
            "noise_class": day.noise_class,
            "edition": NOISE_EDITION,
            "day_level": charts.finite(day.day_level.level),
            "day_limit": day.day_level.limit,
            "day_share": day.day_share,
            "night_level": charts.finite(day.night_level.level),
            "night_limit": day.night_level.limit,
            "night_share": day.night_share,
        }
        for day in service.noise_days(_station(NOISE_STATION, span.station), first, days)
    ]


@router.get("/water/now", response=list[WaterOut], summary="Water class now, of every station")
def water_now(request: HttpRequest) -> list[dict[str, Any]]:
    """From the newest value of each item."""
    del request
    found = [entity for entity in stations(WATER_STATION) if entity.public]
    return [_water(entity, report) for entity, report in zip(found, service.water_now(found), strict=True)]


@router.get(
    "/water/daily",
    response=list[WaterOut],
    summary="Water class of each day, from daily means",
    openapi_extra=may_answer(404),
)
def water_daily(request: HttpRequest, span: Query[StationSpan]) -> list[dict[str, Any]]:
    """At most 366 days."""
    del request
    entity = _station(WATER_STATION, span.station)
    first, days = _days(span, LONGEST_DAILY_DAYS)
    return [_water(entity, report) for report in service.water_daily(entity, first, days)]


@router.get(
    "/stations",
    response=dict[str, Any],
    summary="Public stations with their state, as GeoJSON",
    openapi_extra=answers_with({"application/json": POINTS_SCHEMA}),
)
def station_map(request: HttpRequest) -> dict[str, Any]:
    """Points with id, title, href, detail and state."""
    del request
    return charts.station_map()


@router.get(
    "/chart/aqi",
    response=dict[str, Any],
    summary="The last 24 hourly indices of the district, for a chart",
    openapi_extra=answers_with({"application/json": CHART_SCHEMA}),
)
def aqi_chart(request: HttpRequest) -> dict[str, Any]:
    """Series with thresholds."""
    del request
    return charts.aqi_trend(overview.air_now().trend)


@router.get(
    "/chart/{key}/{attribute}",
    response=dict[str, Any],
    summary="Readings of a station, for a chart",
    openapi_extra=answers_with({"application/json": CHART_SCHEMA}),
)
def station_chart(
    request: HttpRequest,
    key: str,
    attribute: str,
    hours: Annotated[int, Query(ge=1, le=24 * LONGEST_HOURLY_DAYS)] = 24,
) -> dict[str, Any]:
    """The last `hours` hours, in steps that give at most some hundred points."""
    del request
    for entity_type in TYPES:
        if any(known.name == attribute for known in entity_type.attributes):
            for entity in stations(entity_type, key=key):
                return charts.readings_chart(entity, entity_type.attribute(attribute), hours)
    raise _unknown(key)


def _air(span: Span, *, hourly: bool) -> dict[str, Any]:
    first, days = _days(span, LONGEST_HOURLY_DAYS if hourly else LONGEST_DAILY_DAYS)
    entities = [_station(AIR_STATION, span.station)] if span.station else overview.own_air_stations()
    if hourly:
        district, each = service.air_hourly(entities, first * 24, days * 24)
    else:
        district, each = service.air_daily(entities, first, days)
    return {
        "station": span.station,
        "name": entities[0].name if span.station else "",
        "time_zone": settings.TIME_ZONE,
        "simulated": any(entity.properties.get("simulated") for entity in entities),
        "reports": each[0] if span.station else district,
    }


def _days(span: Span, longest: int) -> tuple[int, int]:
    today = local_hour(now()) // 24
    last = overview.first_day_of(span.end) if span.end else today
    first = overview.first_day_of(span.start) if span.start else last - DEFAULT_DAYS + 1
    if not 0 < last - first + 1 <= longest:
        raise Problem(
            "span",
            _("The period must have 1 to %(days)s days; the first day comes first.") % {"days": longest},
            status=422,
        )
    return first, last - first + 1


def _station(entity_type: EntityType, key: str) -> Entity:
    found = stations(entity_type, key=key) if key else []
    if not found:
        raise _unknown(key)
    return found[0]


def _unknown(key: str) -> Problem:
    detail = _("The list of stations is at /api/environment/stations.")
    return Problem("station-unknown", _("There is no station “%(key)s”.") % {"key": key}, status=404, detail=detail)


def _water(entity: Entity, report: service.WaterReport) -> dict[str, Any]:
    return {
        "station": entity.key,
        "name": entity.name,
        "edition": WATER_EDITION,
        "at": report.at,
        "body": report.body.value,
        "number": report.number,
        "label": report.label,
        "deciding": list(report.deciding),
        "target": report.target,
        "values": dict(report.values),
    }


def _row(report: AirReport) -> Sequence[object]:
    numbers = [*(report.iaqi[n] for n in POLLUTANTS), *(report.concentrations[n] for n in POLLUTANTS)]
    aqi = "NA" if report.aqi is None else report.aqi
    times = [report.start.isoformat(), report.end.isoformat()]
    return [*times, report.edition, aqi, report.level or "", " ".join(report.primary), *numbers]


def _table(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
