"""From log messages to one batch: which readings they hold, which way each came, and what was refused on that way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from onecity.kernel.telemetry.batch import Batch, Bools, Int64s
from onecity.kernel.telemetry.collector import Collector
from onecity.kernel.telemetry.logic import ordering, wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.readings import Refusal, Refusals
from onecity.kernel.telemetry.pipeline.source import Entry

MQTT_SOURCE = "mqtt1"
DEVICE_SUBJECT = b"$MQTT.msgs.telemetry."


@dataclass(frozen=True, slots=True)
class Refused:
    """Readings refused on one way: the refusal, the way, when they came (µs)."""

    refusal: Refusal
    source: str
    received_at: int


@dataclass(slots=True)
class Intake:
    """Everything one transaction takes up: readings, their ways (`way` int64[n] into `ways`), refusals, log positions.

    Readings are sorted by (series, time), and where both are the same in the order in which they came.
    """

    batch: Batch
    way: Int64s
    ways: list[str]
    refused: list[Refused]
    positions: dict[str, int] = field(default_factory=dict)

    def keep(self, rows: Bools) -> None:
        """Keep only these readings."""
        self.batch, self.way = self.batch.take(rows), self.way[rows]


class Interpreter(Protocol):
    """Reads what another installation's log holds, where the pipeline follows such logs (see `process.Follower`)."""

    def interpret(self, entry: Entry, catalogue: Catalogue) -> tuple[Batch, str] | None:
        """The readings of a message of a stream that has its messages numbered, and the way they came.

        None where it holds none. Raises ValueError for what cannot be read.
        """
        ...


def gather(
    entries: Sequence[Entry], catalogue: Catalogue, collector: Collector, interpreter: Interpreter | None = None
) -> Intake:
    """The content of log messages, sorted. Messages of devices (QoS 1) are read here, as the broker kept them."""
    batches: list[Batch] = []
    ways: list[str] = []
    refused: list[Refused] = []
    positions: dict[str, int] = {}
    raw: list[Entry] = []
    for entry in entries:
        positions |= entry.positions
        if entry.origin is not None and interpreter is not None:
            found = _interpret(entry, catalogue, interpreter, refused)
            batches += [found[0]] if found else []
            ways += [found[1]] if found else []
        elif entry.subject.startswith(DEVICE_SUBJECT):
            raw.append(entry)
        else:
            _take(entry, batches, ways, refused)
    if raw:
        batches.append(_devices(raw, catalogue, collector, refused))
        ways.append(MQTT_SOURCE)
    names = list(dict.fromkeys(ways))
    numbers = [names.index(way) for way in ways]
    way = np.repeat(np.array(numbers, np.int64), [len(batch) for batch in batches])
    batch = Batch.concatenate(batches)
    rows = ordering.sort(batch.series_id, batch.observed_at)
    return Intake(batch.take(rows), way[rows], names, refused, positions)


def _interpret(
    entry: Entry, catalogue: Catalogue, interpreter: Interpreter, refused: list[Refused]
) -> tuple[Batch, str] | None:
    try:
        return interpreter.interpret(entry, catalogue)
    except ValueError as error:
        refused.extend(_damaged(entry, error))
        return None


def _damaged(entry: Entry, error: ValueError) -> list[Refused]:
    damaged = Refusals()
    damaged.add("malformed", [entry.payload.replace(b"\n", b" ")], count=1, detail=str(error))
    return [Refused(refusal, "log", entry.stored_at) for refusal in damaged.finish()]


def _take(entry: Entry, batches: list[Batch], ways: list[str], refused: list[Refused]) -> None:
    try:
        head, batch = wire.decode(entry.payload)
    except ValueError as error:
        refused.extend(_damaged(entry, error))
        return
    batches.append(batch)
    ways.append(head.source)
    for reason, detail, readings, kept, raw, device in head.refusals:
        refusal = Refusal(reason, detail, readings, kept, raw, device=device)
        refused.append(Refused(refusal, head.source, head.received_at))


def _devices(entries: Sequence[Entry], catalogue: Catalogue, collector: Collector, refused: list[Refused]) -> Batch:
    start = len(DEVICE_SUBJECT)
    messages = [(entry.subject[start:].decode(errors="replace"), entry.payload) for entry in entries]
    received_at = entries[-1].stored_at
    batch, refusals, _floods = collector.collect(catalogue, messages, received_at)
    refused.extend(Refused(refusal, MQTT_SOURCE, received_at) for refusal in refusals.finish())
    return batch


def unknown_series(catalogue: Catalogue, intake: Intake, received_at: int) -> None:
    """Refuse readings of series that were removed since they were accepted."""
    ids = intake.batch.series_id
    known = (ids >= 0) & (ids < len(catalogue.row))
    known[known] = catalogue.row[ids[known]] >= 0
    if known.all():
        return
    for number in np.unique(intake.way[~known]).tolist():
        gone = ~known & (intake.way == number)
        refusals = Refusals()
        part = intake.batch.take(gone)
        texts = (
            admission_text(series, at, value)
            for series, at, value in zip(
                part.series_id.tolist(), part.observed_at.tolist(), part.value.tolist(), strict=True
            )
        )
        refusals.add("unknown_entity", texts, count=len(part), detail=f"series {int(part.series_id[0])}")
        intake.refused.extend(Refused(refusal, intake.ways[number], received_at) for refusal in refusals.finish())
    intake.keep(known)


def admission_text(series: int, at: int, value: float) -> bytes:
    """A reading whose series no longer has a name, as its refusal keeps it."""
    return f'{{"series": {series}, "observed_at": {at}, "value": {value!r}}}'.encode()
