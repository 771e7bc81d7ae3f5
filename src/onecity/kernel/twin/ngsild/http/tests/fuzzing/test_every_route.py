"""Whatever comes, to whichever route: never a fault of ours, in bounded time, and what is refused changes nothing."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from onecity.kernel.twin.ngsild.http import parameters
from onecity.kernel.twin.ngsild.http.app import MODULES, SCOPED, UNSCOPED
from onecity.kernel.twin.ngsild.http.router import Route
from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client
from onecity.kernel.twin.ngsild.http.tests.fuzzing import hostile
from onecity.kernel.twin.ngsild.http.tests.fuzzing.hostile import NOWHERE, URN
from onecity.kernel.twin.ngsild.query.geometry import shape_of

ROUTES: list[Route] = [one for module in (*MODULES, *SCOPED, *UNSCOPED) for one in module.ROUTES]
# other servers that cannot be had are no fault of ours
NOT_OURS = {501, 502, 504, 508}
# a single request on a machine that does much else; what grows without bound takes minutes
SECONDS = 20.0
SHORT, LONG = 5, 250
# what moves without a write: counters, and what fills up behind
MOVING = {
    "twin_sourceregistration": ["times_sent", "times_failed", "last_success", "last_failure", "status"],
    "twin_snapshot": ["status", "details", "temporal_details", "last_used_at", "changed_at"],
    "twin_context": ["hits", "last_used_at"],
}
TABLES = """
SELECT relname FROM pg_class WHERE relname LIKE 'twin\\_%' AND relkind IN ('r', 'p') AND NOT relispartition
AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
DIGEST = (
    "SELECT coalesce(md5(string_agg(row, ',' ORDER BY row)), '') FROM (SELECT {row} AS row FROM {table} t{only}) rows"
)


def state() -> dict[str, str]:
    """A digest of every table of the twin: of the versions of its rows, or of the rows without what moves by itself.

    Copies of contexts come and go.
    """
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        found = {}
        for (table,) in cursor.fetchall():
            row = f"(to_jsonb(t) - ARRAY{MOVING[table]})::text" if table in MOVING else "concat(xmin, ctid, tableoid)"
            only = " WHERE kind <> 'Cached'" if table == "twin_context" else ""
            cursor.execute(DIGEST.format(row=row, table=table, only=only))
            found[table] = cursor.fetchone()[0]
    return found


def settled() -> dict[str, str]:
    """The same once no snapshot is being filled any more: that goes on behind a request that was accepted."""
    deadline = time.monotonic() + SECONDS
    filling = True
    while filling:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM twin_snapshot WHERE status = 'preparing')")
            (filling,) = cursor.fetchone()
        assert time.monotonic() < deadline, "a snapshot is not filled"
        if filling:
            time.sleep(0.01)
    return state()


class Attacker:
    """Sends requests, and knows what the tables held after the last one that was accepted."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seed()
        self.known = state()

    def seed(self) -> None:
        """Something of everything, so that identifiers lead somewhere."""
        entity = {"id": URN, "type": "Fuzz", "speed": {"type": "Property", "value": 1}}
        for door, body in (
            ("/entities", entity),
            ("/temporal/entities", entity),
            ("/subscriptions", hostile.SHAPES[2] | {"id": URN}),
            ("/csourceSubscriptions", hostile.SHAPES[2] | {"id": URN}),
            ("/csourceRegistrations", hostile.SHAPES[3] | {"id": URN}),
        ):
            assert self.client("POST", door, body).status in {201, 204, 409}, door

    def __call__(self, method: str, target: str, raw: bytes = b"", **headers: str) -> Answer:
        begun = time.monotonic()
        answer = self.client(method, target, raw=raw or None, **headers)
        taken = time.monotonic() - begun
        told = (method, target[:300], raw[:300], headers, answer.status, answer.body[:300])
        assert answer.status < 500 or answer.status in NOT_OURS, told
        assert taken < SECONDS, (taken, told)
        if answer.status >= 400:
            if answer.body and answer.status < 500:
                assert answer.json()["type"].startswith(("https://uri.etsi.org/", "/problems/")), told
            before, self.known = self.known, state()
            changed = {name for name, digest in self.known.items() if before.get(name) != digest}
            assert not changed, (changed, told)
        elif method != "GET" or answer.status == 201:
            self.known = settled()
        return answer


@pytest.fixture
def attack(ngsi: Client) -> Iterator[Attacker]:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE twin_evolution, twin_instance, twin_erasure")
    yield Attacker(ngsi)
    ngsi("DELETE", "/snapshots")


def address(route: Route, ids: list[str], query: dict[str, str]) -> str:
    """The route's address with its gaps filled."""
    segments = iter(ids)
    path = "/".join(quote(next(segments), safe="%:*") if one.startswith("{") else one for one in route.path.split("/"))
    text = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in query.items())
    return f"{path}?{text}" if text else path


def content(body: Any, context: Any) -> bytes:
    """JSON as a careless client writes it."""
    if isinstance(body, dict) and context is not None:
        body = body | {"@context": context}
    return json.dumps(body).encode()


def fuzz(attack: Attacker, route: Route, examples: int, *, derandomize: bool) -> None:
    """Attack one route so many times."""
    names = [*sorted(parameters.known(route.method, route.path)), "nonsense"]
    bodies = (
        st.builds(content, hostile.BODIES, st.none() | st.none() | hostile.CONTEXTS) | hostile.RAW
        if route.body
        else st.just(b"")
    )

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        database=None,
        phases=[Phase.generate] if derandomize else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        ids=st.lists(hostile.IDS, min_size=3, max_size=3),
        query=st.dictionaries(st.sampled_from(names), hostile.WORDS, max_size=3),
        raw=bodies,
        headers=hostile.HEADERS,
    )
    def check(ids: list[str], query: dict[str, str], raw: bytes, headers: dict[str, str]) -> None:
        if b'"@context"' in raw[:-1] and "content-type" not in headers:
            headers = headers | {"content-type": "application/ld+json"}
        attack(route.method, address(route, ids, query), raw, **headers)

    check()


def test_every_route(attack: Attacker) -> None:
    assert len(ROUTES) > 50
    for route in ROUTES:
        attack.seed()
        attack.known = settled()
        fuzz(attack, route, SHORT, derandomize=True)


@pytest.mark.soak
def test_every_route_for_long(attack: Attacker) -> None:
    for route in ROUTES:
        attack.seed()
        attack.known = settled()
        fuzz(attack, route, LONG, derandomize=False)


def polygon(points: int) -> dict[str, Any]:
    """An area whose outline crosses itself."""
    return {"type": "Polygon", "coordinates": [hostile.star(points)]}


def test_what_is_heavy_is_bounded(attack: Attacker) -> None:
    bodies = [
        {"id": URN, "type": "Fuzz", "a": {"type": "Property", "value": hostile.deep(60)}},
        {"id": URN, "type": "Fuzz", "location": {"type": "GeoProperty", "value": polygon(10_001)}},
    ]
    for route in ROUTES:
        for body in bodies if route.body else ():
            attack(route.method, address(route, [URN] * 3, {}), json.dumps(body).encode())


def test_an_outline_that_crosses_itself_without_end_takes_no_room() -> None:
    """Repairing it would take gigabytes: its hull stands for it."""
    begun = time.monotonic()
    shape = shape_of(polygon(20_001), limit=50_000)
    assert shape.is_valid
    assert shape.area > 300
    assert time.monotonic() - begun < SECONDS


def test_what_is_heavy_where_it_belongs(attack: Attacker) -> None:
    area = polygon(30_001)
    geo = {"georel": "within", "geometry": "Polygon", "coordinates": area["coordinates"]}
    query = hostile.SHAPES[0]
    for door, body in (
        ("/entities", {"id": f"{URN}1", "type": "Fuzz", "location": {"type": "GeoProperty", "value": area}}),
        ("/entities", {"id": f"{URN}2", "type": "Fuzz", **{f"a{number}": number for number in range(5000)}}),
        ("/entityOperations/query", query | {"geoQ": geo}),
        ("/temporal/entityOperations/query", hostile.SHAPES[1] | {"geoQ": geo}),
        ("/subscriptions", hostile.SHAPES[2] | {"geoQ": geo}),
        ("/csourceSubscriptions", hostile.SHAPES[2] | {"geoQ": geo}),
        ("/csourceRegistrations", hostile.SHAPES[3] | {"location": area, "operationSpace": area}),
        ("/snapshots", {"type": "Snapshot", "snapshotQueries": [query | {"geoQ": geo}]}),
        *(("/entityOperations/query", query | {"q": text}) for text in hostile.QUERIES),
    ):
        attack("POST", door, json.dumps(body).encode())


@pytest.mark.parametrize("door", ["/entities", "/temporal/entities", "/csourceRegistrations"])
def test_patterns_are_bounded(attack: Attacker, door: str) -> None:
    for pattern in hostile.PATTERNS:
        attack("GET", f"{door}?type=Fuzz&idPattern={quote(pattern, safe='')}")


def test_no_word_of_a_request_leads_into_the_network(attack: Attacker) -> None:
    for link in ("http://169.254.169.254/latest", "http://10.0.0.1/c", NOWHERE, "file:///etc/passwd", "gopher://x/"):
        header = f'<{link}>; rel="http://www.w3.org/ns/json-ld#context"'
        assert attack("GET", "/entities?type=Fuzz", link=header).status in {400, 504}
