"""Histories that several sources keep."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from onecity.kernel.twin.ngsild.federation.distributing import gathering, joining
from onecity.kernel.twin.ngsild.federation.distributing.joining import How
from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Server, Source
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

OPS = ["retrieveTemporal", "queryTemporal"]
SINCE = "timerel=after&timeAt=2026-01-01T00:00:00Z"


def history(urn: str, **attributes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"id": urn, "type": "Station"}
    for name, values in attributes.items():
        body[name] = [
            {"type": "Property", "value": value, "observedAt": f"2026-02-01T0{hour}:00:00Z"} for hour, value in values
        ]
    return body


def values(body: dict[str, Any], name: str) -> list[Any]:
    found = body[name] if isinstance(body[name], list) else [body[name]]
    return [one["value"] for one in found]


def test_a_history_in_two_places_is_one(ngsi: Client, register: Register, other: Server) -> None:
    assert ngsi("POST", "/temporal/entities", history(A, v=[(1, 1), (3, 3)])).status == 201
    assert ngsi("POST", "/temporal/entities", history(A, v=[(2, 2)], w=[(2, 9)]), NGSILD_Tenant="town").status == 201
    assert ngsi("POST", "/temporal/entities", history(B, v=[(5, 5)]), NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about(), tenant="town", operations=OPS)
    one = ngsi("GET", f"/temporal/entities/{A}?{SINCE}")
    assert (one.status, values(one.json(), "v"), values(one.json(), "w")) == (200, [1, 2, 3], [9])
    assert values(ngsi("GET", f"/temporal/entities/{A}?{SINCE}&lastN=2").json(), "v") == [2, 3]
    assert values(ngsi("GET", f"/temporal/entities/{A}?{SINCE}&attrs=w").json(), "w") == [9]
    assert values(ngsi("GET", f"/temporal/entities/{A}?{SINCE}&local=true").json(), "v") == [1, 3]
    assert values(ngsi("GET", f"/temporal/entities/{B}?{SINCE}").json(), "v") == [5]
    page = ngsi("GET", f"/temporal/entities?type=Station&{SINCE}&count=true")
    assert ([one["id"] for one in page.json()], page.header("NGSILD-Results-Count")) == ([A, B], "2")
    assert [one["id"] for one in ngsi("GET", f"/temporal/entities?type=Station&{SINCE}&limit=1&offset=1").json()] == [B]
    flat = ngsi("GET", f"/temporal/entities/{A}?{SINCE}&options=temporalValues").json()
    assert [value for value, _at in flat["v"]["values"]] == [1, 2, 3]
    assert ngsi("GET", f"/temporal/entities?type=Station&{SINCE}&orderBy=id").status == 400


def test_aggregates_of_several_sources_are_one(ngsi: Client, register: Register, other: Server) -> None:
    assert ngsi("POST", "/temporal/entities", history(A, v=[(1, 1), (3, 3)], u=[(1, 2)])).status == 201
    assert ngsi("POST", "/temporal/entities", history(A, v=[(2, 8)], w=[(5, 5)]), NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about(), tenant="town", operations=OPS)
    asked = f"{SINCE}&options=aggregatedValues&aggrPeriodDuration=P1D"
    methods = "avg,max,min,stddev,sum,sumsq,totalCount"
    got = ngsi("GET", f"/temporal/entities/{A}?{asked}&aggrMethods={methods}")
    assert got.all("NGSILD-Warning") == []
    values = {method: rows[0][0] for method, rows in got.json()["v"].items() if method != "type"}
    assert values.pop("stddev") == pytest.approx(math.sqrt(13))
    assert values == {"avg": 4, "max": 8, "min": 1, "sum": 12, "sumsq": 74, "totalCount": 3}
    assert [got.json()[name]["sum"][0][0] for name in ("u", "w")] == [2, 5]
    # what is needed only to put them together is not shown
    for target in (f"/temporal/entities/{A}?{asked}", f"/temporal/entities?type=Station&{asked}"):
        found = ngsi("GET", f"{target}&aggrMethods=avg").json()
        one = found[0] if isinstance(found, list) else found
        assert {name: one[name].keys() for name in ("u", "v", "w")} == {name: {"type", "avg"} for name in "uvw"}
        assert one["v"]["avg"][0][0] == 4
    hours = ngsi("GET", f"/temporal/entities/{A}?{asked[:-3]}PT2H&aggrMethods=sum").json()["v"]["sum"]
    assert [row[0] for row in hours] == [1, 11]


def test_different_values_of_several_sources_are_counted_once(ngsi: Client, register: Register, other: Server) -> None:
    words = [(1, "a"), (3, "b")]
    assert ngsi("POST", "/temporal/entities", history(A, v=[(1, 1), (3, 3), (4, 8.0)], t=words)).status == 201
    town = history(A, v=[(2, 8), (5, 1)], t=[(2, "b"), (5, "c")], w=[(5, 5), (6, 5)])
    assert ngsi("POST", "/temporal/entities", town, NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about(), tenant="town", operations=OPS)
    asked = f"{SINCE}&options=aggregatedValues&aggrMethods=distinctCount,totalCount"
    for target in (f"/temporal/entities/{A}?{asked}", f"/temporal/entities?type=Station&{asked}"):
        got = ngsi("GET", f"{target}&aggrPeriodDuration=P1D")
        one = got.json()[0] if isinstance(got.json(), list) else got.json()
        assert {name: one[name]["distinctCount"][0][0] for name in "vtw"} == {"v": 3, "t": 3, "w": 1}
        assert (one["v"]["totalCount"][0][0], got.all("NGSILD-Warning")) == (5, [])
        hours = ngsi("GET", f"{target}&aggrPeriodDuration=PT2H").json()
        rows = (hours[0] if isinstance(hours, list) else hours)["v"]["distinctCount"]
        # 0-2: 1; 2-4: 8 and 3; 4-6: 8 and 1
        assert [row[0] for row in rows] == [1, 2, 2]
        whole = ngsi("GET", target).json()
        assert (whole[0] if isinstance(whole, list) else whole)["v"]["distinctCount"][0][0] == 3
    narrowed = ngsi("GET", f"/temporal/entities/{A}?{asked}&attrs=v&lastN=1").json()
    assert narrowed.keys() == {"id", "type", "v"}


def test_counts_that_cannot_be_told_are_warned_of(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    assert ngsi("POST", "/temporal/entities", history(A, v=[(1, 1)])).status == 201
    period = ["2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"]
    counted = {"id": A, "type": "Station", "v": {"type": "Property", "distinctCount": [[4, *period]]}}
    pairs = [[number, f"2026-02-01T0{number}:00:00Z"] for number in (1, 2, 3)]
    values = {"id": A, "type": "Station", "v": {"type": "Property", "values": pairs}}
    one = source([])
    register(one.url, "inclusive", about(), operations=OPS)
    target = f"/temporal/entities/{A}?{SINCE}&options=aggregatedValues&aggrMethods=distinctCount&aggrPeriodDuration=P1D"
    unknown = ['199 - "Some aggregates of several sources cannot be put together: those of the first are shown"']
    for told, count, warnings in (
        (Said(200, values), 3, []), (Said(206, values), 1, unknown), (Said(500), 1, unknown), (Said(404), 1, unknown),
        (Said(200, [values, values]), 1, unknown), (Said(200, {"id": B, "type": "Station"}), 1, unknown),
        (Said(200, {"id": A, "type": "Station"}), 1, []),
        (Said(200, {"id": A, "type": "Station", "v": {"type": "Property", "values": [7, [1], [None, "x"], [5, 5]]}}), 1, []),
    ):  # fmt: skip
        one.say = lambda heard, told=told: told if "temporalValues" in heard.query else Said(200, counted)  # type: ignore[misc]  # the loop's value is meant
        got = ngsi("GET", target)
        assert (got.json()["v"]["distinctCount"][0][0], got.all("NGSILD-Warning")) == (count, warnings)


def test_parts_of_aggregates_that_do_not_fit() -> None:
    start, end = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    one = {"type": "Property", "max": [[1, start, end]]}
    for wrong in (7, [7], [[1, start]], [[1, 2, 3]], [["x", start, end]], [[None, start, end]], [[True, start, end]]):
        assert gathering.together(one, {"type": "Property", "max": wrong}, whole=False) == (one, False)
    assert gathering.together(one, {"type": "Property", "min": [[1, start, end]]}, whole=False) == (one, False)
    # periods that were cut elsewhere
    moved = {"type": "Property", "max": [[3, "2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z"]]}
    assert gathering.together(one, moved, whole=False)[1] is False
    assert gathering.together(one, moved, whole=True) == (
        {"type": "Property", "max": [[3, start, "2026-01-02T12:00:00Z"]]},
        True,
    )
    data_set = one | {"datasetId": "urn:x:d"}
    assert gathering.together(one, data_set, whole=False) == ([one, data_set], True)


def test_faults_are_warnings_here_too(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    assert ngsi("POST", "/temporal/entities", history(A, v=[(1, 1)])).status == 201
    one = source(Said(500))
    register(one.url, "inclusive", about(), operations=OPS)
    answers: list[Any] = [
        Said(500),
        Said(200, raw=b"["),
        Said(200, [{"id": 7}]),
        Said(200, [{"id": A, "type": "Station", "v": 7}]),
        Said(200, {"id": A, "type": ["Station"], "v": [{"type": "Property"}, 3]}),
        Said(200, {"id": A, "type": {}, "v": []}),
        Said(206, {"id": A, "type": "Station", "v": [{"type": "Property", "observedAt": 5}]}),
    ]
    for said in answers:
        one.say = lambda _heard, said=said: said  # type: ignore[misc]  # the loop's value is meant
        for target in (f"/temporal/entities/{A}?{SINCE}", f"/temporal/entities?type=Station&{SINCE}"):
            got = ngsi("GET", target)
            assert got.status == 200
            assert got.all("NGSILD-Warning")
            assert b'"value":1' in got.body


def test_each_moment_of_a_data_set_is_there_once() -> None:
    def at(hour: int, value: int, **more: Any) -> dict[str, Any]:
        return {"type": "Property", "value": value, "observedAt": f"2026-02-01T0{hour}:00:00Z", **more}

    first = {"id": A, "type": "S", "v": [at(1, 1, modifiedAt="2026-02-02T00:00:00Z"), at(2, 2, datasetId="urn:x:d")]}
    newer = {"id": A, "type": "T", "v": [at(1, 5, modifiedAt="2026-02-03T00:00:00Z"), at(2, 6)]}
    extra = {"id": A, "type": "S", "v": [at(1, 7, modifiedAt="2027-01-01T00:00:00Z"), at(0, 8)], "w": at(1, 9)}
    body, certain = joining.joined([(first, False), (newer, False), (extra, True)], How("", "observedAt"))
    assert certain
    assert body["type"] == ["S", "T"]
    assert [one["value"] for one in body["v"]] == [8, 5, 2, 6]
    assert [one["value"] for one in body["w"]] == [9]


def test_pages_of_histories_along_a_map(ngsi: Client, register: Register, other: Server) -> None:
    assert ngsi("POST", "/temporal/entities", history(A, v=[(1, 1)])).status == 201
    assert ngsi("POST", "/temporal/entities", history(B, v=[(2, 2)]), NGSILD_Tenant="town").status == 201
    urn = register(other.url, "inclusive", about(), tenant="town", operations=[*OPS, "createEntityMapQueryTemporal"])
    first = ngsi("GET", f"/temporal/entities?type=Station&{SINCE}&limit=1&entityMap=true&count=true")
    assert first.header("NGSILD-Results-Count") == "2"
    assert (first.status, [one["id"] for one in first.json()]) == (201, [A])
    address = first.header("NGSILD-EntityMap") or ""
    assert ngsi("POST", "/temporal/entities", history(f"{A}a", v=[(1, 1)])).status == 201
    second = ngsi("GET", f"/temporal/entities?type=Station&{SINCE}&limit=1&offset=1", NGSILD_EntityMap=address)
    assert (second.status, [one["id"] for one in second.json()]) == (200, [B])
    shown = ngsi("GET", address.removeprefix("/ngsi-ld/v1")).json()
    assert shown["entityMap"] == {A: ["@none"], B: [urn]}
    assert shown["linkedMaps"].keys() == {urn}
    made = ngsi("GET", f"/temporal/entityMaps?type=Station&{SINCE}&local=true")
    assert (made.status, made.json()["entityMap"].keys()) == (201, {A, f"{A}a"})
    assert ngsi("GET", "/temporal/entityMaps?type=Station").status == 400
    # a map of histories is none of entities
    assert ngsi("GET", "/entities?type=Station", NGSILD_EntityMap=address).status == 201


def test_a_source_is_asked_for_the_time_that_it_keeps(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source([])
    span = {"startAt": "2026-01-01T00:00:00Z", "endAt": "2026-02-01T00:00:00Z"}
    register(one.url, "inclusive", about(), operations=OPS, observationInterval=span)
    for time, number in (
        ("timerel=before&timeAt=2025-01-01T00:00:00Z", 0),
        ("timerel=before&timeAt=2026-01-15T00:00:00Z", 1),
        ("timerel=after&timeAt=2026-03-01T00:00:00Z", 0),
        ("timerel=between&timeAt=2026-01-31T00:00:00Z&endTimeAt=2027-01-01T00:00:00Z", 1),
    ):
        one.heard.clear()
        assert ngsi("GET", f"/temporal/entities?type=Station&{time}").status == 200
        assert (time, len(one.heard)) == (time, number)


def test_a_map_tells_who_is_asked_for_one_history(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    assert ngsi("POST", "/temporal/entities", history(A, v=[(1, 1)])).status == 201
    one, two = source(history(A, v=[(2, 2)])), source(Said(404))
    urn = register(one.url, "inclusive", about(), operations=OPS)
    register(two.url, "inclusive", about(), operations=OPS)
    got = ngsi("GET", f"/temporal/entities/{A}?{SINCE}&entityMap=true")
    address = got.header("NGSILD-EntityMap") or ""
    assert (got.status, values(got.json(), "v")) == (200, [1, 2])
    assert ngsi("GET", address.removeprefix("/ngsi-ld/v1")).json()["entityMap"] == {A: ["@none", urn]}
    again = ngsi("GET", f"/temporal/entities/{A}?{SINCE}", NGSILD_EntityMap=address)
    assert (again.json(), again.header("NGSILD-EntityMap")) == (got.json(), address)
    assert (len(one.heard), len(two.heard)) == (2, 1)
    # a map that is over, or of entities, is replaced
    assert ngsi("PATCH", address.removeprefix("/ngsi-ld/v1"), {"expiresAt": "2020-01-01T00:00:00Z"}).status == 204
    anew = ngsi("GET", f"/temporal/entities/{A}?{SINCE}", NGSILD_EntityMap=address)
    assert (anew.json(), anew.header("NGSILD-EntityMap") in {None, address}) == (got.json(), False)
    assert len(two.heard) == 2
