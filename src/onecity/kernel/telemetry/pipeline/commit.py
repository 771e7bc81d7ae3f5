"""One transaction: readings, newest values, quarantine, counts, stages and the log position, together or not at all."""

from collections.abc import Sequence

import numpy as np
from django.db import InterfaceError, OperationalError, connection, transaction

from onecity.kernel.core.clock import from_us, now_us
from onecity.kernel.core.ids import new_id, parse_id
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import NEVER, Batch, Bools, Foreseeing, Stage, StoredBatch
from onecity.kernel.telemetry.logic import admission, ordering
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.ordering import Judged, Newest
from onecity.kernel.telemetry.logic.readings import Refusals
from onecity.kernel.telemetry.models import Quarantine
from onecity.kernel.telemetry.pipeline.intake import Intake, Refused

STORED = "stored"


class FencedError(RuntimeError):
    """Another pipeline has moved the position: this one must not go on."""


class StageError(RuntimeError):
    """A stage failed on a batch, for a reason of its own and not because the database went away."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(f"stage {stage.name} failed")
        self.stage = stage


def commit(
    intake: Intake,
    catalogue: Catalogue,
    newest: Newest,
    stages: Sequence[Stage],
    partitions: store.Partitions,
    expected: dict[str, int],
) -> StoredBatch:
    """Store an intake; afterwards `newest` knows its readings. What fails changes nothing, not `newest` either.

    `expected`: the position of each log before this batch.
    """
    received_at = now_us()
    newest.reach(len(catalogue.row))
    newest.recent.begin(newest.at)
    batch, way = intake.batch, intake.way
    judged = ordering.judge(batch, newest, catalogue.late_after)
    partitions.ensure(store.days(batch))
    with transaction.atomic():
        double = judged.repeated | _stored_before(batch, judged, newest)
        refused = [*intake.refused]
        for reason, rows in (("duplicate", double), ("late", judged.late)):
            refused += _refused(catalogue, batch, rows, way, intake.ways, reason, received_at)
        if refused and (double | judged.late).any():
            keep = ~(double | judged.late)
            batch, way = batch.take(keep), way[keep]
        stored = stored_batch(batch, newest, received_at)
        with store.appending(batch):
            for stage in stages:
                _foresee(stage, stored)
        last = _last_fresh(stored)
        known = newest.at[batch.series_id[last]] != NEVER
        store.write_newest(batch.take(last), known)
        _write_refused(refused, catalogue)
        _count(intake.ways, way, refused, received_at)
        for stage in stages:
            _process(stage, stored)
        _move(intake.positions, expected)
    newest.at[batch.series_id[last]] = batch.observed_at[last]
    newest.value[batch.series_id[last]] = batch.value[last]
    newest.recent.remember(batch, stored.series, batch.observed_at[stored.starts[1:] - 1])
    return stored


def stored_batch(batch: Batch, newest: Newest, received_at: int) -> StoredBatch:
    """A sorted batch without repetitions, with what its series had before."""
    series, starts = ordering.groups(batch.series_id)
    return StoredBatch(
        series_id=batch.series_id,
        observed_at=batch.observed_at,
        value=batch.value,
        fresh=batch.observed_at > newest.at[batch.series_id],
        series=series,
        starts=starts,
        previous_at=newest.at[series],
        previous_value=newest.value[series],
        received_at=received_at,
    )


def _foresee(stage: Stage, batch: StoredBatch) -> None:
    if not isinstance(stage, Foreseeing):
        return
    try:
        stage.foresee(batch)
    except Exception as error:
        raise StageError(stage) from error


def _process(stage: Stage, batch: StoredBatch) -> None:
    try:
        stage.process(batch)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        raise StageError(stage) from error


def _stored_before(batch: Batch, judged: Judged, newest: Newest) -> Bools:
    """Which readings the store has already: those at their series' newest time surely, older ones are looked up."""
    same: Bools = judged.old & (batch.observed_at == newest.at[batch.series_id])
    asked = np.flatnonzero(judged.old & ~same)
    if len(asked):
        known, certain = newest.recent.look(batch.series_id[asked], batch.observed_at[asked])
        same[asked[known]] = True
        asked = asked[~certain]
    if len(asked):
        same[asked[store.present(batch.take(asked))]] = True
    return same


def _last_fresh(batch: StoredBatch) -> np.ndarray:
    """The position of the newest row of every series that has a fresh one."""
    last = batch.starts[1:] - 1
    return last[batch.fresh[last]] if len(last) else last


def _refused(
    catalogue: Catalogue, batch: Batch, rows: Bools, way: np.ndarray, ways: list[str], reason: str, received_at: int
) -> list[Refused]:
    """Readings refused by what the store knows, by way and device."""
    found: list[Refused] = []
    for number in np.unique(way[rows]).tolist():
        chosen = np.flatnonzero(rows & (way == number))
        owner = catalogue.owner_of(batch.series_id[chosen])
        refusals = Refusals()
        for device in np.unique(owner).tolist():
            part = batch.take(chosen[owner == device])
            urn, attribute = catalogue.describe(int(part.series_id[0]))
            refusals.add(
                reason,
                admission.render_batch(catalogue, part),
                count=len(part),
                detail=f"{urn} · {attribute}",
                device=catalogue.device_ids[device] if device >= 0 else "",
            )
        found += [Refused(refusal, ways[number], received_at) for refusal in refusals.finish()]
    return found


def _write_refused(refused: Sequence[Refused], catalogue: Catalogue) -> None:
    Quarantine.objects.bulk_create(
        [
            Quarantine(
                id=new_id(),
                received_at=from_us(item.received_at),
                source=item.source,
                reason=item.refusal.reason,
                detail=item.refusal.detail[:500],
                device_id=parse_id(item.refusal.device),
                division_path=_division(catalogue, item.refusal.device),
                readings=item.refusal.readings,
                kept=item.refusal.kept,
                raw=item.refusal.raw,
            )
            for item in refused
        ],
        batch_size=500,
    )


def _division(catalogue: Catalogue, device: str) -> str:
    known = catalogue.devices.get(device)
    return known.division_path if known is not None else ""


def _count(ways: list[str], stored: np.ndarray, refused: Sequence[Refused], received_at: int) -> None:
    counts: dict[tuple[str, str], int] = {}
    for number, count in enumerate(np.bincount(stored, minlength=len(ways)).tolist()):
        if count:
            counts[ways[number], STORED] = count
    for item in refused:
        key = (item.source, item.refusal.reason)
        counts[key] = counts.get(key, 0) + item.refusal.readings
    day = store.day_of(received_at)
    with connection.cursor() as cursor:
        for (source, outcome), readings in sorted(counts.items()):
            cursor.execute(
                "INSERT INTO telemetry_counter (day, source, outcome, readings) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (day, source, outcome) DO UPDATE SET"
                " readings = telemetry_counter.readings + excluded.readings",
                [day, source, outcome, readings],
            )


def _move(positions: dict[str, int], expected: dict[str, int]) -> None:
    """Move the log positions; raises FencedError when somebody else did."""
    with connection.cursor() as cursor:
        for source, sequence in positions.items():
            cursor.execute(
                "INSERT INTO telemetry_logposition AS p (source, sequence, updated_at) VALUES (%s, %s, now())"
                " ON CONFLICT (source) DO UPDATE SET sequence = excluded.sequence, updated_at = now()"
                " WHERE p.sequence = %s",
                [source, sequence, expected.get(source, 0)],
            )
            if cursor.rowcount != 1:
                raise FencedError(f"the position of {source} was moved by another pipeline")
