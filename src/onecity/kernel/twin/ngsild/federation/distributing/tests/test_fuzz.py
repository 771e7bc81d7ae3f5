"""Whatever comes in, from clients or from sources: never a fault of ours."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.federation.distributing import joining, via, warning, wording
from onecity.kernel.twin.ngsild.federation.distributing.joining import How
from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Source
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, about, station
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MEMBERS = [
    "id",
    "type",
    "value",
    "entityMap",
    "typeList",
    "errors",
    "success",
    "v",
    "observedAt",
    "title",
    "entityId",
    "values",
    "datasetId",
]
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([A, "Station", "Property", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=12,
)
answers = st.builds(
    Said,
    status=st.sampled_from([200, 200, 200, 201, 204, 206, 207, 301, 400, 404, 409, 500, 508]),
    raw=st.one_of(json.map(msgspec.json.encode), st.binary(max_size=40), st.just(b"[" * 500)),
    headers=st.dictionaries(
        st.sampled_from(["link", "ngsild-warning", "ngsild-results-count", "ngsild-entitymap", "content-type"]),
        st.sampled_from(["", "7", "x" * 900, '<http://127.0.0.1:9>; rel="next"', '199 - "a"', "application/ld+json"]),
        max_size=3,
    ),
)
TARGETS: list[tuple[str, str, Any]] = [
    ("GET", f"/entities/{A}", None),
    ("GET", "/entities?type=Station&count=true&limit=2", None),
    ("GET", "/entities?type=Station&q=v>1&splitEntities=true", None),
    ("GET", "/entities?type=Station&entityMap=true", None),
    ("GET", "/types?details=true", None),
    ("GET", "/attributes/v", None),
    ("GET", f"/temporal/entities/{A}", None),
    ("GET", "/temporal/entities?type=Station&timerel=before&timeAt=2030-01-01T00:00:00Z", None),
    ("PATCH", f"/entities/{A}/attrs", {"v": {"type": "Property", "value": 3}}),
    ("POST", "/entityOperations/upsert", [station(A, v=2)]),
    ("DELETE", "/entities?type=Station", None),
]
OPS = ["federationOps", "redirectionOps", "upsertBatch", "retrieveTemporal", "queryTemporal"]


def test_whatever_a_source_answers(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source(Said(404))
    register(one.url, "inclusive", about(), operations=OPS)
    register(one.url, "redirect", about("Tree"), operations=OPS)

    @FEW
    @given(answers, st.sampled_from(TARGETS))
    def check(said: Said, target: tuple[str, str, Any]) -> None:
        one.say = lambda _heard: said
        method, path, body = target
        got = ngsi(method, path, body)
        assert got.status < 500 or got.status in {502, 504, 508}, (got.status, got.body, said)
        if method == "GET":
            assert got.status in {200, 201, 404, 206}

    check()
    assert len(one.heard) > 10


@FEW
@given(st.text(max_size=60))
def test_any_via_and_warning_is_read(text: str) -> None:
    assert all(hop and " " not in hop for hop in via.hops(text))
    assert via.hops(via.extended("", "me")) == ("me",)
    for one in warning.passed_on([text, f'199 a "{text}"']):
        assert one.isascii()
        assert "\n" not in one
        assert "\r" not in one


@FEW
@given(json, json)
def test_histories_of_strangers_are_put_together(one: Any, two: Any) -> None:
    good = {"id": A, "type": "Station", "v": [{"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"}]}
    strange = [{"id": A, "type": "S", "v": part} for part in (one, two)]
    parts = [(body, False) for body in (good, *strange) if joining.is_history(body)]
    for form in ("", "temporalValues", "aggregatedValues"):
        body, _certain = joining.joined(parts, How(form, "observedAt", 2))
        assert body["id"] == A


@FEW
@given(json)
def test_words_are_changed_and_nothing_else(value: Any) -> None:
    other = Context("http://x", {"tempo": "https://uri.etsi.org/ngsi-ld/default-context/v"})
    body = {"id": A, "type": "Station", "v": value}
    there = wording.entity(body, wording.renamer(CORE, other))
    assert there["tempo"] == wording.attribute(value, wording.renamer(CORE, other))
    assert wording.entity(there, wording.renamer(other, CORE)).keys() == body.keys()


def test_the_door_to_maps(ngsi: Client) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    made = ngsi("GET", "/entityMaps?type=Station").json()["id"]

    @FEW
    @given(json, st.text(max_size=20), st.sampled_from(["GET", "PATCH", "DELETE", "POST"]))
    def check(body: Any, text: str, method: str) -> None:
        path = f"/entityMaps/{quote(text, safe='') or 'x'}" if method != "POST" else "/entityMaps"
        assert ngsi(method, path, body if method in {"PATCH", "POST"} else None).status in {204, 400, 404, 405}
        assert ngsi("PATCH", f"/entityMaps/{made}", body).status in {204, 400}
        safe = text.encode("ascii", "ignore").decode().translate(dict.fromkeys(range(32))) or "x"
        assert ngsi("GET", "/entities?type=Station", NGSILD_EntityMap=safe).status == 201
        assert ngsi("GET", f"/entityMaps?type=Station&entityMapLifetime={quote(text)}").status in {201, 400}

    check()
    assert ngsi("GET", f"/entityMaps/{made}").json()["entityMap"] == {A: ["@none"]}
