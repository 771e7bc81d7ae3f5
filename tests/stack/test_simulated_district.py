"""The simulated district as the demonstration runs it: its past arrives whole, its present through MQTT and HTTP."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, LiteralString

import psycopg
import pytest
from tests.conftest import start_platform, stop_platform

from onecity.project.sample_district import TOWNS
from onecity.project.stack import processes
from onecity.project.stack.platform import Platform
from onecity.project.stack.postgres import Postgres

pytestmark = pytest.mark.stack

DAYS = 14
STEPS_A_DAY = 144
STORED = "SELECT sum(readings) FROM telemetry_counter WHERE source = %s AND outcome = 'stored'"
STATIONS = """
    SELECT count(*) FROM twin_entity WHERE properties->>'simulated' = 'true' AND properties->>'derived' IS NULL
"""
REFUSED = "SELECT count(*) FROM telemetry_quarantine"
KNOWN = "SELECT count(*) FROM devices_devicerecord WHERE model_id IS NOT NULL AND firmware_version <> ''"
ASK = """
    WITH asked AS (
        INSERT INTO telemetry_command (id, device_id, division_path, name, payload, idempotency_key, route, target, state,
            attempts, created_at, expires_at, next_at, result)
        SELECT uuidv7(), id, division_path, 'status', '{}', '', 'direct', '', 'queued', 0, now(), now() + '1 hour', now(), '{}'
        FROM telemetry_device RETURNING 1
    ) SELECT count(*) FROM asked
"""
ANSWERED = "SELECT count(*) FROM telemetry_command WHERE state = 'acknowledged' AND (result->>'battery')::int > 0"
LONGEST_GAP = """
    SELECT max(extract(epoch FROM later - observed_at)) FROM (
        SELECT o.observed_at, lead(o.observed_at) OVER (PARTITION BY o.series_id ORDER BY o.observed_at) AS later
        FROM telemetry_observation o JOIN telemetry_series s ON s.id = o.series_id
        WHERE s.attribute = 'total_phosphorus'
    ) pairs
"""


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running, watcher = start_platform(tmp_path_factory.mktemp("alive"), simulate=True)
    yield running
    stop_platform(running, watcher)


@pytest.fixture(scope="module")
def database(alive: Platform) -> Iterator[psycopg.Connection[Any]]:
    with Postgres(alive.env.home).connect() as connection:
        connection.autocommit = True
        yield connection


def value(database: psycopg.Connection[Any], query: LiteralString, *parameters: str) -> int:
    row = database.execute(query, parameters).fetchone()
    return int(row[0] or 0) if row else 0


def wait(database: psycopg.Connection[Any], least: int, query: LiteralString, *parameters: str) -> int:
    deadline = monotonic() + 90
    found = value(database, query, *parameters)
    while found < least and monotonic() < deadline:
        sleep(0.2)
        found = value(database, query, *parameters)
    return found


def test_every_town_has_its_stations_with_a_past_and_a_present(
    alive: Platform, database: psycopg.Connection[Any]
) -> None:
    assert wait(database, 3 * len(TOWNS), STATIONS) == 3 * len(TOWNS)
    past = 21 * len(TOWNS) * STEPS_A_DAY * (DAYS - 1)  # a station that was silent for hours lacks some of them
    assert wait(database, past, STORED, "http") >= past
    assert wait(database, 1, STORED, "mqtt1") >= 1
    assert value(database, REFUSED) == 0
    assert value(database, "SELECT count(*) FROM telemetry_device WHERE readings_per_second > 0") == 3 * len(TOWNS)
    assert value(database, KNOWN) == 3 * len(TOWNS)


def test_its_devices_answer_commands(database: psycopg.Connection[Any]) -> None:
    asked = value(database, ASK)
    assert asked == 3 * len(TOWNS)
    assert wait(database, asked, ANSWERED) == asked


def test_a_restart_adds_nothing_twice_and_leaves_no_gap(alive: Platform, database: psycopg.Connection[Any]) -> None:
    service = alive.service("sim")
    assert isinstance(service.process, subprocess.Popen)
    processes.stop(service.process)
    again = wait(database, value(database, STORED, "mqtt1") + 2, STORED, "mqtt1")
    assert again > 0
    assert value(database, REFUSED) == 0
    assert value(database, LONGEST_GAP) <= 600


def test_nothing_simulated_hides_what_it_is(database: psycopg.Connection[Any]) -> None:
    hidden = "SELECT count(*) FROM twin_entity WHERE public AND properties->>'simulated' IS DISTINCT FROM 'true'"
    assert value(database, hidden) == 0


def test_the_log_of_the_simulation_is_calm(alive: Platform) -> None:
    text = (Path(alive.env.home) / "log" / "sim.log").read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert "WARNING" not in text
