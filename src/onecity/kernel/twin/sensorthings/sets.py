"""The entity sets of SensorThings as views: things, places and datastreams are entities and series, nothing is copied."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import CharField, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import clock, units
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry import finding as series_finding
from onecity.kernel.telemetry.finding import Wanted
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin import finding
from onecity.kernel.twin.models import Entity, EntityKind, EntityStatus, Relation
from onecity.kernel.twin.sensorthings import features, filter_rows, filtering, kept
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.filter_sql import (
    ID,
    JSON,
    NUMBER,
    PLACE,
    TEXT,
    TIME,
    Fields,
    Typed,
    column,
    to_query,
)
from onecity.kernel.twin.sensorthings.options import Options

MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
GEOJSON = "application/geo+json"
# sensors and observed properties that were written, in one list with those that are declared
MOST_LISTED = 10_000
Row = dict[str, Any]
# names of links between sets: singular leads to one, plural to many
LINKS: Mapping[str, Mapping[str, str]] = {
    "Things": {"Locations": "Locations", "HistoricalLocations": "HistoricalLocations", "Datastreams": "Datastreams"},
    "Locations": {"Things": "Things", "HistoricalLocations": "HistoricalLocations"},
    "HistoricalLocations": {"Thing": "Things", "Locations": "Locations"},
    "Datastreams": {
        "Thing": "Things", "Sensor": "Sensors", "ObservedProperty": "ObservedProperties", "Observations": "Observations"
    },
    "Sensors": {"Datastreams": "Datastreams"},
    "ObservedProperties": {"Datastreams": "Datastreams"},
    "Observations": {"Datastream": "Datastreams", "FeatureOfInterest": "FeaturesOfInterest"},
    "FeaturesOfInterest": {"Observations": "Observations"},
}  # fmt: skip
SINGLE = frozenset({"Thing", "Sensor", "ObservedProperty", "Datastream", "FeatureOfInterest"})
ENTITY_FIELDS = {"id": "id", "@iot.id": "id", "name": "name", "properties/type": "type", "properties/key": "key"}
SERIES_FIELDS = {
    "id": "id", "@iot.id": "id", "name": "entity_key", "unitOfMeasurement/name": "unit", "ObservedProperty/name": "attribute",
    "properties/attribute": "attribute", "Thing/@iot.id": "entity_id", "Thing/id": "entity_id",
    "properties/type": "entity_type",
}  # fmt: skip

PLACED = Typed(None, PLACE)


def _of_stream(member: str, otherwise: Any) -> Typed:
    """A text of what is kept of a datastream, else what its series says."""
    own = Entity.objects.filter(type=kept.STREAM, key=Cast(OuterRef("id"), CharField())).values(member)[:1]
    return Typed(Coalesce(Subquery(own, output_field=CharField()), otherwise, output_field=CharField()), TEXT)


ENTITY_FILTERS: Fields = {
    "id": column("id", ID), "@iot.id": column("id", ID), "name": column("name", TEXT), "description": column("type", TEXT),
    "properties/type": column("type", TEXT), "properties/key": column("key", TEXT), "properties/urn": column("urn", TEXT),
    "properties/*": Typed("properties", JSON), "time": column("created_at", TIME), "location": PLACED, "feature": PLACED,
    "Locations/location": PLACED, "Thing/name": column("name", TEXT), "Things/name": column("name", TEXT),
    "Thing/@iot.id": column("id", ID), "Things/@iot.id": column("id", ID),
}  # fmt: skip
SERIES_FILTERS: Fields = {
    "id": column("id", NUMBER), "@iot.id": column("id", NUMBER),
    "name": _of_stream("name", Concat("entity_key", Value(" "), "attribute", output_field=CharField())),
    "description": column("attribute", TEXT), "unitOfMeasurement/name": column("unit", TEXT),
    "ObservedProperty/name": column("attribute", TEXT), "properties/attribute": column("attribute", TEXT),
    "properties/type": column("entity_type", TEXT), "Sensor/@iot.id": column("entity_type", TEXT),
    "Sensor/id": column("entity_type", TEXT), "Thing/@iot.id": column("entity_id", ID), "Thing/id": column("entity_id", ID),
    "Thing/properties/key": column("entity_key", TEXT),
    "ObservedProperty/@iot.id": Typed(
        Concat("entity_type", Value("."), "attribute", output_field=CharField()), TEXT
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a set with where the next page goes on ("" where there is none), and the count if asked for."""

    rows: Sequence[Row]
    after: str = ""
    count: int | None = None


Scope = Mapping[str, Any]
"""What narrows a set, from the row it was reached from: columns and values."""


def time_text(moment: dt.datetime) -> str:
    """A time as SensorThings writes it."""
    return times.to_text(clock.to_us(moment))


def _point(entity: Entity) -> Row:
    return {"type": "Point", "coordinates": [entity.lon, entity.lat]}


def _head(entity: Entity) -> Row:
    """The members that all rows have; `_written`: the row came through SensorThings."""
    facts = kept.facts(entity)
    row = {"@iot.id": str(entity.id), "_written": bool(facts), "name": entity.name}
    return row | {"description": facts.get("description", entity.type)}


def _rest(entity: Entity, *members: str) -> Row:
    facts = kept.facts(entity)
    return {name: facts.get(name) for name in members} | {"properties": kept.properties(entity)}


def thing(entity: Entity) -> Row:
    """An entity as a Thing."""
    own = kept.properties(entity)
    if entity.type != kept.THING:
        own = {"urn": entity.urn, "type": entity.type, "key": entity.key, **own}
    return _head(entity) | {"properties": own}


def location(entity: Entity) -> Row:
    """A Location that was written, or an entity's place as one."""
    if entity.type in kept.BESIDE:
        return _head(entity) | _rest(entity, "encodingType", "location")
    return _head(entity) | {"_written": False, "encodingType": GEOJSON, "location": _point(entity)}


def historical(entity: Entity) -> Row:
    """Where a thing was from a moment on, or since when an entity stands where it does."""
    written = entity.type in kept.BESIDE
    return {"@iot.id": str(entity.id), "_written": written, "time": time_text(entity.created_at)}


def feature(entity: Entity) -> Row:
    """A Feature that was written, a place where something stood, or an entity where it stands."""
    if entity.type == kept.TYPES["Locations"]:
        place = _rest(entity, "encodingType", "location")
        return _head(entity) | {"feature" if name == "location" else name: value for name, value in place.items()}
    if entity.type in kept.BESIDE:
        return _head(entity) | _rest(entity, "encodingType", "feature")
    place = _point(entity) if entity.lon is not None else {"type": "Point", "coordinates": []}
    return _head(entity) | {"_written": False, "encodingType": GEOJSON, "feature": place}


def datastreams(found: Sequence[Series]) -> list[Row]:
    """Series as Datastreams."""
    written = kept.streams([series.id for series in found if series.entity_type == kept.THING])
    return [_datastream(series, written.get(series.id)) for series in found]


def _datastream(series: Series, written: Entity | None) -> Row:
    links = {"_thing": str(series.entity_id), "_sensor": series.entity_type, "_written": written is not None}
    row = {"@iot.id": series.id, **links, "_property": f"{series.entity_type}.{series.attribute}"}
    if written is not None:
        facts = kept.facts(written)
        row |= {"_sensor": facts.get("sensor"), "_property": facts.get("observedProperty"), "name": written.name}
        row |= _rest(written, "description", "observationType", "unitOfMeasurement")
        return row | ({"observedArea": facts["observedArea"]} if "observedArea" in facts else {})
    unit = {
        "name": series.unit,
        "symbol": units.symbol(series.unit),
        "definition": f"https://ucum.org/ucum#{series.unit}",
    }
    return row | {
        "name": f"{series.entity_key} {series.attribute}",
        "description": series.attribute,
        "observationType": MEASUREMENT,
        "unitOfMeasurement": unit,
        "properties": {"type": series.entity_type, "attribute": series.attribute, "thing": str(series.entity_id)},
    }


def written_sensor(entity: Entity) -> Row:
    """A Sensor that was written."""
    return _head(entity) | _rest(entity, "encodingType", "metadata")


def written_property(entity: Entity) -> Row:
    """An ObservedProperty that was written."""
    return _head(entity) | _rest(entity, "definition")


def sensor(kind: EntityKind) -> Row:
    """A kind of station as a Sensor: what measures is known by its kind."""
    name = kind.title
    return {
        "@iot.id": kind.name, "name": name, "description": name, "encodingType": "text/plain", "metadata": kind.name,
        "properties": {},
    }  # fmt: skip


def observed_property(kind: EntityKind, facts: Mapping[str, Any]) -> Row:
    """An attribute of a kind as an ObservedProperty."""
    name = kind.attribute_title(facts["name"])
    return {
        "@iot.id": f"{kind.name}.{facts['name']}", "name": facts["name"], "description": name,
        "definition": f"urn:onecity:attribute:{kind.name}:{facts['name']}", "properties": {"unit": facts["unit"]},
    }  # fmt: skip


def entities(asker: Asker) -> QuerySet[Entity]:
    """All that the asker sees of this installation: things in service, and what is kept beside them."""
    seen = finding.visible(asker.account) | Entity.objects.filter(asker.beside())
    return seen.filter(status=EntityStatus.ACTIVE, tenant="")


def streams(asker: Asker) -> QuerySet[Series]:
    """The series that are Datastreams."""
    seen = series_finding.series(asker.account, Wanted()) | Series.objects.filter(asker.beside())
    return seen.filter(active=True)


ENTITY_ROWS: Mapping[str, Callable[[Entity], Row]] = {
    "Things": thing, "Locations": location, "HistoricalLocations": historical, "FeaturesOfInterest": feature
}  # fmt: skip
WRITTEN_ROWS: Mapping[str, Callable[[Entity], Row]] = {
    "Sensors": written_sensor, "ObservedProperties": written_property
}  # fmt: skip


def rows_of(name: str, asker: Asker) -> QuerySet[Entity]:
    """The entities that are rows of a set: those written as such, and things as their own places."""
    found, written = entities(asker), Q(type=kept.TYPES[name])
    things = ~Q(type__in=kept.BESIDE)
    if name == "Things":
        return found.filter(things)
    if name in WRITTEN_ROWS:
        return found.filter(written)
    if name == "FeaturesOfInterest":
        return found.filter(features.visible())
    kind = kept.LOCATED if name == "Locations" else kept.FORMER
    elsewhere = Exists(Relation.objects.filter(source=OuterRef("pk"), kind=kind))
    return found.filter(written | (things & Q(lon__isnull=False) & ~Q(elsewhere)))


def page(name: str, asker: Asker, scope: Scope, options: Options) -> Page:
    """Rows of a set other than Observations. Raises Problem 400."""
    if name in ENTITY_ROWS:
        make = ENTITY_ROWS[name]
        return _queried(
            rows_of(name, asker).filter(**scope), ENTITY_FIELDS, lambda found: [make(row) for row in found], options
        )
    if name == "Datastreams":
        return _queried(streams(asker).filter(**scope), SERIES_FIELDS, datastreams, options)
    return _listed(_kinds(name, asker, scope), options)


def _queried(
    rows: QuerySet[Any], fields: Mapping[str, str], make: Callable[[list[Any]], list[Row]], options: Options
) -> Page:
    if options.filter is not None:
        rows = rows.filter(to_query(options.filter, SERIES_FILTERS if rows.model is Series else ENTITY_FILTERS))
    count = rows.count() if options.count else None
    order = []
    for name, descending in options.order:
        if name not in fields:
            raise filtering.wrong(_("There is no such property to order by"), name)
        order.append(("-" if descending else "") + fields[name])
    if options.after and not order:
        rows = rows.filter(id__gt=_key(rows, options.after))
    found = list(rows.order_by(*order, "id")[options.skip : options.skip + options.top + 1])
    more = len(found) > options.top
    found = found[: options.top]
    after = "" if not more or not found else f"skip:{options.skip + options.top}" if order else str(found[-1].id)
    return Page(make(found), after, count)


def _key(rows: QuerySet[Any], after: str) -> Any:
    key = int(after) if rows.model is Series and after.isdigit() else parse_id(after)
    if key is None or (rows.model is Series and not isinstance(key, int)):
        raise filtering.wrong(_("The link to the next page is damaged"))
    return key


def _kinds(name: str, asker: Asker, scope: Scope) -> list[Row]:
    """Sensors and ObservedProperties: those of declared kinds, then those that were written."""
    if "type" in scope:
        return _declared(name, scope)
    found = rows_of(name, asker).filter(**scope).order_by("id")[:MOST_LISTED]
    written = [WRITTEN_ROWS[name](entity) for entity in found]
    return written if scope else _declared(name, scope) + written


def _declared(name: str, scope: Scope) -> list[Row]:
    kinds = EntityKind.objects.order_by("name")
    if "type" in scope:
        kinds = kinds.filter(name=scope["type"])
    if name == "Sensors":
        return [sensor(kind) for kind in kinds]
    wanted = scope.get("attribute")
    return [observed_property(k, facts) for k in kinds for facts in k.attributes if wanted in (None, facts["name"])]


def _listed(rows: list[Row], options: Options) -> Page:
    if options.filter is not None:
        rows = [row for row in rows if filter_rows.holds(options.filter, row | {"id": row["@iot.id"]})]
    for name, descending in reversed(options.order):
        key = "@iot.id" if name == "id" else name
        if rows and not isinstance(rows[0].get(key), str):
            raise filtering.wrong(_("There is no such property to order by"), name)
        rows = sorted(rows, key=partial(_text_of, key), reverse=descending)
    found = rows[options.skip : options.skip + options.top]
    more = len(rows) > options.skip + options.top
    return Page(found, f"skip:{options.skip + options.top}" if more else "", len(rows) if options.count else None)


def _text_of(key: str, row: Row) -> str:
    return str(row[key])


def scope_of(target: str, source: str, key: Any, row: Row | None) -> Scope:
    """What narrows the set `target` when it is reached from a row of `source`."""
    if source in ENTITY_ROWS and target in ENTITY_ROWS:
        return _between(target, source, key, written=row is not None and bool(row["_written"]))
    if source in ENTITY_ROWS:
        return {"feature": key} if target == "Observations" else {"entity_id": key}
    if source == "Datastreams" and row is not None:
        if target == "Things":
            return {"id": row["_thing"]}
        return {"id": key} if target == "Observations" else key_scope(target, str(row[SOURCES[target]]))
    return {"pk__in": _made_by(source, str(key))}


SOURCES: Mapping[str, str] = {"Sensors": "_sensor", "ObservedProperties": "_property"}


def key_scope(name: str, key: str) -> Scope:
    """What narrows Sensors or ObservedProperties to one: a row that was written, or a kind and its attribute."""
    if parse_id(key) is not None:
        return {"id": key}
    kind, _dot, attribute = key.partition(".")
    return {"type": key} if name == "Sensors" else {"type": kind, "attribute": attribute}


def _made_by(source: str, key: str) -> QuerySet[Any, Any]:
    """The numbers of the series of a Sensor or of an ObservedProperty."""
    member = "sensor" if source == "Sensors" else "observedProperty"
    written = Entity.objects.filter(type=kept.STREAM, **{f"properties__{kept.MEMBER}__{member}": key})
    own = Q(pk__in=written.annotate(series=Cast("key", IntegerField())).values("series"))
    if parse_id(key) is None:
        kind, _dot, attribute = key.partition(".")
        own |= Q(entity_type=key) if source == "Sensors" else Q(entity_type=kind, attribute=attribute)
    return Series.objects.filter(own).values("pk")


def _between(target: str, source: str, key: Any, *, written: bool) -> Scope:
    """From a thing, place or history to another."""
    kind = kept.FORMER if {source, target} == {"Things", "HistoricalLocations"} else kept.LOCATED
    if source == "Things":
        written = Relation.objects.filter(source_id=key, kind=kind).exists()
    if not written:
        return {"id": key}
    if source == "Things" or (source, target) == ("HistoricalLocations", "Locations"):
        return {"inverse_relations__source_id": key, "inverse_relations__kind": kind}
    return {"relations__target_id": key, "relations__kind": kind}


def none_such() -> Problem:
    """The answer where there is nothing, or nothing that the asker may see."""
    return Problem("sensorthings-unknown", _("There is no such thing here, or you may not see it"), status=404)
