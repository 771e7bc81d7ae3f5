"""Batches and purges that several sources share, with real servers on this machine."""

from collections.abc import Callable
from typing import Any

import pytest

from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Heard, Said, Server, Source
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about, station
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_writing import OPS, PROBLEM, local, problem
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

BATCHES = ["createBatch", "upsertBatch", "updateBatch", "mergeBatch", "deleteBatch"]
C = "urn:ngsi-ld:Station:c"


def test_a_batch_reaches_an_inclusive_source_at_once(ngsi: Client, register: Register, other: Server) -> None:
    assert ngsi("POST", "/entities", station(C), NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about(), tenant="town", operations=BATCHES)
    created = ngsi("POST", "/entityOperations/create", [station(A, v=1), station(B, v=2)])
    assert (created.status, sorted(created.json())) == (201, [A, B])
    assert ngsi("POST", "/entityOperations/upsert", [station(A, v=3)]).status == 204
    assert ngsi("POST", "/entityOperations/update", [station(A, w=4)]).status == 204
    assert ngsi("POST", "/entityOperations/merge", [{"id": A, "w": {"type": "Property", "value": 5}}]).status == 204
    assert local(ngsi).json() == local(ngsi, tenant="town").json() == station(A, v=3, w=5)
    # what only the source has is changed and deleted there
    assert ngsi("POST", "/entityOperations/update", [station(C, w=6)]).status == 204
    assert local(ngsi, C, "town").json() == station(C, w=6)
    assert ngsi("POST", "/entityOperations/delete", [A, C]).status == 204
    assert local(ngsi).status == local(ngsi, tenant="town").status == local(ngsi, C, "town").status == 404


def test_a_batch_is_passed_on_one_by_one_where_the_source_wants_it(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    def say(heard: Heard) -> Said:
        return Said(409, problem("AlreadyExists")) if heard.method == "POST" else Said(204)

    one = source(say)
    register(one.url, "redirect", about(), operations=OPS)
    got = ngsi("POST", "/entityOperations/upsert", [station(A, v=1), {"id": C, "type": "Bench"}])
    assert (got.status, got.json()) == (201, [C])
    assert [(heard.method, heard.path.rpartition("/v1")[2]) for heard in one.heard] == [
        ("POST", "/entities"),
        ("PUT", f"/entities/{A}"),
    ]
    assert local(ngsi).status == 404
    assert ngsi("POST", "/entityOperations/upsert?options=update", [station(A, v=1)]).status == 204
    assert (one.heard[-1].method, one.heard[-1].path[-6:]) == ("PATCH", "/attrs")
    assert ngsi("POST", "/entityOperations/delete", [A]).status == 204
    assert one.heard[-1].method == "DELETE"


def test_an_upsert_of_what_a_source_has_and_cannot_change_is_not_supported(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(lambda heard: Said(409, problem("AlreadyExists")) if A.encode() in heard.body else Said(201))
    urn = register(one.url, "inclusive", about(), operations=["createEntity", "updateAttrs"])
    for address in ("/entityOperations/upsert", "/entityOperations/upsert?options=update"):
        got = ngsi("POST", address, [station(A, v=1), station(B, v=2)])
        assert (got.status, got.json()["success"]) == (207, [B])
        (error,) = got.json()["errors"]
        assert (error["entityId"], error["registrationId"]) == (A, urn)
        assert (error["error"]["type"], error["error"]["status"]) == (PROBLEM + "OperationNotSupported", 422)
    assert {heard.method for heard in one.heard} == {"POST"}
    assert local(ngsi).json() == station(A, v=1)


@pytest.mark.parametrize(
    ("said", "status"),
    [(Said(500), 502), (Said(207, {"success": [], "errors": [{"entityId": A, "error": {"title": "no"}}]}), 502)],
)
def test_what_a_source_refuses_is_told_for_each_entity(
    ngsi: Client, register: Register, source: Callable[..., Source], said: Said, status: int
) -> None:
    urn = register(source(said).url, "inclusive", about(id=A), operations=BATCHES)
    got = ngsi("POST", "/entityOperations/create", [station(A, v=1), station(B, v=2)])
    assert got.status == 207
    assert got.json()["success"] == [B]
    (error,) = got.json()["errors"]
    assert (error["entityId"], error["registrationId"], error["error"]["status"]) == (A, urn, status)


def test_a_source_without_the_operation_conflicts_for_its_own_entities(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(204))
    register(one.url, "redirect", about(id=A))
    got = ngsi("POST", "/entityOperations/create", [station(A, v=1), station(B, v=2)])
    assert (got.status, got.json()["success"]) == (207, [B])
    assert got.json()["errors"][0]["error"]["status"] == 409
    assert one.heard == []
    assert local(ngsi).status == 404


def test_a_purge_goes_to_those_that_offer_it(
    ngsi: Client, register: Register, other: Server, source: Callable[..., Source]
) -> None:
    assert ngsi("POST", "/entities", station(A, v=1), NGSILD_Tenant="town").status == 201
    assert ngsi("POST", "/entities", station(B, v=1)).status == 201
    register(other.url, "inclusive", about(), tenant="town", operations=OPS)
    assert ngsi("DELETE", "/entities?type=Station").status == 204
    assert local(ngsi, B).status == local(ngsi, A, "town").status == 404
    register(source(Said(204)).url, "redirect", about())
    assert ngsi("POST", "/entities?local=true", station(B, v=1)).status == 201
    got = ngsi("DELETE", "/entities?type=Station")
    assert got.status == 207
    assert [one["error"]["status"] for one in got.json()["errors"]] == [409]
    assert local(ngsi, B).status == 404


def test_garbage_in_place_of_a_result(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    garbage: list[Any] = [Said(200, raw=b"\xff\x00<"), Said(207, {"errors": 7}), Said(207, [1]), Said(201, {"a": 1})]
    one = source(Said(204))
    register(one.url, "inclusive", about(), operations=BATCHES)
    for place, said in enumerate(garbage):
        one.say = lambda _heard, said=said: said  # type: ignore[misc]  # the loop's value is meant
        got = ngsi("POST", "/entityOperations/create", [station(f"{A}{place}", v=1)])
        assert got.status in {201, 207}
        assert local(ngsi, f"{A}{place}").status == 200
