"""Subscriptions inside a snapshot: told of what is done in it, and of nothing else (5.5.15, 6.3.22)."""

from typing import Any

from onecity.kernel.twin.models import Subscription
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.snapshots.tests.test_snapshots import URN, car, prepared, wanted, within
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, Receiver, until

SUB = "urn:ngsi-ld:Subscription:s"


def subscription(receiver: Receiver, path: str = "/a", **more: Any) -> dict[str, Any]:
    notification = {"endpoint": {"uri": receiver.url + path}}
    return {"id": SUB, "type": "Subscription", "entities": [{"type": "Car"}], "notification": notification} | more


def test_what_is_done_in_a_snapshot_is_told_there(ngsi: Client, receiver: Receiver, office: Office) -> None:
    ngsi("POST", "/entities", car(1))
    prepared(ngsi, wanted())
    made = within(ngsi, "POST", "/subscriptions", subscription(receiver))
    assert (made.status, made.all("ngsild-snapshot")) == (201, [URN])
    assert ngsi("POST", "/subscriptions", subscription(receiver, "/world")).status == 201
    assert [one["id"] for one in within(ngsi, "GET", "/subscriptions").json()] == [SUB]
    assert within(ngsi, "PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 77}).status == 204
    until(lambda: receiver.at("/a"))
    assert ngsi("PATCH", "/entities/urn:ngsi-ld:Car:1", {"speed": 11}).status == 204
    until(lambda: receiver.at("/world"))
    [inside], [outside] = receiver.at("/a"), receiver.at("/world")
    assert (inside.data[0]["speed"]["value"], outside.data[0]["speed"]["value"]) == (77, 11)
    assert (inside.headers["ngsild-snapshot"], "ngsild-tenant" in inside.headers) == (URN, False)
    assert "ngsild-snapshot" not in outside.headers
    assert within(ngsi, "PATCH", f"/subscriptions/{SUB}", {"isActive": False}).status == 204
    assert within(ngsi, "GET", f"/subscriptions/{SUB}").json()["status"] == "paused"
    assert ngsi("GET", f"/subscriptions/{SUB}").json()["status"] == "active"
    assert within(ngsi, "DELETE", f"/subscriptions/{SUB}").status == 204
    assert within(ngsi, "GET", f"/subscriptions/{SUB}").status == 404
    assert ngsi("GET", f"/subscriptions/{SUB}").status == 200


def test_subscriptions_go_with_their_snapshot(ngsi: Client, receiver: Receiver, office: Office) -> None:
    ngsi("POST", "/entities", car(1), ngsild_tenant="town")
    prepared(ngsi, wanted(), ngsild_tenant="town")
    every = subscription(receiver, timeInterval=1)
    assert within(ngsi, "POST", "/subscriptions", every, ngsild_tenant="town").status == 201
    told = until(lambda: receiver.at("/a"))[0]
    assert (told.headers["ngsild-tenant"], told.headers["ngsild-snapshot"]) == ("town", URN)
    assert [one["id"] for one in told.data] == ["urn:ngsi-ld:Car:1"]
    assert ngsi("DELETE", f"/snapshots/{URN}", ngsild_tenant="town").status == 204
    assert not Subscription.objects.exists()
    assert within(ngsi, "GET", "/subscriptions", ngsild_tenant="town").status == 404


def test_hosted_contexts_of_the_tenant_count_in_its_snapshots(ngsi: Client) -> None:
    made = ngsi("POST", "/jsonldContexts", {"@context": {"speed": "https://example.org/speed"}})
    link = f'<{made.header("location")}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    place = made.header("location") or ""
    if not place.startswith("http"):
        link = f'<http://testserver{place}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    assert ngsi("POST", "/entities", car(1), link=link).status == 201
    prepared(
        ngsi, wanted(snapshotQueries=[{"type": "Query", "entities": [{"idPattern": ".*", "type": "*"}], "local": True}])
    )
    outside = ngsi("GET", "/entities/urn:ngsi-ld:Car:1", link=link)
    inside = within(ngsi, "GET", "/entities/urn:ngsi-ld:Car:1", link=link)
    assert (inside.status, inside.json()) == (outside.status, outside.json())
    assert inside.json()["speed"]["value"] == 10
