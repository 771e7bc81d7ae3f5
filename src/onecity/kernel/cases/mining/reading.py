"""Reads the histories of a period as a log of arrays, with the names behind its numbers."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import numpy as np
from django.db import connection

from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.mining.logic.flow import NOWHERE, Flags, Floats, Ints, Log

T = TypeVar("T")
UUID_BYTES: Final = 16
# each column comes as one value, and what entries have in common (kind, version, action, states, office) once with a key
LOG: Final = """
WITH log AS MATERIALIZED (
    SELECT *, hashtextextended(concat_ws(chr(31), type_name, type_version, action, from_state, to_state, office), 0) AS key
    FROM cases_mining_log(%s, %s, %s, %s, %s)
)
SELECT string_agg(int4send(chosen::integer), ''), string_agg(float8send(at), ''), string_agg(int8send(key), ''),
    (SELECT string_agg(uuid_send(id), '' ORDER BY chosen) FROM (
        SELECT chosen, any_value(case_id) AS id FROM log GROUP BY chosen) one),
    (SELECT jsonb_agg(act) FROM (SELECT jsonb_build_array(key, any_value(type_name), any_value(type_version),
        any_value(action), any_value(from_state), any_value(to_state), any_value(office)) FROM log GROUP BY key) found (act))
FROM log
"""
# so many cases, drawn at random where there are more, tell where cases wait to within two in a hundred; more would only
# take longer
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
    """A log, its names, and by case: whether it has ended and how long it took (seconds; NaN while it runs). `total`: how many
    cases there are, of which those of the log were drawn at random."""

    log: Log
    names: Names
    ended: Flags
    span: Floats
    total: int

    @property
    def cut(self) -> bool:
        """Whether the log holds a draw, not all."""
        return self.total > len(self.names.cases)

    @property
    def factor(self) -> float:
        """For how many cases one of the log stands."""
        return self.total / len(self.names.cases) if self.names.cases else 1.0


def read(start: dt.datetime, end: dt.datetime, place: str, kind: str, most: int = MOST) -> Read:
    """The cases opened in [start, end) of a kind (empty: all) within a division (empty: all that one may see): all of them, or
    `most` drawn at random, always the same ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_mining_size(%s, %s, %s, %s)", [start, end, place, kind])
        total: int = cursor.fetchone()[0]
        cursor.execute(LOG, [start, end, place, kind, most])
        chosen, moments, keys, cases, found = cursor.fetchone()
    if chosen is None:
        return _nothing()
    number = np.frombuffer(chosen, dtype=">i4").astype(np.int64) - 1
    acts, which = _acts(np.frombuffer(keys, dtype=">i8"), json.loads(found))
    types, versions, actions, sources, targets, offices = zip(*acts, strict=True)
    kinds = _kinds(set(zip(types, versions, strict=True)))
    states, both = _numbered([*zip(types, sources, strict=True), *zip(types, targets, strict=True)])
    bodies, office = _numbered([one or "" for one in offices])
    named = np.array([bool(one) for one in bodies])
    begun = {(t, v, step.name) for (t, v), one in kinds.items() for step in one.transitions if step.means == "start"}
    log = Log(
        number,
        np.frombuffer(moments, dtype=">f8").astype(np.float64),
        np.where(np.array([not one for one in sources]), NOWHERE, both[: len(acts)])[which],
        both[len(acts) :][which],
        np.where(named[office], office, NOWHERE)[which],
        np.array([one not in NO_ACT for one in actions])[which],
        np.array([key in begun for key in zip(types, versions, actions, strict=True)])[which],
        np.array([PAUSES.get(one, 0) for one in actions])[which],
    )
    final = {(t, state.name) for (t, _v), one in kinds.items() for state in one.states if state.final}
    ended, span = _ends(log, np.array([state in final for state in states]))
    latest = {name: kinds[name, max(v for n, v in kinds if n == name)] for name, _version in kinds}
    ids = [UUID(bytes=bytes(cases[at : at + UUID_BYTES])) for at in range(0, len(cases), UUID_BYTES)]
    names = Names(states, [UUID(one) if one else UUID(int=0) for one in bodies], latest, ids)
    return Read(log, names, ended, span, max(total, len(ids)))


def _acts(keys: Ints, found: Sequence[Sequence[Any]]) -> tuple[list[Sequence[Any]], Ints]:
    """The different acts in the order in which they first appear, and which one each entry is."""
    different, first, which = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    by_key = {int(key): act for key, *act in found}
    return [by_key[int(key)] for key in different[order]], np.argsort(order)[which.ravel()]


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
    return Read(log, Names([], [], {}, []), flags, none.astype(np.float64), 0)
