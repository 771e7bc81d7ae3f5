"""How soon subscribers hear of a change with 10,000 subscriptions, and what changes that nobody waits for pay for them."""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg

from onecity.kernel.twin.bench.client import load, request

API = "/ngsi-ld/v1"
SUBSCRIPTIONS, WATCHED, STUCK = 10_000, 1_000, 20
CONNECTIONS = 64
PER_S = 100
PATIENCE_S = 60.0
# as the door would write them; made directly, since how fast that is is not the question here
SUBSCRIBE = """
INSERT INTO twin_subscription (id, tenant, urn, owner, seen, division_path, document, is_active, created_at, changed_at)
SELECT gen_random_uuid(), '', 'urn:ngsi-ld:Subscription:bench' || n, 'anonymous', ARRAY[''], '',
    jsonb_build_object('entities', jsonb_build_array(jsonb_build_object('type', 'Meter', 'id', 'urn:ngsi-ld:Meter:' || n)),
    'watchedAttributes', jsonb_build_array('level'), 'q', 'level>=0', 'notification', jsonb_build_object('endpoint',
    jsonb_build_object('uri', CASE WHEN n %% %s = 0 THEN %s ELSE %s END))), true, now(), now()
FROM generate_series(1, %s::int) n
"""
NUMBER = re.compile(rb'"level":\{"type":"Property","value":(\d+)')
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass
class _Receiver:
    """Takes notifications; by the value that they tell it is known when the change was sent and answered."""

    heard: dict[int, float] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                for value in NUMBER.findall(body):
                    self.heard.setdefault(int(value), time.perf_counter())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


async def _stuck(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A receiver that takes connections and never answers."""
    with suppress(asyncio.CancelledError):  # when the measurement ends
        await asyncio.sleep(3600)


async def measure(port: int, database: dict[str, Any], *, quick: bool) -> dict[str, object]:
    """The figures; raises RuntimeError where a notification does not come."""
    receiver = _Receiver()
    good = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    stuck = await asyncio.start_server(_stuck, "127.0.0.1", 0)
    subscriptions = SUBSCRIPTIONS // 10 if quick else SUBSCRIPTIONS
    await _meters(port)
    unwatched = await _pace(port, quick=quick)
    with psycopg.connect(**database, autocommit=True) as connection:
        urls = [f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/" for server in (stuck, good)]
        connection.execute(SUBSCRIBE, (STUCK, *urls, subscriptions))
    await asyncio.sleep(2.0)
    beside = await _pace(port, quick=quick)
    latencies = await _notified(port, receiver, 500 if quick else 5_000)
    good.close()
    stuck.close()
    p50, p99 = (float(np.percentile(latencies, share)) for share in (50, 99))
    return {
        "notify_p50_ms": round(p50 * 1000, 1),
        "notify_p99_ms": round(p99 * 1000, 1),
        "notify_writes_per_s": PER_S,
        "unwatched_patch_per_s": round(unwatched),
        "unwatched_patch_beside_subscriptions_per_s": round(beside),
        "subscriptions_cost_share": round(1 - beside / unwatched, 3),
        "subscriptions": subscriptions,
        "stuck_endpoints": subscriptions // STUCK,
    }


async def _meters(port: int) -> None:
    """One entity for each subscription that will be set off, and as many that nobody waits for."""
    for kind in ("Meter", "Gauge"):
        items = [
            b'{"id":"urn:ngsi-ld:%s:%d","type":"%s","level":{"type":"Property","value":0}}'
            % (kind.encode(), n, kind.encode())
            for n in range(1, WATCHED + 1)
        ]
        bodies = [b"[" + b",".join(items[start : start + 250]) + b"]" for start in range(0, len(items), 250)]
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
                "PATCH", f"{API}/entities/urn:ngsi-ld:Gauge:{n % WATCHED + 1}/attrs/level", b'{"value":%d}' % n
            ),
            number,
            CONNECTIONS,
        )
        runs.append(done.per_s)
    return max(runs)


async def _notified(port: int, receiver: _Receiver, number: int) -> list[float]:
    """Seconds from the answer to the writer until the notification is there, for changes at an even pace."""
    answered: dict[int, float] = {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = time.perf_counter()
    expected = []
    for n in range(1, number + 1):
        await asyncio.sleep(max(0.0, begun + n / PER_S - time.perf_counter()))
        meter = n % WATCHED + 1
        body = b'{"value":%d}' % (1_000_000 + n)
        writer.write(request("PATCH", f"{API}/entities/urn:ngsi-ld:Meter:{meter}/attrs/level", body))
        await reader.readuntil(b"\r\n\r\n")
        answered[1_000_000 + n] = time.perf_counter()
        if meter % STUCK:
            expected.append(1_000_000 + n)
    writer.close()
    deadline = time.perf_counter() + PATIENCE_S
    while not receiver.heard.keys() >= set(expected):
        if time.perf_counter() > deadline:
            missing = len(set(expected) - receiver.heard.keys())
            raise RuntimeError(f"{missing} of {len(expected)} notifications did not come within {PATIENCE_S:g} s")
        await asyncio.sleep(0.05)
    return [max(0.0, receiver.heard[value] - answered[value]) for value in expected]
