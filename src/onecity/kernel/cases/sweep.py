"""Finds cases whose time is running out or has run out: one query over a column, so that no timer has to fire.

A sweep that comes late loses nothing, and a second one finds nothing to do: each case carries the moment of its next step,
and the step that is taken moves it on in the same statement that writes it into the history.
"""

import datetime as dt

from django.db import connection, transaction

from onecity.kernel.cases import announcing
from onecity.kernel.cases.directory import Recipients
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import now

BATCH = 2000
# before the deadline: a reminder, and the next step is the deadline; after it: a warning, and no step is left
STEP = """
WITH due AS (
    SELECT id, version, state, deadline <= %(now)s AS late FROM cases_case
    WHERE sweep_at <= %(now)s AND closed_at IS NULL
    ORDER BY sweep_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE cases_case c SET
        version = c.version + 1,
        sweep_at = CASE WHEN due.late THEN NULL ELSE c.deadline END,
        overdue_since = CASE WHEN due.late THEN c.deadline ELSE c.overdue_since END
    FROM due WHERE c.id = due.id RETURNING c.id, c.version, c.state, due.late, c.deadline
)
INSERT INTO cases_caseevent (case_id, version, at, action, from_state, to_state, actor_name, note, data)
SELECT id, version, %(now)s, CASE WHEN late THEN 'overdue' ELSE 'due_soon' END, state, state, '', '',
    jsonb_build_object('deadline', deadline)
FROM moved RETURNING case_id, action
"""


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
        cursor.execute(STEP, {"now": moment, "batch": BATCH})
        actions = dict(cursor.fetchall())
    cases = Case.objects.defer("search").in_bulk(list(actions))
    announcing.due([(case, actions[case.id]) for case in cases.values()], asked)
    return len(actions)
