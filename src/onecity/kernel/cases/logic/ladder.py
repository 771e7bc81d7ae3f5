"""The ladder of a case: who is reminded, warned and told above, at which share of the time that it has."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from onecity.kernel.cases.logic.deadline import limit_for, share
from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.logic.provisions import Rung, Unit
from onecity.kernel.core.calendar import WorkingCalendar

# the entry of the history that each kind of rung makes
ENTRIES: Final[Mapping[str, str]] = {"remind": "due_soon", "warn": "overdue", "escalate": "escalated"}


@dataclass(frozen=True, slots=True)
class Way:
    """The rungs of a case, on the way from `start` to `deadline` (UTC), counted as its limit is."""

    rungs: Sequence[Rung]
    start: dt.datetime
    deadline: dt.datetime
    unit: Unit


@dataclass(frozen=True, slots=True)
class Reached:
    """The rung that was climbed (counted from 1), what it does, and when the next one comes (None: there is none)."""

    rung: int
    action: str
    next_at: dt.datetime | None


def unit(limits: Sequence[Limit], severity: str, stage: str) -> Unit:
    """How the limit of this stage (empty: of the whole) is counted."""
    found = limit_for(limits, stage, severity)
    return found.unit if found else "working_days"


def climb(way: Way, rung: int, at: dt.datetime, calendar: WorkingCalendar) -> Reached:
    """The highest rung above `rung` whose moment has come by `at`; the next one above `rung` where none has.

    A ladder without rungs left warns once more, which ends it.
    """
    left = list(way.rungs[rung:])
    if not left:
        return Reached(rung, "warn", None)
    moments = [share(way.start, way.deadline, way.unit, calendar, step.share) for step in left]
    passed = sum(moment <= at for moment in moments) or 1
    following = moments[passed] if passed < len(left) else None
    return Reached(rung + passed, left[passed - 1].action, following)
