"""The engine: all rules of the district over every batch of readings, exactly as if each reading had come alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from onecity.kernel.rules.logic import journal
from onecity.kernel.rules.logic.arrays import NEVER, Bools, Int32s, Int64s, Readings, Records
from onecity.kernel.rules.logic.baselines import Table
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.channel import Channel
from onecity.kernel.rules.logic.conditions import Condition
from onecity.kernel.rules.logic.journal import LIVE, Memory
from onecity.kernel.rules.logic.scope import Scope


@dataclass(frozen=True, slots=True)
class Watcher:
    """A rule at work: its number, the channel it belongs to, what it asks, and the series it watches."""

    rule: int
    channel: str
    condition: Condition
    scope: Scope


@dataclass(frozen=True, slots=True)
class Report:
    """What a batch or a sweep did: alerts, what to remember of it, and rules that failed with the reason."""

    changes: Changes
    memory: Memory
    failed: Mapping[int, str] = field(default_factory=dict)


class Engine:
    """Rules at work, and what they remember.

    A *channel* is one attribute of one entity type. `tables` are the baselines by channel and length of history.
    """

    def __init__(
        self,
        watchers: Iterable[Watcher],
        zone: ZoneInfo,
        tables: Mapping[tuple[str, timedelta], Table] | None = None,
    ) -> None:
        rules: dict[str, list[tuple[int, Condition, Scope]]] = {}
        for watcher in watchers:
            rules.setdefault(watcher.channel, []).append((watcher.rule, watcher.condition, watcher.scope))
        known = (tables or {}).items()
        self.channels = [
            Channel(mine, zone, {history: table for (name, history), table in known if name == channel})
            for channel, mine in rules.items()
        ]
        self._last_at: Int64s = np.empty(0, np.int64)
        self._live: Bools = np.empty(0, np.bool_)

    def restore(self, memory: Memory, series: Int32s, last_at: Int64s) -> None:
        """Take up what was remembered, with the newest reading `last_at` int64[s] (µs) of each series int32[s]."""
        self._reserve(series)
        self._last_at[series] = last_at
        self._reserve(memory.live["series"])
        self._live[memory.live["series"]] = memory.live["live"]
        standing = journal.standing(memory.runs)
        for channel in self.channels:
            channel.restore(standing, memory.tails)

    @property
    def last_at(self) -> Int64s:
        """Return the time of the newest reading by series id, NEVER where there is none."""
        return self._last_at

    def process(self, readings: Readings, live: Bools) -> Report:
        """Evaluate all rules over readings that are newer than all before; `live` bool[m]: they came in time."""
        newly = Memory.of(live=self._note(readings, live))
        results = [channel.process(readings) for channel in self.channels]
        return Report(
            Changes.concatenate([result.changes for result in results]),
            Memory.concatenate([*(result.memory for result in results), newly]),
            {rule: reason for result in results for rule, reason in result.failed.items()},
        )

    def sweep(self, now: int) -> Changes:
        """Return the alerts for silence that have become due at `now` (µs); nothing needs to be remembered of them."""
        return Changes.concatenate([channel.sweep(now, self._last_at, self._live) for channel in self.channels])

    def announce(self, rule: int, series: Int32s, rank: int) -> None:
        """Take up alerts for silence of these series that are open already, so that the next reading can end them."""
        for channel in self.channels:
            channel.announce(rule, series, rank)

    def memory(self) -> Memory:
        """Return everything there is to remember, for a snapshot."""
        known = np.flatnonzero(self._live)
        live = np.empty(len(known), LIVE)
        live["series"], live["live"] = known, True
        return Memory.concatenate([*(channel.memory() for channel in self.channels), Memory.of(live=live)])

    def _note(self, readings: Readings, live: Bools) -> Records:
        self._reserve(readings.series)
        self._last_at[readings.series] = readings.at[readings.starts[1:] - 1]
        turned = np.flatnonzero(self._live[readings.series] != live)
        self._live[readings.series[turned]] = live[turned]
        newly = np.empty(len(turned), LIVE)
        newly["series"], newly["live"] = readings.series[turned], live[turned]
        return newly

    def _reserve(self, series: Int32s) -> None:
        needed = int(series.max()) + 1 if len(series) else 0
        if needed > len(self._last_at):
            more = max(needed, 2 * len(self._last_at)) - len(self._last_at)
            self._last_at = np.concatenate([self._last_at, np.full(more, NEVER, np.int64)])
            self._live = np.concatenate([self._live, np.zeros(more, np.bool_)])
