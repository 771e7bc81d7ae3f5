"""From the store to arrays: the stations a reader may see, and their readings on the grids the algorithms need."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings

from onecity.domains.environment.logic.aqi_tables import POLLUTANTS
from onecity.domains.environment.logic.exact import Floats, Ints
from onecity.domains.environment.logic.reports import Samples, hours_from_samples
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin.models import Entity, EntityStatus

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ONE_ASKING = dt.timedelta(days=7)
"""A week of one-second levels is below the most rows that one question returns."""
DEFAULT_MINUTES = 5
"""What a reading stands for where a station does not say: a Chinese automatic station reports 5-minute values."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Readings of one series in order of time: µs since 1970 UTC int64[n], values float64[n]."""

    observed_at: Ints
    value: Floats


def stations(entity_type: EntityType, *, key: str = "") -> list[Entity]:
    """Stations of a type that the reader may see, by name: the district's own, or any single one by its key.

    A recording of a foreign place is never counted as the district's own.
    """
    found = Entity.objects.filter(type=entity_type.name, status=EntityStatus.ACTIVE)
    if "\0" in key:
        return []
    if key:
        return list(found.filter(key=key))
    return list(found.exclude(properties__has_key="place").order_by("division_path", "name"))


def sampling_minutes(entity: Entity) -> float:
    """Minutes for which each reading of a station stands."""
    return float(entity.properties.get("sampling_minutes", DEFAULT_MINUTES))


def series_of(entities: Sequence[Entity], attributes: Sequence[str]) -> Mapping[tuple[UUID, str], int]:
    """Series ids by entity and attribute."""
    rows = Series.objects.filter(entity_id__in=[e.id for e in entities], attribute__in=attributes, active=True)
    return {(entity_id, name): number for entity_id, name, number in rows.values_list("entity_id", "attribute", "id")}


def pollutant_hours(entities: Sequence[Entity], first_hour: int, hours: int) -> Floats:
    """Hourly means float[s, hours, 6] of air stations; `first_hour` in local hours since 1970, NaN = not complete."""
    known = series_of(entities, POLLUTANTS)
    grid = np.full((len(entities), hours, len(POLLUTANTS)), np.nan)
    start, end = local_instant(first_hour), local_instant(first_hour + hours)
    for minutes in sorted({_bucket(entity) for entity in entities}):
        group = [row for row, entity in enumerate(entities) if _bucket(entity) == minutes]
        place = {
            known[entities[row].id, name]: (position, column)
            for position, row in enumerate(group)
            for column, name in enumerate(POLLUTANTS)
            if (entities[row].id, name) in known
        }
        if place:
            samples = _samples(place, start, end, minutes)
            grid[group] = hours_from_samples(samples, len(group), first_hour, hours, minutes)
    return grid


def trace(entity: Entity, attribute: str, start: dt.datetime, end: dt.datetime) -> Trace:
    """All readings of one attribute from `start` to just before `end`, in order of time."""
    series = series_of([entity], [attribute]).get((entity.id, attribute))
    if series is None or start >= end:
        return Trace(np.empty(0, dtype=np.int64), np.empty(0))
    parts = []
    while start < end:
        stop = min(start + ONE_ASKING, end)
        parts.append(query.range_([series], start, stop))
        start = stop
    return Trace(np.concatenate([p.observed_at for p in parts]), np.concatenate([p.value for p in parts]))


def means(series: Sequence[int], start: dt.datetime, end: dt.datetime, seconds: int) -> tuple[Ints, Ints, Floats]:
    """Bucket means of many series: series int64[n], start of the bucket in µs int64[n], mean float64[n]."""
    found = query.aggregate(series, start, end, seconds, ("mean",))
    return found.series_id.astype(np.int64), found.bucket_start, found.values["mean"]


def zone() -> ZoneInfo:
    """The district's time zone."""
    return ZoneInfo(settings.TIME_ZONE)


def local_hour(moment: dt.datetime) -> int:
    """Local hours since 1970 in which a moment lies."""
    local = moment.astimezone(zone()).replace(tzinfo=dt.UTC)
    return int((local - EPOCH) // HOUR)


def local_instant(hour: int) -> dt.datetime:
    """The moment (UTC) at which a local hour since 1970 begins."""
    return (EPOCH + hour * HOUR).replace(tzinfo=zone()).astimezone(dt.UTC)


def local_seconds(micros: Ints) -> Ints:
    """Local seconds since 1970 of moments in µs UTC; the offset is looked up once for each hour that occurs."""
    seconds = micros // 1_000_000
    hours, inverse = np.unique(seconds // 3600, return_inverse=True)
    offsets = np.array([_offset(int(hour) * 3600) for hour in hours], dtype=np.int64)
    local: Ints = seconds + offsets[inverse]
    return local


def _offset(second: int) -> int:
    offset = dt.datetime.fromtimestamp(second, zone()).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _bucket(entity: Entity) -> int:
    minutes = max(1, round(sampling_minutes(entity)))
    return minutes if 60 % minutes == 0 else 60


def _samples(place: Mapping[int, tuple[int, int]], start: dt.datetime, end: dt.datetime, minutes: int) -> Samples:
    series, bucket, value = means(sorted(place), start, end, minutes * 60)
    where = np.array([place[int(one)] for one in series], dtype=np.int64).reshape(-1, 2)
    return Samples(where[:, 0], where[:, 1], local_seconds(bucket), value)
