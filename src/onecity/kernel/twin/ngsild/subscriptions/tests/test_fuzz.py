"""Whatever is sent to the door of subscriptions: an answer of the standard, never a fault of ours."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.subscriptions import reading
from onecity.kernel.twin.ngsild.subscriptions.tests.test_door import HERE

WORDS = st.sampled_from(
    [
        "speed",
        "a.b",
        "speed>5",
        "near;maxDistance==5",
        "Point",
        "urn:a:1",
        "*",
        "^.*$",
        "(a|b)",
        "�",
        "é",
        "1.6",
        "2090-01-01T00:00:00Z",
        "urn:ngsi-ld:null",
        "@none",
        "/a/#",
        "http://127.0.0.1:9/x",
        "mqtt://127.0.0.1/t",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
NAMES = st.sampled_from([*reading.CHECKS, *reading.SHOWN_CHECKS, "id", "type", "idPattern", "endpoint", "uri", "key"])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
MEMBERS = st.dictionaries(st.sampled_from([*reading.CHECKS, "notification", "@context", "id"]), ANYTHING, max_size=4)
SHOWN = st.dictionaries(st.sampled_from([*reading.SHOWN_CHECKS, "endpoint"]), ANYTHING, max_size=3)
ENDPOINTS = st.dictionaries(
    st.sampled_from(["uri", "accept", "timeout", "cooldown", "receiverInfo"]), ANYTHING, max_size=2
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MEMBERS, SHOWN, ENDPOINTS)
def test_create_patch_and_read(ngsi: Client, members: Any, shown: Any, endpoint: Any) -> None:
    base = {"type": "Subscription", "entities": [{"type": "A"}]}
    notification = {"endpoint": {"uri": HERE} | endpoint} | shown
    body = base | {"notification": notification} | members
    raw = _encoded(body)
    made = ngsi("POST", "/subscriptions", raw=raw)
    assert made.status in {201, 400, 409, 504}, (made.status, made.body)
    path = str(made.header("location")).removeprefix("/ngsi-ld/v1") if made.status == 201 else ""
    if path:
        assert ngsi("GET", path).status == 200
    ngsi("POST", "/subscriptions", base | {"id": "urn:fixed:1", "notification": {"endpoint": {"uri": HERE}}})
    patched = ngsi("PATCH", "/subscriptions/urn:fixed:1", raw=_encoded(members | {"notification": shown}))
    assert patched.status in {204, 400, 504}, (patched.status, patched.body)
    assert ngsi("GET", "/subscriptions?limit=1000").status == 200


def _encoded(body: Any) -> bytes:
    """JSON as a careless client writes it, lone surrogates and NaN included."""
    return json.dumps(body).encode()
