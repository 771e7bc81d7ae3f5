"""The door to subscriptions: what is kept, shown, changed and refused."""

from typing import Any

import pytest
from django.conf import LazySettings

from onecity.kernel.twin.models import Delivery, Subscription
from onecity.kernel.twin.ngsild.http.tests.conftest import CORE, Client

URN = "urn:ngsi-ld:Subscription:1"
HERE = "http://127.0.0.1:9/notify"


@pytest.fixture(autouse=True)
def _open_loopback(settings: LazySettings) -> None:
    settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)


def wanted(**more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": URN,
        "type": "Subscription",
        "entities": [{"type": "Vehicle"}],
        "notification": {"endpoint": {"uri": HERE}},
    }
    return base | more


def test_what_was_given_comes_back(ngsi: Client) -> None:
    given = wanted(
        subscriptionName="fast ones",
        description="too fast",
        entities=[
            {"type": "(Vehicle;Bus)|Tram", "id": ["urn:a:1", "urn:a:2"]},
            {"type": "Car", "idPattern": "^urn:.*$"},
        ],
        watchedAttributes=["speed", "brand"],
        notificationTrigger=["entityCreated", "attributeUpdated"],
        q="speed>50",
        geoQ={"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [1, 2], "geoproperty": "place"},
        scopeQ="/Madrid/#",
        datasetId=["@none", "urn:d:1"],
        lang="en",
        throttling=0.5,
        expiresAt="2090-01-01T00:00:00Z",
        isActive=True,
        localOnly=True,
        splitEntities=False,
        ngsildConformance="1.6",
        jsonldContext=CORE,
        notification={
            "format": "concise",
            "pick": ["id", "type", "speed", "owner{name}"],
            "join": "inline",
            "joinLevel": 2,
            "sysAttrs": True,
            "showChanges": True,
            "endpoint": {
                "uri": HERE,
                "accept": "application/ld+json",
                "timeout": 500,
                "cooldown": 1000,
                "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}],
                "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}],
            },
        },
    )
    made = ngsi("POST", "/subscriptions", given)
    assert (made.status, made.header("location")) == (201, f"/ngsi-ld/v1/subscriptions/{URN}")
    got = ngsi("GET", f"/subscriptions/{URN}")
    assert got.json() == given | {"status": "active"}
    times = ngsi("GET", f"/subscriptions/{URN}?options=sysAttrs").json()
    assert times["createdAt"] == times["modifiedAt"]
    again = ngsi("POST", "/subscriptions", given)
    assert (again.status, again.json()["type"]) == (409, "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists")
    assert Delivery.objects.count() == 1


def test_an_id_is_given_and_names_are_those_of_the_asking_context(ngsi: Client) -> None:
    body = wanted(watchedAttributes=["speed"]) | {"@context": [{"speed": "https://example.org/v/speed"}, CORE]}
    del body["id"]
    made = ngsi("POST", "/subscriptions", body, content_type="application/ld+json")
    assert made.status == 201, made.body
    path = str(made.header("location")).removeprefix("/ngsi-ld/v1")
    assert path.startswith("/subscriptions/urn:ngsi-ld:Subscription:")
    plain = ngsi("GET", path).json()
    assert plain["watchedAttributes"] == ["https://example.org/v/speed"]
    assert plain["jsonldContext"].startswith("http://localhost/ngsi-ld/v1/jsonldContexts/")
    assert ngsi("GET", path, accept="application/ld+json").json()["@context"] == CORE


def test_paging(ngsi: Client) -> None:
    for number in range(3):
        assert ngsi("POST", "/subscriptions", wanted(id=f"urn:s:{number}")).status == 201
    page = ngsi("GET", "/subscriptions?limit=2&count=true")
    assert [one["id"] for one in page.json()] == ["urn:s:0", "urn:s:1"]
    assert page.header("ngsild-results-count") == "3"
    assert any('rel="next"' in link and "offset=2" in link for link in page.all("link"))
    last = ngsi("GET", "/subscriptions?limit=2&offset=2")
    assert [one["id"] for one in last.json()] == ["urn:s:2"]
    assert any('rel="prev"' in link for link in last.all("link"))
    assert ngsi("GET", "/subscriptions?limit=0").status == 400
    assert ngsi("GET", "/subscriptions?limit=-1").status == 400


def test_a_patch_changes_adds_and_deletes(ngsi: Client) -> None:
    ngsi("POST", "/subscriptions", wanted(q="speed>50", description="a", watchedAttributes=["speed"]))
    assert ngsi("PATCH", f"/subscriptions/{URN}", {"q": None, "description": "urn:ngsi-ld:null"}).status == 204
    assert ngsi("PATCH", f"/subscriptions/{URN}", {"id": URN, "type": "Subscription", "isActive": False}).status == 204
    assert ngsi("PATCH", f"/subscriptions/{URN}", {"notification": {"format": "simplified"}}).status == 204
    got = ngsi("GET", f"/subscriptions/{URN}").json()
    assert "q" not in got
    assert "description" not in got
    assert got["status"] == "paused"
    assert got["notification"] == {"format": "simplified", "endpoint": {"uri": HERE}}
    assert ngsi("PATCH", f"/subscriptions/{URN}", {"notification": {"endpoint": {"uri": HERE + "2"}}}).status == 204
    assert ngsi("GET", f"/subscriptions/{URN}").json()["notification"] == {"endpoint": {"uri": HERE + "2"}}
    before = ngsi("GET", f"/subscriptions/{URN}").json()
    for bad in (
        {"notification": None},
        {"notification": {"endpoint": None}},
        {"entities": None, "watchedAttributes": None},
        {"type": "Registration"},
        {"id": "urn:other:1"},
        {"expiresAt": "2001-01-01T00:00:00Z"},
        {"timeInterval": 5},
        {"q": "speed>>"},
    ):
        assert ngsi("PATCH", f"/subscriptions/{URN}", bad).status == 400, bad
    assert ngsi("GET", f"/subscriptions/{URN}").json() == before
    assert ngsi("PATCH", "/subscriptions/urn:none:1", {"isActive": True}).status == 404


def test_delete(ngsi: Client) -> None:
    ngsi("POST", "/subscriptions", wanted())
    assert ngsi("DELETE", f"/subscriptions/{URN}").status == 204
    assert ngsi("DELETE", f"/subscriptions/{URN}").status == 404
    assert ngsi("GET", f"/subscriptions/{URN}").status == 404
    assert ngsi("GET", "/subscriptions/not-a-uri").status == 400
    assert (Subscription.objects.count(), Delivery.objects.count()) == (0, 0)


def test_tenants_have_their_own(ngsi: Client) -> None:
    assert ngsi("POST", "/subscriptions", wanted(), ngsild_tenant="town1").status == 201
    assert ngsi("GET", f"/subscriptions/{URN}").status == 404
    assert ngsi("GET", f"/subscriptions/{URN}", ngsild_tenant="town1").status == 200
    assert ngsi("GET", "/subscriptions", ngsild_tenant="town2").status == 404


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "Other"},
        {"entities": []},
        {"entities": [{"id": "urn:a:1"}]},
        {"entities": [{"type": "A", "id": "nothing"}]},
        {"entities": [{"type": "A", "idPattern": "("}]},
        {"entities": [{"type": "A;;"}]},
        {"entities": [{"type": "A", "more": 1}]},
        {"watchedAttributes": []},
        {"watchedAttributes": ["a b"]},
        {"notificationTrigger": ["sometimes"]},
        {"notificationTrigger": []},
        {"q": "speed=="},
        {"q": 3},
        {"geoQ": {"georel": "near", "geometry": "Point", "coordinates": [1, 2]}},
        {"geoQ": {"georel": "within", "geometry": "Point"}},
        {"scopeQ": "//"},
        {"throttling": 0},
        {"throttling": True},
        {"timeInterval": -1},
        {"timeInterval": 5, "watchedAttributes": ["a"]},
        {"timeInterval": 5, "throttling": 5},
        {"expiresAt": "2001-01-01T00:00:00Z"},
        {"expiresAt": "soon"},
        {"isActive": "yes"},
        {"jsonldContext": "nowhere"},
        {"ngsildConformance": "new"},
        {"datasetId": ["none"]},
        {"id": "x"},
        {"entities": [{"type": "*"}], "localOnly": False},
        {"notification": {}},
        {"notification": {"endpoint": {}}},
        {"notification": {"endpoint": {"uri": "ftp://127.0.0.1/a"}}},
        {"notification": {"endpoint": {"uri": "mqtt://127.0.0.1"}}},
        {"notification": {"endpoint": {"uri": "mqtt://127.0.0.1/a/#"}}},
        {"notification": {"endpoint": {"uri": HERE, "accept": "text/html"}}},
        {"notification": {"endpoint": {"uri": HERE, "timeout": 0}}},
        {"notification": {"endpoint": {"uri": HERE, "receiverInfo": [{"key": "A\r\n", "value": ""}]}}},
        {"notification": {"endpoint": {"uri": HERE, "receiverInfo": [{"key": "A", "value": "b\r\nC: d"}]}}},
        {"notification": {"endpoint": {"uri": HERE, "receiverInfo": [{"key": "Host", "value": "x"}]}}},
        {"notification": {"endpoint": {"uri": HERE, "notifierInfo": [{"key": "MQTT-QoS", "value": "3"}]}}},
        {"notification": {"endpoint": {"uri": HERE}, "format": "xml"}},
        {"notification": {"endpoint": {"uri": HERE}, "attributes": ["id"]}},
        {"notification": {"endpoint": {"uri": HERE}, "attributes": ["a"], "pick": ["b"]}},
        {"notification": {"endpoint": {"uri": HERE}, "pick": ["a"], "omit": ["a"]}},
        {"notification": {"endpoint": {"uri": HERE}, "pick": ["a{"]}},
        {"notification": {"endpoint": {"uri": HERE}, "join": "outer"}},
        {"notification": {"endpoint": {"uri": HERE}, "joinLevel": 0}},
        {"notification": {"endpoint": {"uri": HERE}, "showChanges": True, "format": "keyValues"}},
        # private networks that are not opened
        {"notification": {"endpoint": {"uri": "http://10.1.2.3/notify"}}},
        {"notification": {"endpoint": {"uri": "http://169.254.169.254/latest"}}},
        {"notification": {"endpoint": {"uri": "mqtt://[::1]/topic"}}},
        {"notification": {"endpoint": {"uri": "http://user:secret@127.0.0.1/"}}},
    ],
)
def test_what_is_refused(ngsi: Client, bad: dict[str, Any]) -> None:
    answer = ngsi("POST", "/subscriptions", wanted(**bad))
    assert (answer.status, answer.json()["type"]) == (400, "https://uri.etsi.org/ngsi-ld/errors/BadRequestData"), (
        answer.body
    )
    assert Subscription.objects.count() == 0


def test_neither_entities_nor_attributes(ngsi: Client) -> None:
    body = wanted()
    del body["entities"]
    assert ngsi("POST", "/subscriptions", body).status == 400
    assert ngsi("POST", "/subscriptions", body | {"localOnly": True}).status == 201


def test_what_the_server_counts_is_not_taken_from_clients(ngsi: Client) -> None:
    body = wanted(status="expired", createdAt="2001-01-01T00:00:00Z")
    body["notification"]["timesSent"] = 99
    assert ngsi("POST", "/subscriptions", body).status == 201
    got = ngsi("GET", f"/subscriptions/{URN}").json()
    assert got["status"] == "active"
    assert "timesSent" not in got["notification"]


def test_what_a_subscription_does_not_have_is_not_kept(ngsi: Client) -> None:
    """5.2.12: what is not known, and what only the server says, is passed over."""
    given = wanted(unheard=1, status="expired")
    given["notification"] = given["notification"] | {"timesSent": 42, "other": {"a": 1}}
    made = ngsi("POST", "/subscriptions", given)
    assert made.status == 201
    path = (made.header("location") or "").removeprefix("/ngsi-ld/v1")
    assert ngsi("PATCH", path, {"unheard": None, "__context": 5}).status == 204
    found = ngsi("GET", path).json()
    assert found["status"] == "active"
    assert not {"unheard", "__context"} & found.keys()
    assert not {"other", "timesSent"} & found["notification"].keys() or found["notification"]["timesSent"] == 0
