"""Starts the whole platform in a folder of its own, measures the twin's door, and takes everything away again."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

START_S = 180.0
WORKERS = 2
TARGETS = {
    "patch_per_s": 3_700,
    "get_per_s": 5_000,
    "list20_per_s": 1_500,
    "batch_entities_per_s": 10_000,
    "geo_query_p95_ms": 50.0,
    "notify_p99_ms": 500.0,
    "notify_broad_p99_ms": 500.0,
    "notify_hanging_p99_ms": 500.0,
    "subscriptions_cost_share": 0.2,
    "temporal_page_p95_ms": 100.0,
    "temporal_year_by_day_p95_ms": 100.0,
    "temporal_day_mean_s": 1.0,
}
SETTINGS = {
    "postgresql": "fsync on, synchronous_commit on, full_page_writes on; an answer is given after the commit",
    "history": "every write adds its change to the log in the same transaction",
    "web": f"granian, {WORKERS} workers, as `onecity up` runs it",
    "load": "one client process beside it on the same machine, keep-alive, one request a connection",
}
HERE = "onecity.kernel.twin.bench"
# measurements that use models need the registry of applications before they are imported
PREPARED = "import django, runpy, sys; django.setup(); runpy.run_module(sys.argv.pop(1), run_name='__main__')"
# where a running platform keeps its database: given by the platform, which this package does not know
Database = Callable[[dict[str, str]], dict[str, Any]]


def run(*, quick: bool = False, database: Database) -> dict[str, object]:
    """Measure; raises RuntimeError where the platform does not start or requests are refused."""
    with tempfile.TemporaryDirectory(prefix="onecity-bench-") as folder, platform(Path(folder)) as env:
        size = "quick" if quick else "full"
        figures = measured(env, f"{HERE}.measure", size, env["PORT"], json.dumps(database(env)))
        figures |= measured(env, f"{HERE}.temporal", size, env["PORT"])
    return figures | {"targets": TARGETS, "settings": SETTINGS, "measured": time.strftime("%Y-%m-%d")}


def measured(env: dict[str, str], module: str, *arguments: str) -> dict[str, object]:
    """The figures of a measurement beside the running platform, made by a process of its own."""
    command = [sys.executable, "-c", PREPARED, module, *arguments]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=False, timeout=1800)
    if done.returncode:
        raise RuntimeError(f"the measurement {module} ended with code {done.returncode}; its words are above")
    figures: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return figures


@contextmanager
def platform(home: Path) -> Iterator[dict[str, str]]:
    """The running platform; gives the environment in which its parts live."""
    port = _free_block()
    env = dict(os.environ) | {
        "ONECITY_HOME": str(home),
        "PORT": str(port),
        "ONECITY_NATS_PORT": str(port + 1),
        "ONECITY_MQTT_PORT": str(port + 2),
        "ONECITY_PROCESS": "system",
        "ONECITY_BASE_URL": f"http://127.0.0.1:{port}",
        "ONECITY_NGSI_LD_ANONYMOUS": "write",
        "DJANGO_SETTINGS_MODULE": "onecity.project.settings",
    }
    command = [sys.executable, "-m", "onecity.project.cli", "up", "--no-simulate", "--workers", str(WORKERS)]
    log = home.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        _wait(process, port, log)
        yield env
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.unlink()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not _well(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the platform did not start: {log.read_text(errors='replace')[-600:]}")
        time.sleep(0.2)


def _well(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


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
