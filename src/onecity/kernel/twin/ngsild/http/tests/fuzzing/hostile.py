"""Requests that nobody in good faith would send: identifiers, names, values, contexts, parameters, headers."""

import math
from typing import Any, Final

from hypothesis import strategies as st

URN: Final = "urn:ngsi-ld:Fuzz:1"
NULL: Final = "urn:ngsi-ld:null"
NOWHERE: Final = "http://127.0.0.1:9/x"

IDS = st.sampled_from(
    [*[URN] * 6, "urn:ngsi-ld:Fuzz:2", "nothing", "%00", "%2e%2e", "urn:a:%2f", "a" * 3000, "*", NULL, "urn:名:1", "speed",
     "Fuzz", "0198b0a0-0000-7000-8000-000000000000", "urn:ngsi-ld:EntityMap:0198b0a0-0000-7000-8000-000000000000"]
)  # fmt: skip
KINDS = st.sampled_from(
    [
        "Property",
        "Relationship",
        "GeoProperty",
        "LanguageProperty",
        "VocabProperty",
        "JsonProperty",
        "ListProperty",
        "ListRelationship",
        "Query",
        "Subscription",
        "ContextSourceRegistration",
        "Snapshot",
        "Fuzz",
        NULL,
        "",
        "9x",
    ]
)
NAMES = st.sampled_from(
    ["id", "type", "value", "object", "scope", "location", "coordinates", "datasetId", "observedAt", "unitCode", "@context",
     "languageMap", "vocab", "json", "valueList", "objectList", "expiresAt", "speed", "https://e.example/p", "a:b", "名",
     "entities", "q", "geoQ", "scopeQ", "temporalQ", "attrs", "pick", "omit", "ordering", "join", "joinLevel", "csf",
     "notification", "endpoint", "uri", "watchedAttributes", "timeInterval", "throttling", "notificationTrigger",
     "information", "mode", "operations", "contextSourceInfo", "management", "propertyNames", "idPattern", "localOnly",
     "snapshotQueries", "snapshotTemporalQueries", "snapshotLifetime", "rank", "timerel", "timeAt", "georel", "geometry",
     "createdAt", "instanceId", "ngsildproof", "", " ", "__proto__", "x" * 2000, "\x00", "@id", "@type", "@value"]
)  # fmt: skip
MOMENTS = ["2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z"]
PATTERNS = [
    "(a+)+$",
    "(a|aa)+b",
    "(.*)*x",
    "[",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "a{1000}{1000}",
    "(?:a?){50}a{50}",
    "\\",
]
QUERIES = ["speed>3", 'a~="(a+)+$"', "((", "speed>", 'a[b]=="x"', "x{y}==1", "!a", "a;b|c", "(" * 500 + "a" + ")" * 500]
QUERIES += ['a=="' + "x" * 5000, "a==1..", "speed>1e999", 'a!~="["', "a[*]", ";".join(["a"] * 900), "a{b{c{d{e==1}}}}"]
WORDS = st.sampled_from(
    [URN, NULL, NOWHERE, "Fuzz", "*", "true", "0", "-1", "9" * 30, "1e400", "@none", "flat", "inline", "sysAttrs", "keyValues",
     "near;maxDistance==5", "within", "Point", "Polygon", "[1,2]", "[[[0,0],[1,1],[0,1],[0,0]]]", "[[1,2", "/A/%23", "/+",
     "after", "between", "avg,min", "PT0S", "P9999999999Y", "location;dist-asc", "speed;desc", "fr;q=0.5,en", "und", "x,y",
     "exclusive", "redirect", "auxiliary", "federationOps", "createEntity", "http://[", "mqtt://", "urn:", "\ud7ff", "\x00",
     *MOMENTS, *PATTERNS, *QUERIES, "temporalValues", "aggregatedValues", "x" * 9000]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
) | (WORDS | KINDS | st.text(max_size=8))
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
CONTEXTS = st.sampled_from(
    [
        "http://169.254.169.254/latest",
        "http://127.0.0.1:9/c",
        "file:///etc/passwd",
        {"speed": {"@id": "@id"}},
        {"@vocab": 5},
        {"a": {"@context": {}}},
        {"@import": "x"},
        {"speed": "speed"},
        {"a": "b:c", "b": "a:d"},
        {"@base": "x", "@propagate": True},
        {"type": "x"},
        {"": ""},
        {"x": None},
        {"@version": 1.1, "@protected": True, "id": "urn:x"},
        [[[{}]]],
        [None, None],
        5,
        {f"t{number}": f"https://e.example/{number}" for number in range(2000)},
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(["accept", "link", "ngsild-tenant", "prefer", "content-type", "content-encoding", "ngsild-snapshot"])
    | st.sampled_from(["ngsild-entitymap", "via", "accept-language", "authorization", "cookie", "if-match"]),
    st.sampled_from(
        ["application/json", "application/ld+json", "application/geo+json", "text/html", "*/*;q=x", ";;", ",", "gzip", "br",
         f'<{NOWHERE}>; rel="http://www.w3.org/ns/json-ld#context"', "<", "t1", "bad tenant", "x" * 200, "ngsi-ld=1.3",
         "ngsi-ld=99999999999999999999.1", URN, "urn:ngsi-ld:EntityMap:x", "1.1 a, 1.1 b", "Bearer x.y", "sessionid=x"]
    ),
    max_size=2,
)  # fmt: skip


def attribute(kind: str, value: Any) -> dict[str, Any]:
    """An attribute whose member fits its kind, whatever the value is."""
    member = {"Relationship": "object", "LanguageProperty": "languageMap", "VocabProperty": "vocab"}
    member |= {"JsonProperty": "json", "ListProperty": "valueList", "ListRelationship": "objectList"}
    return {"type": kind, member.get(kind, "value"): value}


ATTRIBUTES = st.builds(attribute, KINDS, ANYTHING)
ENTITIES = st.builds(
    lambda urn, more: {"id": urn, "type": "Fuzz", **more},
    IDS,
    st.dictionaries(NAMES, ATTRIBUTES | ANYTHING, max_size=3),
)
SHAPES: Final[list[dict[str, Any]]] = [
    {"type": "Query", "entities": [{"type": "Fuzz"}]},
    {
        "type": "Query",
        "entities": [{"type": "Fuzz"}],
        "temporalQ": {"timerel": "after", "timeAt": MOMENTS[0]},
        "aggrParams": {"aggrMethods": ["avg"], "aggrPeriodDuration": "PT1H"},
    },
    {"type": "Subscription", "entities": [{"type": "Fuzz"}], "notification": {"endpoint": {"uri": NOWHERE}}},
    {"type": "ContextSourceRegistration", "endpoint": NOWHERE, "information": [{"entities": [{"type": "Fuzz"}]}]},
    {"type": "Snapshot", "snapshotQueries": [{"type": "Query", "entities": [{"type": "Fuzz"}]}]},
    {"@context": {"speed": "https://e.example/speed"}},
    {"expiresAt": MOMENTS[0]},
    {"speed": {"type": "Property", "value": 1}},
    {"id": URN, "type": "Fuzz", "speed": {"type": "Property", "value": 1, "observedAt": MOMENTS[0]}},
]
BODIES: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda one, more: one | more, st.sampled_from(SHAPES), st.dictionaries(NAMES, ANYTHING, max_size=2)),
    st.builds(lambda one, name, value: one | {name: value}, st.sampled_from(SHAPES), NAMES, ATTRIBUTES),
    ENTITIES,
    st.lists(ENTITIES | ANYTHING, max_size=3),
    st.lists(IDS, max_size=3),
    ANYTHING,
)
RAW = st.sampled_from(
    [b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"a":' * 3000, b"null", b"1e400", b'{"a":1,"a":2}', b"NaN"]
)


def star(points: int) -> list[list[float]]:
    """A closed ring that crosses itself at every step."""
    turns = [2 * math.pi * number * (points // 2 - 1) / points for number in range(points)]
    ring = [[round(10 * math.cos(turn), 6), round(10 * math.sin(turn), 6)] for turn in turns]
    return [*ring, ring[0]]


def deep(levels: int) -> Any:
    """Objects in lists in objects …"""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value
