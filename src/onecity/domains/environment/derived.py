"""Indices as readings: what the hours of a station amount to becomes a series of its own, for maps, figures and rules.

Derived readings take the same way as measured ones, through the durable log, so that state, alerts and cases follow
from them like from any other. Only complete hours are derived, each once, from where the series ends.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import Max

from onecity.domains.environment import service
from onecity.domains.environment.domain import AIR_STATION, DISTRICT_AIR, NOISE_STATION, WATER_STATION
from onecity.domains.environment.logic import noise
from onecity.domains.environment.logic.aqi_tables import POLLUTANTS
from onecity.domains.environment.logic.exact import Floats, Ints
from onecity.domains.environment.readings import (
    local_hour,
    local_instant,
    local_seconds,
    means,
    sampling_minutes,
    series_of,
    stations,
    trace,
)
from onecity.kernel.core.clock import now
from onecity.kernel.places import service as places
from onecity.kernel.telemetry.models import Latest
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity, EntityStatus

MOST_HOURS = 24 * 62
"""How far back a series is derived in one go."""
HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Derived:
    """Derived values of one series: when they became known (µs UTC) int64[n] and what they are float64[n]."""

    series_id: int
    observed_at: Ints
    value: Floats


@dataclass(frozen=True, slots=True)
class Span:
    """Complete hours that are still to be derived: the first, in local hours since 1970, and how many."""

    first: int
    count: int

    @property
    def start(self) -> dt.datetime:
        """When the first begins."""
        return local_instant(self.first)

    @property
    def end(self) -> dt.datetime:
        """When the last ends."""
        return local_instant(self.first + self.count)


def due() -> list[Derived]:
    """Everything that can be derived now and is not yet."""
    return [*_air(), *_district(), *_noise(), *_water()]


def _air() -> Iterator[Derived]:
    for entity, span in _waiting(AIR_STATION, POLLUTANTS, "aqi"):
        _district_reports, each = service.air_hourly([entity], span.first, span.count)
        yield from _made(entity, {"aqi": _indices(each[0])}, span)


def _district() -> Iterator[Derived]:
    root = places.root()
    members = [entity for entity in stations(AIR_STATION) if entity.public]
    if root is None or not members:
        return
    entity = twin.upsert_entity(
        type=DISTRICT_AIR,
        key=root.code,
        name=root.name,
        division_path=root.path,
        properties={"derived": True, "simulated": any(one.properties.get("simulated") for one in members)},
        public=True,
    )
    span = _span(_newest(members, POLLUTANTS), _newest([entity], ("aqi",)).get(entity.id))
    if span is not None:
        district, _each = service.air_hourly(members, span.first, span.count)
        yield from _made(entity, {"aqi": _indices(district)}, span)


def _noise() -> Iterator[Derived]:
    for entity, span in _waiting(NOISE_STATION, ("laeq",), "excess"):
        found = trace(entity, "laeq", span.start, span.end)
        hour = local_seconds(found.observed_at) // HOUR_SECONDS - span.first
        level, samples = noise.energy_mean_by_group(found.value, hour, span.count)
        enough = samples * sampling_minutes(entity) >= noise.MINIMUM_SHARE * 60
        night = noise.GB3096_PARTS.part_of((span.first + np.arange(span.count)) % 24) == noise.NIGHT
        by_day, by_night = noise.LIMITS[service.noise_class(entity)]
        above: Floats = np.where(enough, level - np.where(night, by_night, by_day), np.nan)
        yield from _made(entity, {"excess": above.round(1)}, span)


def _water() -> Iterator[Derived]:
    names = tuple(sorted(service.JUDGED_HERE))
    for entity, span in _waiting(WATER_STATION, names, "water_class", "classes_below_target"):
        known = series_of([entity], names)
        columns = {number: name for (_entity, name), number in known.items()}
        series, bucket, value = means(sorted(columns), span.start, span.end, HOUR_SECONDS)
        hour = local_seconds(bucket) // HOUR_SECONDS - span.first
        numbers = np.full(span.count, np.nan)
        for position in range(span.count):
            chosen = hour == position
            values = {columns[int(s)]: float(v) for s, v in zip(series[chosen], value[chosen], strict=True)}
            judged = service.judge_water(entity, values, None)
            if judged.number and len(values) == len(columns):
                numbers[position] = judged.number
        below = numbers - service.target_class(entity)
        yield from _made(entity, {"water_class": numbers, "classes_below_target": below}, span)


def _waiting(entity_type: EntityType, sources: Sequence[str], *targets: str) -> Iterator[tuple[Entity, Span]]:
    """Stations of a type, recordings included, with the hours that have readings and are not derived yet."""
    entities = list(Entity.objects.filter(type=entity_type.name, status=EntityStatus.ACTIVE))
    newest, done = _newest(entities, sources), _newest(entities, targets)
    for entity in entities:
        span = _span({entity.id: newest[entity.id]} if entity.id in newest else {}, done.get(entity.id))
        if span is not None:
            yield entity, span


def _newest(entities: Sequence[Entity], attributes: Sequence[str]) -> dict[UUID, dt.datetime]:
    """Time of the newest reading of each entity among some attributes."""
    rows = (
        Latest.objects.filter(series__entity_id__in=[e.id for e in entities], series__attribute__in=attributes)
        .values("series__entity_id")
        .annotate(at=Max("observed_at"))
    )
    return {row["series__entity_id"]: row["at"] for row in rows}


def _span(newest: dict[UUID, dt.datetime], done: dt.datetime | None) -> Span | None:
    """Hours from the end of what is derived to the newest complete hour that has readings."""
    if not newest:
        return None
    end = min(local_hour(now()), local_hour(max(newest.values())) + 1)
    first = max(end - MOST_HOURS, local_hour(done) if done else 0)
    return Span(first, end - first) if end > first else None


def _indices(reports: Sequence[service.AirReport]) -> Floats:
    return np.array([np.nan if report.aqi is None else float(report.aqi) for report in reports])


def _made(entity: Entity, columns: dict[str, Floats], span: Span) -> Iterator[Derived]:
    known = series_of([entity], tuple(columns))
    ends = np.array(
        [int(local_instant(span.first + k + 1).timestamp()) * 1_000_000 for k in range(span.count)], dtype=np.int64
    )
    for name, values in columns.items():
        there = np.isfinite(values)
        if (entity.id, name) in known and there.any():
            yield Derived(known[entity.id, name], ends[there], values[there])
