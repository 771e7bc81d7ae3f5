"""Readings as columns: what flows from the gateways through the log to the store and the stages, never a row at a time."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# stands for "no reading yet" where a time in microseconds is expected: earlier than every real one
NEVER = int(np.iinfo(np.int64).min)


@dataclass(frozen=True, slots=True)
class Batch:
    """n readings, column by column: `series_id` int32[n], `observed_at` int64[n] (µs since 1970 UTC), `value` float64[n]."""

    series_id: Int32s
    observed_at: Int64s
    value: Floats

    def __post_init__(self) -> None:
        if not len(self.series_id) == len(self.observed_at) == len(self.value):
            raise ValueError("the columns of a batch differ in length")

    def __len__(self) -> int:
        return len(self.series_id)

    def take(self, rows: Bools | Int64s) -> "Batch":
        """The rows chosen by a mask bool[n] or by positions int64[k], in that order."""
        return Batch(self.series_id[rows], self.observed_at[rows], self.value[rows])

    @staticmethod
    def empty() -> "Batch":
        """A batch without readings."""
        return Batch(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))

    @staticmethod
    def concatenate(batches: "list[Batch]") -> "Batch":
        """All rows of `batches`, in order."""
        if len(batches) == 1:
            return batches[0]
        if not batches:
            return Batch.empty()
        return Batch(
            np.concatenate([b.series_id for b in batches]),
            np.concatenate([b.observed_at for b in batches]),
            np.concatenate([b.value for b in batches]),
        )


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """The readings one transaction stores, n rows of m distinct series, sorted by (series_id, observed_at), no time twice.

    `fresh` bool[n]: the reading is newer than everything its series had before (back-filled rows are not).
    `series` int32[m], ascending; the rows of `series[i]` are `starts[i]:starts[i + 1]` (`starts` int64[m + 1]).
    `previous_at` int64[m] (µs, NEVER where there was none) and `previous_value` float64[m] (NaN where there was none)
    are the newest reading each series had before this batch. `received_at` is when the pipeline took the batch up (µs).
    """

    series_id: Int32s
    observed_at: Int64s
    value: Floats
    fresh: Bools
    series: Int32s
    starts: Int64s
    previous_at: Int64s
    previous_value: Floats
    received_at: int

    def __len__(self) -> int:
        return len(self.series_id)


class Stage(Protocol):
    """What an upper layer does with every stored batch, inside the pipeline's transaction on Django's default connection.

    An exception undoes the whole transaction and the batch comes again, so a stage must keep in memory nothing it
    could not drop: after such a failure `load` is called before the next `process`.
    """

    name: str

    def load(self) -> None:
        """Read what the stage needs from the database: at start and after a transaction that failed."""
        ...

    def process(self, batch: StoredBatch) -> None:
        """Act on the readings of one transaction."""
        ...

    def tick(self, now_us: int) -> None:
        """Act on the passing of time, called about once a second whether or not readings arrive (µs since 1970 UTC)."""
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A stage that works out what it can without the database, while the readings are on their way there.

    `process` follows with the same batch, unless the transaction fails; then `load` does, as after every failure.
    """

    def foresee(self, batch: StoredBatch) -> None:
        """Work out what the batch means, without the database."""
        ...
