"""The door to registrations: what is kept, shown, changed and refused (5.9, 5.10)."""

import time
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from onecity.kernel.twin.models import SourceRegistration
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import until

URN = "urn:ngsi-ld:ContextSourceRegistration:1"
HERE = "http://127.0.0.1:9/source"
DOOR = "/csourceRegistrations"
CAR = "urn:ngsi-ld:Vehicle:1"


def wanted(urn: str | None = URN, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "type": "ContextSourceRegistration",
        "endpoint": HERE,
        "information": [{"entities": [{"type": "Vehicle"}], "propertyNames": ["speed"]}],
    }
    return base | ({} if urn is None else {"id": urn}) | more


def exclusive(urn: str, *names: str, entity: str = CAR, **more: Any) -> dict[str, Any]:
    information = [{"entities": [{"type": "Vehicle", "id": entity}], "propertyNames": list(names)}]
    return wanted(urn, mode="exclusive", information=information, **more)


def ids(ngsi: Client, query: str) -> list[str]:
    answer = ngsi("GET", f"{DOOR}?{query}")
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.json()]


def test_what_was_given_comes_back(ngsi: Client) -> None:
    given = wanted(
        registrationName="the bus company",
        description="its vehicles",
        mode="redirect",
        operations=["retrieveOps", "updateEntity"],
        information=[
            {
                "entities": [
                    {"type": "Vehicle", "id": CAR},
                    {"type": ["Bus", "https://a.example/Tram"], "idPattern": "^urn:.*$"},
                ],
                "propertyNames": ["speed", "https://a.example/brand"],
                "relationshipNames": ["driver"],
            },
            {"propertyNames": ["fuel"]},
        ],
        contextSourceInfo=[{"key": "Authorization", "value": "Bearer x"}, {"key": "jsonldContext", "value": "urn:c"}],
        contextSourceAlias="bus-1",
        datasetId=["@none", "urn:d:1"],
        expiresAt="2090-01-01T00:00:00Z",
        location={"type": "Point", "coordinates": [1, 2]},
        observationSpace={"type": "Point", "coordinates": [1, 2]},
        management={"cacheDuration": "PT10S", "cooldown": 5, "localOnly": True, "timeout": 900},
        refreshRate="PT1M",
        scope=["/Madrid", "/Madrid/Gardens"],
        tenant="theirs",
        owner="city",
        timesSent=7,
        status="failed",
    )
    assert ngsi("POST", DOOR, given).header("location") == f"/ngsi-ld/v1{DOOR}/{URN}"
    answer = ngsi("GET", f"{DOOR}/{URN}").json()
    expected = {name: value for name, value in given.items() if name not in {"timesSent", "status"}}
    assert answer == expected
    shown = ngsi("GET", f"{DOOR}/{URN}?options=sysAttrs").json()
    assert shown.keys() - answer.keys() == {"createdAt", "modifiedAt"}


def test_an_id_is_made_and_a_taken_one_refused(ngsi: Client) -> None:
    made = ngsi("POST", DOOR, wanted(None))
    assert made.status == 201
    location = made.header("location") or ""
    assert ngsi("GET", location.removeprefix("/ngsi-ld/v1")).json()["id"] in location
    assert ngsi("POST", DOOR, wanted()).status == 201
    again = ngsi("POST", DOOR, wanted(endpoint="http://127.0.0.1:9/other"))
    assert again.status == 409
    assert again.json()["type"].endswith("/AlreadyExists")
    assert ngsi("GET", f"{DOOR}/{URN}").json()["endpoint"] == HERE


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "Registration"},
        {"endpoint": None},
        {"endpoint": "ftp://a.example"},
        {"endpoint": "http://10.0.0.1/"},
        {"information": []},
        {"information": [{}]},
        {"information": [{"entities": [{"id": CAR}]}]},
        {"information": [{"entities": [{"type": "Vehicle", "id": "no uri"}]}]},
        {"information": [{"entities": [{"type": "Vehicle", "idPattern": "("}]}]},
        {"information": [{"propertyNames": []}]},
        {"mode": "shared"},
        {"mode": "exclusive"},
        {"mode": "exclusive", "information": [{"entities": [{"type": "Vehicle", "id": CAR}]}]},
        {"mode": "auxiliary", "operations": ["retrieveOps", "updateOps"]},
        {"mode": "auxiliary", "operations": []},
        {"operations": ["fly"]},
        {"expiresAt": "2001-01-01T00:00:00Z"},
        {"expiresAt": "tomorrow"},
        {"location": {"type": "Point", "coordinates": [1]}},
        {"scope": "a b"},
        {"management": {"timeout": 0}},
        {"management": {"cacheDuration": "soon"}},
        {"observationInterval": {"endAt": "2026-01-01T00:00:00Z"}},
        {"contextSourceInfo": [{"key": "accept", "value": "text/html"}]},
        {"contextSourceInfo": [{"key": "x", "value": "a\r\nb"}]},
        {"contextSourceAlias": "a b"},
        {"id": "no uri"},
    ],
)
def test_wrong_data_leave_nothing_behind(ngsi: Client, wrong: dict[str, Any]) -> None:
    answer = ngsi("POST", DOOR, {name: value for name, value in (wanted() | wrong).items() if value is not None})
    assert answer.status == 400, answer.body
    assert not SourceRegistration.objects.exists()
    assert ngsi("POST", DOOR, wanted()).status == 201
    if "id" not in wrong:
        before = ngsi("GET", f"{DOOR}/{URN}").body
        assert ngsi("PATCH", f"{DOOR}/{URN}", wrong).status == 400
        assert ngsi("GET", f"{DOOR}/{URN}").body == before


def test_a_patch_changes_and_null_removes(ngsi: Client) -> None:
    ngsi("POST", DOOR, wanted(description="old", owner="city", expiresAt="2090-01-01T00:00:00Z"))
    patch = {
        "description": None,
        "owner": "urn:ngsi-ld:null",
        "expiresAt": None,
        "registrationName": "new",
        "colour": "red",
        "information": [{"propertyNames": ["fuel"]}],
    }
    assert ngsi("PATCH", f"{DOOR}/{URN}", patch).status == 204
    expected = wanted(registrationName="new", colour="red", information=[{"propertyNames": ["fuel"]}])
    assert ngsi("GET", f"{DOOR}/{URN}").json() == expected
    assert SourceRegistration.objects.get().expires_at is None
    assert ngsi("PATCH", f"{DOOR}/{URN}", {"id": "urn:other:1"}).status == 400
    assert ngsi("PATCH", f"{DOOR}/urn:no:1", {"description": "x"}).status == 404
    assert ngsi("GET", f"{DOOR}/{URN}").json() == expected
    assert ngsi("DELETE", f"{DOOR}/{URN}").status == 204
    assert ngsi("DELETE", f"{DOOR}/{URN}").status == 404
    assert ngsi("GET", f"{DOOR}/{URN}").status == 404


def test_what_is_exclusive_is_nobody_elses(ngsi: Client) -> None:
    first, second = f"{URN}:a", f"{URN}:b"
    assert ngsi("POST", DOOR, exclusive(first, "speed", "brand")).status == 201
    redirect_all = [{"entities": [{"type": "Vehicle"}]}]
    for rival in (
        exclusive(second, "brand"),
        wanted(second, mode="redirect", information=redirect_all),
        wanted(second, mode="redirect", information=[{"propertyNames": ["speed"]}]),
        wanted(second, mode="redirect", information=[{"entities": [{"type": "Vehicle", "idPattern": "Vehicle:1$"}]}]),
    ):
        refused = ngsi("POST", DOOR, rival)
        assert (refused.status, refused.json()["type"].rpartition("/")[2]) == (409, "Conflict")
    assert SourceRegistration.objects.count() == 1
    for fellow in (
        exclusive(second, "fuel"),
        exclusive(f"{URN}:c", "speed", entity="urn:ngsi-ld:Vehicle:2"),
        wanted(f"{URN}:d", mode="redirect", information=[{"entities": [{"type": "Vehicle", "id": "urn:x:3"}]}]),
        wanted(f"{URN}:e", mode="redirect", information=[{"entities": [{"type": "Vehicle", "id": "urn:x:3"}]}]),
        wanted(f"{URN}:f"),
        wanted(f"{URN}:g", mode="auxiliary", operations=["retrieveOps"]),
    ):
        assert ngsi("POST", DOOR, fellow).status == 201
    change = {"information": exclusive(second, "brand")["information"]}
    assert ngsi("PATCH", f"{DOOR}/{second}", change).status == 409
    assert ngsi("GET", f"{DOOR}/{second}").json() == exclusive(second, "fuel")
    # with itself it does not conflict
    assert ngsi("PATCH", f"{DOOR}/{first}", {"description": "mine"}).status == 204
    # another tenant is another world
    assert ngsi("POST", DOOR, exclusive(first, "speed"), ngsild_tenant="other").status == 201


def test_what_is_held_here_cannot_be_claimed(ngsi: Client) -> None:
    ngsi("POST", "/entities", {"id": CAR, "type": "Vehicle", "speed": {"type": "Property", "value": 1}})
    for rival in (
        exclusive(URN, "brand", "speed"),
        wanted(mode="redirect"),
        wanted(mode="redirect", information=[{"entities": [{"type": "Vehicle", "idPattern": "Vehicle"}]}]),
    ):
        assert ngsi("POST", DOOR, rival).status == 409
    assert not SourceRegistration.objects.exists()
    assert ngsi("POST", DOOR, exclusive(URN, "brand")).status == 201
    assert (
        ngsi("PATCH", f"{DOOR}/{URN}", {"mode": "redirect", "information": [{"propertyNames": ["speed"]}]}).status
        == 409
    )
    assert ngsi("GET", f"{DOOR}/{URN}").json()["mode"] == "exclusive"
    assert ngsi("POST", DOOR, wanted(f"{URN}:2")).status == 201


def test_questions_lead_to_those_who_may_answer(ngsi: Client) -> None:
    area = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}
    both = [
        {"entities": [{"type": "Bus", "idPattern": "Bus:1"}], "relationshipNames": ["driver"]},
        {"propertyNames": ["fuel"]},
    ]
    ngsi("POST", DOOR, wanted("urn:r:cars", location=area, scope="/Madrid/Cars", rank=7))
    ngsi("POST", DOOR, wanted("urn:r:bus", information=both, datasetId=["urn:d:1"], rank=3))
    ngsi("POST", DOOR, wanted("urn:r:one", information=[{"entities": [{"type": "Vehicle", "id": CAR}]}]))
    past = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-06-01T00:00:00Z"}
    ngsi("POST", DOOR, wanted("urn:r:old", observationInterval=past))
    ngsi("POST", DOOR, wanted("urn:r:log", managementInterval={"startAt": "2026-01-01T00:00:00Z"}))
    found = {
        "type=Vehicle": ["cars", "bus", "one"],
        "type=Bus": ["bus"],
        "type=Tram": ["bus"],
        "type=*": ["cars", "bus", "one"],
        f"type=Vehicle&id={CAR}": ["cars", "bus", "one"],
        "type=Vehicle&id=urn:x:9": ["cars", "bus"],
        "type=Vehicle&idPattern=Vehicle:1": ["cars", "bus", "one"],
        "type=Vehicle&idPattern=Vehicle:2": ["cars", "bus"],
        "attrs=speed": ["cars", "one"],
        "attrs=fuel,driver": ["bus", "one"],
        "q=speed>3": ["cars", "one"],
        "type=Vehicle&csf=rank>5": ["cars"],
        "type=Vehicle&csf=rank": ["cars", "bus"],
        "type=Vehicle&scopeQ=/Madrid/%23": ["cars"],
        "type=Vehicle&datasetId=urn:d:2": ["cars", "one"],
        "type=Vehicle&attrs=speed&georel=near;maxDistance==1000&geometry=Point&coordinates=[5,5]": ["cars"],
        "type=Vehicle&attrs=speed&georel=within&geometry=Polygon&coordinates=[[[1,1],[2,1],[2,2],[1,1]]]": ["cars"],
        "type=Vehicle&attrs=speed&georel=near;maxDistance==1000&geometry=Point&coordinates=[50,5]": [],
        "type=Vehicle&timerel=before&timeAt=2025-03-01T00:00:00Z": ["old"],
        "type=Vehicle&timerel=after&timeAt=2025-06-01T00:00:00Z": ["old"],
        "type=Vehicle&timerel=after&timeAt=2025-07-01T00:00:00Z": [],
        "type=Vehicle&timerel=between&timeAt=2024-01-01T00:00:00Z&endTimeAt=2025-02-01T00:00:00Z": ["old"],
        "type=Vehicle&timerel=after&timeAt=2026-02-01T00:00:00Z&timeproperty=modifiedAt": ["log"],
    }
    assert {query: [urn.removeprefix("urn:r:") for urn in ids(ngsi, query)] for query in found} == found
    only = ngsi("GET", f"{DOOR}?type=Bus&attrs=driver").json()
    assert [one["information"] for one in only] == [both[:1]]
    for wide in ("", "?id=urn:a:1", "?limit=5", "?idPattern=a"):
        assert ngsi("GET", DOOR + wide).status == 400
    for wrong in ("q=(", "id=x", "timerel=near", "georel=near&geometry=Point&coordinates=[1"):
        assert ngsi("GET", f"{DOOR}?type=Vehicle&{wrong}").status == 400


def test_pages_and_counts(ngsi: Client) -> None:
    for number in range(5):
        ngsi("POST", DOOR, wanted(f"urn:r:{number}"))
    answer = ngsi("GET", f"{DOOR}?type=Vehicle&limit=2&offset=2&count=true")
    assert [one["id"] for one in answer.json()] == ["urn:r:2", "urn:r:3"]
    assert answer.header("ngsild-results-count") == "5"
    assert [link for link in answer.all("link") if 'rel="next"' in link or 'rel="prev"' in link] == [
        f'</ngsi-ld/v1{DOOR}?type=Vehicle&limit=2&offset=0&count=true>;rel="prev";type="application/json"',
        f'</ngsi-ld/v1{DOOR}?type=Vehicle&limit=2&offset=4&count=true>;rel="next";type="application/json"',
    ]
    counted = ngsi("GET", f"{DOOR}?type=Vehicle&limit=0&count=true")
    assert (counted.json(), counted.header("ngsild-results-count")) == ([], "5")
    assert ngsi("GET", f"{DOOR}?type=Vehicle&limit=0").status == 400


def test_what_is_over_is_gone_and_its_id_free(ngsi: Client) -> None:
    ngsi("POST", DOOR, exclusive(URN, "speed", expiresAt="2090-01-01T00:00:00Z"))
    SourceRegistration.objects.update(expires_at=timezone.now())
    assert ngsi("GET", f"{DOOR}/{URN}").status == 404
    assert ngsi("PATCH", f"{DOOR}/{URN}", {"description": "x"}).status == 404
    assert ngsi("DELETE", f"{DOOR}/{URN}").status == 404
    assert ngsi("POST", DOOR, exclusive(f"{URN}:2", "speed")).status == 201
    assert ngsi("DELETE", f"{DOOR}/{URN}:2").status == 204
    assert ngsi("POST", DOOR, wanted()).status == 201
    assert ids(ngsi, "type=Vehicle") == [URN]


def test_another_process_knows_within_a_second(ngsi: Client) -> None:
    other = Client()
    try:
        assert ids(other, "type=Vehicle") == []
        ngsi("POST", DOOR, wanted())
        begun = time.monotonic()
        until(lambda: ids(other, "type=Vehicle") == [URN], 5)
        assert time.monotonic() - begun < 1.5
        ngsi("DELETE", f"{DOOR}/{URN}")
        assert ids(ngsi, "type=Vehicle") == []
        until(lambda: ids(other, "type=Vehicle") == [], 5)
    finally:
        other.close()


def test_strangers_register_nothing_and_see_nothing(ngsi: Client, settings: LazySettings) -> None:
    ngsi("POST", DOOR, wanted(contextSourceInfo=[{"key": "Authorization", "value": "Bearer x"}]))
    for allowed, seen in (("none", []), ("read", [URN])):
        settings.ONECITY_NGSI_LD_ANONYMOUS = allowed
        stranger = Client()
        try:
            assert stranger("POST", DOOR, wanted("urn:r:2")).status == 401
            assert stranger("PATCH", f"{DOOR}/{URN}", {"description": "x"}).status == 401
            assert stranger("DELETE", f"{DOOR}/{URN}").status == 401
            assert ids(stranger, "type=Vehicle") == seen
            shown = stranger("GET", f"{DOOR}/{URN}")
            assert shown.status == (200 if seen else 404)
            assert b"Bearer" not in shown.body
        finally:
            stranger.close()
    assert SourceRegistration.objects.get().document["contextSourceInfo"]
