"""Entities that manifests and imports put in place, written as NGSI-LD knows them, with their change, in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from onecity.kernel.core import clock
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.ngsild.model.stored import Instance, Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store import rows, statements, times
from onecity.kernel.twin.ngsild.store.flush import encode
from onecity.kernel.twin.ngsild.store.names import LOCATION, NAME
from onecity.kernel.twin.ngsild.store.rows import Census, Row

REST = """
UPDATE twin_entity SET types = %s, attributes = %s::jsonb, extent = %s::box, measured = %s WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An entity as it was before a change: its document, its division, and which properties it had."""

    entity: StoredEntity | None
    division: str
    public: bool
    properties: frozenset[str]

    @classmethod
    def of(cls, entity: Entity) -> "Known":
        """The state of a row that has not been changed yet."""
        return cls(stored(entity), entity.division_path, entity.public, frozenset(entity.properties))


def stored(entity: Entity) -> StoredEntity | None:
    """The document of a row; None where it has none yet."""
    if not entity.types:
        return None
    expires = None if entity.expires_at is None else times.text(entity.expires_at)
    return StoredEntity(
        entity.urn,
        tuple(entity.types),
        tuple(entity.scopes),
        entity.attributes,
        times.text(entity.created_at),
        times.text(entity.changed_at),
        expires,
    )


def write(entity: Entity, type_name: str, before: Known | None) -> None:
    """Bring the document of a saved row in line with its columns, and write down what that changed."""
    now = times.text_of(clock.now_us())
    old = before.entity if before is not None else None
    wanted = _attributes(entity)
    kept = {} if old is None else dict(old.attributes)
    gone = (before.properties if before is not None else frozenset()) - set(entity.properties)
    changed: dict[str, Any] = {name: None for name in gone if kept.pop(name, None) is not None}
    if LOCATION not in wanted and kept.pop(LOCATION, None) is not None:
        changed[LOCATION] = None
    for name, instance in wanted.items():
        if not _same(kept.get(name), instance):
            kept[name] = changed[name] = [_dated(instance, kept.get(name), now)]
    new = StoredEntity(entity.urn, (type_name,), tuple(entity.scopes), kept, times.text(entity.created_at), now, None)
    if old is not None and not changed and old.types == new.types and before == Known.of(entity):
        return
    _save(entity, new, before, Outcome(new, changed, _before(old, changed), [], unchanged=False), now)


def write_relation(entity: Entity, kind: str, targets: Sequence[str]) -> None:
    """Put a relation into the source's document, as a Relationship to all its targets."""
    before = Known.of(entity)
    if before.entity is None:
        return
    now = times.text_of(clock.now_us())
    instance: Instance = {"type": "Relationship", "object": targets[0] if len(targets) == 1 else list(targets)}
    changed = {kind: [_dated(instance, before.entity.attributes.get(kind), now)]}
    new = replace(before.entity, attributes=before.entity.attributes | changed, modified_at=now)
    _save(entity, new, before, Outcome(new, changed, _before(before.entity, changed), [], unchanged=False), now)


def _attributes(entity: Entity) -> dict[str, Instance]:
    """What the columns say, as default instances by stored name."""
    found: dict[str, Instance] = {
        name: {"type": "Property", "value": value} for name, value in entity.properties.items() if value is not None
    }
    found[NAME] = {"type": "Property", "value": entity.name}
    if entity.lon is not None and entity.lat is not None:
        point = {"type": "Point", "coordinates": [entity.lon, entity.lat]}
        found[LOCATION] = {"type": "GeoProperty", "value": point}
    return found


def _same(instances: Sequence[Instance] | None, wanted: Instance) -> bool:
    own = instances[0] if instances else {}
    return all(own.get(member) == value for member, value in wanted.items())


def _dated(instance: Instance, before: Sequence[Instance] | None, now: str) -> Instance:
    created = before[0].get("createdAt", now) if before else now
    return instance | {"createdAt": created, "modifiedAt": now}


def _before(old: StoredEntity | None, changed: Mapping[str, Any]) -> dict[str, Any]:
    return {} if old is None else {name: old.attributes.get(name) for name in changed}


def _save(entity: Entity, new: StoredEntity, before: Known | None, outcome: Outcome, now: str) -> None:
    old = None if before is None else before.entity
    row = Row(entity.urn, str(entity.id), old, old, entity.type, entity.division_path, entity.public, exists=True)
    rows.note(row, outcome, now, entity.tenant)
    whole = rows.whole(row, new, entity.tenant)
    census: Census = Counter()
    if before is not None and old is not None:
        rows.tally(census, old, before.division, before.public, -1)
    rows.tally(census, new, entity.division_path, entity.public, 1)
    entity.types, entity.attributes, entity.measured = list(new.types), new.attributes, True
    changes = [record | {"division_path": row.division, "public": row.public} for record in row.log]
    with connection.cursor() as cursor:
        attributes = encode(new.attributes).decode()
        cursor.execute(REST, [entity.types, attributes, whole["extent"], entity.measured, entity.id])
        cursor.execute(statements.DAY, [clock.now().date()])
        cursor.execute(statements.CHANGES, [encode(changes).decode()])
        if counted := rows.census_records(census, entity.tenant):
            cursor.execute(statements.CENSUS, [encode(counted).decode()])
        cursor.execute(statements.NOTIFY)
