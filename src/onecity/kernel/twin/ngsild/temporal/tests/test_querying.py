"""Queries over histories: selection, conditions within the span, pages, order, the body of a query, tenants."""

from typing import Any

import pytest
from django.db import connection

from onecity.kernel.twin.ngsild.temporal.tests.conftest import Client

ALL = "timerel=after&timeAt=2000-01-01T00:00:00Z"


def at(minute: int) -> str:
    return f"2026-07-01T08:{minute:02}:00Z"


def fill(client: Client) -> None:
    for number in range(6):
        speeds = [{"type": "Property", "value": number * 10 + n, "observedAt": at(n)} for n in range(3)]
        place = {"type": "Point", "coordinates": [number / 100, 0]}
        body = {
            "id": f"urn:ngsi-ld:Car:{number}",
            "type": ["Car", "Vehicle"] if number % 2 else "Car",
            "scope": "/A/B" if number < 3 else "/C",
            "speed": speeds,
            "brand": {"type": "Property", "value": "X" if number < 2 else "Y"},
            "location": [{"type": "GeoProperty", "value": place, "observedAt": at(0)}],
        }
        assert client("POST", "/temporal/entities", body).status == 201


def ids(answer: Any) -> list[str]:
    assert answer.status == 200, answer.body
    return [one["id"].rsplit(":", 1)[1] for one in answer.json()]


def ask(client: Client, query: str) -> list[str]:
    return ids(client("GET", f"/temporal/entities?{query}"))


def test_selection_and_conditions(door: Client) -> None:
    fill(door)
    assert ask(door, f"type=Car&{ALL}") == ["0", "1", "2", "3", "4", "5"]
    assert ask(door, f"type=(Car;Vehicle)&{ALL}") == ["1", "3", "5"]
    assert ask(door, f"type=Car&id=urn:ngsi-ld:Car:1,urn:ngsi-ld:Car:9&{ALL}") == ["1"]
    assert ask(door, f"type=Car&idPattern=.*:[45]$&{ALL}") == ["4", "5"]
    assert ask(door, f"type=Car&q=speed==32&{ALL}") == ["3"]
    assert ask(door, f"type=Car&q=speed==32&timerel=before&timeAt={at(2)}") == []
    assert ask(door, f'type=Car&q=brand!="X";speed<30&attrs=speed&{ALL}') == ["2"]
    near = "georel=near;maxDistance==1200&geometry=Point&coordinates=[0.03,0]"
    assert ask(door, f"{near}&{ALL}") == ["2", "3", "4"]
    assert ask(door, f"{near}&type=Car&timerel=after&timeAt={at(1)}") == []
    assert ask(door, f"type=Car&scopeQ=/A/%23&{ALL}") == ["0", "1", "2"]
    assert ask(door, f"type=*&{ALL}") == ["0", "1", "2", "3", "4", "5"]
    assert ask(door, f"attrs=nothing&{ALL}") == []
    shown = door("GET", f"/temporal/entities?type=Car&q=speed>45&attrs=speed&timerel=after&timeAt={at(2)}").json()
    assert [(one["id"][-1], [i["value"] for i in one["speed"]]) for one in shown] == [("5", [52])]
    assert set(shown[0]) == {"id", "type", "speed"}


@pytest.mark.parametrize(
    "query",
    [
        "type=Car",
        ALL,
        f"q=brand=={{x&type=Car&{ALL}",
        f"type=Car&orderBy=speed&local=true&{ALL}",
        f"attrs=createdAt&{ALL}",
        f"type=Car&q=owner{{name}}==1&{ALL}",
        f"id=nonsense&type=Car&{ALL}",
        f"type=Car&limit=0&{ALL}",
        f"type=Car&csf=((&{ALL}",
    ],
)
def test_what_is_wrong_is_refused(door: Client, query: str) -> None:
    assert door("GET", f"/temporal/entities?{query}").status == 400


def test_pages_and_order(door: Client) -> None:
    fill(door)
    page = door("GET", f"/temporal/entities?type=Car&{ALL}&limit=2&offset=2&count=true")
    assert ids(page) == ["2", "3"]
    assert page.header("ngsild-results-count") == "6"
    assert [link.partition(";")[2] for link in page.all("link") if "temporal" in link] == [
        'rel="prev";type="application/json"',
        'rel="next";type="application/json"',
    ]
    none = door("GET", f"/temporal/entities?type=Car&{ALL}&limit=0&count=true")
    assert (none.json(), none.header("ngsild-results-count")) == ([], "6")
    assert ask(door, f"type=Car&{ALL}&orderBy=id;desc&local=true&limit=4&offset=1") == ["4", "3", "2", "1"]
    assert door("GET", f"/temporal/entities?type=Car&{ALL}", accept="application/geo+json").status == 406
    linked = door("GET", f"/temporal/entities?type=Car&{ALL}&limit=1", accept="application/ld+json")
    assert linked.json()[0]["@context"].endswith(".jsonld")


def test_by_body(door: Client) -> None:
    fill(door)
    query = {
        "type": "Query",
        "entities": [{"type": "Vehicle"}, {"type": "Car", "idPattern": ".*:0"}],
        "temporalQ": {"timerel": "after", "timeAt": at(1), "lastN": 1},
        "pick": ["id", "speed"],
    }
    answer = door("POST", "/temporal/entityOperations/query?format=temporalValues", query)
    assert answer.json() == [
        {"id": f"urn:ngsi-ld:Car:{n}", "speed": {"type": "Property", "values": [[n * 10 + 2, at(2)]]}}
        for n in (1, 3, 5, 0)
    ]
    gathered = query | {"aggrParams": {"aggrMethods": ["max", "min"], "aggrPeriodDuration": "PT1H"}}
    found = door("POST", "/temporal/entityOperations/query?format=aggregatedValues", gathered).json()
    assert found[0]["speed"]["max"] == [[12, "2026-07-01T08:01:00Z", "2026-07-01T09:01:00Z"]]
    for wrong in ({"temporalQ": 1}, {"temporalQ": {"timerel": "after", "timeAt": at(1), "lastN": 1.5}}, {"type": "Q"}):
        assert door("POST", "/temporal/entityOperations/query", query | wrong).status == 400


def test_tenants_are_apart(door: Client) -> None:
    fill(door)
    body = {"id": "urn:ngsi-ld:Car:9", "type": "Car", "speed": [{"type": "Property", "value": 1, "observedAt": at(1)}]}
    assert door("GET", f"/temporal/entities?type=Car&{ALL}", ngsild_tenant="other-history").status == 404
    assert door("POST", "/temporal/entities", body, ngsild_tenant="other-history").status == 201
    found = door("GET", f"/temporal/entities?type=Car&{ALL}", ngsild_tenant="other-history")
    assert ids(found) == ["9"]
    assert len(ask(door, f"type=Car&{ALL}")) == 6


def test_entities_that_are_gone_are_found(door: Client) -> None:
    fill(door)
    moved = {"type": "Property", "value": 1, "observedAt": at(5)}
    door("POST", "/entities", {"id": "urn:ngsi-ld:Car:7", "type": "Car", "speed": moved})
    door("DELETE", "/entities/urn:ngsi-ld:Car:7")
    assert ask(door, f"type=Car&{ALL}")[-1] == "7"
    gone = door("GET", "/temporal/entities?type=Car&timeproperty=deletedAt&timerel=after&timeAt=2026-01-01T00:00:00Z")
    assert ids(gone) == ["7"]


def test_only_what_may_be_seen_and_written(door: Client) -> None:
    fill(door)
    with connection.cursor() as cursor:
        for table in ("twin_evolution", "twin_instance"):
            cursor.execute(f"UPDATE {table} SET public = true WHERE urn LIKE '%:1'")  # noqa: S608 - our own names
    door.app.services.anonymous = "none"
    assert ask(door, f"type=Car&{ALL}") == ["1"]
    assert door("GET", "/temporal/entities/urn:ngsi-ld:Car:2").status == 404
    assert door("POST", "/temporal/entities", {"id": "urn:ngsi-ld:Car:2", "type": "Car"}).status == 401
    assert door("DELETE", "/temporal/entities/urn:ngsi-ld:Car:1").status == 401
    door.app.services.anonymous = "read"
    assert len(ask(door, f"type=Car&{ALL}")) == 6
    assert door("DELETE", "/temporal/entities/urn:ngsi-ld:Car:1").status in {401, 403}
    door.app.services.anonymous = "write"
    assert len(ask(door, f"type=Car&{ALL}")) == 6
