"""Subscriptions that are passed on to sources, and what those tell, with real servers and a real receiver."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from onecity.kernel.twin.models import HeardNotification, PassedSubscription, SourceRegistration, Subscription
from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import (
    Said,
    Server,
    Source,
    dead_url,
    town,
    until,
)
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about, station
from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, Receiver

SUB = "urn:ngsi-ld:Subscription:ours"
DOOR = "/ngsi-ld/v1/sourceNotifications/"
OPS = ["federationOps"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def home(ngsi: Client, settings: LazySettings) -> Iterator[Server]:
    """The district at an address at which sources reach it."""
    server = town("district")
    settings.ONECITY_BASE_URL = server.url
    yield server
    server.close()


@pytest.fixture
def office(home: Server) -> Iterator[Office]:
    del home
    made = Office().wait()
    yield made
    made.close()


def subscribe(ngsi: Client, receiver: Receiver, urn: str = SUB, **more: Any) -> Answer:
    notification = {"endpoint": {"uri": f"{receiver.url}/s"}} | more.pop("notification", {})
    body = {"id": urn, "type": "Subscription", "entities": [{"type": "Station"}], "notification": notification} | more
    made = ngsi("POST", "/subscriptions", body)
    assert made.status == 201, made.body
    return made


def passed() -> list[PassedSubscription]:
    return list(PassedSubscription.objects.order_by("id"))


def follows(number: int = 1) -> None:
    """Until so many sources know what they should."""
    until(lambda: [one.sent == one.document and not one.gone for one in passed()] == [True] * number)


def notification(number: int, *entities: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Notification:{number}",
        "type": "Notification",
        "subscriptionId": "urn:x:y",
        "notifiedAt": "2026-01-01T00:00:00Z",
        "data": list(entities),
    }


def tell(ngsi: Client, number: int, *entities: dict[str, Any], place: int = 0) -> Answer:
    return ngsi("POST", f"/sourceNotifications/{passed()[place].key}", notification(number, *entities))


def test_what_changes_at_a_source_is_told_here(
    ngsi: Client, register: Register, other: Server, receiver: Receiver, home: Server, office: Office
) -> None:
    register(other.url, "inclusive", about(), tenant="town", operations=OPS)
    subscribe(ngsi, receiver, notification={"format": "simplified"})
    follows()
    there = Subscription.objects.get(tenant="town")
    assert there.document["notification"]["endpoint"]["uri"] == f"{home.url}{DOOR}{passed()[0].key}"
    assert re.fullmatch(r"1\.1 onecity-[0-9a-f]{12}", there.via)
    assert ngsi("POST", "/entities", station(A, v=1), NGSILD_Tenant="town").status == 201
    until(lambda: len(receiver.heard) == 1)
    (heard,) = receiver.heard
    assert (heard.body["subscriptionId"], heard.data) == (SUB, [{"id": A, "type": "Station", "v": 1}])
    # a change here is told as ever
    assert ngsi("POST", "/entities?local=true", station(B, v=2)).status == 201
    until(lambda: len(receiver.heard) == 2)
    assert receiver.heard[1].data == [{"id": B, "type": "Station", "v": 2}]
    assert ngsi("DELETE", f"/entities/{A}/attrs/v", NGSILD_Tenant="town").status == 204
    # changed and deleted
    change = {"notificationTrigger": ["entityDeleted", "attributeUpdated"], "description": "x"}
    assert ngsi("PATCH", f"/subscriptions/{SUB}", change).status == 204
    until(lambda: "entityDeleted" in Subscription.objects.get(tenant="town").document.get("notificationTrigger", ()))
    follows()
    assert ngsi("DELETE", f"/entities/{A}", NGSILD_Tenant="town").status == 204
    until(lambda: len(receiver.heard) == 3)
    assert receiver.heard[2].data[0].keys() == {"id", "type", "deletedAt"}
    assert ngsi("DELETE", f"/subscriptions/{SUB}").status == 204
    until(lambda: not Subscription.objects.exists() and not passed())


def test_a_source_is_told_what_its_registration_speaks_of(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    one, none = source(Said(201)), source(Said(201))
    register(one.url, "inclusive", about(id=A) | {"propertyNames": ["v", "w"]}, operations=OPS, tenant="there")
    register(none.url, "redirect", about(type="Bench"), operations=OPS)
    register(none.url, "inclusive", about() | {"propertyNames": ["x"]}, operations=OPS)
    register(none.url, "inclusive", about(), operations=["retrieveOps"])
    register(none.url, "auxiliary", about(), operations=["retrieveOps"])
    more: dict[str, Any] = {
        "entities": [{"type": "Station,Other"}],
        "watchedAttributes": ["v", "u"],
        "q": "v>1",
        "throttling": 5,
    }
    subscribe(ngsi, receiver, **more, notification={"attributes": ["v"], "format": "concise"})
    follows()
    (heard,) = one.heard
    body = heard.json()
    assert (heard.method, heard.path, heard.headers["ngsild-tenant"]) == ("POST", "/ngsi-ld/v1/subscriptions", "there")
    assert (body.pop("id"), body.pop("type")) == (passed()[0].remote, "Subscription")
    endpoint = body["notification"].pop("endpoint")
    assert endpoint["accept"] == "application/json"
    assert body == {
        "entities": [{"type": "Station", "id": A}],
        "watchedAttributes": ["v"],
        "q": "v>1",
        "throttling": 5,
        "notification": {"format": "normalized", "sysAttrs": True},
    }
    one.say = lambda _heard: Said(204)
    assert ngsi("PATCH", f"/subscriptions/{SUB}", {"q": None, "isActive": False}).status == 204
    until(lambda: len(one.heard) == 2)
    assert (one.heard[1].method, one.heard[1].path) == ("PATCH", f"/ngsi-ld/v1/subscriptions/{passed()[0].remote}")
    assert one.heard[1].json()["q"] is None
    assert one.heard[1].json()["isActive"] is False
    assert ngsi("DELETE", f"/subscriptions/{SUB}").status == 204
    until(lambda: not passed())
    assert one.heard[2].method == "DELETE"
    assert none.heard == []


def test_a_source_that_is_down_is_tried_until_it_is_there(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    one, good = source(Said(500)), source(Said(201))
    register(one.url, "inclusive", about(), operations=OPS)
    register(good.url, "inclusive", about(), operations=OPS)
    register(dead_url(), "inclusive", about(type="Bench"), operations=OPS)
    subscribe(ngsi, receiver)
    until(lambda: any(one.failures for one in passed()))
    # no other source waits for it, and the subscriber sees that something is wrong
    until(lambda: len(good.heard) == 1)
    shown = ngsi("GET", f"/subscriptions/{SUB}").json()
    assert (shown["status"], shown["notification"]["status"]) == ("active", "failed")
    assert "lastFailure" in shown["notification"]
    assert "500" in passed()[0].error
    one.say = lambda _heard: Said(201)
    follows(2)
    assert (passed()[0].failures, passed()[0].error, len(good.heard)) == (0, "", 1)
    assert "status" not in ngsi("GET", f"/subscriptions/{SUB}").json()["notification"]
    # one that has it already from an attempt whose answer was lost is brought up to date
    PassedSubscription.objects.filter(id=passed()[0].id).update(sent=None)
    one.heard.clear()
    one.say = lambda heard: Said(409) if heard.method == "POST" else Said(204)
    assert ngsi("PATCH", f"/subscriptions/{SUB}", {"description": "x"}).status == 204
    follows(2)
    assert [heard.method for heard in one.heard] == ["POST", "PATCH"]
    # and one that lost it is given it anew
    one.heard.clear()
    one.say = lambda heard: Said(404) if heard.method == "PATCH" else Said(201)
    good.say = lambda _heard: Said(204)
    assert ngsi("PATCH", f"/subscriptions/{SUB}", {"throttling": 3}).status == 204
    until(lambda: len(one.heard) == 2)
    follows(2)
    assert [heard.method for heard in one.heard] == ["PATCH", "POST"]


def test_registrations_that_come_and_go_are_followed(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    one, other = source(Said(201)), source(Said(201))
    subscribe(ngsi, receiver)
    assert passed() == []
    urn = register(one.url, "inclusive", about(), operations=OPS)
    follows()
    # at another place it is another subscription, and the old place is to forget
    assert ngsi("PATCH", f"/csourceRegistrations/{urn}", {"endpoint": other.url}).status == 204
    until(lambda: len(passed()) == 1 and len(other.heard) == 1)
    until(lambda: [heard.method for heard in one.heard] == ["POST", "DELETE"])
    other.say = lambda _heard: Said(404)
    assert ngsi("DELETE", f"/csourceRegistrations/{urn}").status == 204
    until(lambda: not passed())
    assert [heard.method for heard in other.heard] == ["POST", "DELETE"]
    # what is for this place only goes nowhere
    register(one.url, "inclusive", about(), operations=OPS)
    follows()
    assert ngsi("PATCH", f"/subscriptions/{SUB}", {"localOnly": True}).status == 204
    until(lambda: not passed())
    assert Subscription.objects.count() == 1


def test_a_source_that_changes_nothing_is_told_anew(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    one = source(Said(201))
    register(one.url, "inclusive", about(), operations=["createSubscription", "deleteSubscription"])
    subscribe(ngsi, receiver)
    follows()
    old = passed()[0].remote
    assert ngsi("PATCH", f"/subscriptions/{SUB}", {"throttling": 3}).status == 204
    until(lambda: len(one.heard) == 3 and len(passed()) == 1)
    assert sorted(heard.method for heard in one.heard) == ["DELETE", "POST", "POST"]
    assert passed()[0].remote != old


def test_no_circle(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, home: Server, office: Office
) -> None:
    one = source(Said(201))
    register(one.url, "inclusive", about(), operations=OPS, contextSourceAlias="there")
    body = {
        "type": "Subscription",
        "entities": [{"type": "Station"}],
        "notification": {"endpoint": {"uri": f"{receiver.url}/s"}},
    }
    assert ngsi("POST", "/subscriptions", body, Via="1.1 x, 1.1 district").status == 508
    assert Subscription.objects.count() == 0
    assert ngsi("POST", "/subscriptions", body | {"id": "urn:s:1"}, Via="1.1 there").status == 201
    assert ngsi("POST", "/subscriptions", body | {"id": "urn:s:2"}, Via="1.1 elsewhere").status == 201
    follows()
    assert one.heard[0].headers["via"].startswith("1.1 elsewhere, 1.1 onecity-")
    assert len(one.heard) == 1


def test_what_is_told_twice_is_passed_on_once(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    one = source(Said(201))
    register(one.url, "inclusive", about(), operations=OPS)
    register(one.url, "inclusive", about() | {"propertyNames": ["v"]}, operations=OPS)
    subscribe(ngsi, receiver)
    follows(2)
    at = {"modifiedAt": "2026-01-01T00:00:00Z"}
    v = {"v": {"type": "Property", "value": 1, **at}}
    told = {"id": A, "type": "Station", **v}
    assert tell(ngsi, 1, told).status == tell(ngsi, 1, told).status == 204
    # the same news by another way
    assert tell(ngsi, 2, told, place=1).status == 204
    assert (
        tell(ngsi, 3, told | {"v": {"type": "Property", "value": 2, "modifiedAt": "2026-01-01T00:00:01Z"}}).status
        == 204
    )
    # without moments nobody can tell news from old: all is passed on
    for number in (4, 5):
        assert tell(ngsi, number, station(A, v=3)).status == 204
    until(lambda: len(receiver.heard) == 4 and not HeardNotification.objects.exists())
    assert [one.data[0]["v"] for one in receiver.heard] == [
        {"type": "Property", "value": value} for value in (1, 2, 3, 3)
    ]


def test_only_what_was_asked_for_and_registered_is_passed_on(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    one = source(Said(201))
    register(one.url, "inclusive", about() | {"propertyNames": ["v", "w"]}, operations=OPS)
    subscribe(ngsi, receiver, q="v>1", notification={"attributes": ["v"], "format": "concise"})
    follows()
    tell(ngsi, 1, station(A, v=2, w=3), station(B, v=1), {"id": "urn:x:1", "type": "Bench", "v": 5}, {"id": 7})
    tell(ngsi, 2, {"id": A, "type": "Station", "v": {"type": "Property"}})
    tell(ngsi, 3, station(B, w=9))
    tell(ngsi, 4, {"id": B, "type": "Station", "deletedAt": "2026-01-01T00:00:00Z"})
    until(lambda: len(receiver.heard) == 2 and not HeardNotification.objects.exists())
    assert [one.data for one in receiver.heard] == [
        [{"id": A, "type": "Station", "v": 2}],
        [{"id": B, "type": "Station", "deletedAt": "2026-01-01T00:00:00Z"}],
    ]
    # while it rests nothing is told
    assert ngsi("PATCH", f"/subscriptions/{SUB}", {"isActive": False}).status == 204
    until(lambda: (passed()[0].sent or {}).get("isActive") is False)
    assert tell(ngsi, 5, station(A, v=7)).status == 204
    until(lambda: not HeardNotification.objects.exists())
    assert len(receiver.heard) == 2


def test_deleted_attributes_and_what_was_before(
    ngsi: Client, register: Register, other: Server, receiver: Receiver, office: Office
) -> None:
    register(other.url, "inclusive", about(), tenant="town", operations=OPS)
    triggers: dict[str, Any] = {"notificationTrigger": ["attributeDeleted", "attributeUpdated"]}
    subscribe(ngsi, receiver, **triggers, notification={"showChanges": True})
    subscribe(
        ngsi,
        receiver,
        "urn:s:short",
        **triggers,
        notification={"format": "concise", "endpoint": {"uri": receiver.url + "/c"}},
    )
    follows(2)
    assert ngsi("POST", "/entities", station(A, v=1, w=1), NGSILD_Tenant="town").status == 201
    assert ngsi("PATCH", f"/entities/{A}", {"v": 2}, NGSILD_Tenant="town").status == 204
    assert ngsi("DELETE", f"/entities/{A}/attrs/v", NGSILD_Tenant="town").status == 204
    until(lambda: len(receiver.heard) == 4)
    first, second = receiver.at("/s")
    assert first.data[0]["v"] == {"type": "Property", "value": 2, "previousValue": 1}
    assert (second.data[0]["v"]["value"], second.data[0]["v"]["previousValue"]) == ("urn:ngsi-ld:null", 2)
    assert [one.data[0]["v"] for one in receiver.at("/c")] == [2, "urn:ngsi-ld:null"]


def test_split_entities_are_put_together(
    ngsi: Client, register: Register, other: Server, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    one = source(lambda heard: Said(201) if heard.method == "POST" else Said(200, station(A, x=5)))
    register(other.url, "inclusive", about() | {"propertyNames": ["v"]}, tenant="town", operations=OPS)
    register(one.url, "inclusive", about() | {"propertyNames": ["x"]}, operations=OPS)
    subscribe(ngsi, receiver, q="v>1;mine==true;x==5", splitEntities=True, notification={"format": "simplified"})
    follows(2)
    assert "q" not in one.heard[0].json()
    assert ngsi("POST", "/entities?local=true", station(A, mine=True)).status == 201
    assert ngsi("POST", "/entities", station(A, v=1), NGSILD_Tenant="town").status == 201
    assert ngsi("PATCH", f"/entities/{A}", {"v": 2}, NGSILD_Tenant="town").status == 204
    until(lambda: len(receiver.heard) == 1)
    until(lambda: not HeardNotification.objects.exists())
    assert receiver.heard[0].data == [{"id": A, "type": "Station", "v": 2, "mine": True, "x": 5}]
    # a source that fails takes nothing away but its part
    one.say = lambda _heard: Said(500)
    assert ngsi("PATCH", f"/entities/{A}", {"v": 3}, NGSILD_Tenant="town").status == 204
    until(lambda: not HeardNotification.objects.exists())
    assert len(receiver.heard) == 1


def test_in_the_words_of_the_source(
    ngsi: Client, register: Register, other: Server, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    hosted = ngsi(
        "POST", "/jsonldContexts", {"@context": {"tempo": "https://uri.etsi.org/ngsi-ld/default-context/speed"}}
    )
    link = f"{other.url}{hosted.header('Location')}"
    one = source(Said(201))
    register(one.url, "inclusive", about(), operations=OPS, contextSourceInfo=[{"key": "jsonldContext", "value": link}])
    subscribe(ngsi, receiver, q="speed>1", watchedAttributes=["speed"], notification={"format": "simplified"})
    follows()
    assert one.heard[0].json()["watchedAttributes"] == ["tempo"]
    assert "q" not in one.heard[0].json()
    header = f'<{link}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    for number, tempo in enumerate((1, 2)):
        body = notification(number, {"id": A, "type": "Station", "tempo": {"type": "Property", "value": tempo}})
        assert ngsi("POST", f"/sourceNotifications/{passed()[0].key}", body, Link=header).status == 204
    until(lambda: len(receiver.heard) == 1 and not HeardNotification.objects.exists())
    assert receiver.heard[0].data == [{"id": A, "type": "Station", "speed": 2}]


def test_without_registrations_nothing_is_done(ngsi: Client, receiver: Receiver, office: Office) -> None:
    subscribe(ngsi, receiver)
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    until(lambda: len(receiver.heard) == 1)
    assert (passed(), SourceRegistration.objects.count()) == ([], 0)
