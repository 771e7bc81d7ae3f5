"""The same readings into other stores, where they are installed: VictoriaMetrics and InfluxDB 1, from Debian's packages.

Both answer before anything is synced to disk; that is their default and is said in the result.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onecity.kernel.telemetry.bench import load
from onecity.kernel.telemetry.bench.load import Plan, Target
from onecity.kernel.telemetry.bench.sizes import Sizes

CONNECTIONS = 2
START_S = 30.0


def measure(plan: Plan, sizes: Sizes) -> dict[str, Any]:
    """Lines (one reading each) a second into each peer; "not installed" where it is not there."""
    bodies = [load.line_protocol(plan, first, sizes.request) for first in range(0, sizes.base, sizes.request)]
    found: dict[str, Any] = {}
    for name, binary, path in (
        ("victoriametrics", "victoria-metrics", "/write"),
        ("influxdb", "influxd", "/write?db=bench"),
    ):
        program = shutil.which(binary)
        found[name] = _measured(program, path, bodies, sizes) if program else "not installed"
    return found


def _measured(program: str, path: str, bodies: list[bytes], sizes: Sizes) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, _running(program, Path(folder)) as port:
        if "influxd" in program:
            _ask(port, "POST", "/query?q=CREATE+DATABASE+bench")
        begin = time.perf_counter()
        load.post_all(Target(port, path, {}), bodies, CONNECTIONS)
        seconds = time.perf_counter() - begin
    return {"obs_per_s": round(sizes.base / seconds), "synced_before_answer": False}


@contextmanager
def _running(program: str, folder: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        _command(program, folder, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + START_S
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{program} did not start")
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _command(program: str, folder: Path, port: int) -> list[str]:
    if "influxd" not in program:
        listening = f"-httpListenAddr=127.0.0.1:{port}"
        return [program, f"-storageDataPath={folder}", listening, "-retentionPeriod=10y"]
    config = folder / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:0"\n[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\nindex-version = "inmem"\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\nmax-body-size = 0\n'
    )
    return [program, "-config", str(config)]


def _answers(port: int) -> bool:
    try:
        return _ask(port, "GET", "/ping") in {200, 204} or _ask(port, "GET", "/health") == 200
    except OSError:
        return False


def _ask(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
