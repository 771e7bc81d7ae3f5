"""Changes through the door, notifications at a real HTTP receiver."""

from typing import Any

import pytest

from onecity.kernel.twin.models import Delivery, Notification, Subscription
from onecity.kernel.twin.ngsild.http.tests.conftest import CORE, Client
from onecity.kernel.twin.ngsild.subscriptions import sending
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, Receiver, until

URN = "urn:ngsi-ld:Vehicle:A1"
SUB = "urn:ngsi-ld:Subscription:1"


def vehicle(urn: str = URN, **more: Any) -> dict[str, Any]:
    return {"id": urn, "type": "Vehicle", "speed": {"type": "Property", "value": 30}, **more}


def subscribe(ngsi: Client, receiver: Receiver, path: str = "/a", urn: str = SUB, **more: Any) -> None:
    notification = more.pop("notification", {})
    endpoint = {"uri": receiver.url + path} | notification.pop("endpoint", {})
    body = {"id": urn, "type": "Subscription", "entities": [{"type": "Vehicle"}]} | more
    made = ngsi("POST", "/subscriptions", body | {"notification": notification | {"endpoint": endpoint}})
    assert made.status == 201, made.body


def test_a_change_is_told(ngsi: Client, receiver: Receiver, office: Office) -> None:
    subscribe(ngsi, receiver, notification={"endpoint": {"receiverInfo": [{"key": "X-Token", "value": "t"}]}})
    ngsi("POST", "/entities", vehicle())
    until(lambda: receiver.heard)
    heard = receiver.heard[0]
    assert heard.data == [vehicle()]
    assert (heard.body["type"], heard.body["subscriptionId"]) == ("Notification", SUB)
    assert heard.body["id"].startswith("urn:ngsi-ld:Notification:")
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["link"].startswith(f"<{CORE}>; rel=")
    assert heard.headers["x-token"] == "t"
    for speed in range(5):
        ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": speed}})
    until(lambda: len(receiver.heard) == 6)
    assert [one.data[0]["speed"]["value"] for one in receiver.heard] == [30, 0, 1, 2, 3, 4]
    until(lambda: not Notification.objects.exists())
    got = until(
        lambda: (
            (sub := ngsi("GET", f"/subscriptions/{SUB}").json()) and sub["notification"].get("timesSent") == 6 and sub
        )
    )
    assert (got["notification"]["status"], "timesFailed" in got["notification"]) == ("ok", False)
    assert got["notification"]["lastSuccess"] == got["notification"]["lastNotification"]


def test_conditions(ngsi: Client, receiver: Receiver, office: Office) -> None:
    near = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [1, 2]}
    subscribe(ngsi, receiver, "/q", "urn:s:q", q="speed>50")
    subscribe(ngsi, receiver, "/geo", "urn:s:geo", geoQ=near)
    subscribe(ngsi, receiver, "/scope", "urn:s:scope", scopeQ="/Madrid/#")
    subscribe(ngsi, receiver, "/watched", "urn:s:watched", watchedAttributes=["fuel"])
    subscribe(ngsi, receiver, "/id", "urn:s:id", entities=[{"type": "Vehicle", "id": "urn:v:9"}])
    subscribe(ngsi, receiver, "/pattern", "urn:s:pattern", entities=[{"type": "*", "idPattern": "9$"}])
    subscribe(ngsi, receiver, "/all", "urn:s:all")
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1.001, 2]}}
    ngsi("POST", "/entities", vehicle("urn:v:1", speed=60))
    ngsi("POST", "/entities", vehicle("urn:v:2", location=place))
    ngsi("POST", "/entities", vehicle("urn:v:3", scope="/Madrid/North"))
    ngsi("POST", "/entities", vehicle("urn:v:4", fuel=1))
    ngsi("POST", "/entities", vehicle("urn:v:9"))
    ngsi("PATCH", "/entities/urn:v:4", {"speed": {"value": 30}})  # the same value is no change
    ngsi("POST", "/entities", vehicle("urn:v:last"))
    until(lambda: len(receiver.at("/all")) == 6)
    until(lambda: not Notification.objects.exists())
    told = {
        path: [one.data[0]["id"] for one in receiver.at(path)]
        for path in ("/q", "/geo", "/scope", "/watched", "/id", "/pattern")
    }
    assert told == {
        "/q": ["urn:v:1"],
        "/geo": ["urn:v:2"],
        "/scope": ["urn:v:3"],
        "/watched": ["urn:v:4"],
        "/id": ["urn:v:9"],
        "/pattern": ["urn:v:9"],
    }


def test_triggers_deletions_and_changes(ngsi: Client, receiver: Receiver, office: Office) -> None:
    everything = ["entityCreated", "entityUpdated", "entityDeleted"]
    shown = {"showChanges": True}
    subscribe(ngsi, receiver, "/plain", "urn:s:1", notificationTrigger=everything)
    subscribe(ngsi, receiver, "/shown", "urn:s:2", notificationTrigger=everything, notification=shown)
    subscribe(
        ngsi, receiver, "/gone", "urn:s:3", notificationTrigger=["entityDeleted"], notification={"sysAttrs": True}
    )
    ngsi("POST", "/entities", vehicle(fuel=7))
    ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": 31}})
    ngsi("DELETE", f"/entities/{URN}/attrs/fuel")
    ngsi("DELETE", f"/entities/{URN}")
    until(lambda: len(receiver.at("/plain")) == 4 and len(receiver.at("/shown")) == 4 and receiver.at("/gone"))
    plain = [one.data[0] for one in receiver.at("/plain")]
    fuel = {"type": "Property", "value": 7}
    speed = {"type": "Property", "value": 31}
    assert plain[1] == {"id": URN, "type": "Vehicle", "speed": speed, "fuel": fuel}
    assert plain[2] == {"id": URN, "type": "Vehicle", "speed": speed, "fuel": fuel | {"value": "urn:ngsi-ld:null"}}
    assert plain[3].keys() == {"id", "type", "deletedAt"}
    shown_bodies = [one.data[0] for one in receiver.at("/shown")]
    assert shown_bodies[1]["speed"] == speed | {"previousValue": 30}
    assert shown_bodies[2]["fuel"] == {"type": "Property", "value": "urn:ngsi-ld:null", "previousValue": 7}
    assert shown_bodies[3]["speed"] == {"type": "Property", "value": "urn:ngsi-ld:null", "previousValue": 31}
    assert receiver.at("/gone")[0].data[0].keys() == {"id", "type", "deletedAt", "createdAt", "modifiedAt"}


def test_shapes(ngsi: Client, receiver: Receiver, office: Office) -> None:
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}
    ngsi("POST", "/entities", {"id": "urn:o:1", "type": "Owner", "name": {"type": "Property", "value": "Li"}})
    subscribe(ngsi, receiver, "/simple", "urn:s:1", notification={"format": "keyValues", "pick": ["id", "speed"]})
    subscribe(ngsi, receiver, "/ld", "urn:s:2", notification={"endpoint": {"accept": "application/ld+json"}})
    subscribe(ngsi, receiver, "/geo", "urn:s:3", notification={"endpoint": {"accept": "application/geo+json"}})
    subscribe(ngsi, receiver, "/join", "urn:s:4", notification={"join": "inline", "attributes": ["owner"]})
    ngsi("POST", "/entities", vehicle(location=place, owner={"type": "Relationship", "object": "urn:o:1"}))
    until(lambda: len(receiver.heard) == 4)
    by_path = {one.path: one for one in receiver.heard}
    assert by_path["/simple"].data == [{"id": URN, "speed": 30}]
    assert by_path["/ld"].data[0]["@context"] == CORE
    assert "link" not in by_path["/ld"].headers
    assert by_path["/geo"].data["features"][0]["geometry"] == place["value"]
    assert by_path["/geo"].data["@context"] == CORE
    assert by_path["/join"].data[0]["owner"]["entity"]["name"] == {"type": "Property", "value": "Li"}


def test_a_batch_is_one_notification_and_throttling_holds(ngsi: Client, receiver: Receiver, office: Office) -> None:
    subscribe(ngsi, receiver, "/batch", "urn:s:1")
    subscribe(ngsi, receiver, "/slow", "urn:s:2", throttling=60)
    batch = [vehicle(f"urn:v:{number}") for number in range(5)]
    assert ngsi("POST", "/entityOperations/create", batch).status == 201
    until(lambda: len(receiver.heard) == 2)
    assert sorted(one["id"] for one in receiver.at("/batch")[0].data) == [one["id"] for one in batch]
    ngsi("PATCH", "/entities/urn:v:1", {"speed": {"value": 1}})
    until(lambda: len(receiver.at("/batch")) == 2)
    assert len(receiver.at("/slow")) == 1


def test_pausing_and_deleting(ngsi: Client, receiver: Receiver, office: Office) -> None:
    subscribe(ngsi, receiver, "/a", "urn:s:a")
    subscribe(ngsi, receiver, "/b", "urn:s:b")
    subscribe(ngsi, receiver, "/c", "urn:s:c")
    ngsi("PATCH", "/subscriptions/urn:s:a", {"isActive": False})
    ngsi("DELETE", "/subscriptions/urn:s:b")
    ngsi("POST", "/entities", vehicle())
    until(lambda: receiver.at("/c"))
    ngsi("PATCH", "/subscriptions/urn:s:a", {"isActive": True})
    ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": 1}})
    until(lambda: len(receiver.at("/c")) == 2 and receiver.at("/a"))
    assert [one.data[0]["speed"]["value"] for one in receiver.at("/a")] == [1]
    assert receiver.at("/b") == []


def test_a_failing_receiver_is_tried_again_and_delays_no_other(
    ngsi: Client, receiver: Receiver, office: Office
) -> None:
    status = {"/bad": 503, "/no": 404}
    receiver.answer = lambda path: (status.get(path, 200), 30.0 if path == "/stuck" else 0.0)
    subscribe(ngsi, receiver, "/bad", "urn:s:bad", notification={"endpoint": {"cooldown": 50}})
    subscribe(ngsi, receiver, "/no", "urn:s:no")
    subscribe(ngsi, receiver, "/stuck", "urn:s:stuck", notification={"endpoint": {"timeout": 60000}})
    subscribe(ngsi, receiver, "/good", "urn:s:good")
    ngsi("POST", "/entities", vehicle())
    ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": 31}})
    until(lambda: len(receiver.at("/good")) == 2 and len(receiver.at("/bad")) >= 3 and len(receiver.at("/no")) == 2)
    assert len({one.body["id"] for one in receiver.at("/bad")}) == 1
    status.clear()
    until(lambda: len({one.body["id"] for one in receiver.at("/bad")}) == 2)
    until(lambda: Notification.objects.count() == 2)  # those that are stuck
    bad = ngsi("GET", "/subscriptions/urn:s:bad").json()["notification"]
    assert (bad["status"], bad["timesSent"]) == ("ok", 2)
    assert bad["timesFailed"] == len(receiver.at("/bad")) - 2
    refused = Delivery.objects.get(pk=Subscription.objects.get(urn="urn:s:no").pk)
    assert "404" in refused.error
    assert (refused.times_sent, refused.times_failed, refused.dropped, refused.status) == (2, 2, 2, "failed")


def test_nothing_is_lost_over_a_restart(ngsi: Client, receiver: Receiver) -> None:
    first = Office().wait()
    subscribe(ngsi, receiver)
    ngsi("POST", "/entities", vehicle())
    until(lambda: len(receiver.heard) == 1)
    first.close()
    for speed in range(3):
        ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": speed}})
    second, third = Office(), Office()
    try:
        until(lambda: len(receiver.heard) >= 4)
        until(lambda: not Notification.objects.exists())
        assert [one.data[0]["speed"]["value"] for one in receiver.heard] == [30, 0, 1, 2]
    finally:
        second.close()
        third.close()


def test_periodic(ngsi: Client, receiver: Receiver, office: Office) -> None:
    ngsi("POST", "/entities", vehicle())
    ngsi("POST", "/entities", vehicle("urn:v:2", speed=99))
    subscribe(ngsi, receiver, "/every", timeInterval=1, q="speed>50", notification={"format": "simplified"})
    subscribe(ngsi, receiver, "/none", "urn:s:2", timeInterval=1, q="speed>500")
    until(lambda: len(receiver.at("/every")) == 2)
    assert receiver.at("/every")[0].data == [{"id": "urn:v:2", "type": "Vehicle", "speed": 99}]
    assert receiver.at("/none") == []
    assert 0.7 < receiver.at("/every")[1].at - receiver.at("/every")[0].at < 1.6


def test_tenants(ngsi: Client, receiver: Receiver, office: Office) -> None:
    made: dict[str, Any] = {"id": SUB, "type": "Subscription", "entities": [{"type": "Vehicle"}]}
    made |= {"notification": {"endpoint": {"uri": receiver.url + "/town"}}}
    assert ngsi("POST", "/subscriptions", made, ngsild_tenant="town1").status == 201
    subscribe(ngsi, receiver, "/default")
    ngsi("POST", "/entities", vehicle("urn:v:t"), ngsild_tenant="town1")
    ngsi("POST", "/entities", vehicle("urn:v:d"))
    until(lambda: len(receiver.heard) == 2)
    assert [one.data[0]["id"] for one in receiver.at("/town")] == ["urn:v:t"]
    assert receiver.at("/town")[0].headers["ngsild-tenant"] == "town1"
    assert [one.data[0]["id"] for one in receiver.at("/default")] == ["urn:v:d"]


def test_connections_of_origins_are_ended_when_too_many_are_kept(
    ngsi: Client, receiver: Receiver, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    del office
    monkeypatch.setattr(sending, "KEPT", 1)
    others = [Receiver() for _ in range(3)]
    for number, other in enumerate([receiver, *others]):
        subscribe(ngsi, other, urn=f"urn:s:{number}")
    for speed in range(4):
        ngsi("POST" if not speed else "PATCH", *_written(speed))
        until(lambda speed=speed: all(len(one.heard) == speed + 1 for one in (receiver, *others)))  # type: ignore[misc]  # bound now
    for other in others:
        other.close()
    assert [one.data[0]["speed"]["value"] for one in others[0].heard] == [0, 1, 2, 3]


def _written(speed: int) -> tuple[str, dict[str, Any]]:
    value = {"speed": {"type": "Property", "value": speed}}
    return (f"/entities/{URN}", value) if speed else ("/entities", vehicle() | value)


def test_what_is_written_before_the_first_notifier_works_is_told(ngsi: Client, receiver: Receiver) -> None:
    ngsi("POST", "/entities", vehicle())
    subscribe(ngsi, receiver)
    ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": 31}})
    made = Office().wait()
    ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": 32}})
    until(lambda: len(receiver.heard) == 2)
    made.close()
    assert [one.data[0]["speed"]["value"] for one in receiver.heard] == [31, 32]
