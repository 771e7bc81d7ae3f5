"""Puts entities in the order that a request asks for (4.23): by values of mixed types, by members, by distance.

Members of the entity itself are ordered by the database; values and distances are ordered here, over the keys of all entities
that were found: the caller reads `columns` of them, sorts with `sort`, and loads the page.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shapely.geometry.base import BaseGeometry

from onecity.kernel.twin.ngsild.query.collation import text_key
from onecity.kernel.twin.ngsild.query.comparing import literal
from onecity.kernel.twin.ngsild.query.geo_matching import shape_or_none
from onecity.kernel.twin.ngsild.query.geometry import nearest_points, sphere_m
from onecity.kernel.twin.ngsild.query.language import Entity, Order, OrderTerm, Path
from onecity.kernel.twin.ngsild.query.literals import date_key, datetime_key, time_key
from onecity.kernel.twin.ngsild.query.q_matching import objects, reached, seeds

COLUMNS = {"id": "e.urn", "createdAt": "e.created_at", "modifiedAt": "e.changed_at"}
# ranks of 4.23.2, smallest first; a distance comes before all of them
DISTANCE, NUMBER, TEXT, OBJECT, ARRAY, BOOLEAN, TIME, DATE, DATETIME, NULL, NOTHING = range(11)
Key = tuple[Any, ...]
TextKey = Callable[[str], tuple[str, ...]]


def order_sql(order: Order) -> str | None:
    """Return the ORDER BY of PostgreSQL, ended by the id; None when values or distances have to be ordered by `sort`."""
    if any(
        term.path.names or term.path.member not in COLUMNS or term.direction.startswith("dist") for term in order.terms
    ):
        return None
    parts = [f"{COLUMNS[term.path.member]} {term.direction.upper()}" for term in order.terms]
    return ", ".join([*parts, "e.urn ASC"] if order.terms[-1].path.member != "id" else parts)


def attribute_names(order: Order) -> frozenset[str]:
    """Return the attributes that must be read to order by them."""
    return frozenset(term.path.names[0] for term in order.terms if term.path.names)


def sort(order: Order, entities: Sequence[Entity]) -> list[int]:
    """Return the places of the entities in their new order; equal ones are ordered by id.

    What is null or not there comes last in both directions, and when ordering by distance so does what is no geometry.
    """
    places = sorted(range(len(entities)), key=lambda place: entities[place].urn)
    text = text_key(order.collation)
    for term in reversed(order.terms):
        keys = [entity_key(term, entity, order.origin, text) for entity in entities]
        places.sort(key=keys.__getitem__, reverse=term.direction.endswith("desc"))
        most = DISTANCE if term.direction.startswith("dist") else DATETIME
        last = [max(key[0], most) for key in keys]
        places.sort(key=last.__getitem__)
    return places


def entity_key(term: OrderTerm, entity: Entity, origin: BaseGeometry | None, text: TextKey) -> Key:
    """Return what an entity is ordered by under one key."""
    path = term.path
    if not path.names:
        return _member_key(path.member, entity, text)
    instance = _default(reached(entity, path.names))
    if instance is None:
        return (NOTHING,)
    if term.direction.startswith("dist") and origin is not None and not path.trailing and not path.member:
        shape = shape_or_none(instance["value"]) if isinstance(instance.get("value"), dict) else None
        if shape is not None and not shape.is_empty:
            return (DISTANCE, sphere_m(*nearest_points(origin, shape)))
    return _target_key(path, instance, text)


def _member_key(member: str, entity: Entity, text: TextKey) -> Key:
    if member == "id":
        return (TEXT, entity.urn)
    if member == "type":
        return value_key(entity.types[0] if len(entity.types) == 1 else list(entity.types), text)
    if member == "scope":
        scopes = entity.scopes
        return (NOTHING,) if not scopes else value_key(scopes[0] if len(scopes) == 1 else list(scopes), text)
    return value_key(entity.created_at if member == "createdAt" else entity.modified_at, text)


def _default(instances: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the default instance, else the first."""
    return next((one for one in instances if "datasetId" not in one), instances[0] if instances else None)


def _target_key(path: Path, instance: Mapping[str, Any], text: TextKey) -> Key:
    if path.member:
        return value_key(instance[path.member], text) if path.member in instance else (NOTHING,)
    if path.trailing:
        found = seeds(instance, path.trailing)
        return value_key(found[0], text) if found else (NOTHING,)
    if "object" in instance or "objectList" in instance:
        urns = list(objects(instance))
        return value_key(urns[0] if len(urns) == 1 else urns, text)
    for member in ("value", "languageMap", "vocab", "json", "valueList"):
        if member in instance:
            return value_key(instance[member], text)
    return (NOTHING,)


def value_key(value: Any, text: TextKey) -> Key:
    """Return the key of a value: its data type's rank, then the value as that type is ordered."""
    if isinstance(value, bool):
        return (BOOLEAN, value)
    if isinstance(value, int | float):
        return (NUMBER, value)
    if value is None:
        return (NULL,)
    if isinstance(value, list):
        return (ARRAY, tuple(value_key(part, text) for part in value))
    if isinstance(value, dict) and "@value" in value:
        return value_key(literal(value), text)
    if isinstance(value, dict):
        return (OBJECT, tuple((key, value_key(value[key], text)) for key in sorted(value)))
    return _text_key(str(value), text)


def _text_key(value: str, text: TextKey) -> Key:
    if value[:1].isdigit():
        for rank, key in ((DATETIME, datetime_key), (DATE, date_key), (TIME, time_key)):
            moment = key(value)
            if moment is not None:
                return (rank, moment)
    return (TEXT, text(value))
