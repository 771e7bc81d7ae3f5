"""Whatever is sent to the doors of registrations, subscriptions to them and snapshots: never a fault of ours."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.federation import reading
from onecity.kernel.twin.ngsild.federation.tests.test_registrations import HERE
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

WORDS = st.sampled_from(
    [
        *(
            "speed",
            "a.b",
            "speed>5",
            "near;maxDistance==5",
            "Point",
            "urn:a:1",
            "*",
            "^.*$",
            "(a|b)",
            "\ufffd",
            "\u00e9",
        ),
        *(
            "1.6",
            "2090-01-01T00:00:00Z",
            "urn:ngsi-ld:null",
            "@none",
            "/a/#",
            HERE,
            "exclusive",
            "redirect",
            "auxiliary",
        ),
        *(
            "PT1H",
            "P1Y2M",
            "retrieveOps",
            "updateEntity",
            "Query",
            "after",
            "accept",
            "application/json",
            "\ud800",
            "\x00",
        ),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
INNER = [
    "id",
    "idPattern",
    "type",
    "entities",
    "propertyNames",
    "relationshipNames",
    "key",
    "value",
    "startAt",
    "endAt",
]
INNER += [
    "timeout",
    "cooldown",
    "cacheDuration",
    "localOnly",
    "coordinates",
    "q",
    "geoQ",
    "temporalQ",
    "timerel",
    "attrs",
]
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner, max_size=3),
    max_leaves=8,
)
OTHERS = ["@context", "id", "rank", "status"]
SNAPSHOT = ["snapshotQueries", "snapshotTemporalQueries", "snapshotLifetime", "snapshotPriority", "endpoint"]
SNAPSHOT += ["receiverInfo", *OTHERS]
QUERIES = st.sampled_from(
    ["type", "attrs", "q", "csf", "id", "idPattern", "scopeQ", "georel", "geometry", "coordinates"]
)
FUZZED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FINE = {200, 201, 204, 207, 400, 403, 404, 409, 414, 422, 504}


def encoded(body: Any) -> bytes:
    """JSON as a careless client writes it, lone surrogates and NaN included."""
    return json.dumps(body).encode()


@FUZZED
@given(
    st.dictionaries(st.sampled_from([*reading.CHECKS, *OTHERS]), ANYTHING, max_size=4),
    st.dictionaries(QUERIES, WORDS, max_size=4),
)
def test_registrations(ngsi: Client, members: Any, query: Any) -> None:
    base = {"type": "ContextSourceRegistration", "endpoint": HERE, "information": [{"propertyNames": ["speed"]}]}
    door = "/csourceRegistrations"
    made = ngsi("POST", door, raw=encoded(base | members))
    assert made.status in FINE, (made.status, made.body)
    if made.status == 201:
        assert ngsi("GET", str(made.header("location")).removeprefix("/ngsi-ld/v1")).status == 200
    ngsi("POST", door, base | {"id": "urn:fixed:1"})
    patched = ngsi("PATCH", f"{door}/urn:fixed:1", raw=encoded(members))
    assert patched.status in FINE, (patched.status, patched.body)
    text = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in query.items())
    found = ngsi("GET", f"{door}?{text}")
    assert found.status in FINE, (found.status, found.body)
    assert ngsi("GET", f"{door}?type=*&limit=1000").status == 200


@FUZZED
@given(st.dictionaries(st.sampled_from(["csf", "temporalQ", "entities", "q", "geoQ", "scopeQ"]), ANYTHING, max_size=3))
def test_subscriptions_to_them(ngsi: Client, members: Any) -> None:
    base = {"type": "Subscription", "entities": [{"type": "A"}], "notification": {"endpoint": {"uri": HERE}}}
    made = ngsi("POST", "/csourceSubscriptions", raw=encoded(base | members))
    assert made.status in FINE, (made.status, made.body)
    assert ngsi("GET", "/csourceSubscriptions?limit=1000").status == 200


@FUZZED
@given(st.dictionaries(st.sampled_from(SNAPSHOT), ANYTHING, max_size=3), ANYTHING, ANYTHING)
def test_snapshots(ngsi: Client, members: Any, query: Any, temporal: Any) -> None:
    base = {"type": "Snapshot", "snapshotQueries": [{"type": "Query", "q": query}]}
    if isinstance(temporal, dict):
        base["snapshotTemporalQueries"] = [{"type": "Query", "entities": [{"type": "A"}], "temporalQ": temporal}]
    made = ngsi("POST", "/snapshots", raw=encoded(base | members))
    assert made.status in FINE, (made.status, made.body)
    if made.status == 201:
        path = str(made.header("location")).removeprefix("/ngsi-ld/v1")
        patched = ngsi("PATCH", path, raw=encoded(members))
        assert patched.status in FINE, (patched.status, patched.body)
        assert ngsi("DELETE", path).status in {204, 404}
    purged = ngsi("DELETE", "/snapshots?q=" + quote(str(query), safe="", errors="replace"))
    assert purged.status in FINE, (purged.status, purged.body)


@pytest.mark.parametrize(
    ("header", "status"),
    [(" ", 400), ("x", 400), ("urn:a:1\x01", 400), ("urn:a:" + "1" * 5000, 400), ("*", 400), ("urn:a:1", 404)],
)
def test_the_header_of_snapshots(ngsi: Client, header: str, status: int) -> None:
    assert ngsi("GET", "/entities?type=A", ngsild_snapshot=header).status == status
