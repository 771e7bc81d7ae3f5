"""Writes entities as the other side has them, with what belongs to every write: change log, census, change feed."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from psycopg import sql

from onecity.kernel.notify import feed
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store import expiry, geometry, rows, statements, times
from onecity.kernel.twin.ngsild.store.names import LOCATION
from onecity.kernel.twin.ngsild.store.rows import Census, Row

ATTRIBUTE = "@"
COLUMNS = (
    "type",
    "key",
    "name",
    "types",
    "scopes",
    "division_path",
    "lon",
    "lat",
    "properties",
    "public",
    "status",
    "expires_at",
)
WRITTEN = (*COLUMNS, "attributes", "extent", "changed_at", "perishes_at")
READ = "SELECT tiers_entity_fields(to_jsonb(e))::text, e.created_at, e.changed_at, e.measured FROM twin_entity e WHERE id = %s"


def insert(identity: str, tenant: str, urn: str, fields: Mapping[str, Any], at: int) -> None:
    """Create an entity from all its fields (columns by name, attributes after '@')."""
    moment = times.text_of(at)
    after = _stored(urn, fields, moment, moment)
    record = _record(fields, after, moment) | {"id": identity, "tenant": tenant, "urn": urn, "created_at": moment}
    record["measured"] = False
    names = ("id", "tenant", "urn", "created_at", "measured", *WRITTEN)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("INSERT INTO twin_entity ({0}) SELECT {0} FROM json_populate_record(NULL::twin_entity, %s)").format(
                columns
            ),
            [_json(record)],
        )
        # readings may have come before the thing that they are readings of
        cursor.execute("UPDATE telemetry_series SET entity_id = %s WHERE entity_urn = %s", [identity, urn])
        cursor.execute(
            "UPDATE twin_entity e SET measured = EXISTS (SELECT 1 FROM telemetry_series s WHERE s.entity_id = e.id)"
            " WHERE id = %s",
            [identity],
        )
    row = Row(urn, identity, None, None, division=str(fields["division_path"]), public=bool(fields["public"]))
    _follow(row, tenant, Outcome(after, dict(after.attributes), {}, (), unchanged=False), moment)
    _announce(identity, fields)


def update(identity: str, tenant: str, urn: str, patch: Mapping[str, Any], at: int) -> None:
    """Change fields of an entity; None takes an attribute away."""
    moment = times.text_of(at)
    with connection.cursor() as cursor:
        cursor.execute(READ, [identity])
        text, created, changed, _measured = cursor.fetchone()
    fields = json.loads(text)
    before = _stored(urn, fields, times.text(created), times.text(changed))
    fields = {name: value for name, value in (fields | dict(patch)).items() if not (_gone(name, patch))}
    after = _stored(urn, fields, before.created_at, moment)
    columns = sql.SQL(", ").join(map(sql.Identifier, WRITTEN))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "UPDATE twin_entity SET ({0}) = (SELECT {0} FROM json_populate_record(NULL::twin_entity, %s)) WHERE id = %s"
            ).format(columns),
            [_json(_record(fields, after, moment)), identity],
        )
    written = {name[1:]: value for name, value in patch.items() if name.startswith(ATTRIBUTE)}
    if "types" in patch:
        written["type"] = patch["types"]
    if "scopes" in patch:
        written["scope"] = patch["scopes"]
    if written:
        previous = {name: before.attributes.get(name) for name in written if name in before.attributes}
        row = Row(urn, identity, before, before, exists=True)
        row.division, row.public = str(fields["division_path"]), bool(fields["public"])
        _follow(row, tenant, Outcome(after, written, previous, (), unchanged=False), moment)
    _announce(identity, fields)


def delete(identity: str, tenant: str, urn: str, at: int) -> None:
    """Take an entity away."""
    moment = times.text_of(at)
    with connection.cursor() as cursor:
        cursor.execute(READ, [identity])
        text, created, changed, _measured = cursor.fetchone()
        cursor.execute("DELETE FROM twin_relation WHERE source_id = %s OR target_id = %s", [identity, identity])
        cursor.execute(statements.DELETE, [[identity]])
    fields = json.loads(text)
    before = _stored(urn, fields, times.text(created), times.text(changed))
    row = Row(urn, identity, before, before, exists=True)
    row.division, row.public = str(fields["division_path"]), bool(fields["public"])
    _follow(row, tenant, None, moment)
    _announce(identity, fields)


def _gone(name: str, patch: Mapping[str, Any]) -> bool:
    return name.startswith(ATTRIBUTE) and name in patch and patch[name] is None


def _stored(urn: str, fields: Mapping[str, Any], created: str, modified: str) -> StoredEntity:
    attributes = {name[1:]: value for name, value in fields.items() if name.startswith(ATTRIBUTE) and value}
    types, scopes = tuple(fields.get("types") or ()), tuple(fields.get("scopes") or ())
    return StoredEntity(urn, types, scopes, attributes, created, modified, fields.get("expires_at"))


def _record(fields: Mapping[str, Any], after: StoredEntity, moment: str) -> dict[str, Any]:
    extent = geometry.around(after.attributes.get(LOCATION, ()))
    lon, lat = fields.get("lon"), fields.get("lat")
    point = None if lon is None or lat is None else f"({lon},{lat}),({lon},{lat})"
    return {name: fields.get(name) for name in COLUMNS} | {
        "attributes": after.attributes,
        "extent": point if extent is None else extent.box(),
        "changed_at": moment,
        "perishes_at": expiry.first(after),
    }


def _follow(row: Row, tenant: str, outcome: Outcome | None, moment: str) -> None:
    """Write the change into the log and the census, as every writer of entities does."""
    rows.note(row, outcome, moment, tenant)
    census: Census = Counter()
    rows.count(census, row)
    log = [record | {"division_path": row.division, "public": row.public} for record in row.log]
    with connection.cursor() as cursor:
        cursor.execute(statements.DAY, [moment[:10]])
        cursor.execute(statements.CHANGES, [_json(log)])
        if counted := rows.census_records(census, tenant):
            cursor.execute(statements.CENSUS, [_json(counted)])
        cursor.execute(statements.NOTIFY)


def _announce(identity: str, fields: Mapping[str, Any]) -> None:
    payload = {name: fields.get(name) for name in ("type", "name", "lon", "lat")}
    feed.publish(
        "entity",
        division_path=str(fields["division_path"]),
        ref=identity,
        payload=payload,
        public=bool(fields["public"]),
    )


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder)
