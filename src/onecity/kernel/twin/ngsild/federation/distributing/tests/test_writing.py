"""Writes that several sources share, with real servers on this machine."""

from collections.abc import Callable

import pytest

from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Server, Source, dead_url
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about, station
from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client

OPS = ["redirectionOps"]
PROBLEM = "https://uri.etsi.org/ngsi-ld/errors/"


def problem(kind: str) -> dict[str, str]:
    return {"type": PROBLEM + kind, "title": "x"}


def local(ngsi: Client, urn: str = A, tenant: str = "") -> Answer:
    return ngsi("GET", f"/entities/{urn}?local=true", NGSILD_Tenant=tenant)


def test_every_write_reaches_an_inclusive_source(ngsi: Client, register: Register, other: Server) -> None:
    register(other.url, "inclusive", about(), tenant="town", operations=OPS)
    assert ngsi("POST", "/entities", station(B), NGSILD_Tenant="town").status == 201
    steps = [
        ("POST", "/entities", station(A, v=1), 201),
        ("POST", f"/entities/{A}/attrs", {"w": {"type": "Property", "value": 2}}, 204),
        ("PATCH", f"/entities/{A}/attrs", {"w": {"type": "Property", "value": 3}}, 204),
        ("PATCH", f"/entities/{A}/attrs/w", {"type": "Property", "value": 4}, 204),
        ("PUT", f"/entities/{A}/attrs/w", {"type": "Property", "value": 5}, 204),
        ("PATCH", f"/entities/{A}", {"x": {"type": "Property", "value": 6}}, 204),
        ("DELETE", f"/entities/{A}/attrs/x", None, 204),
        ("PUT", f"/entities/{A}", station(A, y=7), 204),
    ]
    for method, path, body, status in steps:
        assert (method, path, ngsi(method, path, body).status) == (method, path, status)
        assert local(ngsi).json() == local(ngsi, tenant="town").json()
    assert local(ngsi).json()["y"]["value"] == 7
    assert ngsi("DELETE", f"/entities/{A}").status == 204
    assert local(ngsi).status == local(ngsi, tenant="town").status == 404


def test_parts_go_where_they_belong(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    exclusive, redirect = source(Said(201)), source(Said(201))
    register(exclusive.url, "exclusive", about(id=A) | {"propertyNames": ["e"]}, operations=OPS)
    register(redirect.url, "redirect", about() | {"propertyNames": ["e", "r"]}, operations=OPS)
    assert ngsi("POST", "/entities", station(A, e=1, r=2, mine=3)).status == 201
    assert exclusive.heard[0].json() == station(A, e=1)
    assert redirect.heard[0].json() == station(A, r=2)
    assert local(ngsi).json().keys() == {"id", "type", "mine"}
    assert exclusive.heard[0].headers["via"] == "1.1 district"
    # what others hold alone is not written here, where they fail least of all
    exclusive.say = lambda _heard: Said(500)
    got = ngsi(
        "PATCH",
        f"/entities/{A}/attrs",
        {"e": {"type": "Property", "value": 9}, "mine": {"type": "Property", "value": 8}},
    )
    assert got.status == 207
    assert [one.rpartition("/")[2] for one in got.json()["updated"]] == ["mine"]
    assert [one["attributeName"].rpartition("/")[2] for one in got.json()["notUpdated"]] == ["e"]
    assert got.json()["notUpdated"][0]["registrationId"].endswith(":0")
    assert local(ngsi).json()["mine"]["value"] == 8
    assert "e" not in local(ngsi).json()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (Said(204), 204),
        (Said(404, problem("ResourceNotFound")), 404),
        (Said(403, problem("Forbidden")), 502),
        (Said(508, problem("Loop")), 508),
        (Said(204, pause_s=30), 504),
        (Said(500, raw=b"<html>"), 502),
    ],
)
def test_the_one_source_of_an_entity_fails(
    ngsi: Client, register: Register, source: Callable[..., Source], said: Said, status: int
) -> None:
    assert ngsi("POST", "/entities", station(B, v=1)).status == 201
    one = source(said)
    register(one.url, "redirect", about(id=A), operations=OPS, management={"timeout": 300 if said.pause_s else 30_000})
    got = ngsi("PATCH", f"/entities/{A}/attrs", {"v": {"type": "Property", "value": 2}})
    assert got.status == status
    assert len(one.heard) == 1
    assert local(ngsi).status == 404
    assert local(ngsi, B).json()["v"]["value"] == 1


def test_nobody_listens(ngsi: Client, register: Register) -> None:
    register(dead_url(), "redirect", about(id=A), operations=OPS)
    assert ngsi("DELETE", f"/entities/{A}").status == 502


def test_an_operation_that_the_source_does_not_offer_is_a_conflict(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(204))
    register(one.url, "redirect", about(id=A))
    got = ngsi("POST", "/entities", station(A, v=1))
    assert (got.status, got.json()["type"]) == (409, PROBLEM + "Conflict")
    assert one.heard == []
    assert local(ngsi).status == 404


def test_an_inclusive_source_that_fails_makes_it_partial(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(409, problem("AlreadyExists")))
    register(one.url, "inclusive", about(), operations=OPS)
    got = ngsi("POST", "/entities", station(A, v=1))
    assert got.status == 207
    assert got.json()["success"] == [A]
    assert [(e["entityId"], e["error"]["status"], e["registrationId"][-2:]) for e in got.json()["errors"]] == [
        (A, 409, ":0")
    ]
    assert got.header("Location") == f"/ngsi-ld/v1/entities/{A}"
    assert local(ngsi).status == 200


def test_an_auxiliary_source_is_never_told(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source(Said(204))
    register(one.url, "auxiliary", about(), operations=["retrieveOps"])
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    assert one.heard == []


def test_a_bad_request_is_told_to_nobody(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source(Said(204))
    register(one.url, "redirect", about(), operations=OPS)
    assert ngsi("POST", "/entities", {"id": "no uri", "type": "Station"}).status == 400
    assert ngsi("PATCH", f"/entities/{A}/attrs", {"v": {"type": "Property"}}).status == 400
    assert one.heard == []


def test_what_is_of_another_type_here_is_ours(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source(Said(204))
    assert ngsi("POST", "/entities", {"id": A, "type": "Bench"}).status == 201
    register(one.url, "redirect", about(), operations=OPS)
    assert ngsi("POST", f"/entities/{A}/attrs", {"v": {"type": "Property", "value": 2}}).status == 204
    assert one.heard == []


def test_a_write_in_the_words_of_the_source(
    ngsi: Client, register: Register, source: Callable[..., Source], other: Server
) -> None:
    """jsonldContext: names in the address, in parameters and in the body are those of another @context (4.3.6.6)."""
    hosted = ngsi(
        "POST", "/jsonldContexts", {"@context": {"tempo": "https://uri.etsi.org/ngsi-ld/default-context/speed"}}
    )
    link = f"{other.url}{hosted.header('Location')}"
    one = source(Said(204))
    info = [{"key": "jsonldContext", "value": link}]
    register(one.url, "redirect", about(), operations=OPS, contextSourceInfo=info)
    assert ngsi("PATCH", f"/entities/{A}/attrs", {"speed": {"type": "Property", "value": 2}}).status == 204
    assert ngsi("DELETE", f"/entities/{A}/attrs/speed").status == 204
    assert one.heard[0].json() == {"tempo": {"type": "Property", "value": 2}}
    assert link in one.heard[0].headers["link"]
    assert one.heard[1].path == f"/ngsi-ld/v1/entities/{A}/attrs/tempo"


def test_who_may_not_change_the_district_tells_nobody(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(204))
    register(one.url, "inclusive", about(), operations=["redirectionOps"])
    ngsi.app.services.anonymous = "read"
    assert ngsi("POST", "/entities", station(A, v=1)).status == 401
    assert ngsi("GET", f"/entities/{A}").status == 404
    assert len(one.heard) == 1
    ngsi.app.services.anonymous = "none"
    assert ngsi("GET", f"/entities/{A}").status == 404
    assert len(one.heard) == 1
