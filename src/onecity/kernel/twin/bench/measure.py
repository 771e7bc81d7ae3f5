"""The measurements themselves, against a running platform; run as a process of its own beside it."""

import asyncio
import json
import random
import sys
from typing import Any
from urllib.parse import quote

import psycopg

from onecity.kernel.twin.bench import notify
from onecity.kernel.twin.bench.client import Load, load, request

API = "/ngsi-ld/v1"
LAMPS, PAGE = 1000, 20
CONNECTIONS = 64
SENSOR = 250
# senders of batches: the web's workers get about the same share of so many, while of four one may get all
SENDERS = 8
GROWTH = 10
# 1 million sensors over one degree in each direction, of which a query of 3 km sees about 2,500
FILL = """
INSERT INTO twin_entity (id, tenant, urn, type, key, name, types, scopes, attributes, extent, lon, lat, properties,
    division_path, public, status, created_at, changed_at)
SELECT gen_random_uuid(), '', 'urn:ngsi-ld:Sensor:' || lpad(n::text, 8, '0'), 'Sensor', '', 'S' || n, ARRAY['Sensor'], '{}',
    jsonb_build_object('level', jsonb_build_array(jsonb_build_object('type', 'Property', 'value', n %% 100,
        'createdAt', '2026-07-01T08:00:00Z', 'modifiedAt', '2026-07-01T08:00:00Z')),
        'https://uri.etsi.org/ngsi-ld/location', jsonb_build_array(jsonb_build_object('type', 'GeoProperty', 'value',
        jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(p.lon, p.lat))))),
    box(point(p.lon, p.lat)), p.lon, p.lat, '{}', '', true, 'active', now(), now()
FROM generate_series(%s::int, %s::int) n, LATERAL (SELECT 121 + random() AS lon, 30.5 + random() + n * 0 AS lat) p
ON CONFLICT DO NOTHING
"""
CHANGES = """
SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'twin_change'::regclass),
    (SELECT count(*) FROM twin_change)
"""


def lamp(number: int) -> dict[str, Any]:
    """An entity as cities have them: four attributes and a place."""
    place = [121.4 + number % 37 / 370, 30.9 + number % 41 / 410]
    return {
        "id": f"urn:ngsi-ld:Lamp:{number:06}",
        "type": "Lamp",
        "name": {"type": "Property", "value": f"Lamp {number}"},
        "brightness": {"type": "Property", "value": number % 100, "unitCode": "P1"},
        "temperature": {"type": "Property", "value": 20.5, "observedAt": "2026-07-01T08:00:00Z"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": place}},
        "isPartOf": {"type": "Relationship", "object": "urn:ngsi-ld:Street:1"},
    }


async def batches(port: int, entities: int, size: int, first: int = 0) -> tuple[Load, int]:
    """Create entities by upsert in requests of `size`; returns the load and how many entities there were."""
    starts = range(first, first + entities, size)
    bodies = [json.dumps([lamp(start + n) for n in range(size)]).encode() for start in starts]
    sent = [request("POST", f"{API}/entityOperations/upsert", body) for body in bodies]
    return await load(port, lambda number: sent[number], len(sent), SENDERS), len(sent) * size


async def measure(port: int, database: dict[str, Any], *, quick: bool) -> dict[str, object]:
    """All figures; raises RuntimeError where requests were refused."""
    chooser = random.Random(1)  # noqa: S311 - the same load each time
    many = 4_000 if quick else 40_000
    sensors = 20_000 if quick else 1_000_000
    await batches(port, LAMPS, 250)
    found: dict[str, Load] = {}
    for name, texts, number in _single(chooser):
        number = number // 10 if quick else number  # noqa: PLW2901 - the same number, smaller
        await load(port, lambda n, texts=texts: texts[n % len(texts)], CONNECTIONS * 4, CONNECTIONS)  # type: ignore[misc]  # bound now
        found[name] = await load(port, lambda n, texts=texts: texts[n % len(texts)], number, CONNECTIONS)  # type: ignore[misc]  # same
    found["batch"], written = await batches(port, many, SENSOR, first=LAMPS)
    places = [_near(chooser) for _n in range(500)]
    disk = 0
    for name, first, last in (("geo_tenth", 1, sensors // GROWTH), ("geo", sensors // GROWTH + 1, sensors)):
        disk += _fill(database, first, last)
        found[name] = await load(port, lambda n: places[n % len(places)], 60 if quick else 400, 1)
    told = await notify.measure(port, database, quick=quick)
    refused = {name: one.failed for name, one in found.items() if one.failed}
    if refused:
        raise RuntimeError(f"requests were refused: {refused}")
    return {
        "patch_per_s": round(found["patch"].per_s),
        "patch_p99_ms": round(found["patch"].p99_ms, 1),
        "get_per_s": round(found["get"].per_s),
        "get_p99_ms": round(found["get"].p99_ms, 1),
        "list20_per_s": round(found["list20"].per_s),
        "list20_p99_ms": round(found["list20"].p99_ms, 1),
        "batch_entities_per_s": round(found["batch"].per_s * SENSOR),
        "geo_query_p50_ms": round(found["geo"].p50_ms, 1),
        "geo_query_p95_ms": round(found["geo"].p95_ms, 1),
        "geo_query_growth_ratio": round(found["geo"].p95_ms / found["geo_tenth"].p95_ms, 2),
        "entities_disk_gb_per_million": round(disk * 1_000_000 / sensors / 1e9, 2),
        "changes_disk_bytes_each": round(_bytes_a_change(database)),
        **told,
        "sizes": {
            "connections": CONNECTIONS,
            "entities": LAMPS,
            "batch": SENSOR,
            "written": written,
            "sensors": sensors,
        },
    }


def _single(chooser: random.Random) -> list[tuple[str, list[bytes], int]]:
    """Requests one at a time: name, those sent in turn, and how many are measured."""
    patches = [
        request("PATCH", f"{API}/entities/{lamp(chooser.randrange(LAMPS))['id']}/attrs/brightness", b'{"value":%d}' % n)
        for n in range(4_000)
    ]
    gets = [request("GET", f"{API}/entities/{lamp(chooser.randrange(LAMPS))['id']}") for _n in range(4_000)]
    lists = [
        request("GET", f"{API}/entities?type=Lamp&limit={PAGE}&offset={PAGE * chooser.randrange(LAMPS // PAGE)}")
        for _n in range(1_000)
    ]
    return [("patch", patches, 20_000), ("get", gets, 40_000), ("list20", lists, 8_000)]


def _near(chooser: random.Random) -> bytes:
    """A query of type, q and place for pages of 100."""
    at = f"[{121.1 + chooser.random() * 0.8:.5f},{30.6 + chooser.random() * 0.8:.5f}]"
    geo = f"georel={quote('near;maxDistance==3000')}&geometry=Point&coordinates={quote(at)}"
    return request("GET", f"{API}/entities?type=Sensor&q={quote('level>80')}&{geo}&limit=100")


def _fill(database: dict[str, Any], first: int, last: int) -> int:
    """Put sensors in place directly: how they are written is measured elsewhere. Bytes on disk, with indexes."""
    with psycopg.connect(**database, autocommit=True) as connection:
        before = _size(connection)
        for start in range(first, last + 1, 100_000):
            connection.execute(FILL, (start, min(start + 99_999, last)))
        connection.execute("VACUUM ANALYZE twin_entity")
        return _size(connection) - before


def _bytes_a_change(database: dict[str, Any]) -> float:
    """Bytes on disk of one change in the log, with its indexes: the mean of those that the measurement made."""
    with psycopg.connect(**database, autocommit=True) as connection:
        row = connection.execute(CHANGES).fetchone() or (0, 1)
        return float(row[0]) / max(int(row[1]), 1)


def _size(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    (found,) = connection.execute("SELECT pg_total_relation_size('twin_entity')").fetchone() or (0,)
    return int(found)


if __name__ == "__main__":
    figures = asyncio.run(measure(int(sys.argv[2]), json.loads(sys.argv[3]), quick=sys.argv[1] == "quick"))
    sys.stdout.write(json.dumps(figures) + "\n")
