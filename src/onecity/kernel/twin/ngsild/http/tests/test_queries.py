"""Queries, batches, discovery and purge through the door."""

from typing import Any

from onecity.kernel.twin.ngsild.http.tests.conftest import Client


def room(number: int, **more: Any) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [number / 100, 0]}
    location = {"type": "GeoProperty", "value": point}
    return {"id": f"urn:ngsi-ld:Room:{number:02}", "type": "Room", "temperature": number, "location": location, **more}


def ids(answer: Any) -> list[str]:
    return [entity["id"].rsplit(":", 1)[1] for entity in answer.json()]


def fill(ngsi: Client) -> None:
    made = ngsi("POST", "/entityOperations/create", [room(number) for number in range(10)])
    assert (made.status, len(made.json())) == (201, 10)
    many = {
        "id": "urn:ngsi-ld:Hall:1",
        "type": ["Hall", "Room"],
        "scope": "/A/B",
        "next": {"object": "urn:ngsi-ld:Room:01"},
    }
    assert ngsi("POST", "/entityOperations/create", [many]).status == 201


def test_pages(ngsi: Client) -> None:
    fill(ngsi)
    page = ngsi("GET", "/entities?type=Room&limit=4&offset=4&count=true")
    assert ids(page) == ["03", "04", "05", "06"]
    assert page.header("ngsild-results-count") == "11"
    links = [link for link in page.all("link") if "ngsi-ld/v1/entities" in link]
    assert links == [
        '</ngsi-ld/v1/entities?type=Room&limit=4&offset=0&count=true>;rel="prev";type="application/json"',
        '</ngsi-ld/v1/entities?type=Room&limit=4&offset=8&count=true>;rel="next";type="application/json"',
    ]
    none = ngsi("GET", "/entities?type=Room&limit=0&count=true")
    assert (none.json(), none.header("ngsild-results-count")) == ([], "11")
    assert ngsi("GET", "/entities?type=Room&limit=0").status == 400


def test_selection(ngsi: Client) -> None:
    fill(ngsi)
    assert ids(ngsi("GET", "/entities?type=Room&q=temperature>7")) == ["08", "09"]
    assert ids(ngsi("GET", "/entities?type=Hall")) == ["1"]
    assert ids(ngsi("GET", "/entities?type=(Hall;Room)")) == ["1"]
    assert ids(ngsi("GET", "/entities?scopeQ=/A/%23&local=true")) == ["1"]
    assert ids(ngsi("GET", "/entities?id=urn:ngsi-ld:Room:03,urn:ngsi-ld:Room:04&type=Room")) == ["03", "04"]
    assert ids(ngsi("GET", "/entities?type=Room&idPattern=.*:0[12]$")) == ["01", "02"]
    near = "georel=near;maxDistance==1200&geometry=Point&coordinates=[0.03,0]"
    assert ids(ngsi("GET", f"/entities?type=Room&{near}&count=true")) == ["02", "03", "04"]
    assert ids(ngsi("GET", "/entities?type=Room&orderBy=temperature;desc&limit=2&local=true")) == ["09", "08"]
    assert len(ids(ngsi("GET", "/entities?type=Room&orderBy=temperature"))) == 11
    assert len(ids(ngsi("GET", "/entities?local=true"))) == 11
    body = {"type": "Query", "entities": [{"type": "Hall"}, {"type": "Room", "idPattern": ".*:03"}]}
    assert ids(ngsi("POST", "/entityOperations/query", body)) == ["1", "03"]


def test_linked_entities(ngsi: Client) -> None:
    fill(ngsi)
    inline = ngsi("GET", "/entities/urn:ngsi-ld:Hall:1?join=inline").json()
    assert inline["next"]["entity"]["temperature"] == {"type": "Property", "value": 1}
    flat = ngsi("GET", "/entities?type=Hall&join=flat&format=simplified")
    assert ids(flat) == ["1", "01"]
    picked = ngsi("GET", "/entities/urn:ngsi-ld:Hall:1?join=inline&pick=next{temperature}&format=simplified")
    assert picked.json() == {"next": {"temperature": 1}}
    assert ngsi("GET", "/entities/urn:ngsi-ld:Hall:1?pick=next{temperature}").status == 400


def test_batches_say_what_became_of_each(ngsi: Client) -> None:
    fill(ngsi)
    mixed = ngsi("POST", "/entityOperations/create", [room(1), room(20), {"id": "no uri", "type": "Room"}])
    assert mixed.status == 207
    assert mixed.json()["success"] == ["urn:ngsi-ld:Room:20"]
    assert [e["error"]["status"] for e in mixed.json()["errors"]] == [400, 409]
    upsert = ngsi("POST", "/entityOperations/upsert", [room(1, light=True), room(21)])
    assert (upsert.status, upsert.json()) == (201, ["urn:ngsi-ld:Room:21"])
    assert ngsi("POST", "/entityOperations/upsert?options=update", [room(1)]).status == 204
    assert ngsi("GET", "/entities/urn:ngsi-ld:Room:01?format=simplified").json()["light"] is True
    assert (
        ngsi("POST", "/entityOperations/update", [{"id": "urn:ngsi-ld:Room:01", "type": "Room", "light": False}]).status
        == 204
    )
    assert ngsi("POST", "/entityOperations/merge", [{"id": "urn:ngsi-ld:Room:01", "light": True}]).status == 204
    gone = ngsi("POST", "/entityOperations/delete", ["urn:ngsi-ld:Room:01", "urn:ngsi-ld:Room:99"])
    assert gone.status == 207
    assert gone.json()["success"] == ["urn:ngsi-ld:Room:01"]
    assert gone.json()["errors"][0]["entityId"] == "urn:ngsi-ld:Room:99"
    assert ngsi("POST", "/entityOperations/delete", []).status == 400


def test_types_and_attributes(ngsi: Client) -> None:
    fill(ngsi)
    assert ngsi("GET", "/types").json()["typeList"] == ["Hall", "Room"]
    detail = ngsi("GET", "/types/Room").json()
    assert detail["entityCount"] == 11
    assert [a["attributeName"] for a in detail["attributeDetails"]] == ["location", "next", "temperature"]
    assert ngsi("GET", "/attributes").json()["attributeList"] == ["location", "next", "temperature"]
    assert ngsi("GET", "/attributes/next").json()["attributeTypes"] == ["Relationship"]
    ngsi("DELETE", "/entities/urn:ngsi-ld:Hall:1")
    assert ngsi("GET", "/types").json()["typeList"] == ["Room"]
    assert ngsi("GET", "/types/Hall").status == 404


def test_purge(ngsi: Client) -> None:
    fill(ngsi)
    assert ngsi("DELETE", "/entities?type=Room&drop=temperature&q=temperature<2").status == 204
    assert ids(ngsi("GET", "/entities?type=Room&attrs=temperature")) == [f"{n:02}" for n in range(2, 10)]
    assert ngsi("DELETE", "/entities?type=Room").status == 204
    assert ngsi("GET", "/entities?local=true").json() == []
    assert ngsi("DELETE", "/entities").status == 400


def test_conditions_over_linked_entities(ngsi: Client) -> None:
    fill(ngsi)
    linked = "/entities?type=Hall&join=inline&joinLevel=1&q=next{temperature}=="
    assert ids(ngsi("GET", f"{linked}1")) == ["1"]
    assert ids(ngsi("GET", f"{linked}2")) == []
    nowhere = "georel=near;maxDistance==10&geometry=Point&coordinates=[50,50]"
    assert ids(ngsi("GET", f"{linked}1&{nowhere}")) == []
    assert ngsi("GET", "/entities?type=Hall&q=next{temperature}==1").status == 400
