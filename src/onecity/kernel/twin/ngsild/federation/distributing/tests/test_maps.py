"""Entity maps: frozen pages, conditions that are checked again, and whose they are."""

import datetime as dt
from collections.abc import Callable

from onecity.kernel.core.clock import now
from onecity.kernel.twin.models import EntityMap
from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Server, Source, dead_url
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about, station
from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client

C = "urn:ngsi-ld:Station:c"
D = "urn:ngsi-ld:Station:d"


def ids(answer: Answer) -> list[str]:
    return [one["id"] for one in answer.json()]


def test_pages_along_a_map_stay_the_same(ngsi: Client, register: Register, other: Server) -> None:
    urn = register(other.url, "inclusive", about(), tenant="town")
    for one in (A, C):
        assert ngsi("POST", "/entities", station(one, v=1)).status == 201
    assert ngsi("POST", "/entities", station(B, v=1), NGSILD_Tenant="town").status == 201
    first = ngsi("GET", "/entities?type=Station&limit=2&entityMap=true&count=true")
    assert (first.status, ids(first), first.header("NGSILD-Results-Count")) == (201, [A, B], "3")
    address = first.header("NGSILD-EntityMap")
    assert address is not None
    # what comes after the map was made is not in it
    assert ngsi("POST", "/entities", station(f"{A}a", v=1)).status == 201
    second = ngsi("GET", "/entities?type=Station&limit=2&offset=2", NGSILD_EntityMap=address)
    assert (second.status, ids(second), second.header("NGSILD-EntityMap")) == (200, [C], address)
    shown = ngsi("GET", address.removeprefix("/ngsi-ld/v1")).json()
    assert shown["type"] == "EntityMap"
    assert shown["entityMap"] == {A: ["@none"], B: [urn], C: ["@none"]}
    # the source made a map of its own, which is passed on
    assert shown["linkedMaps"].keys() == {urn}
    linked = ngsi("GET", f"/entityMaps/{shown['linkedMaps'][urn]}", NGSILD_Tenant="town").json()
    assert linked["entityMap"] == {B: ["@none"]}


def test_what_does_not_match_any_more_is_taken_out(ngsi: Client) -> None:
    for one in (A, B, C, D):
        assert ngsi("POST", "/entities", station(one, v=1)).status == 201
    made = ngsi("GET", "/entityMaps?type=Station&q=v==1")
    assert (made.status, sorted(made.json()["entityMap"])) == (201, [A, B, C, D])
    address = made.header("NGSILD-EntityMap") or ""
    assert ngsi("PATCH", f"/entities/{A}/attrs/v", {"value": 2}).status == 204
    assert ngsi("DELETE", f"/entities/{C}").status == 204
    page = ngsi("GET", "/entities?type=Station&q=v==1&limit=2", NGSILD_EntityMap=address)
    assert ids(page) == [B, D]
    assert sorted(ngsi("GET", f"/entityMaps/{made.json()['id']}").json()["entityMap"]) == [B, D]


def test_parts_of_split_entities_are_put_together(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    assert ngsi("POST", "/entities", station(B, v=1)).status == 201
    one = source(lambda heard: Said(200, [] if "q=" in heard.query else [station(A, w=2)]))
    register(one.url, "inclusive", about() | {"propertyNames": ["w"]}, operations=["retrieveOps"])
    both = "type=Station&q=v==1;w==2"
    assert ngsi("GET", f"/entities?{both}").json() == []
    assert ids(ngsi("GET", f"/entities?{both}&splitEntities=true&count=true")) == [A]
    along = ngsi("GET", f"/entities?{both}&entityMap=true&count=true")
    assert (ids(along), along.header("NGSILD-Results-Count")) == ([A], "1")


def test_a_map_belongs_to_who_made_it_and_ends(ngsi: Client) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    made = ngsi("GET", "/entityMaps?type=Station&entityMapLifetime=PT1H")
    urn = made.json()["id"]
    assert ngsi("PATCH", f"/entityMaps/{urn}", {"expiresAt": "soon"}).status == 400
    until = "2099-01-01T00:00:00Z"
    assert ngsi("PATCH", f"/entityMaps/{urn}", {"expiresAt": until, "entityMap": {}}).status == 204
    shown = ngsi("GET", f"/entityMaps/{urn}").json()
    assert shown["expiresAt"] < until  # no longer than a map may live
    assert shown["entityMap"] == {A: ["@none"]}
    assert ngsi("GET", f"/entityMaps/{urn}", NGSILD_Tenant="").status == 200
    ended = EntityMap.objects.update(expires_at=now() - dt.timedelta(seconds=1))
    assert ended == 1
    assert ngsi("GET", f"/entityMaps/{urn}").status == 404
    again = ngsi("GET", "/entities?type=Station", NGSILD_EntityMap=urn)
    assert (again.status, ids(again)) == (201, [A])
    assert again.header("NGSILD-EntityMap") != made.header("NGSILD-EntityMap")
    urn = (again.header("NGSILD-EntityMap") or "").rpartition("/")[2]
    ngsi.app.services.anonymous = "none"
    assert ngsi("GET", f"/entityMaps/{urn}").status == 404
    ngsi.app.services.anonymous = "write"
    other = ngsi("GET", "/entityMaps?type=Station").json()["id"]
    assert ngsi("PATCH", f"/entityMaps/{other}", {"expiresAt": "2020-01-01T00:00:00Z"}).status == 204
    assert ngsi("GET", f"/entityMaps/{other}").status == 404
    assert ngsi("DELETE", f"/entityMaps/{urn}").status == 204
    assert ngsi("DELETE", f"/entityMaps/{urn}").status == 404
    assert ngsi("GET", "/entityMaps/nonsense").status == 400
    assert ngsi("GET", "/entityMaps").status == 400
    assert ngsi("GET", "/entityMaps?type=Station&entityMapLifetime=soon").status == 400


def test_a_map_tells_who_is_asked_for_one_entity(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    one, two = source(station(A, w=2)), source(Said(404))
    urn = register(one.url, "inclusive", about())
    register(two.url, "inclusive", about())
    got = ngsi("GET", f"/entities/{A}?entityMap=true")
    address = got.header("NGSILD-EntityMap") or ""
    assert ngsi("GET", address.removeprefix("/ngsi-ld/v1")).json()["entityMap"] == {A: ["@none", urn]}
    assert ngsi("GET", f"/entities/{A}", NGSILD_EntityMap=address).json() == got.json()
    assert (len(one.heard), len(two.heard)) == (2, 1)


def test_who_cannot_be_asked_is_not_taken_out(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source([station(A, v=1)])
    register(one.url, "inclusive", about(), operations=["retrieveOps"])
    register(dead_url(), "inclusive", about(), operations=["retrieveOps"])
    made = ngsi("GET", "/entityMaps?type=Station")
    assert (made.status, list(made.json()["entityMap"])) == (201, [A])
    assert len(made.all("NGSILD-Warning")) == 1
    one.say = lambda _heard: Said(500)
    address = made.header("NGSILD-EntityMap") or ""
    page = ngsi("GET", "/entities?type=Station&count=true", NGSILD_EntityMap=address)
    assert (page.json(), page.header("NGSILD-Results-Count"), page.header("NGSILD-Results-Count-Minimum")) == (
        [],
        None,
        "0",
    )
    one.say = lambda _heard: Said(200, [station(A, v=1)])
    assert ids(ngsi("GET", "/entities?type=Station", NGSILD_EntityMap=address)) == [A]
