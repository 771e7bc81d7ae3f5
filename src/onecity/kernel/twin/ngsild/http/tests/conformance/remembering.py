"""Histories read: what lies in the time that is asked for, and what held then (4.11, 4.18, 4.5.19, 5.6.11, 5.7.3, 5.7.4)."""

from typing import Any

from onecity.kernel.twin.ngsild.http.tests.conformance.steps import Step, bench, get, make, prop, refused

HOUR = "timerel=between&timeAt=2026-03-01T12:00:00Z&endTimeAt=2026-03-01T13:00:00Z"
ASK = f"/temporal/entities?type=Bench&{HOUR}"
ONE = "/temporal/entities/urn:ngsi-ld:Bench:1"
QUERY = "POST /temporal/entityOperations/query"
SINCE = {"timerel": "after", "timeAt": "2026-03-01T12:00:00Z"}


def at(value: Any, time: str) -> dict[str, Any]:
    """A value of the day."""
    return prop(value, observedAt=f"2026-03-01T{time}:00Z")


def past(key: str = "1", **more: Any) -> Step:
    """Write a history."""
    return Step("POST /temporal/entities", 201, bench(key, **more))


def ids(entities: list[dict[str, Any]]) -> str:
    """The last parts of the ids."""
    return "".join(one["id"].rpartition(":")[2] for one in entities)


def values(entity: dict[str, Any]) -> list[Any]:
    """What the seat weighed."""
    return [one["value"] for one in entity["load"]]


CASES = {
    "4.18 scopes hold until the next is set": [
        past("1", scope=[at("/A/B", "10:00")], load=[at(1, "12:05")]),
        past("2", scope=[at(["/A/B", "/C"], "10:00")], load=[at(1, "12:05")]),
        past("3", scope=[at("/R", "10:00"), at("/S", "12:30")], load=[at(1, "12:15"), at(2, "12:45")]),
        past("4", scope=[at("/Z", "14:00")], load=[at(1, "12:05")]),
        past("5", load=[at(1, "12:05")]),
        get(f"{ASK}&scopeQ=/A/B", lambda r: ids(r) == "12" and r[0]["scope"][0]["value"] == "/A/B"),
        get(f"{ASK}&scopeQ=(/A/B;/C)", lambda r: ids(r) == "2"),
        get(f"{ASK}&scopeQ=/%23", lambda r: ids(r) == "123"),
        get(f"{ASK}&scopeQ=/R", lambda r: ids(r) == "3" and values(r[0]) == [1]),
        get(f"{ASK}&scopeQ=/S", lambda r: ids(r) == "3" and values(r[0]) == [2]),
        get(f"{ASK}&scopeQ=/Z", lambda r: r == []),
    ],
    "5.7.4 conditions look at what lies within the time": [
        past("1", load=[at(30, "12:10"), at(90, "09:00")]),
        past("2", load=[at(10, "12:10"), at(80, "09:00")]),
        get(f"{ASK}&q=load>25", lambda r: ids(r) == "1" and values(r[0]) == [30]),
        get(f'{ASK}&q=load!="30"', lambda r: ids(r) == "12"),
        *refused(f"GET /temporal/entities?attrs=createdAt&{HOUR}"),
        *refused(f"GET {ASK}&orderBy=load"),
        *refused(f"GET {ASK}&pick=owner{{name}}"),
    ],
    "4.5.19, 5.2.44 values gathered": [
        past("1", load=[at(100, "12:10"), at(50, "12:50")]),
        get(
            f"{ONE}?format=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=PT1H&{HOUR}",
            lambda e: e["load"]["avg"] == [[75, "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"]],
        ),
        Step(
            QUERY, 200,
            {"type": "Query", "entities": [{"type": "Bench"}], "temporalQ": SINCE, "aggrParams": {"aggrMethods": ["max"]}},
            lambda r: r[0]["load"]["max"][0][0] == 100,
        ),
        *refused(
            QUERY,
            {"type": "Query", "entities": [{"type": "Bench"}], "temporalQ": SINCE, "aggrParams": {"aggrMethods": ["most"]}},
        ),
    ],
    "4.5.7 what was deleted": [
        make(a=prop(1), b=prop(2)),
        Step("DELETE /entities/urn:ngsi-ld:Bench:1/attrs/a", 204),
        get(
            f"{ONE}?timeproperty=deletedAt",
            lambda e: "b" not in e and [one["value"] for one in e["a"]] == ["urn:ngsi-ld:null"] and "deletedAt" in e["a"][0],
        ),
    ],
    "5.6.11 a history is added to": [
        past("1", load=[at(1, "12:10")]),
        Step("POST /temporal/entities", 204, bench("1", load=[at("urn:ngsi-ld:null", "12:20")]) | {"type": ["Bench", "Seat"]}),
        get(f"{ONE}?{HOUR}", lambda e: len(e["load"]) == 2 and set(e["type"]) == {"Bench", "Seat"}),
        *refused("POST /temporal/entities", bench("2", expiresAt="urn:ngsi-ld:null", load=[at(1, "12:10")])),
        get("/temporal/entities/urn:ngsi-ld:Bench:2", status=404),
    ],
}  # fmt: skip
