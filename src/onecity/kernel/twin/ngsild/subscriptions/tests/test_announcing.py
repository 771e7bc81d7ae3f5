"""What is written through NGSI-LD is told to live pages: in few rows, and to those who may see it."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from onecity.kernel.access.session import acting_as
from onecity.kernel.notify import feed
from onecity.kernel.notify.models import FeedEvent
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Change, Entity, Operation
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.subscriptions import announcing
from onecity.kernel.twin.ngsild.subscriptions.announcing import Announcing
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, until

BENCH = EntityType("Bench", "Bench", (), dt.timedelta(hours=2))
Row = tuple[str, bool, dict[str, Any]]
ASK_AGAIN: Row = ("", True, {})


@pytest.fixture
def look(ngsi: Client) -> Iterator[Callable[[], list[Row]]]:
    """Looks once, and returns what was told: division, public, payload."""
    del ngsi
    with asyncio.Runner() as runner:
        database = Database(database_parameters(), most=1)
        teller, seen = Announcing(database), [0]

        def once() -> list[Row]:
            assert runner.run(teller.step()) is False
            rows = list(FeedEvent.objects.filter(kind="entity", id__gt=seen[0]).order_by("id"))
            seen[0] = rows[-1].pk if rows else seen[0]
            return [(one.division_path, one.public, one.payload) for one in rows]

        yield once
        runner.run(database.close())


def create(ngsi: Client, number: int, kind: str = "Lamp") -> str:
    body = {"id": f"urn:ngsi-ld:{kind}:{number}", "type": kind, "level": {"type": "Property", "value": 1}}
    assert ngsi("POST", "/entities", body).status == 201
    return str(Entity.objects.get(urn=body["id"]).id)


def write(ngsi: Client, urn: str, value: int) -> None:
    assert ngsi("PATCH", f"/entities/{urn}", {"level": {"type": "Property", "value": value}}).status == 204


def bench(key: str, *, public: bool) -> Entity:
    return service.upsert_entity(
        type=BENCH, key=key, name="B", division_path="adm/1/", lon=121.5, lat=30.9, public=public
    )


def test_many_writes_are_one_row_for_each_kind(ngsi: Client, look: Callable[[], list[Row]]) -> None:
    create(ngsi, 0)
    assert look() == [ASK_AGAIN], "what came before is not told one by one"
    lamps = sorted(create(ngsi, number) for number in range(1, 4))
    (pole,) = [create(ngsi, 1, "Pole")]
    for value in range(20):
        write(ngsi, "urn:ngsi-ld:Lamp:1", value)
    assert look() == [
        ("", False, {"type": "Lamp", "ids": lamps, "count": 3}),
        ("", False, {"type": "Pole", "ids": [pole], "count": 1}),
    ]
    assert look() == []
    assert ngsi("DELETE", "/entities/urn:ngsi-ld:Pole:1").status == 204
    assert look() == [("", False, {"type": "Pole", "ids": [pole], "count": 1})]


def test_rows_and_the_names_in_them_are_bounded(
    ngsi: Client, look: Callable[[], list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "MOST_ROWS", 2)
    monkeypatch.setattr(announcing, "MOST_IDS", 2)
    look()
    for number in range(3):
        create(ngsi, number)
    ((_division, _public, payload),) = look()
    assert (payload["count"], len(payload["ids"])) == (3, 2)
    for number in range(3):
        create(ngsi, 9, f"Kind{number}")
    assert look() == [ASK_AGAIN]


def test_only_those_who_may_see_an_entity_hear_of_it(ngsi: Client, look: Callable[[], list[Row]]) -> None:
    opened, hidden = bench("open", public=True), bench("hidden", public=False)
    look()
    start = feed.head()
    for entity in (opened, hidden):
        write(ngsi, entity.urn, 5)
    assert sorted(look()) == [
        ("", True, {"type": "Bench", "ids": [str(opened.id)], "count": 1}),
        ("adm/1/", False, {"type": "Bench", "ids": [str(hidden.id)], "count": 1}),
    ]
    with acting_as(None), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE onecity_app")
        assert [one.payload["ids"] for one in feed.since(start).events] == [[str(opened.id)]]


def test_what_was_told_where_it_was_written_and_readings_are_not_told_again(
    ngsi: Client, look: Callable[[], list[Row]]
) -> None:
    look()
    entity = bench("own", public=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO twin_change (at, entity_id, operation, public, tenant, urn, division_path, types, changes)"
            " SELECT at, entity_id, %s, public, tenant, urn, division_path, types, changes FROM twin_change",
            [int(Operation.MEASURED)],
        )
    assert Change.objects.filter(entity_id=entity.id).count() == 2
    body = {"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp", "level": {"type": "Property", "value": 1}}
    assert ngsi("POST", "/entities", body, NGSILD_Tenant="other").status == 201
    assert look() == [("adm/1/", True, {"lon": 121.5, "lat": 30.9, "name": "B", "type": "Bench"})]


def test_the_notifier_tells_live_pages(ngsi: Client, office: Office) -> None:
    del office
    until(lambda: FeedEvent.objects.filter(kind="entity").exists())
    lamp = create(ngsi, 1)
    told = until(lambda: FeedEvent.objects.filter(payload__type="Lamp").first())
    assert (told.permission, told.payload["ids"]) == ("entities.view", [lamp])
