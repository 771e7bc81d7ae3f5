"""One step of the platform itself for many cases at once, in a few statements: decisions by rule end hundreds in a second.

Only steps that ask for nothing but a note and lead to an end: whatever needs a person, a form or a condition goes through
`acting.act`, one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from onecity.kernel.cases import announcing, appending, changing, custody, type_store
from onecity.kernel.cases.logic import life_cycle
from onecity.kernel.cases.logic.definition import Definition, Transition
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import now

# locked in the order of their ids, so that two writers cannot block each other for ever
STEP = """
WITH told AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(notes)s::text[], %(data)s::jsonb[]) AS t(id, note, data)
), meant AS (
    SELECT c.id, c.version, c.state FROM cases_case c WHERE c.id = ANY (%(ids)s::uuid[]) ORDER BY c.id FOR UPDATE
), moved AS (
    UPDATE cases_case c SET version = c.version + 1, state = %(to)s, stage = %(stage)s, closed_at = %(now)s,
        stage_since = CASE WHEN c.stage = %(stage)s THEN c.stage_since ELSE %(now)s END,
        sweep_at = NULL, paused_since = NULL, asked = ''
    FROM meant WHERE c.id = meant.id AND meant.state = ANY (%(sources)s) AND c.closed_at IS NULL
    RETURNING c.id, c.version, meant.state AS before
)
INSERT INTO cases_caseevent (case_id, version, at, action, from_state, to_state, actor_name, note, data)
SELECT m.id, m.version, %(now)s, %(action)s, m.before, %(to)s, '', told.note, told.data
FROM moved m JOIN told ON told.id = m.id RETURNING case_id
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What the step says of one case."""

    case_id: UUID
    note: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def end_many(kind: tuple[str, int], action: str, said: Sequence[Said]) -> set[UUID]:
    """Take one ending step for many cases of one version of one kind; returns those that took it.

    A case from whose state the step does not start, or that is at home elsewhere, is left as it is. Raises ValueError for a
    step that asks for more than a note, or does not end the case.
    """
    definition = type_store.version(*kind).definition
    step = _plain(definition, action)
    for one in said:
        changing.check_note(one.note)
        changing.check_data(one.data)
        if "note" in step.requires and not one.note.strip():
            raise ValueError(f"{action!r} needs a note")
    elsewhere = custody.elsewhere([one.case_id for one in said])
    here = [one for one in said if one.case_id not in elsewhere]
    if not here:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            STEP,
            {
                "ids": [one.case_id for one in here],
                "notes": [one.note.strip() for one in here],
                "data": [Jsonb(dict(one.data)) for one in here],
                "to": step.target,
                "stage": definition.state(step.target).stage,
                "sources": list(step.sources),
                "action": step.name,
                "now": now(),
            },
        )
        ended = {row[0] for row in cursor.fetchall()}
    cases = list(Case.objects.defer("search").filter(id__in=ended))
    announcing.changed_together(cases, step.name)
    parents = {one.parent_id: one.number for one in cases if one.parent_id is not None}
    for parent, number in parents.items():
        appending.append_many([parent], "part_ended", number)
    return ended


def _plain(definition: Definition, action: str) -> Transition:
    step = next((t for t in definition.transitions if t.name == action), None)
    if step is None:
        raise life_cycle.NotAllowedError(definition.initial, action)
    asks = (step.reasons, step.form, step.evidence, step.guards, step.most, step.results, step.releases)
    if any(asks) or set(step.requires) - {"note"} or not definition.state(step.target).final:
        raise ValueError(f"{action!r} is no plain end of a case")
    return step
