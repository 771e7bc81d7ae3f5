"""How soon subscribers hear of a change with 10,000 subscriptions, and what changes that nobody waits for pay for them.

Three times: subscriptions of one entity each, a twentieth of them at one receiver that never answers; broad ones, each of
which may concern every change of the type; and narrow ones again, beside 200 hosts that hang with every connection.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import psycopg

from onecity.kernel.twin.bench.client import load, request
from onecity.kernel.twin.bench.receiving import Heard, Receiver, hang, listen, write

API = "/ngsi-ld/v1"
SUBSCRIPTIONS, WATCHED, STUCK = 10_000, 1_000, 20
HANGING, LANES = 200, 8
CONNECTIONS = 64
PER_S, BROAD_PER_S = 100, 50
# for the notifier to take all subscriptions in
SETTLE_S = 3.0
# trams stand in rows, this far apart (degrees), and each place has a subscription for what is within so many metres
COLUMNS, APART, NEAR_M = 50, 0.02, 1_000
# as the door would write them; made directly, since how fast that is is not the question here
SUBSCRIBE = """
INSERT INTO twin_subscription (id, tenant, urn, owner, seen, division_path, document, is_active, created_at, changed_at)
SELECT gen_random_uuid(), '', 'urn:ngsi-ld:Subscription:bench' || n, 'anonymous', ARRAY[''], '', document::jsonb, true,
    now(), now()
FROM unnest(%s::text[]) WITH ORDINALITY AS one(document, n)
"""
Document = dict[str, Any]


async def measure(port: int, database: dict[str, Any], *, quick: bool) -> dict[str, object]:
    """The figures; raises RuntimeError where a notification does not come."""
    number, changes = (SUBSCRIPTIONS // 10, 300) if quick else (SUBSCRIPTIONS, 3_000)
    await _entities(port)
    unwatched = await _pace(port, quick=quick)
    receiver = Receiver()
    good, here = await listen(receiver.serve)
    stuck, nowhere = await listen(hang)
    documents = [_of(n, here if n % STUCK else nowhere) for n in range(1, number + 1)]
    async with _subscribed(database, documents):
        beside = await _pace(port, quick=quick)
        narrow = await _told(port, receiver, _meters(changes, 1e6), PER_S, lambda meter: meter % STUCK > 0)
    async with _subscribed(database, list(_broad(number, here))):
        broad = await _told_broadly(port, receiver, changes // 2, number)
    for server in (good, stuck):
        server.close()
    hanging = await _beside_hanging(port, database, number, changes)
    return {
        **_percentiles("notify", narrow),
        "notify_writes_per_s": PER_S,
        **_percentiles("notify_broad", broad),
        "notify_broad_writes_per_s": BROAD_PER_S,
        "notify_broad_notifications": len(broad),
        **_percentiles("notify_hanging", hanging),
        "notify_hanging_hosts": HANGING,
        "notify_hanging_subscriptions": HANGING * LANES,
        "unwatched_patch_per_s": round(unwatched),
        "unwatched_patch_beside_subscriptions_per_s": round(beside),
        "subscriptions_cost_share": round(1 - beside / unwatched, 3),
        "subscriptions": number,
        "stuck_endpoints": number // STUCK,
    }


def _percentiles(name: str, seconds: list[float]) -> dict[str, object]:
    p50, p99 = (float(np.percentile(seconds, share)) for share in (50, 99))
    return {f"{name}_p50_ms": round(p50 * 1000, 1), f"{name}_p99_ms": round(p99 * 1000, 1)}


@asynccontextmanager
async def _subscribed(database: dict[str, Any], documents: list[Document]) -> AsyncIterator[None]:
    """With these subscriptions and no others."""
    with psycopg.connect(**database, autocommit=True) as connection:
        connection.execute(SUBSCRIBE, ([json.dumps(one) for one in documents],))
        await asyncio.sleep(SETTLE_S)
        yield
        connection.execute("DELETE FROM twin_subscription")


def _of(meter: int, host: str) -> Document:
    """A subscription of one meter."""
    return _document({"type": "Meter", "id": _urn("Meter", meter)}, f"{host}/{meter}", q="level>=0") | {
        "watchedAttributes": ["level"]
    }


def _broad(number: int, host: str) -> Iterator[Document]:
    """Subscriptions of all trams: by value, by place, by a pattern of their names, by attributes that rarely change."""
    for n in range(number // 4):
        near = {"georel": f"near;maxDistance=={NEAR_M}", "geometry": "Point", "coordinates": _place(n)}
        tram = {"type": "Tram"}
        yield _document(tram, f"{host}/q/{n}", q=f"level>={n};level<{n + 1}")
        yield _document(tram, f"{host}/geo/{n}", geoQ=near)
        yield _document(tram | {"idPattern": f"^{_urn('Tram', n)}$"}, f"{host}/id/{n}")
        yield _document(tram, f"{host}/watched/{n}", watchedAttributes=[f"rare{n}"])


def _document(entities: Document, uri: str, **more: Any) -> Document:
    return {"entities": [entities], "notification": {"endpoint": {"uri": uri}}, **more}


def _urn(kind: str, number: int) -> str:
    return f"urn:ngsi-ld:{kind}:{number}"


def _place(number: int) -> list[float]:
    return [120.5 + number % COLUMNS * APART, 30.5 + number // COLUMNS * APART]


async def _entities(port: int) -> None:
    """Of each kind as many as are written to; of trams it is known where they are."""
    for kind in ("Meter", "Gauge", "Tram"):
        items = [
            {"id": _urn(kind, n), "type": kind, "level": {"type": "Property", "value": 0}}
            | ({"location": {"type": "Point", "coordinates": _place(n)}} if kind == "Tram" else {})
            for n in range(WATCHED + 1)
        ]
        bodies = [json.dumps(items[start : start + 250]).encode() for start in range(0, len(items), 250)]
        sent = [request("POST", f"{API}/entityOperations/upsert", body) for body in bodies]
        await load(port, lambda n, sent=sent: sent[n], len(sent), 1)  # type: ignore[misc]  # bound now


async def _pace(port: int, *, quick: bool) -> float:
    """Changes a second of entities that nobody waits for; the better of two runs."""
    number = 2_000 if quick else 15_000
    runs = []
    for _run in range(2):
        done = await load(
            port,
            lambda n: request(
                "PATCH", f"{API}/entities/{_urn('Gauge', n % WATCHED + 1)}/attrs/level", b'{"value":%d}' % n
            ),
            number,
            CONNECTIONS,
        )
        runs.append(done.per_s)
    return max(runs)


def _meters(changes: int, first: float) -> list[tuple[int, float]]:
    """Which meter gets which value, each value once: what does not change a meter is told to nobody."""
    return [(n % WATCHED + 1, first + n) for n in range(changes)]


async def _told(
    port: int, receiver: Receiver, changes: list[tuple[int, float]], per_s: float, hears: Callable[[int], bool]
) -> list[float]:
    """Seconds from the answer to the writer until the notification is there, of the meters that somebody hears."""
    answered = await write(port, [(_urn("Meter", meter), value) for meter, value in changes], per_s)
    expected = [(f"/{meter}", value) for meter, value in changes if hears(meter)]
    return await _waited(receiver, answered, expected)


async def _told_broadly(port: int, receiver: Receiver, changes: int, number: int) -> list[float]:
    """The same for trams: each change is told by its value, by its place and by the name."""
    each = min(number // 4, WATCHED)
    made = [(n * 7 % each, n * 13 % (number // 4) + 0.5 + n / 1e6) for n in range(changes)]
    answered = await write(port, [(_urn("Tram", tram), value) for tram, value in made], BROAD_PER_S)
    expected = [
        told
        for tram, value in made
        for told in ((f"/q/{int(value)}", value), (f"/geo/{tram}", value), (f"/id/{tram}", value))
    ]
    return await _waited(receiver, answered, expected)


async def _waited(receiver: Receiver, answered: Mapping[float, float], expected: list[Heard]) -> list[float]:
    await receiver.wait(expected)
    return [max(0.0, receiver.heard[told] - answered[told[1]]) for told in expected]


async def _beside_hanging(port: int, database: dict[str, Any], number: int, changes: int) -> list[float]:
    """Every fifth meter is waited for by hosts that take connections and never answer, through several subscriptions."""
    receiver = Receiver()
    good, here = await listen(receiver.serve)
    hosts = [await listen(hang, f"127.0.1.{n + 1}") for n in range(HANGING)]
    documents = [_of(n, here) for n in range(1, number + 1) if n % 5]
    documents += [_of(5 * (n + 1), f"{host}/{lane}") for n, (_, host) in enumerate(hosts) for lane in range(LANES)]
    async with _subscribed(database, documents):
        # first all of them hang, then it is measured
        await write(port, _all_hanging(), PER_S)
        seconds = await _told(port, receiver, _meters(changes, 3e6), PER_S, lambda meter: meter % 5 > 0)
    for server in (good, *(server for server, _host in hosts)):
        server.close()
    return seconds


def _all_hanging() -> list[tuple[str, float]]:
    return [(_urn("Meter", 5 * (n + 1)), 2e6 + n) for n in range(HANGING)]
