"""Counts for the score card, out of the history: what each office received, answered, ended and was thanked for."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection

from onecity.kernel.cases.models import CaseType
from onecity.kernel.cases.scoring.logic.card import Formula, Tally
from onecity.kernel.cases.type_store import read_row

# what a step means in the history, beside the entries that are called the same everywhere
MEANS = frozenset({"feedback", "close", "callback", "redo", "reopen"})
COUNTS = (
    "received", "reached", "missed", "settled", "solved", "ended", "late", "redone", "ratings", "satisfaction", "proactive",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Office:
    """An office of the card."""

    id: UUID
    name: str
    division_path: str
    level: str


def tally(start: dt.datetime, end: dt.datetime, formula: Formula, place: str = "") -> tuple[list[Office], Tally]:
    """Counts of [start, end) for the offices that whoever asks may see, within a division (empty: all of them).

    The rights are those of the account of this transaction; the counts come from a function that runs as the owner and
    asks for them itself, since no figure of an office is a case that somebody else may read.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM cases_score_tally(%s, %s, %s, %s::jsonb, %s::jsonb)",
            [start, end, place, json.dumps(steps()), json.dumps(rules(formula))],
        )
        rows = cursor.fetchall()
    offices = [Office(*row[:4]) for row in rows]
    counts = np.array([row[4:] for row in rows], dtype=np.float64).reshape(len(rows), len(COUNTS))
    return offices, Tally(**{name: counts[:, place_] for place_, name in enumerate(COUNTS)})


def peers(offices: Sequence[Office], formula: Formula) -> np.ndarray:
    """The number of each office's group: the first whose levels hold it, else the one that takes all others."""
    return np.array([_group(office.level, formula) for office in offices], dtype=np.int64)


def _group(level: str, formula: Formula) -> int:
    for number, group in enumerate(formula.groups):
        if level in group.levels:
            return number
    rest = [number for number, group in enumerate(formula.groups) if not group.levels]
    return rest[0] if rest else len(formula.groups)


def rules(formula: Formula) -> Mapping[str, object]:
    """What the functions in the database need of the formula."""
    return {
        "proactive": list(formula.proactive),
        "settled_by": list(formula.settled_by),
        "solved": list(formula.solved),
        "satisfaction": dict(formula.satisfaction),
    }


def steps() -> list[dict[str, object]]:
    """Every step of every version that means something here."""
    return [found for row in CaseType.objects.all() for found in _of(row)]


def _of(row: CaseType) -> Iterable[dict[str, object]]:
    definition = read_row(row).definition
    for step in definition.transitions:
        final = definition.state(step.target).final and step.means not in {"cancel", "return"}
        means = "end" if final else "redo" if step.means in {"redo", "reopen"} else step.means
        if means in {"end", "redo"} or step.results:
            yield {"t": row.name, "v": row.version, "a": step.name, "m": means, "r": step.results}
