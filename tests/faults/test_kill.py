"""kill -9 of every part at random moments, under load: nothing acknowledged is missing afterwards, nothing is doubled."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import start_platform, stop_platform
from tests.faults.senders import HttpSender, Ledger, MqttSender, Sender

from onecity.project import secrets
from onecity.project.stack.platform import Platform
from onecity.project.stack.postgres import DATABASE, socket_dir

pytestmark = pytest.mark.stack
SEED = 20261125
TARGETS = ("web", "pipeline", "nats", "postgres", "gateway")
KILLS, SOAK_KILLS = 22, 300
# entities, each of a device of its own: the first half sends by HTTP, the other by MQTT
ENTITIES = tuple(f"probe-{number}" for number in range(4))

REGISTER = """
import json, sys, django
django.setup()
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import service
from onecity.kernel.telemetry.types import Attribute, EntityType
kind = EntityType("FaultProbe", "Probe", (Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000),))
made = {}
for key in sys.argv[1:]:
    device, secret = service.create_device(key, "adm/", readings_per_second=1_000_000)
    series = service.register_series(new_id(), f"urn:ngsi-ld:FaultProbe:{key}", kind, "adm/", device.id, False)
    made[key] = [str(device.id), secret, series["pm2_5"]]
print(json.dumps(made))
"""


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Platform]:
    """A platform of this test's own."""
    platform, watcher = start_platform(tmp_path / "home")
    yield platform
    stop_platform(platform, watcher)


def register(platform: Platform) -> dict[str, tuple[str, str, int]]:
    command = [sys.executable, "-c", REGISTER, *ENTITIES]
    done = subprocess.run(command, env=platform.child_env("owner"), capture_output=True, check=True, text=True)
    return {key: (made[0], made[1], made[2]) for key, made in json.loads(done.stdout.splitlines()[-1]).items()}


def query(platform: Platform, statement: str) -> list[tuple[Any, ...]]:
    home = platform.env.home
    with psycopg.connect(
        host=str(socket_dir(home)), user="postgres", password=secrets.text(home, "postgres"), dbname=DATABASE
    ) as database:
        return database.execute(statement).fetchall()


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while True:
        # the database may be the one that is just starting again
        with contextlib.suppress(psycopg.OperationalError):
            if condition():
                return
        assert time.monotonic() < deadline, f"{what} within {seconds} s"
        time.sleep(0.05)


def kill(platform: Platform, name: str) -> None:
    """End a service and everything it started at once, as the kernel does when memory runs out."""
    process = platform.service(name).process
    if process is not None and process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def alive(platform: Platform, name: str) -> bool:
    process = platform.service(name).process
    return process is not None and process.poll() is None


def senders(platform: Platform, devices: dict[str, tuple[str, str, int]], ledger: Ledger) -> list[Sender]:
    HttpSender.port, MqttSender.port = platform.env.port, platform.env.mqtt_port
    start_at = int(time.time()) - 30 * 86_400
    found: list[Sender] = []
    for number, entity in enumerate(ENTITIES):
        device_id, secret, _series = devices[entity]
        kind, size = (HttpSender, 200) if number < len(ENTITIES) // 2 else (MqttSender, 50)
        found.append(kind((device_id, secret), entity, ledger, size, start_at))
    return found


def torment(platform: Platform, ledger: Ledger, kills: int) -> list[str]:
    """Kill the parts in turn at random moments; each time readings must come through again before the next kill."""
    chance = random.Random(SEED)
    victims = [TARGETS[number % len(TARGETS)] for number in range(kills)]
    chance.shuffle(victims)
    for name in victims:
        until(partial(alive, platform, name), 60, f"{name} starts again")
        time.sleep(chance.uniform(0.05, 1.2))
        kill(platform, name)
        before = len(ledger.kept)
        until(partial(ledger.has_more_than, before), 60, f"readings come through after {name} was killed")
    return victims


def check(platform: Platform, devices: dict[str, tuple[str, str, int]], ledger: Ledger) -> None:
    """Every acknowledged reading is in the store once with its value, nothing is there twice, and all counts agree."""
    names = {series: entity for entity, (_device, _secret, series) in devices.items()}
    numbers = ", ".join(map(str, names))
    rows = query(
        platform,
        "SELECT series_id, extract(epoch FROM observed_at)::int8, value FROM telemetry_observation"  # noqa: S608 - ours
        f" WHERE series_id IN ({numbers})",
    )
    stored = {(names[series], at): value for series, at, value in rows}
    assert len(stored) == len(rows), "a reading is in the store twice"
    missing = [key for key in ledger.kept if key not in stored]
    assert not missing, f"{len(missing)} of {len(ledger.kept)} acknowledged readings are missing, as {missing[:3]}"
    assert all(stored[key] == value for key, value in ledger.kept.items())
    counted = dict(query(platform, "SELECT outcome, sum(readings)::int8 FROM telemetry_counter GROUP BY 1"))
    (everything,) = query(platform, "SELECT count(*) FROM telemetry_observation")[0]
    (held,) = query(platform, "SELECT coalesce(sum(readings), 0)::int8 FROM telemetry_quarantine")[0]
    assert counted["stored"] == everything
    assert sum(count for outcome, count in counted.items() if outcome != "stored") == held
    assert set(counted) <= {"stored", "duplicate"}
    newest = dict(query(platform, f"SELECT series_id, value FROM telemetry_latest WHERE series_id IN ({numbers})"))  # noqa: S608 - same
    for series, entity in names.items():
        assert newest[series] == stored[entity, max(at for name, at in stored if name == entity)]


def run(platform: Platform, kills: int) -> None:
    devices, ledger = register(platform), Ledger()
    working = senders(platform, devices, ledger)
    for sender in working:
        sender.start()
    until(lambda: len(ledger.kept) > 2_000, 60, "readings come through")
    victims = torment(platform, ledger, kills)
    for sender in working:
        sender.stopping.set()
    # after many kills the pipeline is behind, and senders are held off until it has caught up
    patience = 60.0 + 2 * kills
    for sender in working:
        sender.join(patience)
        assert not sender.is_alive()
    until(lambda: settled(platform, ledger), patience, "everything acknowledged is stored")
    check(platform, devices, ledger)
    assert ledger.refused == []
    assert set(victims) == set(TARGETS)
    print(f"{kills} kills, {len(ledger.kept)} readings acknowledged, {ledger.attempts} attempts without an answer")  # noqa: T201 - shown by `make soak`


def settled(platform: Platform, ledger: Ledger) -> bool:
    (stored,) = query(platform, "SELECT coalesce(sum(readings), 0) FROM telemetry_counter WHERE outcome = 'stored'")[0]
    return int(stored) >= len(ledger.kept)


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(victim: Platform) -> None:
    run(victim, KILLS)


@pytest.mark.soak
def test_the_same_for_a_long_time(victim: Platform) -> None:
    run(victim, SOAK_KILLS)
