"""A replay that is killed goes on where it stopped, at the speed that was asked for, and still accounts for every row."""

import csv
import gzip
import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from onecity.project.stack.platform import Platform
from onecity.project.stack.postgres import Postgres

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "environment" / "noise_laeq1s.csv.gz"
HOUR_A_SECOND = "3600"
COUNT = """
    SELECT count(*), min(o.observed_at), max(o.observed_at)
    FROM telemetry_observation o JOIN telemetry_series s ON s.id = o.series_id
    WHERE s.entity_key = 'noise_laeq1s' AND s.attribute = 'laeq'
"""

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not FILE.is_file(), reason="the real noise series does not lie beside this checkout; see docs/"),
]


def start(platform: Platform, speed: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "onecity.project.cli", "replay", str(FILE), "--profile", "noise_laeq1s"]
    return subprocess.Popen(
        [*command, "--speed", speed],
        env=platform.child_env("system"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def counted(database: psycopg.Connection) -> tuple[int, datetime, datetime]:
    row = database.execute(COUNT).fetchone()
    assert row is not None
    return int(row[0]), row[1], row[2]


def test_a_killed_replay_goes_on_where_it_stopped(platform: Platform) -> None:
    with gzip.open(FILE, "rt", encoding="utf-8") as text:
        times = [datetime.fromisoformat(line["observed_at"]) for line in csv.DictReader(text)]
    with Postgres(platform.env.home).connect() as database:
        database.autocommit = True
        first = start(platform, HOUR_A_SECOND)
        deadline = monotonic() + 60
        while counted(database)[0] < 10_000 and monotonic() < deadline:
            sleep(0.1)
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        reached = counted(database)[0]
        assert 10_000 <= reached < 60_000  # at an hour a second this takes three seconds and more, not a moment
        again = start(platform, "max")
        output, _nothing = again.communicate(timeout=120)
        assert again.returncode == 0, output
        stored, oldest, newest = counted(database)
        assert stored == len(times) == 86_401
        assert newest - oldest == times[-1] - times[0]
        numbers = re.search(r"([\d,]+) [^=\d]*= [^\d]*([\d,]+) \+ [^\d]*([\d,]+)", output)
        assert numbers is not None, output
        rows, kept, refused = (int(number.replace(",", "")) for number in numbers.groups())
        assert (rows, kept) == (86_401, 86_401)
        assert refused <= 50_000  # only what was under way at the kill may have come twice, and is named a duplicate
