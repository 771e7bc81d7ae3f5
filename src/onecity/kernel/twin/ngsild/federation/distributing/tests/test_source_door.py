"""The door at which sources tell of what we asked them to follow: bounded, shut to strangers, and deaf to nonsense."""

from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.twin.models import HeardNotification
from onecity.kernel.twin.ngsild.federation.distributing.subscribing import limits
from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Source, until
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about, station
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_subscriptions import (
    OPS,
    follows,
    home,
    notification,
    office,
    passed,
    receiver,
    subscribe,
    tell,
)
from onecity.kernel.twin.ngsild.http.tests.conftest import Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import Office, Receiver

__all__ = ["home", "office", "receiver"]

MEMBERS = st.sampled_from(
    ["type", "value", "object", "modifiedAt", "datasetId", "previousValue", "languageMap", "@context", "deletedAt", "x"]
)


def test_the_door_for_sources_takes_notifications_only(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> None:
    register(source(Said(201)).url, "inclusive", about(), operations=OPS)
    subscribe(ngsi, receiver)
    follows()
    key, good = passed()[0].key, notification(1, station(A, v=1))
    assert len(key) >= 43
    # whoever knows the address may be heard, and nobody else, also where visitors may do nothing
    ngsi.app.services.anonymous = "none"
    for wrong in (key[:-1], key.swapcase(), "x" * 1000, "%00", "%C3%A9", passed()[0].remote):
        assert ngsi("POST", f"/sourceNotifications/{wrong}", good).status == 404
    assert ngsi("GET", f"/sourceNotifications/{key}").status == 405
    bodies: list[Any] = [
        [],
        7,
        {},
        good | {"type": "Other"},
        good | {"data": []},
        good | {"data": {}},
        good | {"data": [7]},
    ]
    for bad in [*bodies, good | {"data": [{}] * 1001}]:
        assert ngsi("POST", f"/sourceNotifications/{key}", bad).status == 400
    assert ngsi("POST", f"/sourceNotifications/{key}", good | {"x": "y" * limits.MOST_BYTES}).status == 413
    assert ngsi("POST", f"/sourceNotifications/{key}", good, NGSILD_Tenant="of-the-source").status == 204
    until(lambda: len(receiver.heard) == 1)
    office.close()
    HeardNotification.objects.bulk_create(
        HeardNotification(passed_id=passed()[0].id, body="{}", at=now()) for _number in range(limits.WAITING)
    )
    assert tell(ngsi, 2, station(A, v=1)).status == 503
    assert HeardNotification.objects.count() == limits.WAITING


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("urn:ngsi-ld:null"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=12,
)
ENTITIES = st.fixed_dictionaries(
    {"id": st.sampled_from([A, B]) | JSON, "type": st.sampled_from(["Station", ["Station"]]) | JSON},
    optional={"v": JSON, "w": JSON, "scope": JSON, "deletedAt": JSON, "expiresAt": JSON, "modifiedAt": JSON},
)


@given(data=st.lists(ENTITIES, min_size=1, max_size=3), inline=st.none() | JSON, link=st.none() | st.text(max_size=20))
@hypothesis.settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_nothing_that_a_source_says_stops_the_others(
    shared: tuple[Client, Receiver, Office], data: list[dict[str, Any]], inline: Any, link: str | None
) -> None:
    ngsi, receiver, office = shared
    body = notification(0, *data) | {"id": str(new_id())} | ({} if inline is None else {"@context": inline})
    headers: dict[str, Any] = {} if link is None else {"Link": f'<{link}>; rel="http://www.w3.org/ns/json-ld#context"'}
    headers = {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}
    for place in (0, 1):
        got = ngsi("POST", f"/sourceNotifications/{passed()[place].key}", body, **headers)
        assert got.status in {204, 400}
    before = len(receiver.at("/good"))
    good = notification(0, {"id": "urn:x:good", "type": "Good", "v": {"type": "Property", "value": 1}})
    assert ngsi("POST", f"/sourceNotifications/{passed()[2].key}", good | {"id": str(new_id())}).status == 204
    until(lambda: len(receiver.at("/good")) == before + 1)
    assert office.failure is None


@pytest.fixture
def shared(
    ngsi: Client, register: Register, source: Callable[..., Source], receiver: Receiver, office: Office
) -> tuple[Client, Receiver, Office]:
    """A plain subscription, one of split entities with a condition, and one of which all is well."""
    one = source(lambda heard: Said(201) if heard.method == "POST" else Said(404))
    register(one.url, "inclusive", about(), operations=OPS)
    register(one.url, "inclusive", about(type="Good"), operations=OPS)
    subscribe(ngsi, receiver, "urn:s:1")
    follows(1)
    subscribe(ngsi, receiver, "urn:s:2", q="v>1", splitEntities=True, notification={"format": "simplified"})
    follows(2)
    endpoint = {"uri": f"{receiver.url}/good"}
    subscribe(ngsi, receiver, "urn:s:3", entities=[{"type": "Good"}], notification={"endpoint": endpoint})
    follows(3)
    return ngsi, receiver, office
