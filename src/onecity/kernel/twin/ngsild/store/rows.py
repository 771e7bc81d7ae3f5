"""The writer's rows: from what the database holds to the stored form, and from what became of it to what is written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from uuid_utils import uuid7

from onecity.kernel.twin.models.change import Operation as Kind
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store import expiry, geometry, times
from onecity.kernel.twin.ngsild.store.names import LOCATION, NAME

# plain numbers: an enumeration's members are slow to look up, and this runs for every write
CREATED, UPDATED = int(Kind.CREATED), int(Kind.UPDATED)
DELETED, ATTRIBUTES_DELETED = int(Kind.DELETED), int(Kind.ATTRIBUTES_DELETED)
decode = msgspec.json.decode
NAME_LENGTH = 200
UNITLESS = "1"
Record = dict[str, Any]


@dataclass(slots=True)
class Row:
    """One entity inside a flush: as it was (`before`), as it is after the operations so far (`entity`).

    `passing`: what was created and removed again within the flush. It is written and removed in the transaction all the
    same, because only that finds out whether somebody else gives the same name just now.
    """

    urn: str
    id: str = ""
    before: StoredEntity | None = None
    entity: StoredEntity | None = None
    kind: str = ""
    division: str = ""
    public: bool = False
    measured: bool = False
    exists: bool = False
    changed: bool = False
    hidden: bool = False
    steps: int = 0
    passing: StoredEntity | None = None
    log: list[Record] = field(default_factory=list)


def read(record: tuple[Any, ...]) -> Row:
    """A row of statements.LOCK."""
    id_, urn, types, scopes, attributes, created, modified, expires, kind, division, public, measured = record
    entity = StoredEntity(urn, tuple(types), tuple(scopes), decode(attributes), created, modified, expires)
    return Row(urn, id_, entity, entity, kind, division, public, measured, exists=True)


def note(row: Row, outcome: Outcome | None, at: str, tenant: str) -> None:
    """Take an outcome (None: deletion) into the row and write down the change."""
    known = row.entity if outcome is None else outcome.entity
    row.id = row.id or str(uuid7())
    row.log.append(
        {
            "at": at,
            "entity_id": row.id,
            "operation": _kind(row.entity, outcome),
            "tenant": tenant,
            "urn": row.urn,
            "types": () if known is None else known.types,
            "changes": {} if outcome is None else outcome.changed,
            "previous": _previous(row.entity, outcome),
        }
    )
    row.passing = row.entity if outcome is None and not row.exists else None
    row.entity = None if outcome is None else outcome.entity
    row.changed = True
    row.steps += 1


def _kind(before: StoredEntity | None, outcome: Outcome | None) -> int:
    if outcome is None:
        return DELETED
    if before is None:
        return CREATED
    gone = bool(outcome.changed) and all(value is None for value in outcome.changed.values())
    return ATTRIBUTES_DELETED if gone else UPDATED


def _previous(before: StoredEntity | None, outcome: Outcome | None) -> Any:
    if before is None:
        return None
    return before.attributes if outcome is None else outcome.previous or None


def overlaid(entity: StoredEntity, readings: Mapping[str, tuple[float, str, str]]) -> StoredEntity:
    """The entity with the newest measured values: stored name → value, moment, unit; the newer of both is shown."""
    attributes = dict(entity.attributes)
    for name, (value, at, unit) in readings.items():
        instances = attributes.get(name, [])
        own = next((i for i in instances if "datasetId" not in i), None)
        if own is not None and ("value" not in own or times.later(own.get("observedAt") or own.get("modifiedAt"), at)):
            continue
        shown = {"createdAt": at, **(own or {}), "type": "Property", "value": value, "observedAt": at, "modifiedAt": at}
        if unit != UNITLESS:
            shown["unitCode"] = unit
        attributes[name] = [shown, *(i for i in instances if "datasetId" in i)]
    return replace(entity, attributes=attributes)


def values(row: Row, entity: StoredEntity) -> Record:
    """The record of statements.UPDATE_VALUES."""
    return {
        "id": row.id,
        "attributes": entity.attributes,
        "changed_at": entity.modified_at,
        "perishes_at": expiry.first(entity),
    }


def whole(row: Row, entity: StoredEntity, tenant: str) -> Record:
    """The record of statements.UPDATE_ALL and INSERT."""
    instances = entity.attributes.get(LOCATION, ())
    extent = geometry.around(instances)
    if len(instances) == 1 and extent is not None and "datasetId" not in instances[0]:
        lon, lat = extent.centre()
    else:
        lon, lat = location(entity) or (None, None)
    name = _value(entity, NAME)
    return values(row, entity) | {
        "tenant": tenant,
        "urn": entity.urn,
        "types": entity.types,
        "type": row.kind or entity.types[0],
        "name": (name if isinstance(name, str) and name else entity.urn.rsplit(":", 1)[-1])[:NAME_LENGTH],
        "scopes": entity.scopes,
        "extent": None if extent is None else extent.box(),
        "lon": lon,
        "lat": lat,
        "expires_at": entity.expires_at,
        "created_at": entity.created_at,
        "division_path": row.division,
        "public": row.public,
    }


def begun(row: Row, entity: StoredEntity, tenant: str) -> Record:
    """The record of statements.CREATE, with the change that began the entity where that is its document as it is."""
    record = whole(row, entity, tenant) | {"logged_at": None, "also": None}
    if _simply_begun(row):
        (logged,) = row.log
        changes, attributes = logged["changes"], entity.attributes
        record["logged_at"] = logged["at"]
        record["also"] = {name: value for name, value in changes.items() if name not in attributes}
    return record


def logged_apart(row: Row) -> list[Record]:
    """The row's changes that statements.CREATE does not write."""
    return [] if not row.exists and _simply_begun(row) else row.log


def _simply_begun(row: Row) -> bool:
    """Whether the only change of a new entity is that it is there, with the attributes that it has now."""
    if row.entity is None or len(row.log) != 1 or row.log[0]["operation"] != CREATED:
        return False
    changes = row.log[0]["changes"]
    return all(changes.get(name) is instances for name, instances in row.entity.attributes.items())


def only_values(before: StoredEntity, after: StoredEntity) -> bool:
    """Whether nothing differs that a column of its own is kept for."""
    return (
        before.types == after.types
        and before.scopes == after.scopes
        and before.expires_at == after.expires_at
        and before.created_at == after.created_at
        and _values(before, LOCATION) == _values(after, LOCATION)
        and _value(before, NAME) == _value(after, NAME)
    )


def location(entity: StoredEntity) -> tuple[float, float] | None:
    """Where the entity is, as longitude and latitude; None where it does not say."""
    extent = geometry.extent(_value(entity, LOCATION))
    lon, lat = (None, None) if extent is None else extent.centre()
    return None if lon is None or lat is None else (lon, lat)


Census = Counter[tuple[str, bool, str, str, str]]


def count(census: Census, row: Row) -> None:
    """Add what the row changes in the numbers of entities by type and attribute."""
    before, after = row.before if row.exists else None, row.entity
    if before is not None and after is not None and before.types == after.types and _kinds(before) == _kinds(after):
        return
    for entity, step in ((before, -1), (after, 1)):
        if entity is not None:
            tally(census, entity, row.division, row.public, step)


def tally(census: Census, entity: StoredEntity, division: str, public: bool, step: int) -> None:
    """Add an entity to the numbers `step` times."""
    kinds = _kinds(entity)
    for type_name in entity.types:
        census[division, public, type_name, "", ""] += step
        for name, kind in kinds:
            census[division, public, type_name, name, kind] += step


def _kinds(entity: StoredEntity) -> set[tuple[str, str]]:
    return {(name, instance["type"]) for name, instances in entity.attributes.items() for instance in instances}


def census_records(census: Census, tenant: str) -> list[Record]:
    """The records of statements.CENSUS."""
    names = ("division_path", "public", "type", "attribute", "kind")
    return [
        dict(zip(names, key, strict=True)) | {"tenant": tenant, "entities": number}
        for key, number in sorted(census.items())
        if number
    ]


def _values(entity: StoredEntity, name: str) -> list[Any]:
    return [instance.get("value") for instance in entity.attributes.get(name, ())]


def _value(entity: StoredEntity, name: str) -> Any:
    """The value of an attribute's default instance."""
    for instance in entity.attributes.get(name, ()):
        if "datasetId" not in instance:
            return instance.get("value")
    return None
