"""Snapshots of queries that other sources have a part in (5.16.1.4, 5.7.2.4), against real servers on this machine."""

from collections.abc import Iterator
from typing import Any

import pytest

from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Server, dead_url, town
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.snapshots.tests.test_snapshots import URN, car, prepared, wanted, within


@pytest.fixture
def other(ngsi: Client) -> Iterator[Server]:
    """Another platform of ours; the tenant `town` is its data."""
    del ngsi
    server = town("town")
    yield server
    server.close()


def register(ngsi: Client, url: str, **more: Any) -> None:
    body = {
        "type": "ContextSourceRegistration",
        "endpoint": url,
        "information": [{"entities": [{"type": "Car"}]}],
    }
    assert ngsi("POST", "/csourceRegistrations", body | more).status == 201


def test_what_sources_have_is_kept_and_they_are_not_asked_again(ngsi: Client, other: Server) -> None:
    ngsi("POST", "/entities", car(1, 10))
    ngsi("POST", "/entities", car(2, 20), ngsild_tenant="town")
    ngsi("POST", "/entities", {"id": "urn:ngsi-ld:Car:1", "type": "Car", "fuel": 5}, ngsild_tenant="town")
    register(ngsi, other.url, tenant="town")
    before = ngsi("GET", "/entities?type=Car&options=keyValues").json()
    assert [one["id"][-1] for one in before] == ["1", "2"]
    shown = prepared(ngsi, wanted())
    assert (shown["snapshotStatus"], shown["snapshotQueriesDetails"]) == ("success", [{"resultStatus": "success"}])
    ngsi("PATCH", "/entities/urn:ngsi-ld:Car:2", {"speed": 99}, ngsild_tenant="town")
    ngsi("DELETE", "/entities/urn:ngsi-ld:Car:1", ngsild_tenant="town")
    assert within(ngsi, "GET", "/entities?type=Car&options=keyValues").json() == before
    # what is changed in it goes to no source
    assert within(ngsi, "PATCH", "/entities/urn:ngsi-ld:Car:2", {"speed": 1}).status == 204
    assert ngsi("GET", "/entities/urn:ngsi-ld:Car:2", ngsild_tenant="town").json()["speed"]["value"] == 99
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:2").json()["speed"]["value"] == 1


def test_a_source_that_does_not_answer_is_told_of(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1, 10))
    register(ngsi, dead_url())
    shown = prepared(ngsi, wanted())
    (detail,) = shown["snapshotQueriesDetails"]
    assert detail["resultStatus"] == "success"
    assert "No answer" in detail["problemDetails"]["detail"]
    assert [one["id"] for one in within(ngsi, "GET", "/entities?type=Car").json()] == ["urn:ngsi-ld:Car:1"]


def test_what_is_local_asks_nobody(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1, 10))
    register(ngsi, dead_url())
    everything = [{"type": "Query", "entities": [{"type": "*"}]}]
    shown = prepared(ngsi, wanted(f"{URN}:2", snapshotQueries=everything))
    assert shown["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
