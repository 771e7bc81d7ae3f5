"""Whatever comes in, the answer is never a 5xx and nothing is half done (issue 3, part 6)."""

from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.http.tests.conftest import Client

QUICK = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
URN = "urn:ngsi-ld:Fuzz:1"
NAMES = st.sampled_from(
    ["id", "type", "value", "object", "scope", "location", "coordinates", "datasetId", "observedAt", "unitCode", "@context",
     "languageMap", "vocab", "json", "valueList", "objectList", "expiresAt", "q", "entities", "geoQ", "a", "speed", "名"]
) | st.text(max_size=6)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        [
            URN,
            "Property",
            "Relationship",
            "GeoProperty",
            "LanguageProperty",
            "urn:ngsi-ld:null",
            "Query",
            "Point",
            "Polygon",
            "2026-07-01T08:00:00Z",
            "\x00",
            "\U0010ffff",
            "http://[",
            "/A/B",
        ]
    )
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=20
)
TARGETS = st.sampled_from(
    [("POST", "/entities"), ("PUT", f"/entities/{URN}"), ("PATCH", f"/entities/{URN}"), ("POST", f"/entities/{URN}/attrs"),
     ("PATCH", f"/entities/{URN}/attrs"), ("PATCH", f"/entities/{URN}/attrs/speed"), ("PUT", f"/entities/{URN}/attrs/speed"),
     ("POST", "/entityOperations/create"), ("POST", "/entityOperations/upsert"), ("POST", "/entityOperations/update"),
     ("POST", "/entityOperations/merge"), ("POST", "/entityOperations/delete"), ("POST", "/entityOperations/query"),
     ("POST", "/jsonldContexts")]
)  # fmt: skip
PARAMETERS = st.sampled_from(
    ["q", "type", "id", "idPattern", "attrs", "pick", "omit", "scopeQ", "georel", "geometry", "coordinates", "geoproperty",
     "limit", "offset", "count", "options", "format", "lang", "join", "joinLevel", "containedBy", "orderBy", "orderFrom",
     "collation", "local", "datasetId", "geometryProperty", "csf", "expandValues", "jsonKeys", "drop", "keep", "details"]
)  # fmt: skip
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["speed>3", "a;b|(c==d)", "near;maxDistance==10", "Point", "[1,2]", "[[1,2],[3,4]]", "true", "0", "-1", "9" * 30, "*",
     "(a;b", "a{b{c}}", "%00", "a.b[c]==\"x\"", "^(a+)+$", "speed;dist-asc", "flat", "inline", "@none", "sysAttrs"]
)  # fmt: skip


def check(answer: Any) -> None:
    assert answer.status < 500 or answer.status == 504, (answer.status, answer.body)
    if answer.status >= 400 and answer.body:
        assert answer.json()["type"].startswith(("https://uri.etsi.org/", "/problems/"))


@pytest.fixture
def fuzzed(ngsi: Client) -> Client:
    ngsi("POST", "/entities", {"id": URN, "type": "Fuzz", "speed": 1})
    return ngsi


@QUICK
@given(target=TARGETS, value=VALUES, wrapped=st.integers(0, 2), ld=st.booleans())
def test_bodies(fuzzed: Client, target: tuple[str, str], value: Any, wrapped: int, ld: bool) -> None:
    method, path = target
    body = value
    if wrapped and isinstance(value, dict):
        body = {**value, "id": URN, "type": "Fuzz"} if wrapped == 1 else {"speed": value}
    if "entityOperations" in path and isinstance(body, dict) and not path.endswith("query"):
        body = [body]
    media = "application/ld+json" if ld else "application/json"
    check(fuzzed(method, path, raw=msgspec.json.encode(body), content_type=media))


@QUICK
@given(
    path=st.sampled_from(["/entities", f"/entities/{URN}", "/types", "/attributes", "/types/Fuzz"]),
    method=st.sampled_from(["GET", "GET", "GET", "DELETE"]),
    parameters=st.dictionaries(PARAMETERS, TEXTS, max_size=5),
    accept=st.sampled_from(["", "application/ld+json", "application/geo+json", "a", "*/*;q=x"]),
)
def test_parameters(fuzzed: Client, path: str, method: str, parameters: dict[str, str], accept: str) -> None:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    check(fuzzed(method, f"{path}?{query}", accept=accept))


@QUICK
@given(
    segment=st.text(max_size=20),
    headers=st.dictionaries(
        st.sampled_from(["link", "ngsild-tenant", "authorization", "accept", "prefer", "content-encoding", "cookie"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    ),
)
def test_addresses_and_headers(fuzzed: Client, segment: str, headers: dict[str, str]) -> None:
    check(fuzzed("GET", f"/entities/{quote(segment, safe='')}", None, raw=None, **headers))
    check(fuzzed("PATCH", f"/entities/{URN}/attrs/{quote(segment, safe='')}", {"value": 1}, raw=None, **headers))


@QUICK
@given(raw=st.binary(max_size=60))
def test_bytes(fuzzed: Client, raw: bytes) -> None:
    check(fuzzed("POST", "/entities", raw=raw))
    check(fuzzed("POST", "/entityOperations/upsert", raw=raw, content_encoding="gzip"))


def test_a_context_may_not_reach_into_the_network(ngsi: Client, settings: Any) -> None:
    for address in ("http://169.254.169.254/latest", "file:///etc/passwd", "http://10.0.0.1/c.jsonld"):
        link = f'<{address}>; rel="http://www.w3.org/ns/json-ld#context"'
        answer = ngsi("GET", "/entities?type=A", link=link)
        assert answer.status in {400, 504}
