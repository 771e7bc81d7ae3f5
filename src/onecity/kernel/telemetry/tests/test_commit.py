"""One transaction of the pipeline: everything or nothing, each reading once, the newest value right."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from django.db import DataError, connection

from onecity.kernel.core.clock import FixedClock, from_us, use_clock
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import NEVER, Batch, Stage, StoredBatch
from onecity.kernel.telemetry.logic import copy, ordering
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.ordering import Newest
from onecity.kernel.telemetry.logic.readings import Refusal
from onecity.kernel.telemetry.models import Counter, Day, Latest, LogPosition, Quarantine
from onecity.kernel.telemetry.pipeline.commit import FencedError, StageError, commit
from onecity.kernel.telemetry.pipeline.intake import Intake, Refused
from onecity.kernel.telemetry.tests.sample import DAY, SECOND, T0, station, urn

pytestmark = pytest.mark.django_db
Row = tuple[int, int, float]


class Recorder:
    """A stage that keeps what it was given, and fails when told to."""

    name = "recorder"

    def __init__(self, fails: Exception | None = None) -> None:
        self.batches: list[StoredBatch] = []
        self.fails = fails

    def load(self) -> None:
        self.batches.clear()

    def process(self, batch: StoredBatch) -> None:
        if self.fails:
            raise self.fails
        self.batches.append(batch)

    def tick(self, now_us: int) -> None:
        pass


class Desk:
    """Commits intakes one after the other, as the pipeline does."""

    def __init__(self, known: Callable[[], Catalogue], *stages: Stage) -> None:
        self.known = known
        self.stages: tuple[Stage, ...] = stages
        self.newest, self.partitions, self.sequence = Newest.empty(), store.Partitions(), 0
        self.positions: dict[str, int] = {}

    def commit(self, *rows: Row, way: str = "http", refused: Sequence[Refused] = ()) -> StoredBatch:
        series, at, value = zip(*rows, strict=True) if rows else ((), (), ())
        batch = Batch(np.array(series, np.int32), np.array(at, np.int64), np.array(value, np.float64))
        batch = batch.take(ordering.sort(batch.series_id, batch.observed_at))
        self.sequence += 1
        intake = Intake(batch, np.zeros(len(batch), np.int64), [way], list(refused), {"log@1": self.sequence})
        with use_clock(FixedClock(from_us(T0 + DAY))):
            stored = commit(intake, self.known(), self.newest, self.stages, self.partitions, self.positions)
        self.positions["log@1"] = self.sequence
        return stored


def stored() -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT series_id, observed_at, value FROM telemetry_observation ORDER BY 1, 2")
        return [(series, round(at.timestamp() * SECOND), value) for series, at, value in cursor.fetchall()]


def counts() -> dict[tuple[str, str], int]:
    return {(c.source, c.outcome): c.readings for c in Counter.objects.all()}


def test_readings_newest_counts_and_position_in_one(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    one, two = series["pm2_5"], series["pm10"]
    desk = Desk(known)
    desk.commit((two, T0, 7.0), (one, T0 + SECOND, 2.0), (one, T0, 1.0))
    assert stored() == sorted([(one, T0, 1.0), (one, T0 + SECOND, 2.0), (two, T0, 7.0)])
    assert {(n.series_id, n.value, n.observed_at) for n in Latest.objects.all()} == {
        (one, 2.0, from_us(T0 + SECOND)),
        (two, 7.0, from_us(T0)),
    }
    assert counts() == {("http", "stored"): 3}
    assert LogPosition.objects.get().sequence == 1
    assert [(d.day, d.readings) for d in Day.objects.all()] == [(store.day_of(T0), 3)]


def test_what_came_before_is_a_duplicate_wherever_it_stands(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    one = series["pm2_5"]
    desk = Desk(known)
    desk.commit((one, T0, 1.0), (one, T0 + 2 * SECOND, 2.0))
    # the newest again, an old one again, one between them, one twice in the batch, one on the day before
    desk.commit(
        (one, T0 + 2 * SECOND, 9.0),
        (one, T0, 9.0),
        (one, T0 + SECOND, 3.0),
        (one, T0 + SECOND, 9.0),
        (one, T0 - DAY, 4.0),
    )
    assert stored() == [(one, T0 - DAY, 4.0), (one, T0, 1.0), (one, T0 + SECOND, 3.0), (one, T0 + 2 * SECOND, 2.0)]
    assert counts() == {("http", "stored"): 4, ("http", "duplicate"): 3}
    held = Quarantine.objects.get()
    assert (held.reason, held.readings, held.kept, held.source, held.detail) == (
        "duplicate", 3, 3, "http", f"{urn('a')} · pm2_5",
    )  # fmt: skip
    assert json.loads(bytes(held.raw).split(b"\n")[0]) == {
        "entity": urn("a"), "attribute": "pm2_5", "value": 9.0, "observed_at": "2026-03-01T00:00:00Z",
    }  # fmt: skip
    assert held.division_path == "adm/1/"
    assert Latest.objects.get().value == 2.0


def test_what_is_stored_is_a_duplicate_after_a_new_start_too(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    one, two = sorted(series.values())
    Desk(known).commit((one, T0 - DAY, 1.0), (one, T0, 2.0), (one, T0 + 2 * SECOND, 3.0), (two, T0, 4.0))
    desk = Desk(known)
    desk.positions["log@1"] = desk.sequence = 1
    ids, at, value = store.load_newest()
    desk.newest.reach(int(ids.max()) + 1)
    desk.newest.at[ids], desk.newest.value[ids] = at, value
    desk.commit((one, T0 - DAY, 9.0), (one, T0, 9.0), (one, T0 + SECOND, 5.0), (two, T0 - DAY, 6.0))
    assert stored() == [
        (one, T0 - DAY, 1.0), (one, T0, 2.0), (one, T0 + SECOND, 5.0), (one, T0 + 2 * SECOND, 3.0),
        (two, T0 - DAY, 6.0), (two, T0, 4.0),
    ]  # fmt: skip
    assert counts() == {("http", "stored"): 6, ("http", "duplicate"): 2}


def test_batches_that_overtake_each_other_are_stored_without_a_look_into_the_store(
    known: Callable[[], Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    _device, _secret, series = station()
    one = series["pm2_5"]
    desk = Desk(known)
    desk.commit((one, T0, 1.0))
    desk.commit((one, T0 + 2 * SECOND, 3.0))
    asked: list[Batch] = []
    monkeypatch.setattr(store, "present", asked.append)
    desk.commit((one, T0 + SECOND, 2.0), (one, T0, 9.0))
    assert asked == []
    assert stored() == [(one, T0, 1.0), (one, T0 + SECOND, 2.0), (one, T0 + 2 * SECOND, 3.0)]
    assert counts() == {("http", "stored"): 3, ("http", "duplicate"): 1}


def test_too_far_behind_is_late_and_nothing_else_of_it_remains(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    one = series["pm2_5"]
    desk = Desk(known)
    desk.commit((one, T0, 1.0))
    desk.commit((one, T0 - 30 * DAY, 2.0), (one, T0 - 30 * DAY - 1, 3.0))
    assert stored() == [(one, T0 - 30 * DAY, 2.0), (one, T0, 1.0)]
    assert counts() == {("http", "stored"): 2, ("http", "late"): 1}
    assert Quarantine.objects.get().reason == "late"


def test_stages_see_sorted_rows_with_what_was_before(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    one, two = sorted(series.values())
    recorder = Recorder()
    desk = Desk(known, recorder)
    desk.commit((one, T0, 1.0))
    desk.commit((two, T0, 5.0), (one, T0 + SECOND, 3.0), (one, T0 - SECOND, 2.0))
    batch = recorder.batches[1]
    assert batch.series_id.tolist() == [one, one, two]
    assert batch.observed_at.tolist() == [T0 - SECOND, T0 + SECOND, T0]
    assert batch.fresh.tolist() == [False, True, True]
    assert (batch.series.tolist(), batch.starts.tolist()) == ([one, two], [0, 2, 3])
    assert batch.previous_at.tolist() == [T0, NEVER]
    assert batch.previous_value[0] == 1.0
    assert np.isnan(batch.previous_value[1])
    assert batch.received_at == T0 + DAY


@pytest.mark.parametrize("fails", [RuntimeError("stage"), ZeroDivisionError()])
def test_a_stage_that_fails_undoes_everything(known: Callable[[], Catalogue], fails: Exception) -> None:
    _device, _secret, series = station()
    one = series["pm2_5"]
    desk = Desk(known)
    desk.commit((one, T0, 1.0))
    before = (stored(), counts(), list(Latest.objects.values()), list(LogPosition.objects.values("sequence")))
    newest = desk.newest.at.copy()
    desk.stages = (Recorder(fails),)
    with pytest.raises(StageError):
        desk.commit((one, T0 + SECOND, 2.0), refused=[Refused(Refusal("flood", readings=1), "mqtt0", T0)])
    after = (stored(), counts(), list(Latest.objects.values()), list(LogPosition.objects.values("sequence")))
    assert after == before
    assert desk.newest.at.tolist() == newest.tolist()
    assert not Quarantine.objects.exists()


class Foreseer(Recorder):
    """A stage that looks at a batch before it is stored."""

    def __init__(self, fails: Exception | None = None) -> None:
        super().__init__()
        self.wrong = fails
        self.foreseen: list[StoredBatch] = []

    def foresee(self, batch: StoredBatch) -> None:
        if self.wrong:
            raise self.wrong
        self.foreseen.append(batch)


def test_a_stage_can_look_at_what_is_about_to_be_stored(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    stage = Foreseer()
    batch = Desk(known, stage).commit((series["pm2_5"], T0, 1.0))
    assert [one is batch for one in stage.foreseen + stage.batches] == [True, True]


def test_a_stage_that_fails_when_it_looks_undoes_everything(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    stage = Foreseer(RuntimeError("looked"))
    desk = Desk(known, stage)
    with pytest.raises(StageError) as failure:
        desk.commit((series["pm2_5"], T0, 1.0))
    assert failure.value.stage is stage
    assert (stored(), counts(), stage.batches) == ([], {}, [])


def test_a_copy_that_fails_is_told_as_the_databases_error(
    known: Callable[[], Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    _device, _secret, series = station()
    desk = Desk(known)
    monkeypatch.setattr(copy, "HEADER", b"PGCOPY damaged header" + bytes(8))
    with pytest.raises(DataError):
        desk.commit((series["pm2_5"], T0, 1.0))
    assert (stored(), counts()) == ([], {})


def test_two_pipelines_cannot_both_move_on(known: Callable[[], Catalogue]) -> None:
    _device, _secret, series = station()
    one = series["pm2_5"]
    first, second = Desk(known), Desk(known)
    first.commit((one, T0, 1.0))
    with pytest.raises(FencedError):
        second.commit((one, T0 + SECOND, 2.0))
    assert stored() == [(one, T0, 1.0)]


def test_refusals_of_the_gateway_are_kept_and_counted(known: Callable[[], Catalogue]) -> None:
    device, _secret, _series = station(division="adm/1/2/")
    refusal = Refusal("malformed", "why", 3, 2, b"x\ny", 5, str(device.id))
    stranger = Refusal("unknown_device", "", 1, 1, b"z", -1, "not an id")
    Desk(known).commit(refused=[Refused(refusal, "http", T0), Refused(stranger, "mqtt0", T0)])
    held, other = Quarantine.objects.order_by("readings").reverse()
    assert (held.device_id, held.division_path, held.readings, held.kept, bytes(held.raw)) == (
        device.id, "adm/1/2/", 3, 2, b"x\ny",
    )  # fmt: skip
    assert (other.device_id, other.reason) == (None, "unknown_device")
    assert counts() == {("http", "malformed"): 3, ("mqtt0", "unknown_device"): 1}
