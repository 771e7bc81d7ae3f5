"""The measurement of `onecity bench city`, a process of its own beside the running platform."""

import datetime as dt
import http.client
import http.server
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from onecity.kernel.rules.bench import filling, stream

ATTRIBUTES: Final = 5
ENTITIES, RULES, SUBSCRIPTIONS = 20_000, 200, 1_000
MINUTES, WARM_UP = 2, 1
PROCESSES = ("gateway", "pipeline", "worker", "notifier", "fieldbus", "web")
SUBSCRIBE = """
INSERT INTO twin_subscription (id, tenant, urn, owner, seen, division_path, document, is_active, created_at, changed_at)
SELECT gen_random_uuid(), '', 'urn:ngsi-ld:Subscription:city' || n, 'anonymous', ARRAY[''], '',
    jsonb_build_object('entities', jsonb_build_array(jsonb_build_object('type', 'CityStation',
        'id', 'urn:ngsi-ld:CityStation:' || lpad((n * 7 %% %s)::text, 6, '0'))),
    'watchedAttributes', jsonb_build_array('value' || n %% 5), 'notification', jsonb_build_object('endpoint',
    jsonb_build_object('uri', %s::text))), true, now(), now()
FROM generate_series(1, %s::int) n
"""
MEANING: Final = {
    "lag": "from sending a second's readings until the last of them is stored and judged, looked at every 20 ms",
    "entity_bytes": "table and indexes of entities on disk; processes hold no entity in memory",
    "series_bytes": "growth of all the platform's own processes together, rules and subscriptions included",
}
NEWEST = "SELECT value, clock_timestamp() FROM telemetry_latest WHERE series_id = %s"


@dataclass
class Lag:
    """When the probe's values were sent and when each was found stored and judged, s."""

    sent: dict[int, float] = field(default_factory=dict)
    found: dict[int, float] = field(default_factory=dict)

    def watch(self, database: dict[str, Any], series: int, stop: threading.Event) -> None:
        """Look for the probe's newest value until told to stop."""
        with psycopg.connect(**database, autocommit=True) as connection:
            while not stop.wait(0.02):
                row = connection.execute(NEWEST, (series,)).fetchone()
                now = time.perf_counter()
                for number in [n for n in self.sent if n not in self.found and row is not None and n <= row[0]]:
                    self.found[number] = now

    def seconds(self, first: int) -> list[float]:
        """The lags of the values from `first` on; raises RuntimeError where one was never found."""
        missing = [number for number in self.sent if number not in self.found]
        if missing:
            raise RuntimeError(f"{len(missing)} of {len(self.sent)} seconds of readings were never stored")
        return [self.found[number] - at for number, at in self.sent.items() if number >= first]


class _Receiver(http.server.BaseHTTPRequestHandler):
    """Takes notifications."""

    protocol_version = "HTTP/1.1"
    heard = 0

    def do_POST(self) -> None:
        """Take one."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        type(self).heard += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def _processes(home: str) -> dict[int, str]:
    """The platform's own processes and what each is for."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            environ = (entry / "environ").read_bytes()
        except OSError:
            continue
        name = next((word for word in words if word in PROCESSES), "web" if "granian" in " ".join(words) else "")
        if name and f"ONECITY_HOME={home}\0".encode() in environ and int(entry.name) != os.getpid():
            found[int(entry.name)] = name
    return found


def _memory(home: str) -> int:
    """What all these processes hold together, bytes, shared pages counted in parts."""
    total = 0
    for pid in _processes(home):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def _seconds_used(home: str, name: str) -> float:
    ticks = 0
    for pid, role in _processes(home).items():
        if role == name:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class City:
    """The entities of the measurement, what they send, and the door that they send to."""

    def __init__(self, port: int, entities: int) -> None:
        self.entities = entities
        self.urns = [f"urn:ngsi-ld:CityStation:{number:06}" for number in range(entities)]
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.bearer = ""

    def send(self, rows: Sequence[int], values: "np.ndarray[Any, np.dtype[np.float64]]", probe: int) -> None:
        """One second's readings: of each entity in `rows` all attributes, and the probe's number."""
        at = dt.datetime.now(dt.UTC).isoformat()
        lines = [
            json.dumps({"entity": self.urns[row], "observed_at": at, "values": dict(zip(NAMES, found, strict=True))})
            for row, found in zip(rows, values.tolist(), strict=True)
        ]
        lines.append(json.dumps({"entity": PROBE, "observed_at": at, "values": {"value0": float(probe)}}))
        headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {self.bearer}"}
        self._connection.request("POST", "/ingest", "\n".join(lines), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"readings were refused: {answer.status} {body[:200]!r}")


NAMES: Final = tuple(f"value{number}" for number in range(ATTRIBUTES))
PROBE: Final = "urn:ngsi-ld:CityStation:probe"


def _fill(city: City, database: dict[str, Any], rules: int, subscriptions: int, receiver: str) -> dict[str, float]:
    """Put everything in place; returns what it weighs on disk, bytes, and how long it took, s."""
    begun = time.monotonic()
    city.bearer = filling.fill(city.urns, NAMES, rules)
    with psycopg.connect(**database, autocommit=True) as connection:
        connection.execute(SUBSCRIBE, (city.entities, receiver, subscriptions))
        connection.execute("ANALYZE")
        row = connection.execute(
            "SELECT pg_total_relation_size('twin_entity'), pg_total_relation_size('telemetry_series')"
        ).fetchone()
    sizes = row or (0, 0)
    return {"entity": sizes[0], "series": sizes[1], "seconds": time.monotonic() - begun}


def _seconds(entities: int) -> Iterator[tuple[int, range]]:
    """Second after second, which entities send: each once a minute."""
    number = 0
    while True:
        part = number % 60
        yield number, range(part * entities // 60, (part + 1) * entities // 60)
        number += 1


def _sizes(
    entities: int, rules: int, subscriptions: int, filled_s: float, memory: tuple[int, int]
) -> dict[str, object]:
    """How large the measurement was, and what came of it."""
    return {
        "series": entities * ATTRIBUTES,
        "entities": entities,
        "rules": rules,
        "subscriptions": subscriptions,
        "readings_per_s": round(entities * ATTRIBUTES / 60),
        "minutes": MINUTES,
        "notifications": _Receiver.heard,
        "alerts": filling.alerts(),
        "filled_in_s": round(filled_s),
        "process_memory_before_mib": memory[0] // 2**20,
        "process_memory_after_mib": memory[1] // 2**20,
    }


def measure(port: int, database: dict[str, Any], *, quick: bool) -> dict[str, object]:
    """All figures."""
    entities, rules, subscriptions = (n // (10 if quick else 1) for n in (ENTITIES, RULES, SUBSCRIPTIONS))
    home = os.environ["ONECITY_HOME"]
    before = _memory(home)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    city = City(port, entities)
    disk = _fill(city, database, rules, subscriptions, f"http://127.0.0.1:{server.server_port}/")
    lag, stop = Lag(), threading.Event()
    watcher = threading.Thread(target=lag.watch, args=(database, filling.series_of(PROBE), stop))
    watcher.start()
    values = stream.values(entities * ATTRIBUTES)
    begun, used, since, vector = time.perf_counter(), 0.0, 0.0, next(values)
    warm, whole = WARM_UP * 60, (WARM_UP + MINUTES) * 60
    for number, rows in _seconds(entities):
        if number == warm:
            used, since = _seconds_used(home, "pipeline"), time.perf_counter()
        if number == whole:
            break
        if number and number % 60 == 0:
            vector = next(values)
        lag.sent[number] = time.perf_counter()
        city.send(rows, vector.reshape(entities, ATTRIBUTES)[rows.start : rows.stop], number)
        time.sleep(max(begun + number + 1 - time.perf_counter(), 0.0))
    share = (_seconds_used(home, "pipeline") - used) / (time.perf_counter() - since)
    time.sleep(3.0)
    stop.set()
    watcher.join()
    after = _memory(home)
    server.shutdown()
    lags = lag.seconds(warm)
    series = entities * ATTRIBUTES
    return {
        "city_lag_p99_s": round(float(np.quantile(lags, 0.99)), 3),
        "city_lag_p50_s": round(float(np.quantile(lags, 0.5)), 3),
        "city_lag_max_s": round(max(lags), 3),
        "pipeline_core_share": round(share, 3),
        "entity_bytes": round(disk["entity"] / entities),
        "series_bytes": round((after - before) / series),
        "series_disk_bytes": round(disk["series"] / series),
        "sizes": _sizes(entities, rules, subscriptions, disk["seconds"], (before, after)),
        "meaning": MEANING,
    }


if __name__ == "__main__":
    figures = measure(int(sys.argv[2]), json.loads(sys.argv[3]), quick=sys.argv[1] == "quick")
    sys.stdout.write(json.dumps(figures) + "\n")
