"""Reads the histories of a period as a log of arrays, with the names behind its numbers."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

import numpy as np
from django.db import connection

from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.mining.logic.flow import NOWHERE, Flags, Floats, Ints, Log

T = TypeVar("T")
# as many cases tell where they wait; more would only take longer
MOST: Final = 3000
# what the platform or the resident adds is no act of the office
NO_ACT: Final = frozenset(
    {"open", "due_soon", "overdue", "escalated", "review_due", "alert_end", "part_ended", "word", "rated"}
)
PAUSES: Final[Mapping[str, int]] = {"suspend": 1, "resume": -1}


@dataclass(frozen=True)
class Names:
    """What the numbers of a log stand for: a state is of a kind of case, and called alike in all its versions."""

    states: Sequence[tuple[str, str]]
    offices: Sequence[UUID]
    kinds: Mapping[str, Definition]
    cases: Sequence[UUID]


@dataclass(frozen=True)
class Read:
    """A log, its names, and by case: whether it has ended and how long it took (seconds; NaN while it runs)."""

    log: Log
    names: Names
    ended: Flags
    span: Floats
    cut: bool


def read(start: dt.datetime, end: dt.datetime, place: str, kind: str, most: int = MOST) -> Read:
    """The newest cases opened in [start, end) of a kind (empty: all) within a division (empty: all that one may see)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cases_mining_log(%s, %s, %s, %s, %s)", [start, end, place, kind, most])
        rows = cursor.fetchall()
    if not rows:
        return _nothing()
    case, ids, types, versions, at, actions, sources, targets, offices = zip(*rows, strict=True)
    number = np.array(case, dtype=np.int64) - 1
    kinds = _kinds(set(zip(types, versions, strict=True)))
    states, both = _numbered([*zip(types, sources, strict=True), *zip(types, targets, strict=True)])
    bodies, office = _numbered([one or "" for one in offices])
    named = np.array([bool(one) for one in bodies])
    begun = {(t, v, step.name) for (t, v), one in kinds.items() for step in one.transitions if step.means == "start"}
    log = Log(
        number,
        np.array(at),
        np.where(np.array([not one for one in sources]), NOWHERE, both[: len(rows)]),
        both[len(rows) :],
        np.where(named[office], office, NOWHERE),
        np.array([one not in NO_ACT for one in actions]),
        np.array([key in begun for key in zip(types, versions, actions, strict=True)]),
        np.array([PAUSES.get(one, 0) for one in actions]),
    )
    final = {(t, state.name) for (t, _v), one in kinds.items() for state in one.states if state.final}
    ended, span = _ends(log, np.array([state in final for state in states]))
    first = np.unique(number, return_index=True)[1]
    latest = {name: kinds[name, max(v for n, v in kinds if n == name)] for name, _version in kinds}
    names = Names(states, [UUID(one) if one else UUID(int=0) for one in bodies], latest, [ids[i] for i in first])
    return Read(log, names, ended, span, len(first) >= most)


def _kinds(keys: set[tuple[str, int]]) -> dict[tuple[str, int], Definition]:
    return {key: kind.definition for key, kind in type_store.versions(keys).items()}


def _numbered(values: Sequence[T]) -> tuple[list[T], Ints]:
    """The different values in the order in which they first appear, and the number of each."""
    numbers: dict[T, int] = {}
    found = np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)
    return list(numbers), found


def _ends(log: Log, final: Flags) -> tuple[Flags, Floats]:
    starts = np.flatnonzero(np.append([True], log.case[1:] != log.case[:-1]))
    lasts = np.append(starts[1:], [len(log.case)]) - 1
    ended = final[log.target[lasts]]
    # what was added after the end does not lengthen the case
    moved = np.maximum.accumulate(np.where(log.source != log.target, np.arange(len(log.case)), 0))
    return ended, np.where(ended, log.at[moved[lasts]] - log.at[starts], np.nan)


def _nothing() -> Read:
    none = np.array([], dtype=np.int64)
    flags = none.astype(np.bool_)
    log = Log(none, none.astype(np.float64), none, none, none, flags, flags, none)
    return Read(log, Names([], [], {}, []), flags, none.astype(np.float64), cut=False)
