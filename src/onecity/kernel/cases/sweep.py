"""Finds cases whose time is running out or has run out: one query over a column, so that no timer has to fire.

A sweep that comes late loses nothing, and a second one finds nothing to do: each case carries the moment of the next rung
of its ladder, and the step that is taken moves it on in the same statement that writes it into the history. Where several
rungs were missed, only the highest is taken.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from onecity.kernel.cases import announcing, calendars, type_store
from onecity.kernel.cases.directory import Recipients
from onecity.kernel.cases.logic import ladder
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case
from onecity.kernel.core.calendar import WorkingCalendar
from onecity.kernel.core.clock import now

BATCH = 2000
DUE = """
SELECT id, version, state, type_name, type_version, severity, stage, deadline, final_deadline, started_at, stage_since, rung,
    paused_since, overdue_since
FROM cases_case WHERE sweep_at <= %(now)s AND closed_at IS NULL
ORDER BY sweep_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
"""
STEP = """
WITH step AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(actions)s::text[], %(rungs)s::int[], %(next)s::timestamptz[], %(over)s::timestamptz[])
        AS s (id, action, rung, sweep_at, overdue_since)
), moved AS (
    UPDATE cases_case c SET version = c.version + 1, rung = s.rung, sweep_at = s.sweep_at, overdue_since = s.overdue_since
    FROM step s WHERE c.id = s.id RETURNING c.id, c.version, c.state, s.action, c.deadline
)
INSERT INTO cases_caseevent (case_id, version, at, action, from_state, to_state, actor_name, note, data)
SELECT id, version, %(now)s, action, state, state, '', '', jsonb_build_object('deadline', deadline) FROM moved
"""
# a suspension that nobody looks at is asked for again
ASK_AGAIN = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Due:
    """One case whose moment has come, as far as its ladder is concerned."""

    id: UUID
    version: int
    state: str
    type_name: str
    type_version: int
    severity: str
    stage: str
    deadline: dt.datetime | None
    final_deadline: dt.datetime | None
    started_at: dt.datetime
    stage_since: dt.datetime
    rung: int
    paused_since: dt.datetime | None
    overdue_since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with it: the entry, the rung reached, the moment of the next one."""

    action: str
    rung: int
    sweep_at: dt.datetime | None
    overdue_since: dt.datetime | None


def sweep(at: dt.datetime | None = None) -> int:
    """Remind and warn for every open case whose moment has come by `at`; returns for how many. Idempotent."""
    moment, total = at or now(), 0
    asked = Recipients()
    while True:
        found = _step(moment, asked)
        total += found
        if found < BATCH:
            return total


@transaction.atomic
def _step(moment: dt.datetime, asked: Recipients) -> int:
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": moment, "batch": BATCH})
        rows = [Due(*row) for row in cursor.fetchall()]
        if not rows:
            return 0
        kinds = type_store.versions({(row.type_name, row.type_version) for row in rows})
        calendar = calendars.office()
        steps = [_climb(row, kinds[row.type_name, row.type_version].definition, moment, calendar) for row in rows]
        cursor.execute(STEP, _parameters(rows, steps, moment))
    cases = Case.objects.defer("search").in_bulk([row.id for row in rows])
    announcing.due([(cases[row.id], step.action) for row, step in zip(rows, steps, strict=True)], asked)
    return len(rows)


def _climb(row: Due, kind: Definition, moment: dt.datetime, calendar: WorkingCalendar) -> Step:
    if row.paused_since is not None or row.deadline is None:
        return Step("review_due", row.rung, moment + ASK_AGAIN if row.paused_since else None, row.overdue_since)
    whole = row.deadline == row.final_deadline
    way = ladder.Way(
        kind.ladder, row.started_at if whole else row.stage_since, row.deadline, ladder.unit(kind.limits, row.severity, "" if whole else row.stage)
    )  # fmt: skip
    reached = ladder.climb(way, row.rung, moment, calendar)
    over = row.deadline if row.deadline <= moment else row.overdue_since
    return Step(ladder.ENTRIES[reached.action], reached.rung, reached.next_at, over)


def _parameters(rows: list[Due], steps: list[Step], moment: dt.datetime) -> dict[str, Any]:
    return {
        "now": moment,
        "ids": [row.id for row in rows],
        "actions": [step.action for step in steps],
        "rungs": [step.rung for step in steps],
        "next": [step.sweep_at for step in steps],
        "over": [step.overdue_since for step in steps],
    }
