"""Entities read: queries, projections, orders, links, and how requests and answers are spoken (4.9-4.23, 5.7, 6.3)."""

from onecity.kernel.twin.ngsild.http.tests.conformance.steps import Step, bench, get, make, point, prop, refused, rel

ONE = "/entities/urn:ngsi-ld:Bench:1"
QUERY = "POST /entityOperations/query"
FOUR = [
    make("1", name=prop("oak"), seats=prop(4), location=point(8.01, 40.01), at=rel("urn:ngsi-ld:Park:1")),
    make("2", name=prop("ash"), seats=prop(6), location=point(9, 41)),
    Step("POST /entities", 201, {"id": "urn:ngsi-ld:Park:1", "type": "Park", "in": rel("urn:ngsi-ld:Town:1"), "name": prop("P")}),
    Step("POST /entities", 201, {"id": "urn:ngsi-ld:Town:1", "type": "Town", "name": prop("T"), "note": prop("n")}),
]  # fmt: skip


def ids(entities: list[dict[str, object]]) -> str:
    """The last parts of the ids."""
    return "".join(str(one["id"]).rpartition(":")[2] for one in entities)


SOURCES = "/csourceRegistrations?type=Bench"


def source(key: str, endpoint: str) -> Step:
    """Register a source of benches."""
    body = {"id": f"urn:ngsi-ld:Source:{key}", "type": "ContextSourceRegistration", "endpoint": endpoint}
    return Step("POST /csourceRegistrations", 201, body | {"information": [{"entities": [{"type": "Bench"}]}]})


CASES = {
    "4.23 orders hold without local where nobody else is asked": [
        *FOUR,
        get("/entities?type=Bench&orderBy=name", lambda r: ids(r) == "21"),
        get("/entities?type=Bench&orderBy=seats;desc", lambda r: ids(r) == "21"),
        get("/entities?type=Bench&orderBy=location;dist-asc&orderFrom=[8,40]", lambda r: ids(r) == "12"),
        *refused("GET /entities?type=Bench&orderBy=location;dist-asc"),
        *refused("GET /entities?type=Bench&orderBy=name&collation=!!no"),
        Step(QUERY, 200, {"type": "Query", "entities": [{"type": "Bench"}], "ordering": {"orderBy": ["name"]}}, lambda r: ids(r) == "21"),
    ],
    "5.7.2.4 what is too wide or too deep": [
        *refused("GET /entities?attrs=createdAt"),
        *refused('GET /entities?q=modifiedAt>"2020-01-01T00:00:00Z"'),
        *refused('GET /entities?type=Bench&q=at{name}=="P"'),
        *refused('GET /entities?type=Bench&q=at{in{name}}=="T"&join=inline&joinLevel=1'),
        *refused("GET /entities?type=Bench&csf=))no(("),
        *refused("GET /entities?type=*&local=false"),
    ],
    "4.21 projections": [
        *FOUR,
        get(f"{ONE}?pick=name|seats", lambda e: set(e) == {"name", "seats"}),
        *refused(f"GET {ONE}?pick=name||seats"),
        *refused(f"GET {ONE}?pick=name&omit=name"),
        *refused(f"GET {ONE}?pick=name&attrs=seats"),
        *refused(f"GET {ONE}?pick=at{{name}}"),
        get(
            f"{ONE}?join=flat&joinLevel=2&pick=id,at{{id,name,in{{id,note}}}}",
            lambda r: [set(one) for one in r] == [{"id", "at"}, {"id", "name", "in"}, {"id", "note"}],
        ),
        get(f"{ONE}?join=inline&omit=at{{name}}", lambda e: set(e["at"]["entity"]) == {"id", "type", "in"}),
    ],
    "5.2.33 selectors": [
        *FOUR,
        Step(QUERY, 200, {"type": "Query", "entities": [{"type": "Bench", "id": "urn:ngsi-ld:Bench:1", "idPattern": ".*:2$"}]}, lambda r: ids(r) == "1"),
        *refused(QUERY, {"type": "Query", "entities": [{"id": "urn:ngsi-ld:Bench:1"}]}, {"type": "Query", "entities": []}),
        *refused(QUERY, {"type": "Query", "entities": [{"type": "Bench"}], "temporalQ": {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"}}),
        get("/entities?type=Bench&type=Park", lambda r: len(r) == 3),
    ],
    "6.3.20 what is not known is refused": [
        make(),
        *refused("POST /entities?colour=red", bench("2"), error="InvalidRequest"),
        *refused("GET /entities?type=Bench&colour=red", error="InvalidRequest"),
        *refused("GET /types?colour=red", error="InvalidRequest"),
        *refused("GET /types/Bench?details=true", error="InvalidRequest"),
        *refused("GET /attributes?limit=5", error="InvalidRequest"),
        *refused("GET /subscriptions?colour=red", error="InvalidRequest"),
        *refused("DELETE /entities?colour=red", error="InvalidRequest"),
        *refused(f"GET {ONE}?options=keyValues,loud", error="InvalidRequest"),
        *refused(f"GET {ONE}?format=keyValues&options=loud", error="InvalidRequest"),
        *refused("POST /temporal/entities?colour=red", bench("2"), error="InvalidRequest"),
        get("/entities/urn:ngsi-ld:Bench:2", status=404),
    ],
    "6.3.4 weights of media types": [
        make(),
        *(
            Step(f"GET {ONE}", 200, headers={"accept": accept}, told={"content-type": media})
            for accept, media in (
                ("application/json;q=0, */*", "application/ld+json"),
                ("application/ld+json;q=loud", "application/ld+json"),
                ("*/*;q=0.9, application/ld+json;q=0.8", "application/json"),
            )
        ),
        Step(f"GET {ONE}", 406, headers={"accept": "text/html"}),
        Step("GET /subscriptions", 200, headers={"prefer": "wait=5"}, told={"preference-applied": None}),
        Step("GET /types", 200, headers={"prefer": "x, NGSI-LD=1.3"}, told={"preference-applied": "ngsi-ld=1.3"}),
    ],
    "6.3.10 links are written without blanks": [
        *FOUR,
        Step(
            "GET /entities?type=Bench&limit=1&offset=1", 200, headers={"accept": "application/ld+json"},
            told={"link": '</ngsi-ld/v1/entities?type=Bench&limit=1&offset=0>;rel="prev";type="application/ld+json"'},
        ),
    ],
    "4.15 languages": [
        make(a={"type": "LanguageProperty", "languageMap": {"fr": "banc", "zh": "长椅", "en-GB": "bench"}}),
        get(f"{ONE}?lang=fr;q=0.2,zh;q=0.9", lambda e: e["a"] == prop("长椅", lang="zh")),
        get(f"{ONE}?lang=zh-Hans", lambda e: e["a"]["lang"] == "zh"),
        get(f"{ONE}?lang=en", lambda e: e["a"]["lang"] == "en-GB"),
        get(f"{ONE}?lang=sv", lambda e: "languageMap" not in e["a"] and e["a"]["lang"] in {"fr", "zh", "en-GB"}),
    ],
    "4.10 geo-queries": [
        *FOUR,
        *(
            Step(f"GET /entities?type=Bench&georel={one}&geometry=Point&coordinates=[8,40]", 400, error="BadRequestData")
            for one in ("near", "near;maxDistance==0", "near;maxDistance==-1", "near;maxDistance==inf", "touches")
        ),
        get("/entities?type=Bench&georel=near;maxDistance==2000&geometry=LineString&coordinates=[[8,40],[8.02,40.02]]", lambda r: ids(r) == "1"),
    ],
    "4.5.16, 4.5.17 GeoJSON": [
        make(location=[point(9, 9, datasetId="urn:d:g"), point(1, 2)], seats=prop(5)),
        get(ONE, lambda f: f["geometry"]["coordinates"] == [1, 2] and "id" not in f["properties"], accept="application/geo+json"),
        get(f"{ONE}?geometryProperty=seats", lambda f: f["geometry"] is None, accept="application/geo+json"),
        get(f"{ONE}?options=keyValues", lambda f: f["properties"]["seats"] == 5, accept="application/geo+json"),
        *refused(f"GET {ONE}?geometryProperty=location"),
    ],
    "5.10.2.4 sources are found by what they are": [
        source("1", "http://one.example.com"),
        source("2", "http://two.example.com"),
        get(f'{SOURCES}&csf=endpoint=="http://one.example.com"', lambda r: ids(r) == "1"),
        get(f'{SOURCES}&csf=mode=="exclusive"', lambda r: r == []),
    ],
    "5.13 contexts": [
        *refused("POST /jsonldContexts", {"@context": 5}, {"@context": ["http://192.0.2.1/c", 5]}, {"other": 1}),
        get("/jsonldContexts/none", status=404),
        get("/jsonldContexts/%00", status=404),
    ],
}  # fmt: skip
