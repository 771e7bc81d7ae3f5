"""What a codec makes of a batch of messages: readings as columns, and of each message that fails the first reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.telemetry.batch import Bools, Floats, Int32s, Int64s
from onecity.kernel.telemetry.codecs.declaration import CodecError, Payload


@dataclass(frozen=True, slots=True)
class Decoded:
    """n readings of m messages: `message` int32[n], ascending, says of which each is; `attribute` int32[n] points into
    `attributes` and `units` (UCUM, "" for the series' own). `failures`: message → what was wrong; it has no readings."""

    attributes: Sequence[str]
    units: Sequence[str]
    message: Int32s
    attribute: Int32s
    value: Floats
    observed_at: Int64s
    failures: dict[int, CodecError]

    def __len__(self) -> int:
        return len(self.value)


@dataclass(slots=True)
class Gathering:
    """Collects readings of messages, in any order; a message of which anything fails keeps none."""

    payloads: Sequence[Payload]
    failures: dict[int, CodecError] = field(default_factory=dict)
    received: Int64s = field(init=False)
    _names: dict[tuple[str, str], int] = field(default_factory=dict)
    _chunks: list[tuple[Int64s, int, Floats, Int64s]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.received = np.array([payload.received_at for payload in self.payloads], np.int64)

    def add(self, attribute: str, unit: str, rows: Int64s, values: Floats, moments: Int64s) -> None:
        """Readings of one attribute: of which message each is, its value and its time (µs)."""
        if len(rows):
            number = self._names.setdefault((attribute, unit), len(self._names))
            self._chunks.append((rows, number, values, moments))

    def fail(self, rows: Int64s, error: CodecError) -> None:
        """Let messages fail; the first reason stays."""
        for row in rows.tolist():
            self.failures.setdefault(row, error)

    def alive(self, rows: Int64s) -> Bools:
        """Which of these have not failed."""
        if not self.failures:
            return np.ones(len(rows), np.bool_)
        return ~np.isin(rows, np.fromiter(self.failures, np.int64, len(self.failures)))

    def finish(self) -> Decoded:
        """Everything gathered, message by message in the order of the declaration."""
        chunks = self._chunks or [(np.empty(0, np.int64), 0, np.empty(0), np.empty(0, np.int64))]
        rows = np.concatenate([chunk[0] for chunk in chunks])
        names = np.repeat(np.array([chunk[1] for chunk in chunks], np.int32), [len(chunk[0]) for chunk in chunks])
        values = np.concatenate([chunk[2] for chunk in chunks])
        moments = np.concatenate([chunk[3] for chunk in chunks])
        order = np.argsort(rows, kind="stable")
        order = order[self.alive(rows[order])]
        return Decoded(
            [name for name, _unit in self._names],
            [unit for _name, unit in self._names],
            rows[order].astype(np.int32),
            names[order],
            values[order],
            moments[order],
            self.failures,
        )
