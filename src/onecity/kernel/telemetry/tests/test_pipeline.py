"""The pipeline as it runs: a real broker's log, a real database, and everything that may fail in between."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from django.db import connection

from onecity.kernel.core import clock
from onecity.kernel.telemetry import broker as names
from onecity.kernel.telemetry.batch import Batch, StoredBatch
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.readings import Refusal
from onecity.kernel.telemetry.models import Counter, Heartbeat, LogPosition, Quarantine, Series
from onecity.kernel.telemetry.pipeline import Pipeline
from onecity.kernel.telemetry.tests.conftest import COMMITTING, Broker, until
from onecity.kernel.telemetry.tests.sample import SECOND, station
from onecity.kernel.telemetry.tests.test_commit import stored

pytestmark = COMMITTING


class Stage:
    """Counts what it is given; fails as often as it is told to."""

    name = "probe"

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.ticks, self.loads = failures, 0, 0
        self.rows: list[float] = []

    def load(self) -> None:
        self.loads += 1

    def process(self, batch: StoredBatch) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("stage fails")
        self.rows += batch.value.tolist()

    def tick(self, now_us: int) -> None:
        self.ticks += 1


class Plant:
    """A pipeline in a thread, and a hand that writes into its log."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.threads: list[tuple[Pipeline, threading.Thread]] = []

    def start(self, *stages: Stage) -> Pipeline:
        pipeline = Pipeline(stages, self.broker.url, self.broker.keys)
        thread = threading.Thread(target=self._run, args=(pipeline,))
        thread.start()
        self.threads.append((pipeline, thread))
        return pipeline

    def stop(self) -> None:
        for pipeline, thread in self.threads:
            pipeline.stop()
            thread.join(20)
            assert not thread.is_alive()
        self.threads.clear()

    def append(
        self, *rows: tuple[int, int, float], refusals: Sequence[Refusal] = (), message: bytes | None = None
    ) -> None:
        series, at, value = zip(*rows, strict=True) if rows else ((), (), ())
        batch = Batch(np.array(series, np.int32), np.array(at, np.int64), np.array(value, np.float64))
        text = message if message is not None else wire.encode("http", clock.now_us(), batch, list(refusals))
        until(lambda: self.messages() is not None)
        answer = self.ask("log.telemetry.http", text)
        assert "error" not in answer

    def messages(self) -> int | None:
        answer = self.ask(f"$JS.API.STREAM.INFO.{names.LOG_STREAM}", b"{}")
        count: int | None = answer.get("state", {}).get("messages")
        return count

    def ask(self, subject: str, body: bytes) -> dict[str, Any]:
        link = self.broker.link()
        try:
            link.open()
            return msgspec.json.decode(link.request(subject, body), type=dict[str, Any])
        finally:
            link.close()

    @staticmethod
    def _run(pipeline: Pipeline) -> None:
        try:
            pipeline.run()
        finally:
            connection.close()


@pytest.fixture
def plant(broker: Broker, committed: None) -> Iterator[Plant]:
    plant = Plant(broker)
    yield plant
    plant.stop()


def counts() -> dict[tuple[str, str], int]:
    return {(c.source, c.outcome): c.readings for c in Counter.objects.all()}


def test_from_the_log_to_the_store_and_out_of_the_log(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    now = clock.now_us()
    probe = Stage()
    plant.start(probe)
    until(lambda: plant.messages() == 0)
    plant.append((one, now, 1.0), refusals=[Refusal("late", "", 2, 1, b"x")])
    plant.append((one, now + SECOND, 2.0))
    until(lambda: len(stored()) == 2)
    assert counts() == {("http", "stored"): 2, ("http", "late"): 2}
    assert Quarantine.objects.get().readings == 2
    assert probe.rows == [1.0, 2.0]
    until(lambda: plant.messages() == 0)
    until(lambda: Heartbeat.objects.filter(process="pipeline").exists())
    assert probe.ticks > 0


def test_a_new_pipeline_goes_on_where_the_last_one_ended(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    now = clock.now_us()
    plant.start()
    plant.append((one, now, 1.0))
    until(lambda: len(stored()) == 1)
    plant.stop()
    plant.append((one, now + 1, 2.0))
    plant.append((one, now, 9.0))
    probe = Stage()
    plant.start(probe)
    until(lambda: LogPosition.objects.filter(sequence=3).exists())
    assert [row[1:] for row in stored()] == [(now, 1.0), (now + 1, 2.0)]
    assert counts() == {("http", "stored"): 2, ("http", "duplicate"): 1}
    assert probe.rows == [2.0]


def test_only_one_pipeline_works_at_a_time(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    first, second = Stage(), Stage()
    plant.start(first)
    until(lambda: first.loads == 1)
    plant.start(second)
    plant.append((one, clock.now_us(), 1.0))
    until(lambda: len(stored()) == 1)
    assert second.loads == 0
    pipeline, thread = plant.threads.pop(0)
    pipeline.stop()
    thread.join(20)
    until(lambda: second.loads == 1)


def test_a_stage_that_fails_once_gets_the_batch_again(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    probe = Stage(failures=1)
    plant.start(probe)
    until(lambda: probe.loads == 1)
    plant.append((one, clock.now_us(), 1.0))
    until(lambda: len(stored()) == 1)
    assert (probe.rows, probe.loads) == ([1.0], 2)


def test_a_stage_that_always_fails_holds_up_nobody_and_is_named(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    probe, other = Stage(failures=2), Stage()
    other.name = "other"
    plant.start(probe, other)
    until(lambda: probe.loads == 1)
    plant.append((one, clock.now_us(), 1.0))
    until(lambda: len(stored()) == 1)
    assert (probe.rows, other.rows) == ([], [1.0])
    until(lambda: Heartbeat.objects.filter(process="pipeline", detail__skipped={"probe": 1}).exists())


def test_a_message_that_is_none_is_set_aside(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    plant.start()
    plant.append(message=b"rubbish")
    plant.append((one, clock.now_us(), 1.0))
    until(lambda: len(stored()) == 1)
    held = Quarantine.objects.get()
    assert (held.reason, bytes(held.raw)) == ("malformed", b"rubbish")


def test_readings_of_a_series_that_was_removed_are_refused(plant: Plant) -> None:
    one, two = station("a")[2]["pm2_5"], station("b")[2]["pm2_5"]
    Series.objects.filter(id=one).delete()
    plant.start()
    now = clock.now_us()
    plant.append((one, now, 1.0), (two, now, 2.0), (two + 1000, now, 3.0))
    until(lambda: len(stored()) == 1)
    held = Quarantine.objects.get()
    assert (held.reason, held.readings, held.kept) == ("unknown_entity", 2, 2)


def test_the_database_goes_away_and_comes_back(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    probe = Stage()
    plant.start(probe)
    until(lambda: probe.loads == 1)
    now = clock.now_us()
    for number in range(5):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        plant.append((one, now + number, float(number)))
    until(lambda: len(stored()) == 5)
    assert counts() == {("http", "stored"): 5}
    assert sorted(set(probe.rows)) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_broker_goes_away_and_comes_back(plant: Plant) -> None:
    one = station("a")[2]["pm2_5"]
    plant.start()
    now = clock.now_us()
    for number in range(3):
        plant.append((one, now + number, float(number)))
        plant.broker.kill()
        plant.broker.start()
    until(lambda: len(stored()) == 3, seconds=20)
    assert counts() == {("http", "stored"): 3}
