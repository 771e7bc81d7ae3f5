"""The ledger of a case's clock: pauses and extensions, read from its history, and what they make of an end of a limit.

A due time is a function of the limit, the calendar and this ledger alone, so that it can be recomputed at any time and
agrees with what is stored.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from onecity.kernel.cases.logic.provisions import Unit
from onecity.kernel.core.calendar import WorkingCalendar

Kind = Literal["pause", "resume", "extend"]
# entries of the history that move the clock
KINDS: Final[Mapping[str, Kind]] = {
    "suspend": "pause",
    "resume": "resume",
    "forward": "pause",
    "recall": "resume",
    "grant_extension": "extend",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: the clock stopped, went on, or got `amount` of `unit` more."""

    kind: Kind
    at: dt.datetime
    amount: float = 0.0
    unit: Unit = "working_days"


def read(history: Iterable[tuple[str, dt.datetime, Mapping[str, Any]]]) -> list[Entry]:
    """The ledger in a history of (action, moment, data), oldest first; forwarding counts where it stopped the clock."""
    found: list[Entry] = []
    for action, at, data in history:
        kind = KINDS.get(action)
        if kind is None or (action in {"forward", "recall"} and not data.get("pauses")):
            continue
        if kind == "extend":
            found.append(Entry(kind, at, float(data["amount"]), data["unit"]))
        else:
            found.append(Entry(kind, at))
    return found


def paused_since(entries: Sequence[Entry]) -> dt.datetime | None:
    """Since when the clock stands still; None while it runs."""
    moves = [entry for entry in entries if entry.kind != "extend"]
    return moves[-1].at if moves and moves[-1].kind == "pause" else None


def adjusted(
    end: dt.datetime, unit: Unit, start: dt.datetime, entries: Sequence[Entry], calendar: WorkingCalendar
) -> dt.datetime | None:
    """The end (UTC) of a limit that began at `start` and would have ended at `end`, after all entries since.

    None while the clock stands still: nobody can know the end. A pause that began before the limit counts from its start.
    """
    paused: dt.datetime | None = None
    for entry in entries:
        if entry.kind == "pause":
            paused = entry.at if paused is None else paused
        elif entry.kind == "resume":
            if paused is not None and entry.at > start:
                end = calendar.resume(end, max(paused, start), entry.at, unit)
            paused = None
        elif entry.at >= start:
            end = calendar.add(end, entry.amount, entry.unit)
    return end if paused is None else None
