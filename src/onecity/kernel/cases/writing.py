"""Reads, locks and writes cases and their histories, one or many, each in one prepared statement.

Rows go to the database as JSON and become rows of the tables there, so that a statement is the same whatever is empty.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import DatabaseError, models

from onecity.kernel.cases import statements
from onecity.kernel.cases.models import Case, CaseEvent

ENTRY: Final = (
    "case_id", "version", "at", "actor_id", "actor_name", "action", "from_state", "to_state", "note", "data",
)  # fmt: skip
STORED: Final = tuple(f.attname for f in Case._meta.concrete_fields if not isinstance(f, models.GeneratedField))
# the words of a case are only ever searched for in the database
READ: Final = tuple(f.attname for f in Case._meta.concrete_fields if f.attname != "search")
JSON: Final = {f.attname for f in Case._meta.concrete_fields if isinstance(f, models.JSONField)}
LOCK: Final = f"""
SELECT t.digest, {", ".join(f"c.{name}" for name in READ)} FROM cases_case c
LEFT JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version WHERE c.id = %s FOR UPDATE OF c
"""  # noqa: S608 - names of our own columns
INSERT: Final = f"""
INSERT INTO cases_case ({", ".join(STORED)})
SELECT {", ".join(STORED)} FROM jsonb_populate_recordset(NULL::cases_case, %s) ON CONFLICT DO NOTHING
"""  # noqa: S608 - same
# an entry is written only to a case that is there: a case of a source key that was known already is not
HISTORY: Final = f"""
INSERT INTO cases_caseevent ({", ".join(ENTRY)}) SELECT {", ".join(f"e.{name}" for name in ENTRY)}
FROM jsonb_populate_recordset(NULL::cases_caseevent, %s) e JOIN cases_case c ON c.id = e.case_id RETURNING case_id
"""  # noqa: S608 - same
ENTRIES: Final = """
SELECT action, at, data FROM cases_caseevent WHERE case_id = %s AND action = ANY (%s) AND at >= %s ORDER BY version
"""


def lock(case_id: UUID) -> tuple[Case, str | None] | None:
    """The case, held until the transaction ends, with the digest of its type; None where there is none to be seen."""
    found = statements.run(LOCK, [case_id])
    if not found:
        return None
    digest, *values = found[0]
    read = [
        json.loads(value) if name in JSON and isinstance(value, str) else value
        for name, value in zip(READ, values, strict=True)
    ]
    return Case.from_db("default", READ, read), digest


def insert(cases: Sequence[Case]) -> None:
    """Write new cases; one whose source key is there already is left out."""
    statements.run(INSERT, [statements.as_json([{name: getattr(case, name) for name in STORED} for case in cases])])
    for case in cases:
        _stored(case)


def begin_histories(events: Sequence[CaseEvent]) -> set[UUID]:
    """Write the first entries of new cases; returns the ids of those that were written and can be seen."""
    rows = [{name: getattr(event, name) for name in ENTRY} for event in events]
    return {row[0] for row in statements.run(HISTORY, [statements.as_json(rows)])}


def change(case: Case, made: CaseEvent, names: Sequence[str]) -> None:
    """Write these members of a locked case with their entry; raises DatabaseError where this may not be written."""
    entry = statements.as_json({name: getattr(made, name) for name in ENTRY})
    values = statements.as_json({name: getattr(case, name) for name in names})
    ((made.id, moved),) = statements.run(_changing(tuple(names)), [entry, values, case.id])
    _stored(made)
    if not moved:
        raise DatabaseError("the case that was locked could not be written")


def entries(case_id: UUID, actions: Iterable[str], since: object) -> list[tuple[str, Any, Mapping[str, Any]]]:
    """The entries of these kinds from a moment on, in order: action, when, what was said."""
    rows = statements.run(ENTRIES, [case_id, list(actions), since])
    return [(action, at, json.loads(data)) for action, at, data in rows]


def _stored(row: models.Model) -> None:
    row._state.adding, row._state.db = False, "default"


def _changing(names: tuple[str, ...]) -> str:
    given = _STATEMENTS.get(names)
    if given is None:
        given = _STATEMENTS[names] = f"""
            WITH written AS (
                INSERT INTO cases_caseevent ({", ".join(ENTRY)})
                SELECT {", ".join(ENTRY)} FROM jsonb_populate_record(NULL::cases_caseevent, %s) RETURNING id
            ), moved AS (
                UPDATE cases_case c SET ({", ".join(names)}) = ROW ({", ".join(f"r.{name}" for name in names)})
                FROM jsonb_populate_record(NULL::cases_case, %s) r WHERE c.id = %s RETURNING c.id
            ) SELECT (SELECT id FROM written), EXISTS (SELECT 1 FROM moved)
        """  # noqa: S608 - names of our own columns
    return given


_STATEMENTS: dict[tuple[str, ...], str] = {}
