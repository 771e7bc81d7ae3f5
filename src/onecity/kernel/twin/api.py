"""Entities over HTTP: lists by key, the map's GeoJSON with current values, one entity with its relations and history."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from onecity.kernel.access.api import public
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.moments import Moment
from onecity.kernel.core.openapi import CHART_SCHEMA, POINTS_SCHEMA, answers_with, like
from onecity.kernel.twin import charts, finding, service
from onecity.kernel.twin.models import Entity, EntityKind, Relation
from onecity.kernel.twin.service import CurrentValue

router = Router(tags=["twin"], auth=public)

MOST = 1000
MOST_FEATURES = 20_000
Short = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]


class ValueOut(Schema):
    """The newest reading of one attribute: unit as UCUM code, age in seconds; null where none has come yet."""

    attribute: str
    title: str
    unit: str
    value: float | None
    observed_at: dt.datetime | None
    age_seconds: float | None
    stale: bool


class EntityOut(Schema):
    """An entity; place in WGS-84 degrees."""

    id: UUID
    urn: str
    type: str
    key: str
    name: str
    division_path: str
    lon: float | None
    lat: float | None
    public: bool
    status: str
    changed_at: dt.datetime


class RelationOut(Schema):
    """How the entity stands to another."""

    kind: str
    direction: Literal["to", "from"]
    entity_id: UUID
    name: str
    type: str


class EntityDetail(EntityOut):
    """An entity with everything known of it now."""

    type_title: str
    properties: dict[str, Any]
    values: list[ValueOut]
    relations: list[RelationOut]


class EntityPage(Schema):
    """One page by key; `next` is the `after` of the next page, null on the last."""

    entities: list[EntityOut]
    next: UUID | None


class TypeOut(Schema):
    """An entity type: `attributes` with titles, UCUM units and possible ranges."""

    name: str
    title: str
    icon: str
    max_age_seconds: float
    attributes: list[dict[str, Any]]


class Wanted(Schema):
    """Which entities; empty members do not narrow."""

    type: Annotated[Short, Field(json_schema_extra=like("AirQualityObserved"))] = ""
    q: Short = ""
    division: Short = ""
    status: Literal["", "active", "retired"] = "active"


class Paged(Wanted):
    """The same, by pages."""

    after: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class Span(Schema):
    """Which attribute, and from when to when (the last day without them; at most 366 days)."""

    attribute: Annotated[Short, Field(json_schema_extra=like("pm2_5"))]
    start: Moment | None = None
    end: Moment | None = None


@router.get("/types", response=list[TypeOut], summary="What kinds of entities there are")
def types(request: HttpRequest) -> list[TypeOut]:
    """All entity types with their attributes."""
    del request
    return [
        TypeOut(
            name=kind.name,
            title=kind.title,
            icon=kind.icon,
            max_age_seconds=kind.max_age.total_seconds(),
            attributes=[
                {
                    "name": facts["name"],
                    "title": kind.attribute_title(facts["name"]),
                    "unit": facts["unit"],
                    "minimum": facts["minimum"],
                    "maximum": facts["maximum"],
                }
                for facts in kind.attributes
            ],
        )
        for kind in EntityKind.objects.order_by("name")
    ]


@router.get("/entities", response=EntityPage, summary="Entities, by pages")
def entities(request: HttpRequest, wanted: Query[Paged]) -> EntityPage:
    """The entities that the caller may see and that fit, in the order of their ids."""
    rows = _search(request, wanted).order_by("id")
    if wanted.after is not None:
        rows = rows.filter(id__gt=wanted.after)
    found = list(rows[: wanted.limit + 1])
    more = len(found) > wanted.limit
    found = found[: wanted.limit]
    return EntityPage(entities=[_out(entity) for entity in found], next=found[-1].id if more else None)


@router.get(
    "/entities/geojson",
    response=dict[str, Any],
    summary="Entities with a place, as GeoJSON",
    openapi_extra=answers_with({"application/json": POINTS_SCHEMA}),
)
def geojson(request: HttpRequest, wanted: Query[Wanted]) -> dict[str, Any]:
    """Points with name, type, state (ok, stale, or none where nothing has come yet) and current values."""
    rows = _search(request, wanted).filter(lon__isnull=False).order_by("id")[:MOST_FEATURES]
    found = list(rows)
    states = service.state(found)
    return {"type": "FeatureCollection", "features": [_feature(entity, states[entity.id]) for entity in found]}


@router.get("/entities/{uuid:entity_id}", response=EntityDetail, summary="One entity with its current values")
def entity(request: HttpRequest, entity_id: UUID) -> EntityDetail:
    """What is known of an entity now, and how it stands to others."""
    found = finding.one(request.user, entity_id)
    kind = EntityKind.objects.filter(name=found.type).first()
    return EntityDetail(
        **_out(found).dict(),
        type_title=found.type if kind is None else kind.title,
        properties=found.properties,
        values=[_value(value, kind) for value in service.state([found])[found.id]],
        relations=_relations(request, found),
    )


@router.get(
    "/entities/{uuid:entity_id}/history",
    response=dict[str, Any],
    summary="The course of an attribute",
    openapi_extra=answers_with({"application/json": CHART_SCHEMA}),
)
def history(request: HttpRequest, entity_id: UUID, span: Query[Span]) -> dict[str, Any]:
    """Readings as the charts take them: `series[].points` are [ms since 1970 UTC, value]; many are thinned to means."""
    found = finding.one(request.user, entity_id)
    if span.start is not None and span.end is not None and span.end - span.start > dt.timedelta(days=366):
        raise Problem("span-too-long", _("Ask for at most 366 days at once."), status=422)
    return charts.history(found, span.attribute, span.start, span.end)


def _search(request: HttpRequest, wanted: Wanted) -> Any:
    return finding.search(
        request.user, type_name=wanted.type, text=wanted.q, division_path=wanted.division, status=wanted.status
    )


def _out(entity: Entity) -> EntityOut:
    return EntityOut(**{name: getattr(entity, name) for name in EntityOut.model_fields})


def _value(value: CurrentValue, kind: EntityKind | None) -> ValueOut:
    return ValueOut(
        attribute=value.attribute,
        title=value.attribute if kind is None else kind.attribute_title(value.attribute),
        unit=value.unit,
        value=value.value,
        observed_at=value.observed_at,
        age_seconds=None if value.age is None else value.age.total_seconds(),
        stale=value.stale,
    )


def _relations(request: HttpRequest, entity: Entity) -> list[RelationOut]:
    seen = finding.visible(request.user)
    rows = Relation.objects.filter(source=entity, target__in=seen).select_related("target")
    back = Relation.objects.filter(target=entity, source__in=seen).select_related("source")
    return [
        *(
            RelationOut(kind=r.kind, direction="to", entity_id=r.target.id, name=r.target.name, type=r.target.type)
            for r in rows
        ),
        *(
            RelationOut(kind=r.kind, direction="from", entity_id=r.source.id, name=r.source.name, type=r.source.type)
            for r in back
        ),
    ]


def _feature(entity: Entity, values: tuple[CurrentValue, ...]) -> dict[str, Any]:
    known = [value for value in values if value.value is not None]
    fresh = [value for value in known if not value.stale]
    return {
        "type": "Feature",
        "id": str(entity.id),
        "geometry": {"type": "Point", "coordinates": [entity.lon, entity.lat]},
        "properties": {
            "id": str(entity.id),
            "name": entity.name,
            "type": entity.type,
            "state": "ok" if fresh else "stale" if known else "none",
            "values": {value.attribute: value.value for value in known},
        },
    }
