"""Feeding the engine in tests: streams cut into batches, and alerts collected from what it reports."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from onecity.kernel.rules.logic.arrays import NEVER, Readings
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.conditions import SEVERITIES, Condition
from onecity.kernel.rules.logic.engine import Engine, Watcher
from onecity.kernel.rules.logic.scope import Scope
from onecity.kernel.rules.tests.one_by_one import Interval

UTC = ZoneInfo("UTC")
MINUTE = timedelta(minutes=1)
Row = tuple[int, int, float]


def engine_for(rules: Sequence[tuple[int, Condition]], series: Iterable[int]) -> Engine:
    scope = Scope(np.array(sorted(series), np.int32))
    return Engine([Watcher(rule, "test", condition, scope) for rule, condition in rules], UTC)


class Feed:
    """Cuts a stream into batches and remembers the newest reading of each series, as the store does."""

    def __init__(self) -> None:
        self.newest: dict[int, tuple[int, float]] = {}

    def batch(self, rows: Sequence[Row]) -> Readings:
        ordered = sorted(rows)
        series, starts = np.unique([row[0] for row in ordered], return_index=True)
        before = [self.newest.get(int(s), (NEVER, float("nan"))) for s in series]
        self.newest |= {row[0]: (row[1], row[2]) for row in ordered}
        return Readings(
            series.astype(np.int32),
            np.append(starts, len(ordered)),
            np.array([row[1] for row in ordered], np.int64),
            np.array([row[2] for row in ordered], np.float64),
            np.array([b[0] for b in before], np.int64),
            np.array([b[1] for b in before], np.float64),
        )


class Book:
    """Alerts by rule, series and onset, as the table of alerts keeps them."""

    def __init__(self) -> None:
        self.alerts: dict[tuple[int, int, int], Interval] = {}

    def enter(self, changes: Changes) -> None:
        for i in range(len(changes)):
            end_at = int(changes.end_at[i])
            alert = Interval(
                int(changes.rule[i]),
                int(changes.series[i]),
                int(changes.onset[i]),
                int(changes.raised_at[i]),
                int(changes.peak_at[i]),
                float(changes.peak[i]),
                None if end_at == NEVER else end_at,
                SEVERITIES[int(changes.rank[i])].value,
            )
            key = alert[:3]
            assert bool(changes.new[i]) == (key not in self.alerts)
            self.alerts[key] = alert

    def sorted(self) -> list[Interval]:
        return sorted(self.alerts.values(), key=lambda alert: alert[:3])


def run(engine: Engine, batches: Iterable[Sequence[Row]]) -> list[Interval]:
    feed, book = Feed(), Book()
    for rows in batches:
        readings = feed.batch(rows)
        report = engine.process(readings, np.ones(len(readings.series), np.bool_))
        assert report.failed == {}
        book.enter(report.changes)
    return book.sorted()
