"""Charts and map points of this domain in the form the page's scripts draw."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from onecity.domains.environment import overview, service
from onecity.domains.environment.domain import LEVEL_TITLES, NOISE_STATION, WATER_STATION
from onecity.domains.environment.logic.aqi_tables import LEVELS
from onecity.domains.environment.logic.noise import LIMITS, energy_mean_by_group
from onecity.domains.environment.readings import means, sampling_minutes, series_of, stations, trace
from onecity.domains.environment.service import AirReport
from onecity.domains.environment.words import ALERT_OF_LEVEL, WATER_WORDS
from onecity.kernel.core import units
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.types import Attribute
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity

MOST_POINTS = 300
STEPS = (60, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400)
"""Lengths of steps that divide a day, s."""
WATER_STATES = {0: "ok", 1: "blue", 2: "yellow"}
"""State on the map by classes below the target."""


def finite(value: float) -> float | None:
    """The value, or None where JSON has no number for it."""
    return value if math.isfinite(value) else None


def aqi_trend(reports: Sequence[AirReport]) -> dict[str, Any]:
    """Hourly indices of the district with the ends of the levels as thresholds."""
    points = [[milliseconds(report.end), report.aqi] for report in reports]
    thresholds = [{"value": level.upper, "label": str(LEVEL_TITLES[level.key])} for level in LEVELS[:-1]]
    series = {"name": _("AQI"), "unit": "", "decimals": 0, "points": points}
    title = _("Air quality index, hour by hour")
    return {"title": title, "gap_seconds": 3700, "zero": True, "series": [series], "thresholds": thresholds}


def readings_chart(entity: Entity, attribute: Attribute, hours: int) -> dict[str, Any]:
    """Means of one attribute over the last hours, with the limit of the place where there is one."""
    step = _step(entity, hours)
    end = now()
    points = _points(entity, attribute, end - dt.timedelta(hours=hours), end, step)
    return {
        "title": f"{entity.name} · {attribute.title}",
        "gap_seconds": step * 2.5,
        "series": [
            {
                "name": str(attribute.title),
                "unit": units.symbol(attribute.unit),
                "decimals": attribute.decimals,
                "points": points,
            }
        ],
        "thresholds": _limits(entity, attribute),
    }


def station_map() -> dict[str, Any]:
    """All public stations of the district as points with their state."""
    features = [_feature(s.key, s.name, s.lon, s.lat, *_air_state(s)) for s in overview.air_now().stations]
    waters = [entity for entity in stations(WATER_STATION) if entity.public]
    for entity, report in zip(waters, service.water_now(waters), strict=True):
        below = min(2, max(0, report.number - report.target))
        state = WATER_STATES[below] if report.number else "stale"
        words = str(WATER_WORDS[report.number]) if report.number else _("no data")
        features.append(_feature(entity.key, entity.name, entity.lon, entity.lat, state, words))
    noises = [entity for entity in stations(NOISE_STATION) if entity.public]
    states = twin.state(noises)
    for entity in noises:
        fresh = [v.value for v in states[entity.id] if v.attribute == "laeq" and v.value is not None and not v.stale]
        words = f"{number_format(fresh[0], 0)} dB(A)" if fresh else _("no data")
        features.append(_feature(entity.key, entity.name, entity.lon, entity.lat, "ok" if fresh else "stale", words))
    return {"type": "FeatureCollection", "features": [feature for feature in features if feature is not None]}


def milliseconds(moment: dt.datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def _air_state(station: overview.StationAir) -> tuple[str, str]:
    report = station.report
    if report is None or report.aqi is None or report.level is None:
        return "stale", _("no data")
    return ALERT_OF_LEVEL[report.level], f"AQI {report.aqi} {LEVEL_TITLES[report.level]}"


def _feature(
    key: str, name: str, lon: float | None, lat: float | None, state: str, detail: str
) -> dict[str, Any] | None:
    if lon is None or lat is None:
        return None
    href = reverse("environment:station", args=[key])
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {"id": key, "title": name, "href": href, "detail": detail, "state": state},
    }


def _points(entity: Entity, attribute: Attribute, start: dt.datetime, end: dt.datetime, step: int) -> list[list[float]]:
    """Steps as [ms, mean]; levels in dB are averaged by energy, everything else plainly."""
    if attribute.unit == NOISE_STATION.attribute("laeq").unit:
        found = trace(entity, attribute.name, start, end)
        slot, group = np.unique(found.observed_at // (step * 1_000_000), return_inverse=True)
        level, _count = energy_mean_by_group(found.value, group.astype(np.int64), len(slot))
        return [[int(at) * step * 1000, float(mean)] for at, mean in zip(slot, level, strict=True)]
    series = series_of([entity], [attribute.name]).get((entity.id, attribute.name))
    _series, bucket, value = means([] if series is None else [series], start, end, step)
    return [[int(at) // 1000, float(mean)] for at, mean in zip(bucket, value, strict=True)]


def _limits(entity: Entity, attribute: Attribute) -> list[dict[str, Any]]:
    if attribute.name != "laeq":
        return []
    day, night = LIMITS[service.noise_class(entity)]
    return [{"value": day, "label": _("day limit")}, {"value": night, "label": _("night limit")}]


def _step(entity: Entity, hours: int) -> int:
    least = max(sampling_minutes(entity) * 60, hours * 3600 / MOST_POINTS)
    return next((step for step in STEPS if step >= least), STEPS[-1])
