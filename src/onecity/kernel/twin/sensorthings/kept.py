"""How what SensorThings writes is kept in the twin: each row an entity, its members in `properties`, links as relations.

Of a row's `properties` those with plain names are attributes of the entity, so that NGSI-LD shows them; everything else that
the standard gives a row stands in the one attribute MEMBER.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from onecity.kernel.twin.models import Entity

THING, HISTORY, STREAM = "Thing", "SensorThingsHistory", "SensorThingsDatastream"
TYPES: Mapping[str, str] = {
    "Things": THING, "Locations": "SensorThingsLocation", "HistoricalLocations": HISTORY, "Datastreams": STREAM,
    "Sensors": "SensorThingsSensor", "ObservedProperties": "SensorThingsProperty",
    "FeaturesOfInterest": "SensorThingsFeature",
}  # fmt: skip
# entities that are no things of the city themselves
BESIDE = frozenset(TYPES.values()) - {THING}
# thing or history → location; thing → history
LOCATED, FORMER = "locatedAt", "wasLocatedAt"
MEMBER = "sensorThings"
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}\Z")
TAKEN = frozenset(
    {"id", "type", "scope", "name", "location", "observationSpace", "operationSpace", "createdAt", "modifiedAt", "expiresAt",
     "deletedAt", "unitCode", "datasetId", "observedAt", "value", "object", MEMBER}
)  # fmt: skip


def facts(entity: Entity) -> Mapping[str, Any]:
    """What SensorThings keeps of an entity beside its name; empty where it came another way."""
    found = entity.properties.get(MEMBER)
    return found if isinstance(found, dict) else {}


def properties(entity: Entity) -> dict[str, Any]:
    """The `properties` of a row."""
    own = {name: value for name, value in entity.properties.items() if name != MEMBER}
    return own | dict(facts(entity).get("properties", {}))


def pack(given: Mapping[str, Any]) -> dict[str, Any]:
    """The `properties` column for the members of a row, as `facts` and `properties` read it again."""
    own: Mapping[str, Any] = given.get("properties") or {}
    plain = {n: v for n, v in own.items() if PLAIN.match(n) and n not in TAKEN and v is not None}
    rest = {n: v for n, v in own.items() if n not in plain}
    members = {n: v for n, v in given.items() if n not in {"name", "properties"}}
    return plain | {MEMBER: members | ({"properties": rest} if rest else {})}


def unpack(entity: Entity) -> dict[str, Any]:
    """The members of a row as they were given, for a change that keeps the others."""
    return {**facts(entity), "name": entity.name, "properties": properties(entity)}


def streams(series: Sequence[int]) -> dict[int, Entity]:
    """What is kept of datastreams, by the number of their series."""
    found = Entity.objects.filter(type=STREAM, key__in=[str(number) for number in series], tenant="")
    return {int(entity.key): entity for entity in found}
