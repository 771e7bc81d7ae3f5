"""Alerts in the database: one statement for a whole batch, idempotent by rule, entity and onset."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from onecity.kernel.core.clock import from_us, now
from onecity.kernel.core.ids import new_id
from onecity.kernel.rules.logic import codec
from onecity.kernel.rules.logic.arrays import NEVER
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.conditions import SEVERITIES
from onecity.kernel.rules.models import Alert, AlertState
from onecity.kernel.rules.watchers import Working

_COLUMNS = (
    ("id", "uuid"),
    ("run", "int8"),
    ("series_id", "int4"),
    ("severity", "text"),
    ("state", "text"),
    ("onset", "timestamptz"),
    ("raised_at", "timestamptz"),
    ("peak_at", "timestamptz"),
    ("peak_value", "float8"),
    ("ended", "timestamptz"),
    ("wants_case", "bool"),
)
_RANKS = "ARRAY['blue', 'yellow', 'orange', 'red']"
# `before` sees the table as it was, `written` as it is: what an alert was tells whether this is news
_WRITE = f"""
WITH change AS (SELECT * FROM unnest({", ".join(f"%s::{kind}[]" for _name, kind in _COLUMNS)})
                AS c ({", ".join(name for name, _kind in _COLUMNS)})),
work AS (SELECT * FROM unnest(%s::int8[], %s::int8[], %s::int8[], %s::jsonb[]) AS w (run, rule_id, version_id, evidence)),
incoming AS (
    SELECT c.*, w.rule_id, w.version_id, w.evidence, s.entity_id, s.entity_urn, s.entity_type, s.attribute, s.unit,
           s.division_path, coalesce(e.name, s.entity_urn) AS entity_name, e.lon, e.lat
    FROM change c JOIN work w ON w.run = c.run JOIN telemetry_series s ON s.id = c.series_id
    LEFT JOIN twin_entity e ON e.id = s.entity_id),
before AS (
    SELECT a.id, a.severity, a.state FROM incoming i
    JOIN rules_alert a ON a.rule_id = i.rule_id AND a.entity_id = i.entity_id AND a.onset = i.onset),
written AS (
    INSERT INTO rules_alert AS a (id, rule_id, version_id, entity_id, entity_urn, entity_name, entity_type, series_id,
        attribute, unit, division_path, lon, lat, severity, state, onset, raised_at, peak_at, peak_value, "end", evidence,
        acknowledged_by_name, note, wants_case, created_at, changed_at)
    SELECT id, rule_id, version_id, entity_id, entity_urn, entity_name, entity_type, series_id, attribute, unit,
        division_path, lon, lat, severity, state, onset, raised_at, peak_at, peak_value, ended, evidence, '', '',
        wants_case, %s, %s
    FROM incoming
    ON CONFLICT (rule_id, entity_id, onset) DO UPDATE SET
        peak_at = excluded.peak_at, peak_value = excluded.peak_value, changed_at = excluded.changed_at,
        severity = ({_RANKS})[greatest(array_position({_RANKS}, a.severity::text),
                                       array_position({_RANKS}, excluded.severity::text))],
        "end" = coalesce(a."end", excluded."end"),
        state = CASE WHEN a.state = 'open' THEN excluded.state ELSE a.state END,
        wants_case = a.wants_case OR (excluded.wants_case AND a.case_id IS NULL)
    RETURNING a.*)
SELECT w.id, w.severity, w.state, w.case_id, w.wants_case, b.id IS NULL, b.severity, b.state, w.rule_id, w.entity_id,
    w.entity_type, w.entity_name, w.attribute, w.division_path, w.lon, w.lat, w.onset, w."end", w.peak_value
FROM written w LEFT JOIN before b ON b.id = w.id ORDER BY w.id
"""  # noqa: S608 - joined from constants of this module


_PEAKS = """
UPDATE rules_alert a SET peak_at = c.peak_at, peak_value = c.peak_value, changed_at = %s
FROM unnest(%s::int8[], %s::int4[], %s::timestamptz[], %s::timestamptz[], %s::float8[])
    AS c (rule_id, series_id, onset, peak_at, peak_value)
JOIN telemetry_series s ON s.id = c.series_id
WHERE a.rule_id = c.rule_id AND a.entity_id = s.entity_id AND a.onset = c.onset AND a.state = 'open'
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a live page needs to show an alert; `titles` by language."""

    titles: Mapping[str, str]
    entity_id: UUID
    entity_type: str
    entity_name: str
    attribute: str
    division_path: str
    lon: float | None
    lat: float | None
    onset: dt.datetime
    end: dt.datetime | None
    peak_value: float


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one alert: raised, grown graver, ended, or only its peak moved on."""

    id: UUID
    severity: str
    state: str
    case_id: UUID | None
    wants_case: bool
    raised: bool
    escalated: bool
    ended: bool
    facts: Facts

    @property
    def is_news(self) -> bool:
        """Return whether anybody has to hear of it."""
        return self.raised or self.escalated or self.ended


def write(changes: Changes, working: Mapping[int, Working]) -> list[Written]:
    """Insert or update the alerts of a batch; repeated with the same changes it changes nothing."""
    if not len(changes):
        return []
    moment = now()
    concerned = {run: working[run] for run in set(changes.rule.tolist())}
    parameters: list[Any] = [*_columns(changes, concerned), *_work(concerned), moment, moment]
    titles = {work.version.rule_id: work.definition.titles for work in concerned.values()}
    connection.ensure_connection()
    # Django's own cursor would write every value into the statement as text
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_WRITE, parameters)
        return [_written(row, titles) for row in cursor.fetchall()]


def write_peaks(changes: Changes, working: Mapping[int, Working]) -> None:
    """Write where the peaks of open alerts have moved to; nobody is told of it."""
    if not len(changes):
        return
    parameters = [
        now(),
        [working[run].version.rule_id for run in changes.rule.tolist()],
        changes.series.tolist(),
        [from_us(moment) for moment in changes.onset.tolist()],
        [from_us(moment) for moment in changes.peak_at.tolist()],
        changes.peak.tolist(),
    ]
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_PEAKS, parameters)


def facts_of(alert: Alert, titles: Mapping[str, str]) -> Facts:
    """Return what a live page needs, of an alert read from the database."""
    return Facts(titles, *(getattr(alert, name) for name in _FACTS))


_FACTS = (
    "entity_id", "entity_type", "entity_name", "attribute", "division_path", "lon", "lat", "onset", "end", "peak_value",
)  # fmt: skip


def _written(row: Sequence[Any], titles: Mapping[int, Mapping[str, str]]) -> Written:
    identity, severity, state, case_id, wants_case, raised, severity_before, state_before, rule_id, *facts = row
    return Written(
        id=identity,
        severity=severity,
        state=state,
        case_id=case_id,
        wants_case=wants_case,
        raised=raised,
        escalated=not raised and severity != severity_before,
        ended=state != AlertState.OPEN and state_before in {None, AlertState.OPEN},
        facts=Facts(titles[rule_id], *facts),
    )


def _columns(changes: Changes, working: Mapping[int, Working]) -> list[Sequence[object]]:
    onset, end_at = changes.onset.tolist(), changes.end_at.tolist()
    ranks, runs = changes.rank.tolist(), changes.rule.tolist()
    least = {run: _case_rank(work) for run, work in working.items()}
    return [
        [new_id() for _ in range(len(changes))],
        runs,
        changes.series.tolist(),
        [SEVERITIES[rank].value for rank in ranks],
        [_state(start, end).value for start, end in zip(onset, end_at, strict=True)],
        [from_us(moment) for moment in onset],
        [from_us(moment) for moment in changes.raised_at.tolist()],
        [from_us(moment) for moment in changes.peak_at.tolist()],
        changes.peak.tolist(),
        [None if moment == NEVER else from_us(moment) for moment in end_at],
        [
            rank >= least[run] and _state(start, end) != AlertState.WITHDRAWN
            for rank, run, start, end in zip(ranks, runs, onset, end_at, strict=True)
        ],
    ]


def _state(onset: int, end_at: int) -> AlertState:
    if end_at == NEVER:
        return AlertState.OPEN
    return AlertState.ENDED if end_at > onset else AlertState.WITHDRAWN


def _case_rank(work: Working) -> int:
    """Return the rank from which the rule opens a case; beyond red when it opens none."""
    return work.definition.case_from.rank if work.definition.case_type else len(SEVERITIES)


def _work(working: Mapping[int, Working]) -> list[list[object]]:
    rows = [
        (run, work.version.rule_id, work.version.pk, json.dumps(codec.to_data(work.definition.condition)))
        for run, work in working.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]
