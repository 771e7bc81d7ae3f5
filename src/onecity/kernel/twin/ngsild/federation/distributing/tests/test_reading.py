"""Retrieving and querying over several sources, with real servers on this machine."""

from collections.abc import Callable
from typing import Any

from onecity.kernel.twin.models import SourceRegistration
from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Server, Source, dead_url, town
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

A = "urn:ngsi-ld:Station:a"
B = "urn:ngsi-ld:Station:b"
OPS = {"operations": ["federationOps", "redirectionOps"]}


def station(urn: str, **attributes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"id": urn, "type": "Station"}
    return body | {name: {"type": "Property", "value": value} for name, value in attributes.items()}


def about(*types: str, **more: Any) -> dict[str, Any]:
    return {"entities": [{"type": name, **more} for name in types or ("Station",)]}


def test_inclusive_adds_to_what_is_here(ngsi: Client, register: Register, other: Server) -> None:
    assert ngsi("POST", "/entities", station(A, here=1)).status == 201
    assert ngsi("POST", "/entities", station(A, there=2), NGSILD_Tenant="town").status == 201
    assert ngsi("POST", "/entities", station(B, there=3), NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about(), tenant="town")
    got = ngsi("GET", f"/entities/{A}")
    assert (got.status, got.json()["here"]["value"], got.json()["there"]["value"]) == (200, 1, 2)
    assert got.all("NGSILD-Warning") == []
    assert ngsi("GET", f"/entities/{B}").json()["there"]["value"] == 3
    assert ngsi("GET", f"/entities/{B}?local=true").status == 404
    page = ngsi("GET", "/entities?type=Station&count=true")
    assert [one["id"] for one in page.json()] == [A, B]
    assert page.header("NGSILD-Results-Count") == "2"
    assert [one["id"] for one in ngsi("GET", "/entities?type=Station&limit=1").json()] == [A]
    assert [one["id"] for one in ngsi("GET", "/entities?type=Station&limit=1&offset=1").json()] == [B]
    assert ngsi("GET", "/entities?type=Station&local=true").json()[0].keys() == {"id", "type", "here"}
    assert ngsi("GET", "/entities?type=Other").json() == []
    # an order can be kept where nobody else has anything to do with it
    assert ngsi("GET", "/entities?type=Other&orderBy=id").status == 200
    assert ngsi("GET", "/entities?type=Station&orderBy=id").status == 400


def test_the_newest_value_wins(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    old = station(A) | {"v": {"type": "Property", "value": 2, "modifiedAt": "2020-01-01T00:00:00Z"}}
    one = source(old)
    register(one.url, "inclusive", about())
    assert ngsi("GET", f"/entities/{A}").json()["v"]["value"] == 1
    one.say = lambda _heard: Said(
        200, station(A) | {"v": {"type": "Property", "value": 2, "modifiedAt": "2099-01-01T00:00:00Z"}}
    )
    assert ngsi("GET", f"/entities/{A}").json()["v"]["value"] == 2
    assert one.heard[0].query == "options=sysAttrs&type=Station" or one.heard[0].query == "options=sysAttrs"


def test_auxiliary_only_fills_gaps(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    new = {"type": "Property", "value": 9, "modifiedAt": "2099-01-01T00:00:00Z"}
    register(source(station(A) | {"v": new, "w": new}).url, "auxiliary", about(), operations=["retrieveOps"])
    got = ngsi("GET", f"/entities/{A}").json()
    assert (got["v"]["value"], got["w"]["value"]) == (1, 9)


def test_exclusive_attribute_comes_from_its_source_alone(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    assert ngsi("POST", "/entities", station(A, v=1, mine=2)).status == 201
    one = source(station(A, mine=5, foreign=6))
    register(one.url, "exclusive", about(id=A) | {"propertyNames": ["mine"]})
    got = ngsi("GET", f"/entities/{A}").json()
    assert {name: got[name]["value"] for name in got if name not in {"id", "type"}} == {"v": 1, "mine": 5}
    assert "attrs=mine" in one.heard[0].query
    one.say = lambda _heard: Said(500)
    got = ngsi("GET", f"/entities/{A}")
    assert got.json().keys() == {"id", "type", "v"}
    assert got.header("NGSILD-Warning") == f'299 {one.url[7:]} "The source answered with an error (500)"'


def test_redirect_takes_the_whole_entity(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    one = source(Said(404, {"type": "x"}))
    register(one.url, "redirect", about(), **OPS)
    got = ngsi("GET", f"/entities/{A}")
    assert (got.status, got.all("NGSILD-Warning")) == (404, [])
    one.say = lambda _heard: Said(200, station(A, w=7))
    assert ngsi("GET", f"/entities/{A}").json().keys() == {"id", "type", "w"}


def test_faults_are_warnings(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    cases = {
        "slow": (source(Said(200, [], pause_s=30)), '199 {} "No answer in time"'),
        "garbage": (source(Said(200, raw=b"<html>")), '111 {} "The answer is no NGSI-LD and was left out"'),
        "wrong": (source(Said(200, [{"id": 1}])), '111 {} "The answer is no NGSI-LD and was left out"'),
        "large": (
            source(Said(200, raw=b"[" + b" " * (17 * 2**20) + b"]")),
            '111 {} "The answer is too large and was left out"',
        ),
        "refusing": (source(Said(403, {"title": "no"})), '299 {} "The source answered with an error (403)"'),
    }
    for name, (one, _text) in cases.items():
        register(one.url, "inclusive", about(), management={"timeout": 300 if name == "slow" else 30_000})
    gone = dead_url()
    register(gone, "inclusive", about())
    for target in (f"/entities/{A}", "/entities?type=Station&count=true"):
        got = ngsi("GET", target)
        assert got.status == 200
        body = got.json()[0] if isinstance(got.json(), list) else got.json()
        assert body["v"]["value"] == 1
        warnings = got.all("NGSILD-Warning")
        if "count" not in target:
            # a retrieval of a list is no entity either
            assert len(warnings) == 6
        for one, text in cases.values():
            assert text.format(one.url[7:]) in warnings
        assert f'199 {gone[7:]} "No answer"' in warnings
    assert got.header("NGSILD-Results-Count") is None
    assert got.header("NGSILD-Results-Count-Minimum") == "1"
    assert '199 - "The number of results is a lower bound"' in warnings


def test_a_source_that_hangs_is_left_alone_for_its_cooldown(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(200, [], pause_s=5))
    register(one.url, "inclusive", about(), management={"timeout": 100, "cooldown": 60_000})
    assert ngsi("GET", "/entities?type=Station").header("NGSILD-Warning") == f'199 {one.url[7:]} "No answer in time"'
    again = ngsi("GET", "/entities?type=Station")
    assert again.header("NGSILD-Warning") == f'199 {one.url[7:]} "Not asked: it failed shortly before"'
    assert len(one.heard) == 1


def test_headers_of_the_registration_go_along(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source(station(A, v=1))
    info = [
        {"key": "Authorization", "value": "Bearer secret"},
        {"key": "X-Who", "value": "urn:ngsi-ld:request"},
        {"key": "X-Not", "value": "urn:ngsi-ld:request"},
        {"key": "Cookie", "value": "urn:ngsi-ld:request"},
        {"key": "NGSILD-Tenant", "value": "evil"},
        {"key": "Host", "value": "evil"},
    ]
    register(one.url, "inclusive", about(), contextSourceInfo=info, tenant="there", localOnly=True)
    assert ngsi("GET", f"/entities/{A}", X_Who="me", Via="1.1 before", Cookie="a=b").status == 200
    heard = one.heard[0]
    assert heard.headers["authorization"] == "Bearer secret"
    assert heard.headers["x-who"] == "me"
    assert "x-not" not in heard.headers
    assert "cookie" not in heard.headers
    assert heard.headers["ngsild-tenant"] == "there"
    assert heard.headers["host"] == one.url[7:]
    assert heard.headers["via"] == "1.1 before, 1.1 district"
    assert "local=true" in heard.query


def test_an_answer_is_kept_for_its_cache_duration(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source([station(A, v=1)])
    register(one.url, "inclusive", about(), management={"cacheDuration": "PT1H"})
    first, second = (ngsi("GET", "/entities?type=Station") for _turn in range(2))
    assert first.json() == second.json() == [station(A, v=1)]
    assert first.all("NGSILD-Warning") == []
    assert second.all("NGSILD-Warning") == [f'110 {one.url[7:]} "Response is stale: kept from an earlier answer"']
    assert len(one.heard) == 1


def test_two_platforms_that_lead_to_each_other(ngsi: Client, register: Register, other: Server) -> None:
    """district → town → district: each answers once, and the loop is told."""
    back = town("district")
    try:
        assert ngsi("POST", "/entities", station(A, here=1)).status == 201
        assert ngsi("POST", "/entities", station(A, there=2), NGSILD_Tenant="town").status == 201
        register(other.url, "inclusive", about(), tenant="town")
        register(back.url, "inclusive", about(), at="town")
        got = ngsi("GET", f"/entities/{A}")
        assert (got.json()["here"]["value"], got.json()["there"]["value"]) == (1, 2)
        assert got.all("NGSILD-Warning") == [f'199 {back.url[7:]} "A loop of registrations was found"']
    finally:
        back.close()


def test_a_request_that_has_been_here_is_refused(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source([])
    register(one.url, "inclusive", about())
    assert ngsi("GET", "/entities?type=Station", Via="1.1 elsewhere, 1.1 district").status == 508
    assert ngsi("GET", "/entities?type=Station&local=true", Via="1.1 district").status == 200
    assert one.heard == []


def test_a_source_that_the_request_came_through_is_not_asked(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source([])
    register(one.url, "inclusive", about(), contextSourceAlias="town-7")
    assert ngsi("GET", "/entities?type=Station", Via="1.1 town-7").status == 200
    assert one.heard == []
    assert ngsi("GET", "/entities?type=Station", Via="1.1 town-8").status == 200
    assert len(one.heard) == 1


def test_places_scopes_and_descriptions_choose_the_sources(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source([])
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    register(one.url, "inclusive", about(), location=square, scope=["/A"], reliability=5, operations=["retrieveOps"])
    near = "georel=near;maxDistance==1000&geometry=Point&coordinates="
    for asked, number in (
        (near + "[0.5,0.5]", 1),
        (near + "[9,9]", 0),
        ("scopeQ=/A", 1),
        ("scopeQ=/B", 0),
        ("csf=reliability>3", 1),
        ("csf=reliability>7", 0),
        ("id=urn:x:1", 1),
        ("attrs=v", 1),
    ):
        one.heard.clear()
        assert ngsi("GET", f"/entities?type=Station&{asked}").status == 200
        assert (asked, len(one.heard)) == (asked, number)


def test_an_entity_that_a_source_may_not_speak_of_is_left_out(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    foreign = [station(A, v=1), {"id": "urn:x:t", "type": "Tree"}, station(B, v=2)]
    register(source(foreign).url, "inclusive", about(id=A), operations=["retrieveOps"])
    assert [one["id"] for one in ngsi("GET", "/entities?type=Station").json()] == [A]


def test_the_counters_of_a_registration_move(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source([])
    urn = register(one.url, "inclusive", about())
    assert ngsi("GET", "/entities?type=Station").status == 200
    one.say = lambda _heard: Said(500)
    assert ngsi("GET", "/entities?type=Station").status == 200
    ngsi._runner.run(ngsi.app.services.registrations.flush())
    found = SourceRegistration.objects.get(urn=urn)
    assert (found.times_sent, found.times_failed, found.status) == (2, 1, "failed")
    assert found.last_success is not None
    assert found.last_failure is not None


def test_linked_entities_come_from_their_sources(ngsi: Client, register: Register, other: Server) -> None:
    line = {"id": "urn:x:line", "type": "Line", "stop": {"type": "Relationship", "object": A}}
    assert ngsi("POST", "/entities", line).status == 201
    assert ngsi("POST", "/entities", station(A, v=1), NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about(), tenant="town")
    gone = dead_url()
    register(gone, "inclusive", about(), operations=["retrieveOps"])
    got = ngsi("GET", "/entities/urn:x:line?join=inline&joinLevel=1")
    assert got.json()["stop"]["entity"] == station(A, v=1)
    assert got.all("NGSILD-Warning") == [f'199 {gone[7:]} "No answer"']
    flat = ngsi("GET", "/entities?type=Line&join=flat&joinLevel=1")
    assert [one["id"] for one in flat.json()] == ["urn:x:line", A]
