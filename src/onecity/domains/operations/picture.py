"""The map's content: every entity with its state, and where cases stand, as GeoJSON in the scope's division."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Max, Q
from django.db.models.functions import Coalesce

from onecity.domains.operations.scope import Scope
from onecity.domains.operations.situations import RANK, Situation
from onecity.kernel.access.logic import prefixes
from onecity.kernel.core import units
from onecity.kernel.core.clock import from_us
from onecity.kernel.registry import registry
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import Entity, EntityStatus
from onecity.kernel.web import wording
from onecity.kernel.web.indicators import within

LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Reading:
    """What the map says about one entity: the newest time, whether anything is fresh, and the value of its layer."""

    observed_at: dt.datetime | None
    fresh: bool
    text: str


UNKNOWN = Reading(None, fresh=True, text="")
SILENT = Reading(None, fresh=False, text="")


@dataclass(frozen=True)
class Headline:
    """The value that the map writes at an entity: of which series, called what, with how many decimals, in which unit."""

    series_id: int
    entity_id: UUID
    title: str
    decimals: int
    unit: str
    max_age: dt.timedelta

    def text(self, value: float) -> str:
        """The value as the reader of the page sees it."""
        return f"{self.title} {wording.number(value, self.decimals)} {self.unit}".strip()


def entities(scope: Scope, found: Sequence[Situation]) -> dict[str, Any]:
    """All entities with a place: id, title, type, state (ok, stale, blue … red), rank, value as text, cases on it."""
    rows = _visible(scope)
    readings = _readings(scope) if scope.at is None else _past(rows, scope.division, scope.at)
    worst = _worst(found)
    with_case = {s.entity_id for s in found if s.case is not None and s.case.closed_at is None}
    return _collection(_entity(row, readings.get(row.id), worst.get(row.id, ""), row.id in with_case) for row in rows)


def open_cases(found: Sequence[Situation]) -> dict[str, Any]:
    """Open cases that stand somewhere of their own, not at an entity of the map."""
    return _collection(
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [s.case.lon, s.case.lat]},
            "properties": {"id": s.ref, "title": s.title, "state": s.severity or "ok", "rank": s.rank},
        }
        for s in found
        if s.case is not None and s.case.closed_at is None and s.case.lon is not None and s.entity_id is None
    )


def _visible(scope: Scope) -> list[Entity]:
    rows = Entity.objects.filter(lon__isnull=False, status=EntityStatus.ACTIVE)
    upper = prefixes.upper_bound(scope.division)
    rows = rows.filter(division_path__gte=scope.division)
    rows = rows.filter(division_path__lt=upper) if upper else rows
    return list(rows.only("id", "name", "type", "lon", "lat"))


def _readings(scope: Scope) -> dict[UUID, Reading]:
    moment = scope.moment
    series = within(Series.objects.filter(active=True), scope.division)
    stamps = series.values("entity_id").annotate(
        last=Max("latest__observed_at"),
        fresh=Max(Coalesce(F("latest__observed_at") + F("max_age"), LONG_AGO)),
    )
    lines = {line.series_id: line for line in _headlines(series)}
    newest = query.latest(list(lines))
    shown = {
        lines[number].entity_id: lines[number].text(value)
        for number, value in zip(newest.series_id.tolist(), newest.value.tolist(), strict=True)
    }
    return {
        row["entity_id"]: Reading(row["last"], row["fresh"] > moment, shown.get(row["entity_id"], "")) for row in stamps
    }


def _past(rows: Sequence[Entity], division: str, moment: dt.datetime) -> dict[UUID, Reading]:
    """What stood at each entity then: the value of its layer, stale where none was fresh; of others only alerts are known."""
    found = {row.id: UNKNOWN for row in rows}
    lines = {line.series_id: line for line in _headlines(within(Series.objects.all(), division))}
    if not lines:
        return found
    found |= {line.entity_id: SILENT for line in lines.values()}
    then = query.as_of(list(lines), moment, max(line.max_age for line in lines.values()))
    for number, at_us, value in zip(
        then.series_id.tolist(), then.observed_at.tolist(), then.value.tolist(), strict=True
    ):
        line, at = lines[number], from_us(at_us)
        found[line.entity_id] = Reading(at, at + line.max_age > moment, line.text(value))
    return found


def _headlines(series: Any) -> list[Headline]:
    layers = {layer.entity_type: layer.colour_by for d in registry.domains() for layer in d.layers if layer.colour_by}
    wanted = Q()
    for entity_type, attribute in layers.items():
        wanted |= Q(entity_type=entity_type, attribute=attribute)
    if not wanted:
        return []
    names = _titles()
    rows = series.filter(wanted).values_list(
        "id", "entity_id", "entity_type", "attribute", "decimals", "unit", "max_age"
    )
    return [
        Headline(number, entity_id, names.get((kind, attribute), ""), decimals, units.symbol(unit), max_age)
        for number, entity_id, kind, attribute, decimals, unit, max_age in rows
    ]


def _titles() -> dict[tuple[str, str], str]:
    """Titles of attributes in the reader's language."""
    return {
        (kind.name, attribute.name): str(attribute.title)
        for domain in registry.domains()
        for kind in domain.entity_types
        for attribute in kind.attributes
    }


def _worst(found: Iterable[Situation]) -> dict[UUID, str]:
    """The gravest severity of the alerts that run at each entity."""
    worst: dict[UUID, str] = {}
    for situation in found:
        entity = situation.entity_id
        if situation.alert is None or situation.ended is not None or entity is None:
            continue
        if RANK[situation.severity] > RANK[worst.get(entity, "")]:
            worst[entity] = situation.severity
    return worst


def _entity(row: Entity, reading: Reading | None, severity: str, has_case: bool) -> dict[str, Any]:
    quiet = "ok" if reading and reading.fresh else "stale"
    state = severity or quiet
    rank = RANK.get(severity, 0) or (1 if state == "ok" else 0)
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
        "properties": {
            "id": str(row.id),
            "title": row.name,
            "type": row.type,
            "state": state,
            "rank": rank,
            "value": reading.text if reading else "",
            "case": has_case,
        },
    }


def _collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}
