"""Bodies and names that look right and are not, and fragments of one attribute (4.5.1, 4.5.18, 4.23, 5.2.12, 5.6.4, 5.6.17, 5.6.19)."""

from onecity.kernel.twin.ngsild.http.tests.conformance.steps import Step, bench, get, make, prop, refused, rel

ONE = "/entities/urn:ngsi-ld:Bench:1"
NULL = "urn:ngsi-ld:null"
# what nobody sees in an id: marks of direction, blanks of no width, selectors, fillers, what is no character
UNSEEN = [
    "202E",
    "200B",
    "FEFF",
    "2028",
    "00A0",
    "FE0F",
    "E0100",
    "FDD0",
    "FFFE",
    "1FFFF",
    "115F",
    "3164",
    "FFA0",
    "2800",
    "E000",
]
SUBSCRIPTION = {
    "type": "Subscription", "entities": [{"type": "Bench"}], "notification": {"endpoint": {"uri": "http://127.0.0.1:9/x"}}
}  # fmt: skip

CASES = {
    "4.5.1 an id can be seen": [
        *refused("POST /entities", *({"id": f"urn:ngsi-ld:Bench:A{chr(int(one, 16))}B", "type": "Bench"} for one in UNSEEN)),
        Step("POST /entities", 201, {"id": "urn:ngsi-ld:Bench:长椅", "type": "Bench", "at": rel("urn:ngsi-ld:City:París")}),
        get("/entities/urn:ngsi-ld:Bench:%E9%95%BF%E6%A4%85", lambda e: e["at"]["object"] == "urn:ngsi-ld:City:París"),
    ],
    "4.5.18 languages are tags": [
        *refused(
            "POST /entities",
            *(bench(a={"type": "LanguageProperty", "languageMap": {tag: "x"}}) for tag in ("not a tag", "", "zh_Hans", "en-")),
        ),
        make(a={"type": "LanguageProperty", "languageMap": {"zh-Hans-CN": "x", "de-1996": "y", "@none": "z"}}),
    ],
    "4.23 an order names something": [make(), *refused("GET /entities?type=Bench&orderBy=")],
    "5.6.4 the body is the attribute": [
        make(a=prop(1, s=prop(2), r=rel("urn:x:1"))),
        Step(f"PATCH {ONE}/attrs/a", 204, {"s": prop(7)}),
        get(ONE, lambda e: (e["a"]["value"], e["a"]["s"]["value"]) == (1, 7)),
        Step(f"PATCH {ONE}/attrs/a", 204, {"r": NULL}),
        get(ONE, lambda e: e["a"] == prop(1, s=prop(7))),
        Step(f"PATCH {ONE}/attrs/a", 204, {"observedAt": "2026-03-01T10:00:00Z"}),
        get(ONE, lambda e: (e["a"]["value"], e["a"]["observedAt"]) == (1, "2026-03-01T10:00:00Z")),
        # in a merge an object is the value in its simplified form
        Step(f"PATCH {ONE}", 204, {"a": {"street": "S"}}),
        get(ONE, lambda e: e["a"]["value"] == {"street": "S"}),
    ],
    "5.6.17 the common time is one": [
        make(a=prop(1, observedAt="2026-03-01T10:00:00Z")),
        *refused(f"PATCH {ONE}?observedAt=yesterday", {"a": 2}),
        get(ONE, lambda e: e["a"]["value"] == 1),
        Step(f"PATCH {ONE}?observedAt=2026-03-01T11:00:00Z", 204, {"a": 2}),
        get(ONE, lambda e: (e["a"]["value"], e["a"]["observedAt"]) == (2, "2026-03-01T11:00:00Z")),
    ],
    "5.6.19 an attribute has its value": [
        make(a=prop(1)),
        *refused(f"PUT {ONE}/attrs/a", {"unitCode": "CEL"}, {"s": prop(1)}, prop(NULL), {}),
        Step(f"PUT {ONE}/attrs/a", 204, {"value": 5, "s": prop(1)}),
        get(ONE, lambda e: e["a"] == prop(5, s=prop(1))),
    ],
    "5.2.12 temporalQ is one": [
        *refused(
            "POST /subscriptions",
            *(SUBSCRIPTION | {"temporalQ": one} for one in ({"timerel": "x"}, {}, {"timerel": "between", "timeAt": "x"})),
        ),
        Step("POST /subscriptions", 201, SUBSCRIPTION | {"id": "urn:s:1", "colour": 1}),
        get("/subscriptions/urn:s:1", lambda s: "colour" not in s),
    ],
}  # fmt: skip
