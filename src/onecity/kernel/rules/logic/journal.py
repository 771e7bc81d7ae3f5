"""The engine's memory as records: what is written with every batch, and how it is read back after a stop.

Each record says how one level of one rule stands on one series; the last one about it counts. So a batch writes only
what it changed, and now and then everything that is open is written once more and the older records may go.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onecity.kernel.rules.logic.arrays import Int64s, Records
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.ladder import Ladder, Outcome
from onecity.kernel.rules.logic.runs import RUN
from onecity.kernel.rules.logic.windows import READING

STATE = np.dtype(
    [
        ("rule", "<i4"),
        ("rank", "i1"),
        ("series", "<i4"),
        ("since", "<i8"),
        ("raised_at", "<i8"),
        ("peak_at", "<i8"),
        ("peak", "<f8"),
        ("top", "i1"),
        ("open", "?"),
    ]
)
LIVE = np.dtype([("series", "<i4"), ("live", "?")])
CARRIED = ("since", "raised_at", "peak_at", "peak", "top")


@dataclass(frozen=True, slots=True)
class Memory:
    """What must survive a stop: STATE records of runs, READING records of window tails, LIVE records of series."""

    runs: Records
    tails: Records
    live: Records

    @staticmethod
    def of(*, runs: Records | None = None, tails: Records | None = None, live: Records | None = None) -> "Memory":
        """Return a memory with empty records for what is not given."""
        return Memory(
            np.empty(0, STATE) if runs is None else runs,
            np.empty(0, READING) if tails is None else tails,
            np.empty(0, LIVE) if live is None else live,
        )

    @staticmethod
    def concatenate(parts: "Sequence[Memory]") -> "Memory":
        """Return all records in order."""
        whole = [Memory.of(), *parts]
        return Memory(
            np.concatenate([part.runs for part in whole]),
            np.concatenate([part.tails for part in whole]),
            np.concatenate([part.live for part in whole]),
        )


def record(ladder: Ladder, outcome: Outcome) -> Records:
    """Return what a batch changed on a ladder as STATE records."""
    written = _state(ladder, outcome.written["key"])
    for column in CARRIED:
        written[column] = outcome.written[column]
    written["open"] = True
    records: Records = np.concatenate([written, _state(ladder, outcome.ended)])
    return records


def everything(ladder: Ladder, opened: Records) -> Records:
    """Return all runs open on a ladder as STATE records."""
    return record(ladder, Outcome(Changes.none(), opened, np.empty(0, np.int64)))


def standing(records: Records) -> Records:
    """Return the last record about each (rule, rank, series), where it says that the run is open."""
    order = np.lexsort((np.arange(len(records)), records["series"], records["rank"], records["rule"]))
    ranked = records[order]
    last = np.ones(len(ranked), np.bool_)
    last[:-1] = (np.diff(ranked["rule"]) != 0) | (np.diff(ranked["rank"]) != 0) | (np.diff(ranked["series"]) != 0)
    records_open: Records = ranked[last & ranked["open"]]
    return records_open


def runs_on(ladder: Ladder, standing_records: Records) -> Records:
    """Return the RUN records of a ladder among STATE records, by key."""
    levels = len(ladder)
    name = ladder.rule.astype(np.int64) * 4 + ladder.rank
    order = np.argsort(name)
    wanted = standing_records["rule"].astype(np.int64) * 4 + standing_records["rank"]
    at = np.minimum(np.searchsorted(name[order], wanted), levels - 1)
    level = order[at]
    mine = name[level] == wanted
    found = np.empty(int(mine.sum()), RUN)
    found["key"] = standing_records["series"][mine].astype(np.int64) * levels + level[mine]
    for column in CARRIED:
        found[column] = standing_records[column][mine]
    return found[np.argsort(found["key"])]


def _state(ladder: Ladder, keys: Int64s) -> Records:
    level = keys % len(ladder)
    state = np.zeros(len(keys), STATE)
    state["rule"], state["rank"], state["series"] = ladder.rule[level], ladder.rank[level], keys // len(ladder)
    return state
