"""The rules' place in the pipeline: every stored batch is judged in the transaction that stores it."""

import logging
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings

from onecity.kernel.core import clock
from onecity.kernel.rules import alert_store, baseline_store, casework, publishing, standing, watchers
from onecity.kernel.rules.fingerprint import Fingerprint
from onecity.kernel.rules.logic.arrays import NEVER, Bools, Int64s, Readings
from onecity.kernel.rules.logic.changes import Changes, LatestChanges
from onecity.kernel.rules.logic.engine import Engine, Report
from onecity.kernel.rules.logic.journal import Memory
from onecity.kernel.rules.memory_store import MemoryStore
from onecity.kernel.rules.models import Rule
from onecity.kernel.rules.settling import Settling
from onecity.kernel.rules.watchers import Roster
from onecity.kernel.telemetry.batch import StoredBatch
from onecity.kernel.telemetry.models import Latest, Series

logger = logging.getLogger(__name__)
MICROSECOND = 1_000_000
# alerts whose peak alone moved on are written with the batch up to this number, else together every few seconds
PEAKS_AT_ONCE = 200
PEAKS_EVERY = 5 * MICROSECOND


@dataclass(frozen=True, slots=True)
class _Foreseen:
    """What a batch means, worked out before it is written."""

    batch: StoredBatch
    readings: Readings
    report: Report


class RulesStage:
    """Judges what the pipeline stores (see `telemetry.batch.Stage`).

    Only fresh readings are judged: one that is older than what its series had before changes no alert, because the
    alerts after it are already told. All state is written with the batch, so a stop at any moment loses nothing.
    """

    name = "rules"

    def __init__(self) -> None:
        self._zone = ZoneInfo(settings.TIME_ZONE)
        self._store = MemoryStore()
        self._fingerprint = Fingerprint()
        self._settling = Settling()
        self._roster = Roster()
        self._engine = Engine([], self._zone)
        self._max_age: Int64s = np.empty(0, np.int64)
        self._peaks = LatestChanges()
        self._peaks_written = 0
        self._foreseen: _Foreseen | None = None

    def load(self) -> None:
        """Read rules, memory and newest readings from the database."""
        self._foreseen = None
        self._settling.begin(clock.now_us())
        newest = Latest.objects.order_by("series_id").values_list("series_id", "observed_at")
        rows = [(series, clock.to_us(at)) for series, at in newest]
        last_at = np.full(max((series for series, _at in rows), default=-1) + 1, NEVER, np.int64)
        for series, at in rows:
            last_at[series] = at
        self._put_to_work(self._store.load(), last_at)

    def foresee(self, batch: StoredBatch) -> None:
        """Judge the fresh readings of one transaction, in memory; what that changes is written by `process`."""
        self._foreseen = None
        readings = fresh_readings(batch)
        if self._knows(readings):
            self._foreseen = _Foreseen(batch, readings, self._judge(readings, batch.received_at))

    def process(self, batch: StoredBatch) -> None:
        """Judge the fresh readings of one transaction, where that is not done yet, and write what it changes."""
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is None or foreseen.batch is not batch:
            readings = fresh_readings(batch)
            if not self._knows(readings):
                self._reload()
            foreseen = _Foreseen(batch, readings, self._judge(readings, batch.received_at))
        if not len(foreseen.readings):
            return
        self._settling.saw(batch.received_at, int(foreseen.readings.at.max()))
        report = foreseen.report
        self._store.append(report.memory)
        for run, reason in report.failed.items():
            logger.error("rule %s was set apart: %s", self._roster.working[run].version.rule_id, reason)
            casework.mark_failed(self._roster.working[run].version.rule_id, reason)
        self._enter(report.changes)

    def tick(self, now_us: int) -> None:
        """Take up changed rules, look for silence, open cases that wait, keep the memory short."""
        if self._fingerprint.changed(now_us):
            self._reload()
        if self._settling.done(now_us):
            self._enter(self._engine.sweep(now_us))
        if now_us - self._peaks_written >= PEAKS_EVERY:
            self._peaks_written = now_us
            alert_store.write_peaks(self._peaks.take_all(), self._roster.working)
        casework.open_waiting()
        if self._store.overgrown:
            self._store.rewrite(self._engine.memory())

    def _enter(self, changes: Changes) -> None:
        """Write what is news at once, and peaks that moved on a little later where they are many."""
        peaks, news = changes.take(changes.peak_only), changes.take(~changes.peak_only)
        self._peaks.drop(news)
        if len(peaks) > PEAKS_AT_ONCE:
            self._peaks.put(peaks)
        else:
            self._peaks.drop(peaks)
            alert_store.write_peaks(peaks, self._roster.working)
        casework.follow(alert_store.write(news, self._roster.working))

    def _reload(self) -> None:
        memory, last_at = self._engine.memory(), self._engine.last_at
        self._put_to_work(memory, last_at)
        self._store.rewrite(self._engine.memory())

    def _put_to_work(self, memory: Memory, last_at: Int64s) -> None:
        publishing.adopt()
        self._fingerprint.take(clock.now_us())
        self._roster = watchers.current()
        self._note_failures()
        self._max_age = max_ages()
        self._engine = Engine(self._roster.watchers, self._zone, baseline_store.load_all())
        known = np.flatnonzero(last_at != NEVER).astype(np.int32)
        self._engine.restore(memory, known, last_at[known])
        # the memory knows every peak: those not written yet come with the next change of their alert
        self._peaks = LatestChanges()
        ended = standing.end_orphans(self._roster)
        casework.follow(ended)
        for run, rank, series in standing.silences(self._roster):
            self._engine.announce(run, series, rank)

    def _note_failures(self) -> None:
        for rule_id, reason in self._roster.failed.items():
            casework.mark_failed(rule_id, reason)
        mended = [work.version.rule_id for work in self._roster.working.values()]
        Rule.objects.filter(pk__in=mended).exclude(error="").update(error="", failed_at=None)

    def _judge(self, readings: Readings, received_at: int) -> Report:
        if not len(readings):
            return Report(Changes.none(), Memory.of())
        return self._engine.process(readings, self._live(readings, received_at))

    def _knows(self, readings: Readings) -> bool:
        if not len(readings):
            return True
        highest = int(readings.series[-1])
        return highest < len(self._max_age) and bool((self._max_age[readings.series] > 0).all())

    def _live(self, readings: Readings, received_at: int) -> Bools:
        newest = readings.at[readings.starts[1:] - 1]
        known = readings.series < len(self._max_age)
        allowed = np.zeros(len(readings.series), np.int64)
        allowed[known] = self._max_age[readings.series[known]]
        live: Bools = received_at - newest <= allowed
        return live


def fresh_readings(batch: StoredBatch) -> Readings:
    """Return the rows of a batch that are newer than what their series had before, without the series that have none."""
    counts = np.add.reduceat(batch.fresh.astype(np.int64), batch.starts[:-1]) if len(batch) else np.zeros(0, np.int64)
    some = counts > 0
    return Readings(
        batch.series[some],
        np.concatenate([[0], np.cumsum(counts[some])]),
        batch.observed_at[batch.fresh],
        batch.value[batch.fresh],
        batch.previous_at[some],
        batch.previous_value[some],
    )


def max_ages() -> Int64s:
    """Return by series id how late a reading may come and still count as live (µs), 0 for ids not in use."""
    rows = list(Series.objects.values_list("id", "max_age"))
    ages = np.zeros(max((series for series, _age in rows), default=-1) + 1, np.int64)
    for series, age in rows:
        ages[series] = round(age.total_seconds() * MICROSECOND)
    return ages
