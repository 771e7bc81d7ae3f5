"""A district and one of its towns as two whole platforms on this machine, with a line between them that can be cut."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from tests.conftest import free_block, stop_platform
from tests.tiers.cut import Cut

from onecity.project import environment, sample_district, secrets
from onecity.project.stack.platform import Options, Platform, port_is_free
from onecity.project.stack.postgres import DATABASE, socket_dir

RECOVERY_S = 90.0
TOWN = f"{sample_district.ADCODE}001"
TOWN_PATH = f"adm/{sample_district.ADCODE}/{TOWN}/"


@dataclass
class Node:
    """One installation at work."""

    platform: Platform
    watcher: threading.Thread

    @property
    def home(self) -> Path:
        return self.platform.env.home

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask the database, waiting for one that has been killed and is starting again."""
        deadline = time.monotonic() + RECOVERY_S
        while True:
            try:
                return self._query(statement, parameters)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def _query(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        password = secrets.text(self.home, "postgres")
        host = str(socket_dir(self.home))
        with psycopg.connect(host=host, user="postgres", password=password, dbname=DATABASE) as database:
            return database.execute(statement.encode(), parameters).fetchall()

    def value(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        rows = self.query(statement, parameters)
        return rows[0][0] if rows else None

    def script(self, text: str, *arguments: str) -> Any:
        """Run Python with Django's models in this installation, as its system; the last line printed is JSON."""
        program = "import json, sys, django\ndjango.setup()\n" + text
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=self.platform.child_env("system"), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "onecity.project.cli", *arguments],
            env=self.platform.child_env("system") | {"ONECITY_LANG": "en"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self) -> None:
        stop_platform(self.platform, self.watcher)


def start(home: Path, tier: str, **more: str) -> Node:
    port, nats, mqtt = free_block()
    values = {
        "ONECITY_HOME": str(home), "PORT": str(port), "ONECITY_NATS_PORT": str(nats), "ONECITY_MQTT_PORT": str(mqtt),
        "ONECITY_LOG_SYNC": "1s", "ONECITY_TIER": tier, **more,
    }  # fmt: skip
    env = environment.read(values)
    archives = sample_district.write_archives(home / "archives") if tier == "district" else None
    adcode = sample_district.ADCODE if tier == "district" else ""
    options = Options(adcode=adcode, archives=archives, simulate=False)
    platform = Platform(env, options)
    watcher = threading.Thread(target=platform.supervisor.run, name=f"supervisor-{tier}", daemon=True)
    try:
        platform.start()
    except BaseException:
        platform.stop()
        raise
    watcher.start()
    return Node(platform, watcher)


def free_port() -> int:
    while True:
        first = free_block()[0]
        if port_is_free(first):
            return first


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for something; returns how long it took."""
    begun = time.monotonic()
    while True:
        with suppress(psycopg.OperationalError):
            if condition():
                return time.monotonic() - begun
        assert time.monotonic() - begun < seconds, f"{what} within {seconds} s"
        time.sleep(0.1)


@dataclass
class Pair:
    """District, town, and the line between them."""

    district: Node
    town: Node
    line: Cut


def start_pair(folder: Path) -> Pair:
    """Start the district, invite the town, let it join through the line."""
    leaf = free_port()
    district = start(folder / "district", "district", ONECITY_LEAF_PORT=str(leaf))
    line = Cut(free_port(), leaf)
    printed = district.command("tiers", "enrol", "--division", TOWN)
    token = printed.split("--token ")[1].split()[0]
    join(folder / "town", f"nats://127.0.0.1:{line.port}", token)
    return Pair(district, start(folder / "town", "town"), line)


def join(home: Path, parent: str, token: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    program = "import sys, django\ndjango.setup()\nfrom pathlib import Path\nfrom onecity.project import joining\n"
    program += "joining.join(Path(sys.argv[1]), sys.argv[2], sys.argv[3])"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONECITY_")}
    env = kept | {"ONECITY_HOME": str(home), "DJANGO_SETTINGS_MODULE": "onecity.project.settings"}
    subprocess.run([sys.executable, "-c", program, str(home), parent, token], env=env, check=True, timeout=60)
