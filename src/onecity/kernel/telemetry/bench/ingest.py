"""`onecity bench ingest`: starts the whole platform in a folder of its own, measures it, and takes it away again."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onecity.kernel.telemetry.types import Attribute, EntityType

START_S = 180.0
TARGETS = {
    "http_obs_per_s": 500_000,
    "arrow_obs_per_s": 800_000,
    "arrow_of_copy": 0.4,
    "mqtt_msg_per_s": 36_000,
    "mqtt_qos1_msg_per_s": 8_000,
    "stored_p99_s": 1.0,
    "alert_p99_s": 1.0,
}
PLAIN = EntityType(
    "BenchStation",
    "Station",
    tuple(Attribute(name, name, "ug/m3", 0, 1000) for name in ("pm2_5", "pm10", "no2", "so2", "o3")),
)


def run(*, quick: bool = False, kind: EntityType = PLAIN, log_sync: str = "1s") -> dict[str, object]:
    """Measure ingestion with the rules at work that the platform has for entities of `kind`.

    `log_sync`: how often the log is synced to disk (see broker.server_config). Figures of `*_obs_per_s` and `*_msg_per_s`
    run from the first byte sent until the last reading is stored and judged. Raises RuntimeError when the platform does
    not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="onecity-bench-") as folder,
        _platform(Path(folder), log_sync) as (env, root),
    ):
        facts = {
            "name": kind.name,
            "attributes": [
                {"name": a.name, "title": a.name, "unit": a.unit, "minimum": a.minimum, "maximum": a.maximum}
                for a in kind.attributes
            ],
        }
        command = [sys.executable, "-m", "onecity.kernel.telemetry.bench.measure", "quick" if quick else "full"]
        done = subprocess.run(
            [*command, env["ONECITY_MQTT_PORT"], str(root)],
            env=env | {"ONECITY_BENCH_KIND": json.dumps(facts)},
            stdout=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"the measurement ended with code {done.returncode}; its words are above")
        figures: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return figures | {"targets": TARGETS, "settings": _settings(log_sync), "measured": time.strftime("%Y-%m-%d")}


def _settings(log_sync: str) -> dict[str, object]:
    return {
        "log_sync": log_sync,
        "postgresql": "fsync on, synchronous_commit on, full_page_writes on; one transaction a batch",
        "acknowledged": "the broker has written the message to its file; synced to disk as log_sync says",
        "rates": "from the first byte sent until the last reading is stored, judged and committed",
        "growth": "history is copied into day partitions directly, then both ways in are measured on top of it",
        "load": "generator, web, broker, pipeline and database share the machine",
    }


@contextmanager
def _platform(home: Path, log_sync: str) -> Iterator[tuple[dict[str, str], int]]:
    """The running platform; gives the environment in which its parts live, and its process number."""
    port = _free_block()
    env = dict(os.environ) | {
        "ONECITY_HOME": str(home),
        "PORT": str(port),
        "ONECITY_NATS_PORT": str(port + 1),
        "ONECITY_MQTT_PORT": str(port + 2),
        "ONECITY_LOG_SYNC": log_sync,
        "ONECITY_PROCESS": "system",
        "ONECITY_BASE_URL": f"http://127.0.0.1:{port}",
        "DJANGO_SETTINGS_MODULE": "onecity.project.settings",
    }
    # the program as an operator starts it, so that nothing is measured that nobody runs
    command = [sys.executable, "-m", "onecity.project.cli", "up", "--no-simulate"]
    log = home.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        _wait(process, port, log)
        yield env, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.unlink()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not _well(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the platform did not start: {_tail(log.read_text(errors='replace').splitlines())}")
        time.sleep(0.2)


def _well(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        text: dict[str, Any] = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return response.status == 200 and text.get("status") == "pass"


def _tail(lines: Sequence[str]) -> str:
    return " / ".join(lines[-4:])


def _free_block() -> int:
    """The first of four neighbouring free ports, below those the system hands out."""
    chooser = random.SystemRandom()
    while True:
        first = chooser.randrange(15_000, 32_000, 4)
        if all(_free(first + step) for step in range(4)):
            return first


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
