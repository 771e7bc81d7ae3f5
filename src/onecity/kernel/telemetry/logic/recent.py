"""The readings stored lately, so that one that comes out of order is known or new without asking the store.

Senders with several connections overtake themselves all the time. Whatever is newer than everything stored before the
remembered batches can only be in one of those.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.telemetry.batch import NEVER, Batch, Bools, Int32s, Int64s

# bits left for the series once the times of a batch are counted from its earliest
KEY_BITS = 63
# readings and batches remembered: about 16 bytes a reading
MOST_READINGS = 2_000_000
MOST_BATCHES = 256


def key_width(series: Int32s, at: Int64s) -> int:
    """Bits that the times of these readings take as numbers beside their series, 0 where both do not fit into one key."""
    width = max((int(at.max()) - int(at.min())).bit_length(), 1)
    return width if width + int(series.max()).bit_length() <= KEY_BITS else 0


def keys(series: Int32s, at: Int64s, first: int, width: int) -> Int64s:
    """One number int64[n] for series and time, in their order; times (µs) are counted from `first`."""
    found: Int64s = (series.astype(np.int64) << width) | (at - first)
    return found


@dataclass(frozen=True, slots=True)
class _Held:
    """A stored batch as ascending keys, with the bounds outside which it holds nothing; `tops`: newest of each series."""

    keys: Int64s
    first: int
    last: int
    width: int
    series: Int32s
    tops: Int64s

    def holds(self, series: Int32s, at: Int64s) -> Bools:
        inside: Bools = (at >= self.first) & (at <= self.last) & (series <= self.series[-1])
        if inside.any():
            wanted = keys(series[inside], at[inside], self.first, self.width)
            place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            inside[inside] = self.keys[place] == wanted
        return inside


@dataclass(slots=True)
class Recent:
    """Remembers stored batches, the oldest of which make room for new ones.

    `floor` int64 by series id (µs, NEVER where none): at and before it the store may hold what is not remembered.
    """

    floor: Int64s | None = None
    _held: deque[_Held] = field(default_factory=deque)
    _readings: int = 0

    def begin(self, newest_at: Int64s) -> None:
        """Take `newest_at` (by series id) for all that was stored before, where nothing is known yet."""
        if self.floor is None:
            self.floor = newest_at.copy()

    def look(self, series: Int32s, at: Int64s) -> tuple[Bools, Bools]:
        """Which readings are stored, and of which that is certain, bool[n] each."""
        certain = at > self._floor(int(series.max()) + 1 if len(series) else 0)[series]
        found = np.zeros(len(series), np.bool_)
        for held in self._held:
            found |= held.holds(series, at)
        return found, certain | found

    def remember(self, batch: Batch, series: Int32s, tops: Int64s) -> None:
        """Take up a batch that was stored, sorted by series and time; `tops` is the newest time of each of its `series`."""
        if not len(batch):
            return
        width = key_width(batch.series_id, batch.observed_at)
        if not width:
            self._raise(series, tops)
            return
        first = int(batch.observed_at.min())
        made = keys(batch.series_id, batch.observed_at, first, width)
        self._held.append(_Held(made, first, int(batch.observed_at.max()), width, series, tops))
        self._readings += len(batch)
        while self._readings > MOST_READINGS or len(self._held) > MOST_BATCHES:
            gone = self._held.popleft()
            self._readings -= len(gone.keys)
            self._raise(gone.series, gone.tops)

    def _raise(self, series: Int32s, tops: Int64s) -> None:
        floor = self._floor(int(series[-1]) + 1)
        floor[series] = np.maximum(floor[series], tops)

    def _floor(self, size: int) -> Int64s:
        floor = np.empty(0, np.int64) if self.floor is None else self.floor
        if size > len(floor):
            floor = np.concatenate([floor, np.full(size - len(floor), NEVER, np.int64)])
        self.floor = floor
        return floor
