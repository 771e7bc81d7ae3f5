"""Histories through the door: what was written through the entity's own operations and what clients bring themselves."""

from typing import Any

import pytest

from onecity.kernel.twin.ngsild.temporal.tests.conftest import Client

URN = "urn:ngsi-ld:Vehicle:1"
PATH = f"/temporal/entities/{URN}"
ALL = "timerel=after&timeAt=2000-01-01T00:00:00Z"


def at(minute: int) -> str:
    return f"2026-07-01T08:{minute:02}:00Z"


def speed(value: Any, minute: int, **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": at(minute)} | more


def vehicle(*values: Any, **more: Any) -> dict[str, Any]:
    return {"id": URN, "type": "Vehicle", "speed": [speed(v, n) for n, v in enumerate(values)]} | more


def shown(client: Client, query: str = "") -> Any:
    answer = client("GET", f"{PATH}?{query}")
    assert answer.status == 200, answer.body
    return answer.json()


def values(client: Client, query: str = "", name: str = "speed") -> list[Any]:
    return [pair[0] for pair in shown(client, f"{query}&format=temporalValues")[name]["values"]]


def test_creates_adds_and_answers_with_the_whole_history(door: Client) -> None:
    first = door("POST", "/temporal/entities", vehicle(10, 20))
    assert (first.status, first.header("location")) == (201, f"/ngsi-ld/v1/temporal/entities/{URN}")
    assert door("POST", "/temporal/entities", {"id": URN, "type": "Car", "speed": [speed(30, 2)]}).status == 204
    assert door("POST", f"{PATH}/attrs", {"speed": [speed(40, 3, unitCode="KMH")]}).status == 204
    found = shown(door)
    assert found["type"] == ["Vehicle", "Car"]
    assert [one["value"] for one in found["speed"]] == [10, 20, 30, 40]
    assert found["speed"][3]["unitCode"] == "KMH"
    assert all(one["instanceId"].startswith("urn:ngsi-ld:instance:") for one in found["speed"])
    assert "createdAt" not in found["speed"][0]
    assert door("GET", f"/entities/{URN}").status == 404


def test_what_is_sent_again_is_there_once_and_keeps_its_name(door: Client) -> None:
    door("POST", "/temporal/entities", vehicle(10))
    before = shown(door)["speed"][0]["instanceId"]
    assert door("POST", "/temporal/entities", vehicle(11)).status == 204
    (one,) = shown(door)["speed"]
    assert (one["value"], one["instanceId"]) == (11, before)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"timerel=before&timeAt={at(2)}", [0, 10]),
        (f"timerel=after&timeAt={at(2)}", [20, 30, 40]),
        (f"timerel=between&timeAt={at(1)}&endTimeAt={at(3)}", [10, 20]),
        (f"timerel=between&timeAt=2026-07-01T08:01:00.000Z&endTimeAt={at(3)}&lastN=1", [20]),
        ("lastN=2", [40, 30]),
        (f"timerel=before&timeAt={at(3)}&lastN=2", [20, 10]),
    ],
)
def test_bounds_are_those_of_the_standard(door: Client, query: str, expected: list[int]) -> None:
    door("POST", "/temporal/entities", vehicle(0, 10, 20, 30, 40))
    assert values(door, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "timerel=during&timeAt=2026-07-01T08:00:00Z",
        "timerel=before",
        "timeAt=2026-07-01T08:00:00Z",
        "timerel=between&timeAt=2026-07-01T08:00:00Z",
        "timerel=before&timeAt=yesterday",
        f"{ALL}&timeproperty=validFrom",
        f"{ALL}&lastN=0",
        f"{ALL}&lastN=x",
        f"{ALL}&format=aggregatedValues",
        f"{ALL}&format=aggregatedValues&aggrMethods=median",
        f"{ALL}&format=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=1h",
        f"{ALL}&format=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=P",
        f"{ALL}&format=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=P9999Y",
        f"{ALL}&format=concise",
        f"{ALL}&options=temporalValues,aggregatedValues",
        f"{ALL}&pick=owner{{name}}",
        f"{ALL}&datasetId=x",
    ],
)
def test_what_is_wrong_is_refused(door: Client, query: str) -> None:
    door("POST", "/temporal/entities", vehicle(1))
    assert door("GET", f"{PATH}?{query}").status == 400
    assert door("GET", f"/temporal/entities?type=Vehicle&{query}").status == 400


def test_writes_to_the_entity_are_its_history(door: Client) -> None:
    entity = {"id": URN, "type": "Vehicle", "speed": speed(1, 0), "scope": "/A"}
    assert door("POST", "/entities", entity).status == 201
    assert door("PATCH", f"/entities/{URN}/attrs/speed", {"value": 2, "observedAt": at(1)}).status == 204
    assert door("PATCH", f"/entities/{URN}", {"speed": {"value": 3, "observedAt": at(2)}, "scope": "/B"}).status == 204
    assert values(door) == [1, 2, 3]
    found = shown(door, "options=sysAttrs")
    assert [one["value"] for one in found["scope"]] == ["/A", "/B"]
    assert len({one["instanceId"] for one in found["speed"]}) == 3
    assert len({one["createdAt"] for one in found["speed"]}) == 1
    assert values(door, "timerel=after&timeAt=2026-01-01T00:00:00Z&timeproperty=modifiedAt") == [1, 2, 3]


def test_a_deleted_attribute_leaves_its_deletion(door: Client) -> None:
    door("POST", "/entities", {"id": URN, "type": "Vehicle", "speed": speed(1, 0), "owner": {"object": "urn:a:b"}})
    assert door("DELETE", f"/entities/{URN}/attrs/speed").status == 204
    query = "timerel=after&timeAt=2026-01-01T00:00:00Z&timeproperty=deletedAt&options=sysAttrs"
    (gone,) = shown(door, query)["speed"]
    assert (gone["type"], gone["value"]) == ("Property", "urn:ngsi-ld:null")
    assert gone["deletedAt"] == gone["modifiedAt"]
    assert "owner" not in shown(door, query)
    assert door("DELETE", f"/entities/{URN}").status == 204
    found = shown(door, query)
    assert found["owner"][0]["object"] == "urn:ngsi-ld:null"
    assert "deletedAt" in found
    assert values(door, ALL) == [1]
    assert door("POST", "/entities", {"id": URN, "type": "Vehicle", "speed": speed(5, 5)}).status == 201
    assert values(door, ALL) == [1, 5]


def test_instances_are_corrected_and_taken_back(door: Client) -> None:
    door("POST", "/entities", {"id": URN, "type": "Vehicle", "speed": speed(1, 0)})
    door("PATCH", f"/entities/{URN}/attrs/speed", {"value": 2, "observedAt": at(1)})
    door("POST", f"{PATH}/attrs", {"speed": [speed(3, 2), speed(4, 3)]})
    ids = [one["instanceId"] for one in shown(door)["speed"]]
    assert door("PATCH", f"{PATH}/attrs/speed/{ids[0]}", {"speed": [speed(100, 9)]}).status == 204
    assert door("PATCH", f"{PATH}/attrs/speed/{ids[2]}", speed(300, 2, note={"value": "x"})).status == 204
    assert door("DELETE", f"{PATH}/attrs/speed/{ids[1]}").status == 204
    assert door("DELETE", f"{PATH}/attrs/speed/{ids[3]}").status == 204
    found = shown(door, "options=sysAttrs")["speed"]
    assert [(one["value"], one["observedAt"], one["instanceId"]) for one in found] == [
        (300, at(2), ids[2]),
        (100, at(9), ids[0]),
    ]
    assert all(one["createdAt"] < one["modifiedAt"] for one in found)
    assert found[0]["note"]["value"] == "x"
    assert values(door, f"timerel=before&timeAt={at(3)}") == [300]
    for method in ("PATCH", "DELETE"):
        body = speed(1, 1) if method == "PATCH" else None
        assert door(method, f"{PATH}/attrs/speed/{ids[1]}", body).status == 404
        assert door(method, f"{PATH}/attrs/speed/nonsense", body).status == 400
        assert door(method, f"{PATH}/attrs/colour/{ids[0]}", body).status == 404
        assert door(method, f"/temporal/entities/urn:x:none/attrs/speed/{ids[0]}", body).status == 404
    assert door("PATCH", f"{PATH}/attrs/speed/{ids[0]}", {"speed": [speed(1, 1), speed(2, 2)]}).status == 400
    assert [one["value"] for one in shown(door)["speed"]] == [300, 100]


def test_attributes_are_taken_back_by_data_set(door: Client) -> None:
    door("POST", "/entities", {"id": URN, "type": "Vehicle", "speed": speed(1, 0), "colour": {"value": "red"}})
    more = [speed(2, 1, datasetId="urn:d:1"), speed(3, 1, datasetId="urn:d:2"), speed(4, 1)]
    door("POST", f"{PATH}/attrs", {"speed": more})
    assert door("DELETE", f"{PATH}/attrs/speed?datasetId=urn:d:3").status == 404
    assert door("DELETE", f"{PATH}/attrs/speed").status == 204
    assert sorted(one["value"] for one in shown(door)["speed"]) == [2, 3]
    assert [one["value"] for one in shown(door, "datasetId=urn:d:2")["speed"]] == [3]
    assert door("DELETE", f"{PATH}/attrs/speed?datasetId=urn:d:1").status == 204
    assert door("DELETE", f"{PATH}/attrs/speed?deleteAll=true").status == 204
    assert "speed" not in shown(door)
    assert door("DELETE", f"{PATH}/attrs/speed").status == 404
    assert door("GET", f"/entities/{URN}").json()["speed"]["value"] == 1
    door("PATCH", f"/entities/{URN}/attrs/speed", {"value": 7, "observedAt": at(7)})
    assert values(door) == [7]


def test_a_history_is_taken_back_and_begins_anew(door: Client) -> None:
    door("POST", "/entities", {"id": URN, "type": "Vehicle", "speed": speed(1, 0)})
    door("POST", f"{PATH}/attrs", {"speed": [speed(2, 1)]})
    assert door("DELETE", PATH).status == 204
    assert door("GET", PATH).status == 404
    assert door("DELETE", PATH).status == 404
    assert door("GET", f"/entities/{URN}").status == 200
    door("PATCH", f"/entities/{URN}/attrs/speed", {"value": 3, "observedAt": at(3)})
    assert values(door) == [3]
    assert door("DELETE", f"/entities/{URN}").status == 204
    assert door("DELETE", PATH).status == 204
    assert door("GET", PATH).status == 404
    assert door("POST", "/temporal/entities", vehicle(9)).status == 201
    assert values(door) == [9]


def test_what_is_not_known_is_not_found(door: Client) -> None:
    assert door("GET", PATH).status == 404
    assert door("GET", "/temporal/entities/nonsense").status == 400
    assert door("POST", f"{PATH}/attrs", {"speed": [speed(1, 1)]}).status == 404
    assert door("DELETE", PATH).status == 404
    assert door("POST", "/temporal/entities", {"id": URN, "speed": [speed(1, 1)]}).status == 400
    assert door("POST", "/temporal/entities", {"id": URN, "type": "V", "speed": {"type": "Nothing"}}).status == 400
    assert door("GET", PATH).status == 404
    door("POST", "/temporal/entities", vehicle(1))
    assert door("GET", f"{PATH}?timerel=before&timeAt=2020-01-01T00:00:00Z").status == 404
    assert door("GET", PATH, accept="application/geo+json").status == 406
    assert door("PATCH", PATH, {}).status == 405


def test_every_kind_of_attribute_in_simplified_form_and_back(door: Client) -> None:
    place = {"type": "Point", "coordinates": [121.5, 30.9]}
    body = {
        "id": URN,
        "type": "Vehicle",
        "speed": [speed(1, 0), speed(2, 1)],
        "location": [{"type": "GeoProperty", "value": place, "observedAt": at(0)}],
        "says": [{"type": "LanguageProperty", "languageMap": {"en": "yes", "fr": "oui"}, "observedAt": at(0)}],
        "period": [{"type": "ListProperty", "valueList": ["a", "b"], "observedAt": at(0)}],
        "ticket": [{"type": "JsonProperty", "json": {"id": 1}, "observedAt": at(0)}],
        "gender": [{"type": "VocabProperty", "vocab": "Male", "observedAt": at(0)}],
        "owner": [{"type": "Relationship", "object": ["urn:a:1", "urn:a:2"], "observedAt": at(0)}],
        "seats": [{"type": "ListRelationship", "objectList": ["urn:a:1"], "observedAt": at(0)}],
    }
    assert door("POST", "/temporal/entities", body).status == 201
    expected = {
        "id": URN,
        "type": "Vehicle",
        "speed": {"type": "Property", "values": [[1, at(0)], [2, at(1)]]},
        "location": {"type": "GeoProperty", "values": [[place, at(0)]]},
        "says": {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"en": "yes", "fr": "oui"}}, at(0)]]},
        "period": {"type": "ListProperty", "valueLists": [[["a", "b"], at(0)]]},
        "ticket": {"type": "JsonProperty", "jsons": [[{"json": {"id": 1}}, at(0)]]},
        "gender": {"type": "VocabProperty", "vocabs": [[{"vocab": "Male"}, at(0)]]},
        "owner": {"type": "Relationship", "objects": [[["urn:a:1", "urn:a:2"], at(0)]]},
        "seats": {"type": "ListRelationship", "objectLists": [[["urn:a:1"], at(0)]]},
    }
    found = shown(door, "options=temporalValues")
    assert found == expected
    assert door("DELETE", PATH).status == 204
    assert door("POST", "/temporal/entities", found).status == 201
    assert shown(door, "format=temporalValues") == expected
    assert shown(door, "format=temporalValues&lang=fr")["says"] == {"type": "Property", "values": [["oui", at(0)]]}
    assert set(shown(door, "pick=id,speed")) == {"id", "speed"}
    assert "speed" not in shown(door, "omit=speed")
    assert set(shown(door, "attrs=owner")) == {"id", "type", "owner"}


def test_periods_of_every_data_type(door: Client) -> None:
    times = [{"type": "Property", "value": f"0{n}:00:00Z", "observedAt": at(n)} for n in (1, 3)]
    lists = [{"type": "Property", "value": [1] * n, "observedAt": at(n)} for n in (1, 3)]
    bools = [{"type": "Property", "value": v, "observedAt": at(n)} for n, v in enumerate((True, False, True, True))]
    links = [{"type": "Relationship", "object": f"urn:a:{n % 2}", "observedAt": at(n)} for n in range(3)]
    body = vehicle(2, 4, 4, 4, 5, 5, 7, 9) | {"when": times, "crew": lists, "open": bools, "owner": links}
    assert door("POST", "/temporal/entities", body).status == 201
    every = "avg,distinctCount,max,min,stddev,sum,sumsq,totalCount"
    query = f"timerel=between&timeAt={at(0)}&endTimeAt={at(10)}&format=aggregatedValues&aggrMethods={every}"
    whole = ["2026-07-01T08:00:00Z", "2026-07-01T08:10:00Z"]
    found = shown(door, query)
    single = {name: found["speed"][name][0][0] for name in every.split(",")}
    assert single.pop("stddev") == pytest.approx((32 / 7) ** 0.5)
    assert single == {"avg": 5, "distinctCount": 5, "max": 9, "min": 2, "sum": 40, "sumsq": 232, "totalCount": 8}
    assert found["speed"]["avg"][0][1:] == whole
    assert found["when"] == {
        "type": "Property",
        "avg": [["02:00:00Z", *whole]],
        "distinctCount": [[2, *whole]],
        "max": [["03:00:00Z", *whole]],
        "min": [["01:00:00Z", *whole]],
        "totalCount": [[2, *whole]],
    }
    assert (found["crew"]["avg"][0][0], found["crew"]["sum"][0][0], "stddev" in found["crew"]) == (2, 4, False)
    assert (found["open"]["sum"][0][0], found["open"]["avg"][0][0]) == (3, 0.75)
    assert found["owner"] == {"type": "Relationship", "distinctCount": [[2, *whole]], "totalCount": [[3, *whole]]}
    parts = shown(door, f"{query}&aggrPeriodDuration=PT4M&attrs=speed")["speed"]["max"]
    assert parts == [
        [4, "2026-07-01T08:00:00Z", "2026-07-01T08:04:00Z"],
        [9, "2026-07-01T08:04:00Z", "2026-07-01T08:08:00Z"],
    ]
    refused = door("GET", f"{PATH}?{query}&attrs=owner")
    assert (refused.status, refused.json()["type"].rsplit("/", 1)[1]) == (400, "InvalidRequest")


def test_calendar_months(door: Client) -> None:
    moments = ["2026-01-31T00:00:00Z", "2026-02-27T23:59:59Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"]
    body = {"id": URN, "type": "V", "speed": [{"type": "Property", "value": 1, "observedAt": one} for one in moments]}
    door("POST", "/temporal/entities", body)
    query = "timerel=after&timeAt=2026-01-31T00:00:00Z&format=aggregatedValues&aggrMethods=totalCount"
    assert shown(door, f"{query}&aggrPeriodDuration=P1M")["speed"]["totalCount"] == [
        [2, "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"],
        [1, "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"],
        [1, "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"],
    ]


def test_a_long_history_comes_in_parts(door: Client) -> None:
    instances = [
        {"type": "Property", "value": n, "observedAt": f"2026-07-{1 + n // 1440:02}T{n // 60 % 24:02}:{n % 60:02}:00Z"}
        for n in range(10_500)
    ]
    assert door("POST", "/temporal/entities", {"id": URN, "type": "V", "speed": instances}).status == 201
    first = door("GET", f"{PATH}?{ALL}&format=temporalValues")
    pairs = first.json()["speed"]["values"]
    assert (first.status, len(pairs), pairs[0][0], pairs[-1][0]) == (206, 10_000, 0, 9_999)
    expected = "DateTime 2000-01-01T00:00:00.000000Z-2026-07-07T22:39:00.000000Z/*"
    assert first.header("content-range") == expected
    rest = door("GET", f"{PATH}?timerel=after&timeAt=2026-07-07T22:39:00Z&format=temporalValues")
    assert (rest.status, [p[0] for p in rest.json()["speed"]["values"]]) == (200, list(range(9_999, 10_500)))
    last = door("GET", f"{PATH}?{ALL}&format=temporalValues&lastN=10200")
    pairs = last.json()["speed"]["values"]
    assert (last.status, len(pairs), pairs[0][0], pairs[-1][0]) == (206, 10_000, 10_499, 500)
    assert last.header("content-range") == ("DateTime 2026-07-08T06:59:00.000000Z-2026-07-01T08:20:00.000000Z/10200")
