"""Rows that SensorThings writes, put into the twin, changed and taken out, each with its entry in the log of changes."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db import connection

from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.notify import feed
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.ngsild.store import mirror, rows, statements, times
from onecity.kernel.twin.ngsild.store.flush import encode
from onecity.kernel.twin.ngsild.store.rows import Census, Row
from onecity.kernel.twin.sensorthings import kept
from onecity.kernel.twin.sensorthings.asker import Asker

Facts = Mapping[str, Any]
Position = tuple[float, float] | None


def add(
    asker: Asker,
    name: str,
    facts: Facts,
    division: str,
    position: Position = None,
    *,
    key: str = "",
    at: dt.datetime | None = None,
) -> Entity:
    """A new row of the set `name`. Raises Problem 401 and 403."""
    asker.require(division)
    identity, moment = new_id(), clock.now()
    kind, key = kept.TYPES[name], key or str(identity)
    lon, lat = position or (None, None)
    entity = Entity.objects.create(
        id=identity,
        urn=service.urn_for(kind, key),
        type=kind,
        key=key,
        name=str(facts.get("name", "")),
        division_path=division,
        lon=lon,
        lat=lat,
        properties=kept.pack(facts),
        device_id=asker.device.id if asker.device is not None else None,
        created_at=at or moment,
        changed_at=moment,
    )
    mirror.write(entity, kind, None)
    _announce(entity)
    return entity


def locked(entity: Entity) -> Entity:
    """The row as it is now, held until the transaction ends."""
    return Entity.objects.select_for_update().get(pk=entity.pk)


def change(asker: Asker, entity: Entity, facts: Facts, position: Position, at: dt.datetime | None = None) -> None:
    """Give a row these members in place of those it had. Raises Problem 401 and 403."""
    asker.require(entity.division_path)
    before = mirror.Known.of(entity)
    entity.name, entity.properties = str(facts.get("name", entity.name)), kept.pack(facts)
    entity.lon, entity.lat = position or (None, None)
    entity.created_at, entity.changed_at = at or entity.created_at, clock.now()
    entity.save(update_fields=["name", "properties", "lon", "lat", "created_at", "changed_at"])
    mirror.write(entity, entity.types[0] if entity.types else entity.type, before)
    _announce(entity)


def move(asker: Asker, entity: Entity, position: Position) -> None:
    """Give a thing the position of its Location."""
    if (entity.lon, entity.lat) == (position or (None, None)):
        return
    asker.require(entity.division_path)
    before = mirror.Known.of(entity)
    entity.lon, entity.lat = position or (None, None)
    entity.changed_at = clock.now()
    entity.save(update_fields=["lon", "lat", "changed_at"])
    mirror.write(entity, entity.types[0] if entity.types else entity.type, before)
    _announce(entity)


def remove(asker: Asker, entity: Entity) -> None:
    """Take a row out, with its relations. Raises Problem 401 and 403."""
    asker.require(entity.division_path)
    known = mirror.Known.of(entity)
    now = times.text_of(clock.now_us())
    row = Row(
        entity.urn,
        str(entity.id),
        known.entity,
        known.entity,
        entity.type,
        entity.division_path,
        entity.public,
        exists=True,
    )
    rows.note(row, None, now, entity.tenant)
    census: Census = Counter()
    if known.entity is not None:
        rows.tally(census, known.entity, known.division, known.public, -1)
    changes = [record | {"division_path": row.division, "public": row.public} for record in row.log]
    entity.delete()
    with connection.cursor() as cursor:
        cursor.execute(statements.DAY, [clock.now().date()])
        cursor.execute(statements.CHANGES, [encode(changes).decode()])
        if counted := rows.census_records(census, entity.tenant):
            cursor.execute(statements.CENSUS, [encode(counted).decode()])
        cursor.execute(statements.NOTIFY)


def _announce(entity: Entity) -> None:
    if entity.type in kept.BESIDE:
        return
    feed.publish(
        "entity",
        division_path=entity.division_path,
        ref=str(entity.id),
        payload={"type": entity.type, "name": entity.name, "lon": entity.lon, "lat": entity.lat},
        public=entity.public,
    )
