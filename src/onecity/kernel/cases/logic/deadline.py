"""When a case is due: limits of its type counted over the working calendar, and the moments at which to remind.

Deadlines are columns that one query sweeps, never timers: `due` is a function of limit, start and calendar alone, so that
it can be computed again at any time.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.logic.ledger import Entry, adjusted
from onecity.kernel.cases.logic.provisions import LADDER, Rung, Unit
from onecity.kernel.core.calendar import WorkingCalendar

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """`deadline`: the nearest of stage and whole case; `final`: that of the whole case; `remind_at`: the first rung of the
    ladder of reminders on the way to the former."""

    deadline: dt.datetime | None
    final: dt.datetime | None
    remind_at: dt.datetime | None


def limit_for(limits: Iterable[Limit], stage: str, severity: str) -> Limit | None:
    """The limit of a stage (empty: the whole case); one that names the severity goes before one for all."""
    fitting = [x for x in limits if x.stage == stage and (not x.severities or severity in x.severities)]
    fitting.sort(key=lambda x: not x.severities)
    return fitting[0] if fitting else None


def end(limit: Limit, start: dt.datetime, calendar: WorkingCalendar) -> dt.datetime:
    """The end (UTC) of a limit that begins at `start`.

    Days are counted from the day after the event (民法典 article 201) unless the limit says `same_day`; hours from the
    event unless it says `next_day`.
    """
    if limit.unit == "working_hours":
        begin = _next_midnight(start, calendar) if limit.start == "next_day" else start
        return calendar.add_working_hours(begin, limit.amount)
    days = int(limit.amount) - (1 if limit.start == "same_day" else 0)
    if limit.unit == "working_days":
        return calendar.add_working_days(start, days)
    return calendar.add_calendar_days(start, days, roll=limit.roll)


def due(
    limits: tuple[Limit, ...],
    severity: str,
    *,
    stage: str,
    stage_since: dt.datetime,
    opened_at: dt.datetime,
    calendar: WorkingCalendar,
    ledger: Sequence[Entry] = (),
    ladder: Sequence[Rung] = LADDER,
) -> Due:
    """The due times of a case of this severity that entered `stage` at `stage_since` and began at `opened_at`.

    While the clock stands still there are none.
    """
    whole, part = limit_for(limits, "", severity), limit_for(limits, stage, severity) if stage else None
    final = _end(whole, opened_at, calendar, ledger) if whole else None
    ends = [(final, opened_at, whole)] if whole else []
    if part:
        ends.append((_end(part, stage_since, calendar, ledger), stage_since, part))
    known = [(moment, since, limit) for moment, since, limit in ends if moment is not None and limit is not None]
    if not known:
        return Due(None, final, None)
    moment, since, limit = min(known, key=lambda each: each[0])
    first = share(since, moment, limit.unit, calendar, ladder[0].share) if ladder else None
    return Due(moment, final, first)


def _end(limit: Limit, start: dt.datetime, calendar: WorkingCalendar, ledger: Sequence[Entry]) -> dt.datetime | None:
    return adjusted(end(limit, start, calendar), limit.unit, start, ledger, calendar)


def share(start: dt.datetime, deadline: dt.datetime, unit: Unit, calendar: WorkingCalendar, part: float) -> dt.datetime:
    """The moment (UTC) at which `part` of the time between start and deadline has passed (more than 1: after it): working
    time, where the limit counts working time, so that nobody is reminded in the night before a deadline that still has a
    morning."""
    if unit == "calendar_days":
        return start + (deadline - start) * part
    if part == 1:
        return deadline
    seconds = calendar.working_seconds_between(start, deadline)
    return calendar.add_working_hours(start, seconds * part / 3600) if seconds > 0 else deadline


def _next_midnight(moment: dt.datetime, calendar: WorkingCalendar) -> dt.datetime:
    local = moment.astimezone(calendar.zone)
    return dt.datetime.combine(local.date() + DAY, dt.time(), calendar.zone).astimezone(dt.UTC)
