"""The pages for residents: the district's air, water and noise at a glance, and one page for each station."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onecity.domains.environment import overview, service
from onecity.domains.environment.domain import (
    AIR_STATION,
    LEVEL_TITLES,
    NOISE_STATION,
    TYPES,
    WATER_STATION,
)
from onecity.domains.environment.logic.aqi_tables import POLLUTANTS
from onecity.domains.environment.logic.limits import Verdict
from onecity.domains.environment.logic.noise import GB3096_PARTS, LIMITS, NIGHT
from onecity.domains.environment.readings import local_hour, stations
from onecity.domains.environment.service import AirReport, DayVerdicts, NoiseDay, WaterReport
from onecity.domains.environment.words import (
    ANSWERS,
    NOISE_CLASSES,
    POLLUTANT_NAMES,
    UNKNOWN,
    WATER_ITEMS,
    WATER_USES,
    WATER_WORDS,
    level_number,
)
from onecity.kernel.access.decorators import public
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.places import service as places
from onecity.kernel.registry.domain import Title
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity

CALENDAR_DAYS = 28
STATION_DAYS = 14
CHART_HOURS = 48
UNITS = {name: AIR_STATION.attribute(name).unit for name in POLLUTANTS}


@dataclass(frozen=True, slots=True)
class ShownAir:
    """A report in words: number and title of the level, names of the primary pollutants, one line a pollutant."""

    report: AirReport
    number: int
    title: Title
    answer: Title
    primary: str
    lines: tuple[tuple[Title, float | None, str, int, int | None], ...]


@dataclass(frozen=True, slots=True)
class ShownWater:
    """A water report in words."""

    entity: Entity
    report: WaterReport
    word: Title
    target: Title
    use: Title
    deciding: str


@public
def index(request: HttpRequest) -> HttpResponse:
    """Is the air fit for a run? With stations, the last weeks, water and noise."""
    air = overview.air_now()
    days = overview.known_days(overview.air_days(CALENDAR_DAYS))
    waters = [entity for entity in stations(WATER_STATION) if entity.public]
    noises = [entity for entity in stations(NOISE_STATION) if entity.public]
    context = {
        "air": shown_air(air.report) if air.report else None,
        "unknown": UNKNOWN,
        "stations": [(s, shown_air(s.report) if s.report else None) for s in air.stations],
        "towns": places.titles_for({s.division_path for s in air.stations}),
        "day_before": air.day_before,
        "days": [shown_air(report) for report in days],
        "fine_particles": fine_particles(service.compliance(days)),
        "waters": [shown_water(e, r) for e, r in zip(waters, service.water_now(waters), strict=True)],
        "noises": _noises(noises),
        "simulated": air.simulated or _simulated([*waters, *noises]),
        "edition": air.report.edition if air.report else "",
    }
    return render(request, "environment/index.html", context)


@public
def station(request: HttpRequest, key: str) -> HttpResponse:
    """What one station measures now, has measured lately, and how it is judged."""
    entity_type, entity = _find(key)
    today = local_hour(now()) // 24
    context: dict[str, Any] = {
        "entity": entity,
        "kind": entity_type.title,
        "place": places.title_for(entity.division_path, full=True),
        "simulated": bool(entity.properties.get("simulated")),
        "recorded": entity.properties.get("place", ""),
        "source": entity.properties.get("source", ""),
        "values": _values(entity_type, entity),
        "charts": _charts(entity_type),
        "hours": CHART_HOURS,
    }
    if entity_type is AIR_STATION:
        context |= _air_context(entity, today)
    elif entity_type is WATER_STATION:
        context |= _water_context(entity, today)
    elif entity_type is NOISE_STATION:
        context |= _noise_context(entity, today)
    return render(request, "environment/station.html", context)


def shown_air(report: AirReport) -> ShownAir:
    """Put a report into words."""
    level = report.level
    return ShownAir(
        report,
        level_number(level),
        LEVEL_TITLES[level] if level else _("no index"),
        ANSWERS[level] if level else UNKNOWN,
        listed([POLLUTANT_NAMES[name] for name in report.primary]),
        tuple(
            (POLLUTANT_NAMES[n], report.concentrations[n], UNITS[n], 1 if n == "co" else 0, report.iaqi[n])
            for n in POLLUTANTS[::-1]
        ),
    )


def shown_water(entity: Entity, report: WaterReport) -> ShownWater:
    """Put a water report into words."""
    return ShownWater(
        entity,
        report,
        WATER_WORDS.get(report.number, _("not measured")),
        WATER_WORDS[report.target],
        WATER_USES.get(report.number, ""),
        listed([WATER_ITEMS[name] for name in report.deciding]),
    )


def fine_particles(days: Sequence[DayVerdicts]) -> dict[str, object] | None:
    """How often the daily limit of PM2.5 was exceeded, with the limit of the last day; None where nothing is known."""
    judged = [day.items["pm2_5"] for day in days if day.items["pm2_5"].verdict in (Verdict.MEETS, Verdict.EXCEEDS)]
    if not judged:
        return None
    exceeded = sum(one.verdict is Verdict.EXCEEDS for one in judged)
    return {"limit": judged[-1].limit, "edition": days[-1].edition, "exceeded": exceeded, "days": len(judged)}


def listed(words: Sequence[Title]) -> str:
    """Words one after the other, as the reader's language separates them."""
    return pgettext("between words of a list", ", ").join(str(word) for word in words)


def _air_context(entity: Entity, today: int) -> dict[str, Any]:
    _district, each = service.air_hourly([entity], local_hour(now()) - overview.TREND_HOURS, overview.TREND_HOURS)
    _district, days = service.air_daily([entity], today - STATION_DAYS, STATION_DAYS)
    report = overview.newest(each[0])
    return {
        "air": shown_air(report) if report else None,
        "days": [shown_air(one) for one in overview.known_days(days[0])],
    }


def _water_context(entity: Entity, today: int) -> dict[str, Any]:
    days = service.water_daily(entity, today - STATION_DAYS, STATION_DAYS)
    (report,) = service.water_now([entity])
    return {"water": shown_water(entity, report), "water_days": [shown_water(entity, one) for one in reversed(days)]}


def _noise_context(entity: Entity, today: int) -> dict[str, Any]:
    class_name = service.noise_class(entity)
    days: list[NoiseDay] = service.noise_days(entity, today - STATION_DAYS, STATION_DAYS)
    return {"noise_class": class_name, "noise_place": NOISE_CLASSES[class_name], "noise_days": days[::-1]}


def _find(key: str) -> tuple[EntityType, Entity]:
    for entity_type in TYPES:
        for entity in stations(entity_type, key=key):
            return entity_type, entity
    raise Problem(
        "station-unknown",
        _("There is no such station."),
        status=404,
        detail=_("It may have been taken out of service. All stations are on the page “Air, noise and water”."),
    )


def _values(entity_type: EntityType, entity: Entity) -> list[tuple[object, twin.CurrentValue, dt.timedelta]]:
    titles = {attribute.name: attribute.title for attribute in entity_type.attributes}
    found = twin.state([entity])[entity.id]
    return [(titles[v.attribute], v, entity_type.max_age) for v in found if v.attribute in titles]


def _charts(entity_type: EntityType) -> list[tuple[str, object]]:
    return [(a.name, a.title) for a in entity_type.attributes if not a.derived]


def _noises(entities: list[Entity]) -> list[tuple[Entity, Title, twin.CurrentValue | None, int]]:
    states = twin.state(entities)
    hour = np.array([local_hour(now()) % 24])
    part = 1 if int(GB3096_PARTS.part_of(hour)[0]) == NIGHT else 0
    found: list[tuple[Entity, Title, twin.CurrentValue | None, int]] = []
    for entity in entities:
        value = next((v for v in states[entity.id] if v.attribute == "laeq" and v.value is not None), None)
        class_name = service.noise_class(entity)
        found.append((entity, NOISE_CLASSES[class_name], value, LIMITS[class_name][part]))
    return found


def _simulated(entities: list[Entity]) -> bool:
    return any(entity.properties.get("simulated") for entity in entities)
