"""The entity sets of SensorThings as views: things, places and datastreams are entities and series, nothing is copied."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.policy import Principal
from onecity.kernel.core import clock, units
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry import finding as series_finding
from onecity.kernel.telemetry.finding import Wanted
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin import finding
from onecity.kernel.twin.models import Entity, EntityKind, EntityStatus
from onecity.kernel.twin.sensorthings import filter_rows, filtering
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
ENTITY_FIELDS = {"id": "id", "@iot.id": "id", "name": "name", "properties/type": "type", "properties/key": "key"}
SERIES_FIELDS = {
    "id": "id", "@iot.id": "id", "name": "entity_key", "unitOfMeasurement/name": "unit", "ObservedProperty/name": "attribute",
    "properties/attribute": "attribute", "Thing/@iot.id": "entity_id", "Thing/id": "entity_id",
    "properties/type": "entity_type",
}  # fmt: skip

PLACED = Typed(None, PLACE)
ENTITY_FILTERS: Fields = {
    "id": column("id", ID), "@iot.id": column("id", ID), "name": column("name", TEXT), "description": column("type", TEXT),
    "properties/type": column("type", TEXT), "properties/key": column("key", TEXT), "properties/urn": column("urn", TEXT),
    "properties/*": Typed("properties", JSON), "time": column("created_at", TIME), "location": PLACED, "feature": PLACED,
    "Locations/location": PLACED, "Thing/name": column("name", TEXT), "Things/name": column("name", TEXT),
    "Thing/@iot.id": column("id", ID), "Things/@iot.id": column("id", ID),
}  # fmt: skip
SERIES_FILTERS: Fields = {
    "id": column("id", NUMBER), "@iot.id": column("id", NUMBER),
    "name": Typed(Concat("entity_key", Value(" "), "attribute", output_field=CharField()), TEXT),
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


def thing(entity: Entity) -> Row:
    """An entity as a Thing."""
    properties = {"urn": entity.urn, "type": entity.type, "key": entity.key, **entity.properties}
    return {"@iot.id": str(entity.id), "name": entity.name, "description": entity.type, "properties": properties}


def location(entity: Entity) -> Row:
    """An entity's place as a Location."""
    row = {"@iot.id": str(entity.id), "name": entity.name, "description": entity.type}
    return row | {"encodingType": GEOJSON, "location": _point(entity)}


def historical(entity: Entity) -> Row:
    """Since when an entity stands where it does."""
    return {"@iot.id": str(entity.id), "time": time_text(entity.created_at)}


def feature(entity: Entity) -> Row:
    """What observations of an entity are about: the entity where it stands."""
    row = {"@iot.id": str(entity.id), "name": entity.name, "description": entity.type, "encodingType": GEOJSON}
    return row | {"feature": _point(entity) if entity.lon is not None else {"type": "Point", "coordinates": []}}


def datastream(series: Series) -> Row:
    """A series as a Datastream."""
    unit = {
        "name": series.unit,
        "symbol": units.symbol(series.unit),
        "definition": f"https://ucum.org/ucum#{series.unit}",
    }
    return {
        "@iot.id": series.id,
        "name": f"{series.entity_key} {series.attribute}",
        "description": series.attribute,
        "observationType": MEASUREMENT,
        "unitOfMeasurement": unit,
        "properties": {"type": series.entity_type, "attribute": series.attribute, "thing": str(series.entity_id)},
    }


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


def entities(principal: Principal) -> QuerySet[Entity]:
    """The entities that are Things: in service, of this installation, visible to the asker."""
    return finding.visible(principal).filter(status=EntityStatus.ACTIVE, tenant="")


def streams(principal: Principal) -> QuerySet[Series]:
    """The series that are Datastreams."""
    return series_finding.series(principal, Wanted()).filter(active=True)


ENTITY_ROWS: Mapping[str, Callable[[Entity], Row]] = {
    "Things": thing, "Locations": location, "HistoricalLocations": historical, "FeaturesOfInterest": feature
}  # fmt: skip


def page(name: str, principal: Principal, scope: Scope, options: Options) -> Page:
    """Rows of a set other than Observations. Raises Problem 400."""
    if name in ENTITY_ROWS:
        rows = entities(principal).filter(**scope)
        if name != "Things":
            rows = rows.filter(lon__isnull=False)
        return _queried(rows, ENTITY_FIELDS, ENTITY_ROWS[name], options)
    if name == "Datastreams":
        return _queried(streams(principal).filter(**scope), SERIES_FIELDS, datastream, options)
    return _listed(_kinds(name, scope), options)


def _queried(rows: QuerySet[Any], fields: Mapping[str, str], make: Callable[[Any], Row], options: Options) -> Page:
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
    return Page([make(row) for row in found], after, count)


def _key(rows: QuerySet[Any], after: str) -> Any:
    key = int(after) if rows.model is Series and after.isdigit() else parse_id(after)
    if key is None or (rows.model is Series and not isinstance(key, int)):
        raise filtering.wrong(_("The link to the next page is damaged"))
    return key


def _kinds(name: str, scope: Scope) -> list[Row]:
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
        return {"id": key}
    if source in ENTITY_ROWS:
        return {"entity_id": key}
    if source == "Datastreams" and row is not None:
        facts = row["properties"]
        narrowed: Mapping[str, Scope] = {
            "Things": {"id": facts["thing"]},
            "Sensors": {"type": facts["type"]},
            "ObservedProperties": {"type": facts["type"], "attribute": facts["attribute"]},
        }
        return narrowed.get(target, {"id": key})
    if source == "Sensors":
        return {"entity_type": key}
    kind, _dot, attribute = str(key).partition(".")
    return {"entity_type": kind, "attribute": attribute}


def none_such() -> Problem:
    """The answer where there is nothing, or nothing that the asker may see."""
    return Problem("sensorthings-unknown", _("There is no such thing here, or you may not see it"), status=404)
