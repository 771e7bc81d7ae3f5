"""Histories that are written to several sources, with real servers on this machine."""

from collections.abc import Callable
from typing import Any

import pytest

from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Server, Source, dead_url
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_histories import SINCE, history, values
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_writing import PROBLEM, problem
from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client

WRITES = [
    "upsertTemporal",
    "appendAttrsTemporal",
    "deleteAttrsTemporal",
    "updateAttrInstanceTemporal",
    "deleteAttrInstanceTemporal",
    "deleteTemporal",
]
NEW = {"v": [{"type": "Property", "value": 9, "observedAt": "2026-02-01T09:00:00Z"}]}


def local(ngsi: Client, tenant: str = "", urn: str = A) -> Answer:
    return ngsi("GET", f"/temporal/entities/{urn}?{SINCE}&local=true", NGSILD_Tenant=tenant)


def instance(ngsi: Client, tenant: str = "", place: int = 0) -> str:
    found = local(ngsi, tenant).json()["v"]
    return str((found if isinstance(found, list) else [found])[place]["instanceId"])


def test_every_write_of_a_history_reaches_an_inclusive_source(ngsi: Client, register: Register, other: Server) -> None:
    assert ngsi("POST", "/temporal/entities", history(B, v=[(1, 1)]), NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about(), tenant="town", operations=WRITES)
    made = ngsi("POST", "/temporal/entities", history(A, v=[(1, 1), (2, 2)], w=[(1, 5)]))
    assert (made.status, made.header("Location")) == (201, f"/ngsi-ld/v1/temporal/entities/{A}")
    assert ngsi("POST", "/temporal/entities", history(A, v=[(3, 3)])).status == 204
    assert ngsi("POST", f"/temporal/entities/{A}/attrs", NEW).status == 204
    for tenant in ("", "town"):
        assert values(local(ngsi, tenant).json(), "v") == [1, 2, 3, 9]
    assert ngsi("DELETE", f"/temporal/entities/{A}/attrs/w").status == 204
    assert "w" not in local(ngsi).json() | local(ngsi, "town").json()
    # an instance is in one place: where it is, it is changed and deleted, and that is all that was wanted
    for tenant in ("", "town"):
        body = {"v": [{"type": "Property", "value": 7, "observedAt": "2026-02-01T01:00:00Z"}]}
        assert ngsi("PATCH", f"/temporal/entities/{A}/attrs/v/{instance(ngsi, tenant)}", body).status == 204
        assert values(local(ngsi, tenant).json(), "v") == [7, 2, 3, 9]
        assert ngsi("DELETE", f"/temporal/entities/{A}/attrs/v/{instance(ngsi, tenant, 1)}").status == 204
        assert values(local(ngsi, tenant).json(), "v") == [7, 3, 9]
    assert ngsi("DELETE", f"/temporal/entities/{A}/attrs/v/urn:ngsi-ld:instance:none").status == 404
    assert ngsi("DELETE", f"/temporal/entities/{A}").status == 204
    assert local(ngsi).status == local(ngsi, "town").status == 404
    # what only the source has is written and deleted there
    assert ngsi("POST", f"/temporal/entities/{B}/attrs", NEW).status == 204
    assert values(local(ngsi, "town", B).json(), "v") == [1, 9]
    assert ngsi("DELETE", f"/temporal/entities/{B}").status == 204
    assert local(ngsi, "town", B).status == 404


def test_parts_of_a_history_go_where_they_belong(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    exclusive, redirect, auxiliary = source(Said(201)), source(Said(204)), source(Said(204))
    register(exclusive.url, "exclusive", about(id=A) | {"propertyNames": ["e"]}, operations=WRITES)
    register(redirect.url, "redirect", about() | {"propertyNames": ["e", "r"]}, operations=WRITES)
    register(auxiliary.url, "auxiliary", about(), operations=["retrieveOps"])
    assert ngsi("POST", "/temporal/entities", history(A, e=[(1, 1)], r=[(1, 2)], mine=[(1, 3)])).status == 201
    assert exclusive.heard[0].json() == history(A, e=[(1, 1)])
    assert redirect.heard[0].json() == history(A, r=[(1, 2)])
    assert (exclusive.heard[0].path, exclusive.heard[0].headers["via"]) == (
        "/ngsi-ld/v1/temporal/entities",
        "1.1 district",
    )
    assert auxiliary.heard == []
    assert local(ngsi).json().keys() == {"id", "type", "mine"}
    redirect.say = lambda _heard: Said(500)
    body = dict.fromkeys(("r", "mine"), NEW["v"])
    got = ngsi("POST", f"/temporal/entities/{A}/attrs", body)
    assert got.status == 207
    assert [one.rpartition("/")[2] for one in got.json()["updated"]] == ["mine"]
    (failed,) = got.json()["notUpdated"]
    assert (failed["attributeName"].rpartition("/")[2], failed["registrationId"][-2:]) == ("r", ":1")
    got = ngsi("POST", "/temporal/entities", history(A, r=[(2, 2)], mine=[(2, 4)]))
    assert (got.status, got.json()["success"]) == (207, [A])
    assert [(one["error"]["status"], one["registrationId"][-2:]) for one in got.json()["errors"]] == [(502, ":1")]
    assert values(local(ngsi).json(), "mine") == [3, 4, 9]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (Said(404, problem("ResourceNotFound")), 404),
        (Said(403, problem("Forbidden")), 502),
        (Said(508, problem("Loop")), 508),
        (Said(204, pause_s=30), 504),
        (Said(500, raw=b"<html>"), 502),
        (Said(204), 204),
    ],
)
def test_the_one_source_of_a_history_fails(
    ngsi: Client, register: Register, source: Callable[..., Source], said: Said, status: int
) -> None:
    one = source(said)
    register(one.url, "redirect", about(id=A), operations=WRITES, management={"timeout": 300 if said.pause_s else 9000})
    calls: list[tuple[str, str, Any]] = [
        ("POST", "", history(A, v=[(1, 1)])),
        ("POST", f"/{A}/attrs", NEW),
        ("DELETE", f"/{A}/attrs/v?deleteAll=true", None),
        ("PATCH", f"/{A}/attrs/v/urn:x:1", NEW),
        ("DELETE", f"/{A}/attrs/v/urn:x:1", None),
        ("DELETE", f"/{A}", None),
    ]
    for method, below, body in calls[: 1 if said.pause_s else None]:
        assert (method, below, ngsi(method, f"/temporal/entities{below}", body).status) == (method, below, status)
    assert local(ngsi).status == 404
    assert [(heard.method, heard.path) for heard in one.heard] == [
        (method, f"/ngsi-ld/v1/temporal/entities{below.partition('?')[0]}")
        for method, below, _body in calls[: len(one.heard)]
    ]
    assert len(one.heard) == (1 if said.pause_s else 6)


def test_what_a_source_does_not_offer_for_histories_is_a_conflict(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(204))
    register(one.url, "redirect", about(id=A))
    got = ngsi("POST", "/temporal/entities", history(A, v=[(1, 1)]))
    assert (got.status, got.json()["type"]) == (409, PROBLEM + "Conflict")
    assert one.heard == []
    assert local(ngsi).status == 404
    register(dead_url(), "redirect", about(id=B), operations=WRITES)
    assert ngsi("POST", "/temporal/entities", history(B, v=[(1, 1)])).status == 502
    assert local(ngsi, urn=B).status == 404
