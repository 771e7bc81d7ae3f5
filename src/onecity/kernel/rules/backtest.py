"""What a rule would have done: the engine itself, run over the stored history."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db.models import QuerySet

from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import from_us, now, to_us
from onecity.kernel.rules import learning, watchers
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.logic.arrays import NEVER, Int32s, Readings, first_of_each
from onecity.kernel.rules.logic.baselines import Table
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.conditions import SEVERITIES, Absence, Baseline, Condition, Rate, Severity, Window
from onecity.kernel.rules.logic.engine import Engine, Watcher
from onecity.kernel.rules.logic.scope import Scope
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.permissions import TELEMETRY_VIEW
from onecity.kernel.twin.models import Entity

RULE = 1
SERIES_AT_ONCE = 50
# what one question may read: about ten seconds' work
MOST_READINGS = 5_000_000
LONGEST = dt.timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Interval:
    """One alert that would have been raised; `end` None: it would still go on at the end of the period."""

    series_id: int
    entity_id: UUID
    entity_name: str
    severity: Severity
    onset: dt.datetime
    end: dt.datetime | None
    peak_at: dt.datetime
    peak_value: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """The answer: alerts newest first, over how many series and readings, and whether all could be read."""

    start: dt.datetime
    end: dt.datetime
    series: int
    readings: int
    complete: bool
    intervals: tuple[Interval, ...]

    def of_severity(self, severity: Severity) -> int:
        """Return how many alerts would have reached this colour and no graver one."""
        return sum(interval.severity is severity for interval in self.intervals)


def run(
    definition: Definition,
    start: dt.datetime,
    end: dt.datetime | None = None,
    *,
    owner: str = "",
    only: int | None = None,
    asker: Principal = None,
) -> Backtest:
    """Return the alerts that would have begun between two moments, over the series that `asker` may see.

    `owner`: the division whose rule it is, which it never leaves. `only`: the one series to look at. Readings that came late are judged here in their place in time, which live they are not.
    """
    end = min(end or now(), now())
    start = max(start, end - LONGEST)
    series = watchers.series_of(definition, owner, _visible(asker))
    series = series if only is None else series[series == only]
    lead, parts, readings, done = _lead(definition.condition), [], 0, 0
    while done < len(series) and readings < MOST_READINGS:
        chosen = series[done : done + SERIES_AT_ONCE]
        found = query.range_(chosen.tolist(), start - lead, end, MOST_READINGS - readings)
        readings, done = readings + len(found), done + len(chosen)
        if len(found):
            parts.append(_judge(definition, chosen, found, start, end))
    changes = Changes.concatenate(parts)
    inside = changes.onset >= to_us(start)
    return Backtest(start, end, len(series), readings, readings < MOST_READINGS, _intervals(changes.take(inside)))


def _visible(asker: Principal) -> QuerySet[Series]:
    """The series whose readings the asker may see; all of them for the platform itself (None)."""
    if asker is None:
        return Series.objects.all()
    return policy.visible(Series.objects.all(), asker, TELEMETRY_VIEW) | Series.objects.filter(public=True)


def _judge(
    definition: Definition, series: Int32s, found: query.Readings, start: dt.datetime, end: dt.datetime
) -> Changes:
    condition = definition.condition
    tables: dict[tuple[str, dt.timedelta], Table] = {}
    if isinstance(condition, Baseline):
        tables[definition.channel, condition.history] = learning.learn(series, start - condition.history, start)
    watcher = Watcher(RULE, definition.channel, condition, Scope(series))
    engine = Engine([watcher], ZoneInfo(settings.TIME_ZONE), tables)
    readings = as_readings(found)
    report = engine.process(readings, np.ones(len(readings.series), np.bool_))
    if not isinstance(condition, Absence):
        return report.changes
    return Changes.concatenate([report.changes, engine.sweep(to_us(end))])


def as_readings(found: query.Readings) -> Readings:
    """Return stored readings as the engine takes them, nothing known before the first."""
    first = first_of_each(found.series_id.astype(np.int64))
    return Readings(
        found.series_id[first],
        np.append(first, len(found)),
        found.observed_at,
        found.value,
        np.full(len(first), NEVER, np.int64),
        np.full(len(first), np.nan),
    )


def _lead(condition: Condition) -> dt.timedelta:
    """Return how far before the period readings matter to it."""
    spans = [condition.duration]
    if isinstance(condition, Window):
        spans.append(condition.span)
    if isinstance(condition, Rate):
        spans.append(condition.max_gap)
    if isinstance(condition, Absence):
        spans.append(dt.timedelta(seconds=condition.levels[-1].raise_at))
    return sum(spans, dt.timedelta(0))


def _intervals(changes: Changes) -> tuple[Interval, ...]:
    order = np.argsort(changes.onset, kind="stable")[::-1]
    names = _names(changes.series.tolist())
    found = []
    for i in order.tolist():
        series, end_at = int(changes.series[i]), int(changes.end_at[i])
        entity_id, name = names[series]
        found.append(
            Interval(
                series_id=series,
                entity_id=entity_id,
                entity_name=name,
                severity=SEVERITIES[int(changes.rank[i])],
                onset=from_us(int(changes.onset[i])),
                end=None if end_at == NEVER else from_us(end_at),
                peak_at=from_us(int(changes.peak_at[i])),
                peak_value=float(changes.peak[i]),
            )
        )
    return tuple(found)


def _names(series: Sequence[int]) -> dict[int, tuple[UUID, str]]:
    rows = list(Series.objects.filter(id__in=set(series)).values_list("id", "entity_id", "entity_urn"))
    titles = dict(Entity.objects.filter(id__in=[entity for _id, entity, _urn in rows]).values_list("id", "name"))
    return {series_id: (entity, titles.get(entity, urn)) for series_id, entity, urn in rows}
