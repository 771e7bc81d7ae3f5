"""Lists, pages and API of entities: values with their age, places for maps, and nothing that is not for the asker."""

import datetime as dt

import pytest
from django.test import Client

from onecity.kernel.access.models import Grant
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.models import Latest, Series
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.tests.test_service import TOWN_A, TOWN_B, station

pytestmark = pytest.mark.django_db


def client_for(path: str) -> Client:
    account = Account.objects.create(username="reader")
    Grant.objects.create(account_id=account.id, permission="entities.view", path=path, valid_from=now())
    client = Client(headers={"accept-language": "en"})
    client.force_login(account)
    return client


def measured(entity: Entity, value: float, minutes_ago: float) -> None:
    series = Series.objects.get(entity_id=entity.id, attribute="pm2_5")
    Latest.objects.create(series=series, observed_at=now() - dt.timedelta(minutes=minutes_ago), value=value)


def test_the_api_lists_by_pages_what_may_be_seen() -> None:
    first, second, _hidden = station("a"), station("b"), station("c", TOWN_B)
    client = client_for(TOWN_A)
    page = client.get("/api/twin/entities?limit=1").json()
    assert [entity["id"] for entity in page["entities"]] == [str(first.id)]
    rest = client.get(f"/api/twin/entities?limit=1&after={page['next']}").json()
    assert ([entity["key"] for entity in rest["entities"]], rest["next"]) == (["b"], None)
    assert [e["key"] for e in client.get("/api/twin/entities?q=station b").json()["entities"]] == ["b"]
    assert client.get(f"/api/twin/entities?division={TOWN_B}").json()["entities"] == []
    assert rest["entities"][0]["urn"] == second.urn


def test_the_map_gets_points_with_values_and_state() -> None:
    fresh, stale, silent = station("a"), station("b"), station("c")
    measured(fresh, 35.2, 5)
    measured(stale, 12.0, 600)
    features = client_for(TOWN_A).get("/api/twin/entities/geojson").json()["features"]
    found = {
        f["id"]: (f["properties"]["state"], f["properties"]["values"], f["geometry"]["coordinates"]) for f in features
    }
    assert found == {
        str(fresh.id): ("ok", {"pm2_5": 35.2}, [121.5, 30.9]),
        str(stale.id): ("stale", {"pm2_5": 12.0}, [121.5, 30.9]),
        str(silent.id): ("none", {}, [121.5, 30.9]),
    }


def test_one_entity_comes_with_values_and_relations_to_what_may_be_seen() -> None:
    entity, near, hidden = station("a"), station("b"), station("c", TOWN_B)
    service.relate(entity, "isNear", near)
    service.relate(hidden, "controls", entity)
    measured(entity, 35.2, 5)
    found = client_for(TOWN_A).get(f"/api/twin/entities/{entity.id}").json()
    assert found["relations"] == [
        {"kind": "isNear", "direction": "to", "entity_id": str(near.id), "name": "Station b", "type": "TestStation"}
    ]
    values = {value["attribute"]: (value["value"], value["unit"], value["stale"]) for value in found["values"]}
    assert values == {"pm2_5": (35.2, "ug/m3", False), "temperature": (None, "Cel", False)}


def test_everybody_sees_public_entities_and_nobody_the_others() -> None:
    open_to_all, closed = station("a", public=True), station("b")
    measured(open_to_all, 35.2, 300)
    client = Client(headers={"accept-language": "en"})
    page = client.get(f"/entities/{open_to_all.id}").content.decode()
    assert "silent since" in page
    assert [e["key"] for e in client.get("/api/twin/entities").json()["entities"]] == ["a"]
    for path in (
        f"/entities/{closed.id}",
        f"/api/twin/entities/{closed.id}",
        f"/api/twin/entities/{closed.id}/history?attribute=pm2_5",
    ):
        assert client.get(path).status_code == 404


def test_the_desk_lists_and_leads_to_the_page() -> None:
    entity = station("a")
    client = client_for(TOWN_A)
    page = client.get("/desk/entities?q=station").content.decode()
    assert f"/entities/{entity.id}" in page
    assert client.get(f"/desk/entities/{entity.id}").headers["Location"] == f"/entities/{entity.id}"
    assert client.get("/desk/entities?q=nothing").content.decode().count("Nothing fits this filter") == 1
    assert Client().get("/desk/entities").status_code == 302


def test_history_asked_for_too_much_or_of_nothing() -> None:
    entity = station("a", public=True)
    path = f"/api/twin/entities/{entity.id}/history"
    assert Client().get(f"{path}?attribute=nothing").json()["series"] == []
    far = "start=2020-01-01T00:00:00Z&end=2026-01-01T00:00:00Z"
    assert Client().get(f"{path}?attribute=pm2_5&{far}").status_code == 422
    assert Client().get(f"{path}?attribute=pm2_5&start=2020-01-01T00:00:00").status_code == 422
