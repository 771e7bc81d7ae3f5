"""What the engine reports: alerts that were raised, grew, escalated or ended, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from onecity.kernel.rules.logic.arrays import Bools, Bytes, Floats, Int32s, Int64s


@dataclass(frozen=True, slots=True)
class Changes:
    """c alerts, each named by `rule` int32, `series` int32 and `onset` int64 (µs: the first reading past the level).

    `raised_at` (µs): the reading at which it had lasted long enough. `peak_at` (µs), `peak` (the feature's worst value).
    `end_at` (µs; NEVER: goes on): the reading that cleared it. `rank` int8: gravest severity so far. `new`: raised here.
    `peak_only`: nothing but the peak has moved on.
    """

    rule: Int32s
    series: Int32s
    onset: Int64s
    raised_at: Int64s
    peak_at: Int64s
    peak: Floats
    end_at: Int64s
    rank: Bytes
    new: Bools
    peak_only: Bools

    def __len__(self) -> int:
        return len(self.rule)

    def take(self, rows: Int64s | Bools) -> "Changes":
        """Return the alerts chosen by positions or by a mask."""
        return Changes(*(getattr(self, column.name)[rows] for column in fields(self)))

    @staticmethod
    def none() -> "Changes":
        """Return no change at all."""
        whole, small = np.empty(0, np.int64), np.empty(0, np.int32)
        rank, new = np.empty(0, np.int8), np.empty(0, np.bool_)
        return Changes(small, small, whole, whole, whole, np.empty(0, np.float64), whole, rank, new, new)

    @staticmethod
    def concatenate(parts: "Sequence[Changes]") -> "Changes":
        """Return all changes in order."""
        if len(parts) == 1:
            return parts[0]
        whole = [Changes.none(), *parts]
        return Changes(*(np.concatenate([getattr(p, column.name) for p in whole]) for column in fields(Changes)))


class LatestChanges:
    """The last change of each alert of those put in, by rule and series."""

    def __init__(self) -> None:
        self._held = Changes.none()

    def put(self, changes: Changes) -> None:
        """Add changes; they replace earlier ones of the same alerts."""
        self.drop(changes)
        self._held = Changes.concatenate([self._held, changes])

    def drop(self, changes: Changes) -> None:
        """Forget the alerts of these changes."""
        if len(self._held) and len(changes):
            self._held = self._held.take(~np.isin(_alert_keys(self._held), _alert_keys(changes)))

    def take_all(self) -> Changes:
        """Return what is held and hold nothing."""
        held, self._held = self._held, Changes.none()
        return held


def _alert_keys(changes: Changes) -> Int64s:
    return (changes.rule.astype(np.int64) << 32) | changes.series
