"""The pipeline's life: take what the logs hold, commit it, let time pass; begin again from the database when it fails."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import psycopg
from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, connection, transaction

from onecity.kernel.core.clock import now, now_us
from onecity.kernel.telemetry import broker, store
from onecity.kernel.telemetry.batch import Batch, Stage
from onecity.kernel.telemetry.catalogue import Watcher, database_parameters
from onecity.kernel.telemetry.collector import Collector
from onecity.kernel.telemetry.link import Link
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.logic.ordering import Newest
from onecity.kernel.telemetry.logic.readings import Refusals
from onecity.kernel.telemetry.models import Heartbeat, LogPosition
from onecity.kernel.telemetry.pipeline import memory
from onecity.kernel.telemetry.pipeline.commit import FencedError, StageError, commit
from onecity.kernel.telemetry.pipeline.intake import Intake, Interpreter, Refused, gather, unknown_series
from onecity.kernel.telemetry.pipeline.janitor import Janitor
from onecity.kernel.telemetry.pipeline.source import LOG, MQTT, Entry, Reader, Stream

PIPELINE_LOCK = 0x7E1E_0002
MOST_MESSAGES = 20_000
MOST_BYTES = 6 * 1024 * 1024
# transactions do not follow each other faster than this, so that each is worth its sync to disk
LINGER_S = 0.03
TICK_S = 1.0
RETRY_S = 0.5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """Messages made ready to be committed, with the state of series and devices they were read by."""

    entries: Sequence[Entry]
    intake: Intake
    catalogue: Catalogue


@dataclass(slots=True)
class Pace:
    """Transactions since the last sign of life: how many, their readings, and the seconds they took."""

    transactions: int = 0
    readings: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    def note(self, readings: int, seconds: float) -> None:
        """Count a transaction."""
        self.transactions += 1
        self.readings += readings
        self.seconds += seconds
        self.longest = max(self.longest, seconds)

    def told(self) -> dict[str, float]:
        """The figures so far; counting begins anew."""
        figures = {
            "transactions": self.transactions,
            "readings": self.readings,
            "seconds": round(self.seconds, 3),
            "longest": round(self.longest, 3),
        }
        self.transactions, self.readings, self.seconds, self.longest = 0, 0, 0.0, 0.0
        return figures


class Follower(Interpreter, Protocol):
    """Logs of other installations that the pipeline follows beside its own; each is read on a connection of its own."""

    def logs(self) -> Mapping[str, tuple[Callable[[], Link], Stream]]:
        """What is to be followed now, by name: how to connect, and what to read. Asked again at every tick."""
        ...


@dataclass
class Pipeline:
    """One pipeline; `run` returns when `stop` is called."""

    stages: Sequence[Stage]
    url: str
    keys: BrokerKeys
    follower: Follower | None = None
    _others: dict[str, Reader] = field(default_factory=dict)
    _ending: threading.Event = field(default_factory=threading.Event)
    _positions: dict[str, int] = field(default_factory=dict)
    _newest: Newest = field(default_factory=Newest.empty)
    _skipped: dict[str, int] = field(default_factory=dict)
    _taken: dict[str, int] = field(default_factory=dict)
    _taken_at: float = 0.0
    _next_tick: float = 0.0
    _pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self._watcher = Watcher(database_parameters())
        self._collector = Collector()
        self._partitions = store.Partitions()
        self._janitor = Janitor(self._link, self._committed)
        self._reader = Reader(self._link, (LOG, MQTT), lambda source: self._positions.get(source, 0))

    @property
    def ready(self) -> bool:
        """Whether the logs are being read now."""
        return self._reader.connected

    @property
    def catalogue(self) -> Catalogue:
        """The series and devices this pipeline knows now."""
        return self._watcher.current

    def stop(self, *_: object) -> None:
        """Let `run` end after the batch in hand; safe in a signal handler."""
        self._ending.set()

    def run(self) -> None:
        """Work until stopped; whatever fails is undone by the database and begun again from there."""
        self._watcher.start()
        self._janitor.start()
        while not self._ending.is_set():
            try:
                self._begin()
                self._work()
            except (DatabaseError, InterfaceError, psycopg.Error, FencedError) as error:
                log.warning("the pipeline begins again from the database: %s", str(error).strip(), exc_info=True)
                self._ending.wait(RETRY_S)
            finally:
                self._stop_others()
                self._reader.stop()
                connection.close()
        self._janitor.stop()
        self._watcher.stop()

    def _committed(self) -> dict[str, int]:
        """The positions of the logs that are read now, as far as they are committed."""
        return {source: sequence for source, sequence in dict(self._positions).items() if self._reader.current(source)}

    def _link(self) -> Link:
        return Link(self.url, broker.USER, self.keys.password, "onecity-pipeline")

    def _begin(self) -> None:
        """Be the only pipeline, and know what the database knows."""
        while not self._only() and not self._ending.is_set():
            self._ending.wait(RETRY_S)
        self._watcher.wait(30)
        self._partitions.forget()
        self._newest = Newest.empty(len(self._watcher.current.row))
        ids, at, value = store.load_newest()
        if len(ids):
            self._newest.reach(int(ids.max()) + 1)
            self._newest.at[ids], self._newest.value[ids] = at, value
        self._positions = dict(LogPosition.objects.values_list("source", "sequence"))
        self._taken = dict(self._positions)
        self._load_stages()
        self._reader.start()
        self._follow_others()

    def _load_stages(self) -> None:
        for stage in self.stages:
            stage.load()

    def _follow_others(self) -> None:
        """Begin to read logs that are new, and end with those that are no longer to be followed."""
        wanted = self.follower.logs() if self.follower else {}
        for name in [name for name in self._others if name not in wanted]:
            self._others.pop(name).end()
        for name, (connect, stream) in wanted.items():
            if name not in self._others:
                reader = Reader(connect, (stream,), lambda source: self._positions.get(source, 0), self._reader.mailbox)
                self._others[name] = reader
                reader.start()

    def _stop_others(self) -> None:
        for reader in self._others.values():
            reader.end()
        self._others = {}

    def _only(self) -> bool:
        # held as long as this connection lives: a killed pipeline gives it back at once
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [PIPELINE_LOCK])
            return bool(cursor.fetchone()[0])

    def _work(self) -> None:
        """Commit batch after batch; while much is waiting, the next is made ready beside the transaction."""
        with ThreadPoolExecutor(1, "telemetry-ahead") as ahead:
            coming: Future[Ready | None] | None = None
            while not self._ending.is_set():
                ready = self._next() if coming is None else coming.result()
                # what is taken now waits for this transaction: worth it only where there is a whole batch of it
                coming = ahead.submit(self._next) if self._reader.waiting_bytes >= MOST_BYTES else None
                if ready is not None:
                    self._store(ready)
                if time.monotonic() >= self._next_tick:
                    self._next_tick = time.monotonic() + TICK_S
                    self._tick()

    def _next(self) -> Ready | None:
        """What the logs hold next, made ready; None when nothing comes for a while."""
        if (left := self._taken_at + LINGER_S - time.monotonic()) > 0:
            self._ending.wait(left)
        entries = self._reader.take(MOST_MESSAGES, MOST_BYTES, TICK_S / 2)
        self._taken_at = time.monotonic()
        fresh = []
        for entry in entries:
            if entry.follows(self._taken):
                self._taken |= entry.positions
                fresh.append(entry)
        return self._ready(fresh) if fresh else None

    def _ready(self, entries: Sequence[Entry]) -> Ready:
        catalogue = self._watcher.current
        intake = gather(entries, catalogue, self._collector, self.follower)
        if _beyond(catalogue, intake.batch):
            # interned by a gateway that heard of the series before we did
            self._watcher.refresh()
            catalogue = self._watcher.current
        unknown_series(catalogue, intake, now_us())
        return Ready(entries, intake, catalogue)

    def _store(self, ready: Ready) -> None:
        """Commit. What fails for a reason of its own is singled out, so that it cannot stop the others."""
        try:
            self._commit_with_stages(ready)
        except (DataError, IntegrityError, ValueError) as error:
            log.exception("a batch cannot be stored")
            self._load_stages()
            if len(ready.entries) == 1:
                self._set_aside(ready.entries[0], error)
                return
            for entry in ready.entries:
                self._store(self._ready([entry]))

    def _commit_with_stages(self, ready: Ready) -> None:
        """Commit; a stage that fails twice on the same messages is left out for them, and that is recorded."""
        left_out: set[str] = set()
        failures = 0
        while not self._ending.is_set():
            try:
                stages = [stage for stage in self.stages if stage.name not in left_out]
                self._commit(ready.intake, ready.catalogue, stages)
            except StageError as error:
                log.exception("stage %s failed on a batch", error.stage.name)
                # the others may have taken up what is undone now
                self._load_stages()
                failures += 1
                if failures >= 2:
                    left_out.add(error.stage.name)
                    self._skipped[error.stage.name] = self._skipped.get(error.stage.name, 0) + 1
            else:
                return

    def _set_aside(self, entry: Entry, error: Exception) -> None:
        """Put a message that cannot be stored into quarantine as it is, and go on behind it."""
        refusals = Refusals()
        refusals.add("malformed", [entry.payload.replace(b"\n", b" ")], count=1, detail=str(error))
        way = entry.source.partition("@")[0]
        refused = [Refused(refusal, way, entry.stored_at) for refusal in refusals.finish()]
        intake = Intake(Batch.empty(), np.empty(0, np.int64), [], refused, entry.positions)
        self._commit(intake, self._watcher.current, [])

    def _commit(self, intake: Intake, catalogue: Catalogue, stages: Sequence[Stage]) -> None:
        begun = time.monotonic()
        stored = commit(intake, catalogue, self._newest, stages, self._partitions, self._positions)
        self._positions |= intake.positions
        self._pace.note(len(stored), time.monotonic() - begun)

    def _tick(self) -> None:
        self._follow_others()
        for stage in self.stages:
            try:
                with transaction.atomic():
                    stage.tick(now_us())
            except (DatabaseError, InterfaceError):
                raise
            except Exception:  # a stage's fault must not stop the others
                log.exception("stage %s failed at its tick", stage.name)
                self._skipped[stage.name] = self._skipped.get(stage.name, 0) + 1
                stage.load()
        detail = {"log_connected": self._reader.connected, "skipped": self._skipped, "waiting": self._reader.waiting}
        detail |= {"pace": self._pace.told()}
        Heartbeat.objects.update_or_create(process="pipeline", defaults={"at": now(), "detail": detail})


def _beyond(catalogue: Catalogue, batch: Batch) -> bool:
    """Whether a batch holds series that the catalogue does not know."""
    ids = batch.series_id
    return bool(len(ids)) and (int(ids.max()) >= len(catalogue.row) or bool((catalogue.row[ids] < 0).any()))


def run(stages: Sequence[Stage], follower: Follower | None = None) -> None:
    """Run the pipeline with these stages until the process is told to end."""
    memory.keep()
    keys = BrokerKeys.derive(settings.ONECITY_BROKER_SECRET)
    pipeline = Pipeline(stages, settings.ONECITY_NATS_URL, keys, follower)
    signal.signal(signal.SIGTERM, pipeline.stop)
    signal.signal(signal.SIGINT, pipeline.stop)
    pipeline.run()
