"""Snapshots: what they keep, that it stays what it was, and that nothing done in them leads out (5.5.15, 5.16, 6.3.22)."""

import datetime as dt
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone
from psycopg import sql

from onecity.kernel.twin.models import Entity, Snapshot
from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client
from onecity.kernel.twin.ngsild.snapshots import limits
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Receiver, until
from onecity.kernel.twin.tasks import remove_snapshots

URN = "urn:ngsi-ld:Snapshot:1"
DOOR = "/snapshots"
CARS = {"type": "Query", "entities": [{"type": "Car"}]}
PAST = {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z", "timeproperty": "modifiedAt"}
TABLES = ("twin_entity", "twin_evolution", "twin_instance", "twin_erasure", "twin_census", "twin_change")


def car(number: int, speed: float = 10, **more: Any) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Car:{number}",
        "type": "Car",
        "speed": {"type": "Property", "value": speed},
        "brand": {"type": "Property", "value": "Seat"},
    } | more


def wanted(urn: str = URN, **more: Any) -> dict[str, Any]:
    return {"id": urn, "type": "Snapshot", "snapshotQueries": [CARS]} | more


def prepared(ngsi: Client, given: dict[str, Any], path: str = DOOR, **headers: Any) -> dict[str, Any]:
    """The snapshot once it is no longer being prepared."""
    answer = ngsi("POST", path, given, **headers)
    assert answer.status == 201, answer.body
    where = (answer.header("location") or "").removeprefix("/ngsi-ld/v1")

    def done() -> Any:
        found = ngsi("GET", where, **headers).json()
        return found if found["snapshotStatus"] != "preparing" else None

    found: dict[str, Any] = until(done)
    return found


def within(ngsi: Client, method: str, path: str, json: Any = None, urn: str = URN, **headers: Any) -> Answer:
    return ngsi(method, path, json, ngsild_snapshot=urn, **headers)


def held() -> dict[str, int]:
    """How many rows spaces hold, by table."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            counting = sql.SQL("SELECT count(*) FROM {} WHERE tenant LIKE 'snapshot:%'")
            cursor.execute(counting.format(sql.Identifier(table)))
            found[table] = cursor.fetchone()[0]
    return {table: number for table, number in found.items() if number}


def test_a_snapshot_stays_what_it_was(ngsi: Client) -> None:
    for number in range(3):
        ngsi("POST", "/entities", car(number, number))
    ngsi("POST", "/entities", {"id": "urn:ngsi-ld:Bus:1", "type": "Bus"})
    before = ngsi("GET", "/entities?type=Car&options=sysAttrs").json()
    shown = prepared(ngsi, wanted())
    assert shown["snapshotStatus"] == "success"
    assert shown["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    assert shown["snapshotPriority"] == limits.PRIORITY
    assert ngsi("PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 99}).status == 204
    assert ngsi("DELETE", "/entities/urn:ngsi-ld:Car:2").status == 204
    ngsi("POST", "/entities", car(7))
    answer = within(ngsi, "GET", "/entities?type=Car&options=sysAttrs")
    assert answer.json() == before
    assert answer.all("ngsild-snapshot") == [URN]
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:2").status == 200
    missing = within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:7")
    assert (missing.status, missing.all("ngsild-snapshot")) == (404, [URN])
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Bus:1").status == 404
    assert within(ngsi, "GET", "/types").json()["typeList"] == ["Car"]
    assert within(ngsi, "GET", "/types/Car").json()["entityCount"] == 3
    assert [one["id"] for one in within(ngsi, "GET", "/entities?q=speed>1").json()] == ["urn:ngsi-ld:Car:2"]
    query = within(ngsi, "POST", "/entityOperations/query", CARS)
    assert len(query.json()) == 3
    # the world itself has moved on
    assert ngsi("GET", "/entities/urn:ngsi-ld:Car:1").json()["speed"]["value"] == 99
    assert Entity.objects.count() == 4


def test_what_is_done_in_a_snapshot_stays_in_it(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1))
    prepared(ngsi, wanted())
    assert within(ngsi, "PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 77}).status == 204
    assert within(ngsi, "POST", "/entities", car(2)).status == 201
    assert within(ngsi, "POST", "/entityOperations/upsert", [car(3)]).status == 201
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1").json()["speed"]["value"] == 77
    assert len(within(ngsi, "GET", "/entities?type=Car").json()) == 3
    history = within(ngsi, "GET", "/temporal/entities/urn:ngsi-ld:Car:1?attrs=speed").json()
    assert sorted(one["value"] for one in history["speed"]) == [10, 77]
    assert ngsi("GET", "/entities/urn:ngsi-ld:Car:1").json()["speed"]["value"] == 10
    assert [one["id"] for one in ngsi("GET", "/entities?type=Car").json()] == ["urn:ngsi-ld:Car:1"]
    assert within(ngsi, "DELETE", "/entities/urn:ngsi-ld:Car:1").status == 204
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1").status == 404
    assert ngsi("GET", "/entities/urn:ngsi-ld:Car:1").status == 200


def test_queries_say_what_is_kept(ngsi: Client) -> None:
    for number in range(1, 4):
        place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [number, 0]}}
        ngsi("POST", "/entities", car(number, number * 10, location=place))
    queries = [
        {"type": "Query", "entities": [{"type": "Car"}], "q": "speed>15", "attrs": ["speed"]},
        {"type": "Query", "entities": [{"id": "urn:ngsi-ld:Car:3", "type": "Car"}], "pick": ["id", "type", "location"]},
        {"type": "Query", "entities": [{"type": "Car", "id": ["urn:ngsi-ld:Car:2"]}], "omit": ["speed", "location"]},
        {"type": "Query", "entities": [{"type": "Ship"}]},
    ]
    shown = prepared(ngsi, wanted(snapshotQueries=queries))
    assert shown["snapshotStatus"] == "partial"
    assert [one["resultStatus"] for one in shown["snapshotQueriesDetails"]] == ["success"] * 3 + ["empty"]
    found = within(ngsi, "GET", "/entities?type=Car&options=keyValues").json()
    assert [(one["id"][-1], sorted(one.keys() - {"id", "type"})) for one in found] == [
        ("2", ["brand", "speed"]),
        ("3", ["location", "speed"]),
    ]
    near = "georel=near;maxDistance==10&geometry=Point&coordinates=[3,0]"
    assert len(within(ngsi, "GET", f"/entities?type=Car&{near}").json()) == 1
    assert within(ngsi, "GET", "/types/Car").json()["entityCount"] == 2
    assert prepared(ngsi, wanted(f"{URN}:2", snapshotQueries=queries[3:]))["snapshotStatus"] == "empty"


def test_histories_are_kept(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1, 1))
    for speed in (2, 3):
        ngsi("PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": speed})
    ngsi("POST", "/entities", car(2, 5))
    ngsi("DELETE", "/entities/urn:ngsi-ld:Car:2")
    temporal = [CARS | {"temporalQ": PAST}]
    question = "/temporal/entities?type=Car&timerel=after&timeAt=2020-01-01T00:00:00Z&timeproperty=modifiedAt"
    before = ngsi("GET", question).json()
    shown = prepared(ngsi, {"id": URN, "type": "Snapshot", "snapshotTemporalQueries": temporal})
    assert shown["snapshotTemporalQueriesDetails"] == [{"resultStatus": "success"}]
    ngsi("PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 4})
    after = within(ngsi, "GET", question).json()
    assert [one["id"] for one in after] == [one["id"] for one in before]
    for old, new in zip(before, after, strict=True):
        assert new["speed"] == old["speed"]
        assert new["brand"] == old["brand"]
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1").status == 404
    both = prepared(ngsi, wanted(f"{URN}:2", snapshotTemporalQueries=temporal))
    assert both["snapshotStatus"] == "success"
    again = within(ngsi, "GET", "/temporal/entities/urn:ngsi-ld:Car:1", urn=f"{URN}:2").json()
    assert sorted(one["value"] for one in again["speed"]) == [1, 2, 3, 4]


def test_a_clone_is_a_snapshot_of_its_own(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1))
    prepared(ngsi, wanted(snapshotTemporalQueries=[CARS | {"temporalQ": PAST}]))
    within(ngsi, "PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 11})
    clone = f"{URN}:clone"
    shown = prepared(ngsi, {"id": clone, "type": "Snapshot", "snapshotPriority": 9}, f"{DOOR}/{URN}/clone")
    assert (shown["snapshotStatus"], shown["snapshotPriority"]) == ("success", 9)
    within(ngsi, "PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 12})
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1", urn=clone).json()["speed"]["value"] == 11
    history = within(ngsi, "GET", "/temporal/entities/urn:ngsi-ld:Car:1?attrs=speed", urn=clone).json()
    assert sorted(one["value"] for one in history["speed"]) == [10, 11]
    assert ngsi("DELETE", f"{DOOR}/{URN}").status == 204
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1").status == 404
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1", urn=clone).status == 200
    assert within(ngsi, "GET", "/types/Car", urn=clone).json()["entityCount"] == 1
    assert ngsi("POST", f"{DOOR}/{URN}/clone", {"type": "Snapshot"}).status == 404
    assert ngsi("POST", f"{DOOR}/{clone}/clone", {"type": "Snapshot", "id": clone}).status == 409
    assert ngsi("POST", f"{DOOR}/{clone}/clone", {"type": "Snapshot", "snapshotQueries": [CARS]}).status == 400


def test_nothing_is_left_of_a_deleted_snapshot(ngsi: Client) -> None:
    for number in range(3):
        ngsi("POST", "/entities", car(number))
    prepared(ngsi, wanted(snapshotTemporalQueries=[CARS | {"temporalQ": PAST}]))
    within(ngsi, "PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 11})
    assert set(held()) >= {"twin_entity", "twin_evolution", "twin_instance", "twin_census", "twin_change"}
    world = ngsi("GET", "/entities?type=Car&options=sysAttrs").json()
    assert ngsi("DELETE", f"{DOOR}/{URN}").status == 204
    assert held() == {}
    assert ngsi("DELETE", f"{DOOR}/{URN}").status == 404
    assert ngsi("GET", f"{DOOR}/{URN}").status == 404
    assert ngsi("GET", "/entities?type=Car&options=sysAttrs").json() == world


def test_time_ends_a_snapshot(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1))
    shown = prepared(ngsi, wanted(snapshotLifetime="PT1H"))
    created, until_ = (dt.datetime.fromisoformat(shown[name]) for name in ("createdAt", "expiresAt"))
    assert until_ - created == dt.timedelta(hours=1)
    longest = ngsi("PATCH", f"{DOOR}/{URN}", {"snapshotLifetime": "P1Y", "snapshotPriority": 2})
    assert longest.status == 200
    assert longest.json()["snapshotPriority"] == 2
    left = dt.datetime.fromisoformat(longest.json()["expiresAt"]) - timezone.now()
    assert left <= dt.timedelta(seconds=limits.LONGEST_S)
    Snapshot.objects.update(expires_at=timezone.now())
    assert ngsi("GET", f"{DOOR}/{URN}").status == 404
    assert within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1").status == 404
    assert remove_snapshots() == 1
    assert held() == {}


def test_the_least_important_makes_room(ngsi: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OF_ONE_OWNER", 3)
    ngsi("POST", "/entities", car(1))
    for number, priority in enumerate((5, 2, 9, 1)):
        prepared(ngsi, wanted(f"{URN}:{number}", snapshotPriority=priority))
    assert sorted(Snapshot.objects.values_list("urn", flat=True)) == [f"{URN}:0", f"{URN}:2", f"{URN}:3"]


def test_purging_takes_those_that_meet_the_query(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1))
    for number, priority in enumerate((1, 5, 9)):
        prepared(ngsi, wanted(f"{URN}:{number}", snapshotPriority=priority))
    for wrong in ("", "?q=", "?q=speed>1", "?q=(", "?q=endpoint{speed}"):
        assert ngsi("DELETE", DOOR + wrong).status == 400
    assert ngsi("DELETE", f'{DOOR}?q=snapshotStatus=="failure"').status == 404
    assert Snapshot.objects.count() == 3
    assert ngsi("DELETE", f'{DOOR}?q=snapshotPriority<6;snapshotStatus=="success"').status == 204
    assert Snapshot.objects.get().urn == f"{URN}:2"
    assert held() == {"twin_entity": 1, "twin_census": 3}


def test_the_endpoint_is_told(ngsi: Client, receiver: Receiver) -> None:
    ngsi("POST", "/entities", car(1))
    info = [{"key": "X-Token", "value": "t"}]
    prepared(ngsi, wanted(endpoint=receiver.url + "/s", receiverInfo=info))

    def heard(number: int) -> bool:
        ngsi("GET", f"{DOOR}/{URN}")  # the loop runs while it is asked
        return len(receiver.heard) >= number

    until(lambda: heard(1))
    first = receiver.heard[0]
    assert first.headers["x-token"] == "t"
    assert (first.body["type"], first.body["snapshotId"]) == ("SnapshotNotification", URN)
    assert (first.body["snapshotStatus"], first.body["snapshotPriority"]) == ("success", 5)
    assert first.body["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    ngsi("PATCH", f"{DOOR}/{URN}", {"snapshotPriority": 8})
    until(lambda: heard(2))
    assert receiver.heard[1].body["snapshotPriority"] == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "Shot"},
        {"id": "no uri"},
        {"snapshotQueries": None},
        {"snapshotQueries": []},
        {"snapshotQueries": [{"type": "Car"}]},
        {"snapshotQueries": [CARS | {"q": "("}]},
        {"snapshotQueries": [CARS | {"temporalQ": PAST}]},
        {"snapshotTemporalQueries": [CARS]},
        {"snapshotTemporalQueries": [CARS | {"temporalQ": {"timerel": "never"}}]},
        {"snapshotPriority": 11},
        {"snapshotPriority": True},
        {"snapshotLifetime": "soon"},
        {"endpoint": "mqtt://127.0.0.1/t"},
        {"endpoint": "http://10.0.0.1/"},
        {"endpoint": "http://127.0.0.1/", "receiverInfo": [{"key": "a\nb", "value": "c"}]},
        {"colour": "red"},
    ],
)
def test_wrong_data_leave_nothing_behind(ngsi: Client, wrong: dict[str, Any]) -> None:
    given = {name: value for name, value in (wanted() | wrong).items() if value is not None}
    assert ngsi("POST", DOOR, given).status == 400
    assert not Snapshot.objects.exists()
    ngsi("POST", "/entities", car(1))
    before = prepared(ngsi, wanted())
    if "id" not in wrong and None not in wrong.values():
        assert ngsi("PATCH", f"{DOOR}/{URN}", wrong).status == 400
        after = ngsi("GET", f"{DOOR}/{URN}").json()
        assert after == before
    assert ngsi("POST", DOOR, wanted()).status == 409
    assert Snapshot.objects.count() == 1


def test_only_entities_and_histories_are_in_snapshots(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1))
    prepared(ngsi, wanted())
    assert within(ngsi, "GET", "/entityMaps/urn:x:y").status == 422
    assert within(ngsi, "GET", "/csourceRegistrations?type=Car").status == 422
    assert within(ngsi, "GET", "/entities?type=Car", urn="urn:ngsi-ld:Snapshot:none").status == 404
    assert within(ngsi, "GET", "/entities?type=Car", urn="none").status == 400
    # its space can be named by nobody
    space = f"snapshot:{Snapshot.objects.get().id}"
    assert ngsi("GET", "/entities?type=Car", ngsild_tenant=space).status == 400
    # and belongs to its tenant
    ngsi("POST", "/entities", car(1), ngsild_tenant="other")
    assert within(ngsi, "GET", "/entities?type=Car", ngsild_tenant="other").status == 404
    prepared(ngsi, wanted(), ngsild_tenant="other")
    answer = within(ngsi, "GET", "/entities?type=Car", ngsild_tenant="other")
    assert (len(answer.json()), answer.header("ngsild-tenant")) == (1, "other")


def test_strangers_neither_make_nor_see_them(ngsi: Client, settings: LazySettings) -> None:
    ngsi("POST", "/entities", car(1))
    prepared(ngsi, wanted())
    settings.ONECITY_NGSI_LD_ANONYMOUS = "none"
    stranger = Client()
    try:
        assert stranger("POST", DOOR, wanted(f"{URN}:2")).status == 401
        assert stranger("GET", f"{DOOR}/{URN}").status == 404
        assert within(stranger, "GET", "/entities?type=Car").status == 404
        assert stranger("DELETE", f"{DOOR}/{URN}").status == 401
    finally:
        stranger.close()
    assert Snapshot.objects.get().urn == URN


def test_what_died_while_it_was_prepared_is_given_up(ngsi: Client) -> None:
    ngsi("POST", "/entities", car(1))
    prepared(ngsi, wanted())
    long_ago = timezone.now() - dt.timedelta(seconds=limits.PREPARING_S + 1)
    Snapshot.objects.update(status="preparing", created_at=long_ago)
    assert within(ngsi, "GET", "/entities?type=Car").status == 409
    assert remove_snapshots() == 0
    assert ngsi("GET", f"{DOOR}/{URN}").json()["snapshotStatus"] == "failure"
