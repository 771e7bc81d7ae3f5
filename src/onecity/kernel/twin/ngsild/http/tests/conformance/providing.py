"""Entities written: what is accepted, what is refused, and what is there afterwards (4.5, 4.6, 4.18, 5.5, 5.6)."""

from onecity.kernel.twin.ngsild.http.tests.conformance.steps import (
    AT,
    Body,
    Step,
    bench,
    get,
    make,
    point,
    prop,
    refused,
    rel,
)

ONE = "/entities/urn:ngsi-ld:Bench:1"
NULL = "urn:ngsi-ld:null"
BATCH = "POST /entityOperations"


def wrong(*attributes: Body) -> list[Step]:
    """Benches that cannot be created."""
    return refused("POST /entities", *(bench(**one) for one in attributes))


CASES = {
    "4.5.2 attributes have the member of their kind": [
        *wrong(
            {"a": {"type": "Property"}},
            {"a": {"type": "Relationship"}},
            {"a": {"type": "LanguageProperty"}},
            {"a": prop(None)},
            {"a": {"type": "JsonProperty", "json": 5}},
            {"a": {"type": "JsonProperty", "json": {"b": 1}, "unitCode": "MTR"}},
            {"a": {"type": "ListProperty", "valueList": [1], "value": 2}},
            {"a": {"type": "ListRelationship", "objectList": ["no uri"]}},
            {"a": rel("urn:x:y") | {"unitCode": "MTR"}},
            {"a": rel("urn:x:y") | {"previousObject": "urn:x:z"}},
        ),
        get(ONE, status=404),
    ],
    "5.2.32 language maps": [
        *wrong(
            {"a": {"type": "LanguageProperty", "languageMap": {"en": 5}}},
            {"a": {"type": "LanguageProperty", "languageMap": {"": "x"}}},
            {"a": {"type": "LanguageProperty", "languageMap": {"en": "x"}, "valueType": "xsd:string"}},
        ),
        make(a={"type": "LanguageProperty", "languageMap": {"en": "x", "zh": ["y"]}, "valueType": "langString"}),
    ],
    "5.2.1 nothing is created with NGSI-LD Null": wrong(
        {"a": prop(NULL)},
        {"a": rel(NULL)},
        {"a": prop(1, b=prop(NULL))},
        {"a": prop({"deep": {"er": NULL}})},
        {"scope": NULL},
        {"a": {"type": "LanguageProperty", "languageMap": {"@none": NULL}}},
    ),
    "4.5.2.2 proofs": [
        *wrong(
            {"ngsildproof": prop("text")},
            {"ngsildproof": prop({"type": "P"}, entityTypeSealed=42)},
            {"a": prop(1, entityIdSealed="urn:x:y")},
        ),
        make(ngsildproof=prop({"type": "P"}, entityIdSealed="urn:ngsi-ld:Bench:1", entityTypeSealed="Bench")),
        get(ONE, lambda e: e["ngsildproof"]["entityTypeSealed"] == "Bench"),
    ],
    "4.6.2, 4.6.3, 4.18 names, moments and scopes": wrong(
        {"my seat": prop(1)},
        {"datasetId": prop(1)},
        {"a": prop(1, observedAt="2026-03-01T12:00:00+01:00")},
        {"a": prop(1, observedAt=prop(AT))},
        {"scope": "9th"},
        {"scope": "/a//b"},
        {"scope": ["/fine", "not-fine"]},
    ),
    "4.7.2 a geometry as text": [
        make(location={"type": "GeoProperty", "value": '{"type":"Point","coordinates":[121.4,30.9]}'}),
        get(ONE, lambda e: e["location"]["value"] == {"type": "Point", "coordinates": [121.4, 30.9]}),
        *wrong({"location": prop(7)}, {"location": {"type": "GeoProperty", "value": "somewhere"}}),
    ],
    "4.5.5 instances and data sets": [
        make(a=[prop(1, datasetId="@none"), prop(2, datasetId="urn:d:2")]),
        get(ONE, lambda e: [one.get("datasetId") for one in e["a"]] == [None, "urn:d:2"]),
        *refused(
            "POST /entities",
            bench("2", a=[prop(1), prop(2, datasetId="@none")]),
            bench("2", a=[prop(1, datasetId="urn:d:1"), prop(2, datasetId="urn:d:1")]),
        ),
        get(f"{ONE}?datasetId=urn:d:2", lambda e: e["a"]["value"] == 2),
        *refused(f"GET {ONE}?datasetId=urn:d:2,14"),
    ],
    "5.5.8 updates replace, partial updates do not": [
        make(a=prop(25, unitCode="CEL")),
        Step(f"PATCH {ONE}/attrs/a", 204, prop(26)),
        get(ONE, lambda e: e["a"] == prop(26, unitCode="CEL")),
        Step(f"PATCH {ONE}/attrs", 204, {"a": prop(27)}),
        get(ONE, lambda e: e["a"] == prop(27)),
        *refused(f"PATCH {ONE}/attrs/a", {"datasetId": NULL}, {"value": {"b": NULL}}),
        Step(f"PATCH {ONE}/attrs", 204, {"a": prop(NULL)}),
        get(ONE, lambda e: "a" not in e),
    ],
    "5.5.12 a merge goes into values": [
        make(a=prop({"street": "S", "town": "T"}), expiresAt="2099-01-01T00:00:00Z"),
        Step(f"PATCH {ONE}", 204, {"a": prop({"street": "U", "town": NULL}), "expiresAt": NULL}),
        get(f"{ONE}?options=sysAttrs", lambda e: e["a"]["value"] == {"street": "U"} and "expiresAt" not in e),
    ],
    "6.3.11 times of the system": [
        make(expiresAt="2099-01-01T00:00:00Z"),
        get(ONE, lambda e: "expiresAt" not in e),
        get(f"{ONE}?options=sysAttrs", lambda e: e["expiresAt"] == "2099-01-01T00:00:00Z"),
    ],
    "identifiers that are missing or no URI": [
        *refused("PATCH /entities/", {"a": prop(1)}),
        *refused("PUT /entities/", bench()),
        *refused("POST /entities//attrs", {"a": prop(1)}),
        *refused("DELETE /entities//attrs/a"),
        *refused("DELETE /temporal/entities/urn:x:y/attrs//urn:i:1"),
        *refused("PATCH /entities/nothing", {"a": prop(1)}),
        Step(f"DELETE {ONE}/attrs/", 405),
        Step("DELETE /temporal/entities/", 405),
        Step("DELETE /subscriptions/", 405),
    ],
    "5.5.11 an id that comes twice in a batch has two results": [
        Step(
            f"{BATCH}/create", 207, [bench(), bench("2"), bench()],
            lambda r: r["success"] == ["urn:ngsi-ld:Bench:1", "urn:ngsi-ld:Bench:2"]
            and [one["entityId"] for one in r["errors"]] == ["urn:ngsi-ld:Bench:1"],
        ),
        Step(
            f"{BATCH}/delete", 207, ["urn:ngsi-ld:Bench:2"] * 2,
            lambda r: r["success"] == ["urn:ngsi-ld:Bench:2"] and len(r["errors"]) == 1,
        ),
        Step(f"{BATCH}/upsert", 201, [bench("3", a=prop(1), b=prop(1)), bench("3", a=prop(2))]),
        get("/entities/urn:ngsi-ld:Bench:3", lambda e: e["a"]["value"] == 2 and "b" not in e),
        *refused(f"{BATCH}/create", [], [bench("9"), None]),
        get("/entities/urn:ngsi-ld:Bench:9", status=404),
    ],
    "5.6.21 a purge says what it means": [
        make(a=prop(1), b=prop(2)),
        *refused("DELETE /entities?id=urn:ngsi-ld:Bench:1"),
        *refused("DELETE /entities?idPattern=.*"),
        *refused("DELETE /entities?attrs=createdAt"),
        *refused('DELETE /entities?type=Bench&q=owner{name}=="x"'),
        Step("DELETE /entities?type=Bench&keep=a", 204),
        get(ONE, lambda e: set(e) == {"id", "type", "a"}),
        Step("DELETE /entities?type=Bench", 204),
        get(ONE, status=404),
    ],
    "4.5.22 lists of relationships": [
        make(a={"type": "ListRelationship", "objectList": ["urn:x:1", {"object": "urn:x:2"}]}, location=point(1, 2)),
        get(ONE, lambda e: e["a"]["objectList"] == [{"object": "urn:x:1"}, {"object": "urn:x:2"}]),
    ],
}  # fmt: skip
