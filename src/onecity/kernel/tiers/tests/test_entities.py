"""Changes of entities through the database of one side: what its triggers tell, and what it makes of the other's words."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.tiers import entities, offering, watching
from onecity.kernel.tiers.models import Conflict, Outbox, Peer, Stamp
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Change, Entity

pytestmark = pytest.mark.django_db
PROBE = EntityType("TierUnit", "Probe", (Attribute("pm2_5", "PM2.5", "ug/m3"),))
PATH = "adm/990101/990101001/"
CODE = "990101001"


@pytest.fixture
def district() -> Joined:
    """This side is the district; the town has joined."""
    installation = new_id()
    Peer.objects.create(
        code=CODE, direction="down", name="North", division_path=PATH, state="joined", installation=installation, slot=0
    )
    watching.install()
    return Joined(CODE, False, PATH, installation)


def put(name: str = "Old", **more: Any) -> Entity:
    return twin.upsert_entity(type=PROBE, key="u-1", name=name, division_path=PATH, lon=121.4, lat=30.9, **more)


def told() -> list[dict[str, Any]]:
    return [row.body for row in Outbox.objects.filter(kind="entity").order_by("id")]


def message(entity: Entity, *, at: int, fields: dict[str, Any], operation: str = "update") -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tiers_entity_fields(to_jsonb(e)) FROM twin_entity e WHERE id = %s", [entity.id])
        row = cursor.fetchone()
    whole = json.loads(row[0]) if row else {}
    return {
        "name": entity.urn, "tenant": "", "urn": entity.urn, "id": str(entity.id), "operation": operation, "at": at,
        "node": CODE, "division": PATH, "title": entity.name, "fields": fields,
        "whole": whole | {name: value[0] for name, value in fields.items()},
    }  # fmt: skip


def stamp(entity: Entity, field: str) -> int:
    return Stamp.objects.get(object_id=entity.urn, field=field).hlc


def test_a_local_change_is_told_with_the_write_that_it_replaced(district: Joined) -> None:
    entity = put()
    first = stamp(entity, "name")
    put("New")
    created, *later = told()
    changed = next(body for body in reversed(later) if "name" in body["fields"])
    assert created["operation"] == "insert"
    assert changed["fields"]["name"] == ["New", first]
    assert changed["at"] == stamp(entity, "name") > first
    assert changed["node"] == "district"


def test_what_lies_in_no_town_is_told_to_nobody(district: Joined) -> None:
    twin.upsert_entity(type=PROBE, key="u-2", name="Elsewhere", division_path="adm/990101/990101002/")
    assert told() == []


def test_a_change_that_follows_ours_is_taken_and_not_sent_back(district: Joined) -> None:
    entity = put()
    known, before = stamp(entity, "name"), len(told())
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('onecity.tiers_from', %s, true)", [CODE])
    entities.apply(district, message(entity, at=known + 5, fields={"name": ["Theirs", known]}))
    entity.refresh_from_db()
    assert entity.name == "Theirs"
    assert len(told()) == before
    assert Conflict.objects.count() == 0
    assert stamp(entity, "name") == known + 5


def test_of_two_writes_that_did_not_know_each_other_the_later_holds_and_both_are_listed(district: Joined) -> None:
    entity = put()
    base = stamp(entity, "name")
    put("Ours")
    ours = stamp(entity, "name")
    entities.apply(district, message(entity, at=base + 1, fields={"name": ["Theirs", base]}))
    entity.refresh_from_db()
    assert entity.name == "Ours"
    found = Conflict.objects.get()
    assert (found.field, found.town, found.district, found.winner, found.rule) == (
        "name",
        "Theirs",
        "Ours",
        "district",
        "later",
    )
    entities.apply(district, message(entity, at=ours + 9, fields={"name": ["Theirs again", base + 1]}))
    entity.refresh_from_db()
    assert entity.name == "Theirs again"
    found = Conflict.objects.get()
    assert (found.town, found.winner) == ("Theirs again", "town")


def test_fields_that_only_one_side_wrote_are_all_there(district: Joined) -> None:
    entity = put()
    base = stamp(entity, "properties")
    put("Ours")
    entities.apply(district, message(entity, at=base + 1, fields={"properties": [{"floor": 2}, base]}))
    entity.refresh_from_db()
    assert (entity.name, entity.properties) == ("Ours", {"floor": 2})
    assert Conflict.objects.count() == 0


def test_an_attribute_of_the_document_reaches_the_change_log(district: Joined) -> None:
    entity = put()
    instance = [{"type": "Property", "value": 3}]
    entities.apply(district, message(entity, at=stamp(entity, "name") + 5, fields={"@floor": [instance, 0]}))
    entity.refresh_from_db()
    assert entity.attributes["floor"] == instance
    change = Change.objects.filter(urn=entity.urn).order_by("-id")[0]
    assert change.changes == {"floor": instance}


def test_an_entity_of_the_town_comes_to_be_with_the_same_identity(district: Joined) -> None:
    identity = new_id()
    body = {
        "name": "urn:ngsi-ld:TierUnit:new", "tenant": "", "urn": "urn:ngsi-ld:TierUnit:new", "id": str(identity),
        "operation": "insert", "at": 5, "node": CODE, "division": PATH, "title": "Fresh", "fields": {"name": ["Fresh", 0]},
        "whole": {"type": "TierUnit", "key": "new", "name": "Fresh", "types": ["TierUnit"], "scopes": [], "division_path": PATH,
                  "lon": None, "lat": None, "properties": {}, "public": False, "status": "active", "expires_at": None},
    }  # fmt: skip
    entities.apply(district, body)
    assert Entity.objects.get(urn="urn:ngsi-ld:TierUnit:new").id == UUID(str(identity))


def test_an_entity_that_lies_elsewhere_is_not_the_towns_to_write(district: Joined) -> None:
    other = twin.upsert_entity(type=PROBE, key="u-3", name="Elsewhere", division_path="adm/990101/990101002/")
    body = message(other, at=9, fields={"name": ["Mine now", 0]}) | {"division": PATH}
    with pytest.raises(ValueError, match="does not lie in the town"):
        entities.apply(district, body)
    other.refresh_from_db()
    assert other.name == "Elsewhere"


def test_a_deletion_gives_way_to_a_later_write_that_it_did_not_know_of(district: Joined) -> None:
    entity = put()
    base = {name: [None, stamp(entity, name)] for name in ("name", "properties", "type")}
    put("Still needed")
    before = len(told())
    gone = message(entity, at=stamp(entity, "name") - 1, fields=base | {"": [None, 0]}, operation="delete")
    entities.apply(district, gone)
    assert Entity.objects.filter(id=entity.id).exists()
    assert [body["operation"] for body in told()[before:]] == ["insert"]
    assert Conflict.objects.get().winner == "district"


def test_a_new_link_offers_everything_that_lies_in_the_town(district: Joined) -> None:
    entity = put()
    Outbox.objects.all().delete()
    assert offering.offer(district)
    (body,) = told()
    assert body["urn"] == entity.urn
    assert body["at"] == stamp(entity, "name")
    assert not offering.offer(district)
