"""Subscriptions to registrations: what is kept, and what is told when sources come, change and go (5.11)."""

import asyncio
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from onecity.kernel.twin.models import Delivery, Notification, SourceChange, SourceRegistration, Subscription
from onecity.kernel.twin.ngsild.federation.subscribing.following import SourceFollower
from onecity.kernel.twin.ngsild.federation.tests.test_registrations import DOOR as SOURCES
from onecity.kernel.twin.ngsild.federation.tests.test_registrations import wanted as source
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, Receiver, until

URN = "urn:ngsi-ld:Subscription:sources"
DOOR = "/csourceSubscriptions"
BUSES = [{"entities": [{"type": "Bus"}]}]
Told = tuple[str, list[str]]


def wanted(uri: str, **more: Any) -> dict[str, Any]:
    return {
        "id": URN,
        "type": "Subscription",
        "entities": [{"type": "Vehicle"}],
        "notification": {"endpoint": {"uri": uri}},
    } | more


def told(receiver: Receiver, path: str = "/a") -> list[Told]:
    return [(one.body["triggerReason"], [body["id"] for body in one.data]) for one in receiver.at(path)]


def test_what_was_given_comes_back_changes_and_goes(ngsi: Client) -> None:
    given = wanted("http://127.0.0.1:9/n", csf="rank>3", watchedAttributes=["speed"])
    assert ngsi("POST", DOOR, given).header("location") == f"/ngsi-ld/v1{DOOR}/{URN}"
    shown = ngsi("GET", f"{DOOR}/{URN}").json()
    assert {name: shown[name] for name in given} == given
    assert [one["id"] for one in ngsi("GET", DOOR).json()] == [URN]
    assert ngsi("POST", DOOR, given).status == 409
    assert ngsi("PATCH", f"{DOOR}/{URN}", {"description": "new"}).status == 204
    assert ngsi("GET", f"{DOOR}/{URN}").json()["description"] == "new"
    # the subscriptions to entities are others
    assert ngsi("GET", "/subscriptions").json() == []
    assert ngsi("GET", f"/subscriptions/{URN}").status == 404
    assert ngsi("DELETE", f"/subscriptions/{URN}").status == 404
    assert ngsi("DELETE", f"{DOOR}/{URN}").status == 204
    assert ngsi("GET", f"{DOOR}/{URN}").status == 404
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"csf": "("},
        {"temporalQ": {}},
        {"temporalQ": {"timerel": "near", "timeAt": "2026-01-01T00:00:00Z"}},
        {"entities": None},
        {"notification": {"endpoint": {"uri": "http://10.0.0.1/"}}},
        {"notification": {"endpoint": {"uri": "http://127.0.0.1:9/", "accept": "application/geo+json"}}},
        {"type": "ContextSourceSubscription"},
    ],
)
def test_wrong_data_leave_nothing_behind(ngsi: Client, wrong: dict[str, Any]) -> None:
    given = {name: value for name, value in (wanted("http://127.0.0.1:9/n") | wrong).items() if value is not None}
    assert ngsi("POST", DOOR, given).status == 400
    assert not Subscription.objects.exists()


def test_sources_that_come_change_and_go_are_told(ngsi: Client, receiver: Receiver, office: Office) -> None:
    del office
    both = [{"entities": [{"type": "Vehicle"}], "propertyNames": ["speed"]}, *BUSES]
    secret = [{"key": "Authorization", "value": "Bearer x"}]
    ngsi("POST", SOURCES, source("urn:r:0", information=both, contextSourceInfo=secret))
    ngsi("POST", SOURCES, source("urn:r:bus", information=BUSES))
    ngsi("POST", DOOR, wanted(receiver.url + "/a"))
    expected: list[Told] = [("newlyMatching", ["urn:r:0"])]
    until(lambda: told(receiver) == expected)
    body = receiver.at("/a")[0].body
    assert (body["type"], body["subscriptionId"]) == ("ContextSourceNotification", URN)
    assert body["data"] == [source("urn:r:0", information=both[:1])]
    steps: list[tuple[str, str, Any, Told | None]] = [
        ("POST", "", source("urn:r:1"), ("newlyMatching", ["urn:r:1"])),
        ("PATCH", "/urn:r:1", {"description": "better"}, ("updated", ["urn:r:1"])),
        ("PATCH", "/urn:r:1", {"information": BUSES}, ("noLongerMatching", ["urn:r:1"])),
        ("PATCH", "/urn:r:1", {"description": "a bus"}, None),
        ("PATCH", "/urn:r:bus", {"information": both}, ("newlyMatching", ["urn:r:bus"])),
        ("DELETE", "/urn:r:bus", None, ("noLongerMatching", ["urn:r:bus"])),
        ("DELETE", "/urn:r:1", None, None),
        ("DELETE", "/urn:r:0", None, ("noLongerMatching", ["urn:r:0"])),
    ]
    for method, path, given, notification in steps:
        assert ngsi(method, SOURCES + path, given).status in {201, 204}
        if notification is not None:
            expected.append(notification)
            until(lambda: len(told(receiver)) >= len(expected))
        assert told(receiver) == expected
    until(lambda: ngsi("GET", f"{DOOR}/{URN}").json()["notification"].get("timesSent") == len(expected))
    assert not SourceChange.objects.exists()
    assert not Notification.objects.exists()


def test_conditions_choose(ngsi: Client, receiver: Receiver, office: Office) -> None:
    del office
    past = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-06-01T00:00:00Z"}
    given: dict[str, dict[str, Any]] = {
        "urn:r:1": {"rank": 1},
        "urn:r:7": {"rank": 7, "scope": "/Madrid", "location": {"type": "Point", "coordinates": [1, 1]}},
        "urn:r:old": {"observationInterval": past},
        "urn:r:fuel": {"information": [{"propertyNames": ["fuel"]}]},
    }
    for urn, more in given.items():
        ngsi("POST", SOURCES, source(urn, **more))
    place = {"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": [1, 1]}
    shown = {"endpoint": {"uri": receiver.url + "/attrs"}, "attributes": ["fuel"]}
    wishes: dict[str, tuple[dict[str, Any], list[str]]] = {
        "csf": ({"csf": "rank>3"}, ["urn:r:7"]),
        "scope": ({"scopeQ": "/Madrid"}, ["urn:r:7"]),
        "geo": ({"geoQ": place}, ["urn:r:7"]),
        "time": ({"temporalQ": {"timerel": "before", "timeAt": "2025-02-01T00:00:00Z"}}, ["urn:r:old"]),
        "all": ({"watchedAttributes": ["brand"]}, ["urn:r:1", "urn:r:7", "urn:r:fuel"]),
        "attrs": ({"notification": shown}, ["urn:r:fuel"]),
    }
    for name, (wish, _found) in wishes.items():
        assert ngsi("POST", DOOR, wanted(f"{receiver.url}/{name}", id=f"{URN}:{name}") | wish).status == 201
    expected = {name: [("newlyMatching", found)] for name, (_wish, found) in wishes.items()}
    until(lambda: len(receiver.heard) >= len(wishes))
    assert {name: told(receiver, f"/{name}") for name in wishes} == expected


def test_what_happens_while_nobody_notifies_is_told_later(ngsi: Client, receiver: Receiver) -> None:
    first = Office().wait()
    ngsi("POST", DOOR, wanted(receiver.url + "/a"))
    ngsi("POST", SOURCES, source("urn:r:1"))
    until(lambda: told(receiver) == [("newlyMatching", ["urn:r:1"])])
    first.close()
    ngsi("DELETE", f"{SOURCES}/urn:r:1")
    for number in (2, 3):
        ngsi("POST", SOURCES, source(f"urn:r:{number}"))
    assert SourceChange.objects.count() == 3
    second = Office().wait()
    expected: list[Told] = [
        ("newlyMatching", ["urn:r:1"]),
        ("noLongerMatching", ["urn:r:1"]),
        ("newlyMatching", ["urn:r:2", "urn:r:3"]),
    ]
    until(lambda: len(told(receiver)) >= 3)
    second.close()
    assert told(receiver) == expected


def test_a_source_whose_time_is_over_is_removed_and_told(ngsi: Client, receiver: Receiver, office: Office) -> None:
    del office
    ngsi("POST", SOURCES, source("urn:r:1", expiresAt="2090-01-01T00:00:00Z"))
    ngsi("POST", DOOR, wanted(receiver.url + "/a"))
    until(lambda: told(receiver) == [("newlyMatching", ["urn:r:1"])])
    SourceRegistration.objects.update(expires_at=timezone.now())
    until(lambda: told(receiver)[1:] == [("noLongerMatching", ["urn:r:1"])])
    assert not SourceRegistration.objects.exists()


def test_at_intervals_all_that_match_are_told(ngsi: Client, receiver: Receiver, office: Office) -> None:
    del office
    ngsi("POST", SOURCES, source("urn:r:1"))
    ngsi("POST", DOOR, wanted(receiver.url + "/a", timeInterval=1))
    until(lambda: len(told(receiver)) >= 3)
    assert told(receiver)[:3] == [
        ("newlyMatching", ["urn:r:1"]),
        ("updated", ["urn:r:1"]),
        ("updated", ["urn:r:1"]),
    ]
    moments = [one.at for one in receiver.at("/a")]
    assert 0.5 < moments[2] - moments[1] < 1.6


def test_who_sees_only_a_part_is_told_nothing(
    ngsi: Client, receiver: Receiver, office: Office, settings: LazySettings
) -> None:
    del office
    ngsi("POST", DOOR, wanted(receiver.url + "/a"))
    until(lambda: Delivery.objects.filter(made_at__isnull=False).exists())
    Subscription.objects.update(seen=["adm/somewhere/"])
    ngsi("POST", DOOR, wanted(receiver.url + "/b", id=f"{URN}:2"))
    ngsi("POST", SOURCES, source("urn:r:1"))
    until(lambda: told(receiver, "/b") == [("newlyMatching", ["urn:r:1"])])
    assert told(receiver) == []
    settings.ONECITY_NGSI_LD_ANONYMOUS = "read"
    stranger = Client()
    try:
        assert stranger("POST", DOOR, wanted(receiver.url + "/c", id=f"{URN}:3")).status == 401
    finally:
        stranger.close()
    assert Subscription.objects.count() == 2


def test_a_changed_subscription_is_told_of_all_that_matches_now(
    ngsi: Client, receiver: Receiver, office: Office
) -> None:
    del office
    ngsi("POST", SOURCES, source("urn:r:bus", information=BUSES))
    ngsi("POST", DOOR, wanted(receiver.url + "/a"))
    ngsi("POST", SOURCES, source("urn:r:0"))
    expected: list[Told] = [("newlyMatching", ["urn:r:0"])]
    until(lambda: told(receiver) == expected)
    assert ngsi("PATCH", f"{DOOR}/{URN}", {"entities": BUSES[0]["entities"]}).status == 204
    expected.append(("newlyMatching", ["urn:r:bus"]))
    until(lambda: told(receiver) == expected)


def test_one_that_is_deleted_while_it_is_looked_at_stops_nothing(ngsi: Client, receiver: Receiver) -> None:
    ngsi("POST", DOOR, wanted(receiver.url + "/a"))
    ngsi("POST", DOOR, wanted(receiver.url + "/b") | {"id": f"{URN}:2"})

    with asyncio.Runner() as runner:
        services = Services()
        follower = SourceFollower(services)
        first = runner.run(follower.step())
        ngsi("POST", SOURCES, source("urn:r:0"))
        trusted = follower._trusted

        async def and_forgotten(one: Compiled) -> bool:
            if one.urn == URN:  # the word that it is gone comes while its rights are asked for
                follower.watches.drop(one.id)
            return await trusted(one)

        follower._trusted = and_forgotten  # type: ignore[method-assign]  # between two steps of one pass
        second = runner.run(follower.step())
        runner.run(services.close())
    assert (first.items, len(second.items)) == ([], 1)
    assert not SourceChange.objects.exists()
