"""The working calendar: deadlines in working hours, working days and calendar days, and working time between moments.

Every opening of the offices is one span of absolute time with the working seconds before it summed up, so each question is
a binary search, whatever the length of the period, and changes of a zone's offset (summer time) are exact.

How periods are counted follows the Civil Code of China: the day on which a period begins does not count (民法典 article
201); the last day ends when business ends (article 203, paragraph 2); a last day that is a day of rest moves to the next
working day (article 203, paragraph 1).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from onecity.kernel.core.clock import from_us, to_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.holidays import SATURDAY, ChineseHolidays, DayRule
from onecity.kernel.core.text import lazy as _

Span = tuple[dt.time, dt.time]
Unit = Literal["working_hours", "working_days", "calendar_days"]
Microseconds = npt.NDArray[np.int64]

# the usual office hours of district offices and service halls; each district sets its own
OFFICE_HOURS: tuple[Span, ...] = ((dt.time(9), dt.time(12)), (dt.time(13, 30), dt.time(17, 30)))
WHOLE_DAY: tuple[Span, ...] = ((dt.time(0), dt.time.max),)
FIRST_YEAR, LAST_YEAR = 2000, 2060
US_PER_SECOND = 1_000_000
US_PER_DAY = 86_400 * US_PER_SECOND
DAY = dt.timedelta(days=1)


class OutsideCalendar(Problem):
    """The period reaches beyond the years of the calendar."""

    def __init__(self, day: str) -> None:
        detail = _("{day} is not between {first} and {last}.", day=day, first=FIRST_YEAR, last=LAST_YEAR)
        super().__init__("outside-calendar", _("The date is outside the working calendar"), status=422, detail=detail)


class WorkingCalendar:
    """Working hours of an office in its time zone, with holidays and shifted working days.

    `hours` are the spans of an ordinary working day, in order and without overlap; `by_weekday` replaces them for single
    weekdays (0 = Monday), which also opens a Saturday or Sunday. A day off that is worked in exchange has the hours of
    a Monday; a holiday has none. A span that ends at `time.max` ends at midnight.
    """

    def __init__(
        self,
        zone: str = "Asia/Shanghai",
        hours: Sequence[Span] = OFFICE_HOURS,
        holidays: DayRule | None = None,
        by_weekday: Mapping[int, Sequence[Span]] | None = None,
    ) -> None:
        self.zone = ZoneInfo(zone)
        self.holidays: DayRule = holidays or ChineseHolidays()
        week = {weekday: tuple(hours) if weekday < SATURDAY else () for weekday in range(7)}
        week |= {weekday: tuple(spans) for weekday, spans in (by_weekday or {}).items()}
        self._week = [_checked(week[weekday]) for weekday in range(7)]
        self._build()

    def _build(self) -> None:
        first, last = dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31)
        count = (last - first).days + 1
        self._first_ordinal = first.toordinal()
        pattern = (np.arange(count) + first.weekday()) % 7
        pattern[[day.toordinal() - self._first_ordinal for day in self.holidays.closed_days(first, last)]] = -1
        pattern[[day.toordinal() - self._first_ordinal for day in self.holidays.shifted_days(first, last)]] = 0
        midnights = self._midnights(first, count)
        starts, ends, days = [], [], []
        for weekday, spans in enumerate(self._week):
            chosen = np.flatnonzero(pattern == weekday)
            for begin, end in spans:
                starts.append(self._moments(midnights, chosen, begin))
                ends.append(self._moments(midnights, chosen, end))
                days.append(chosen)
        if not starts:
            raise ValueError("a working calendar without a single opening hour")
        order = np.argsort(np.concatenate(starts), kind="stable")
        self._starts: Microseconds = np.concatenate(starts)[order]
        self._ends: Microseconds = np.concatenate(ends)[order]
        self._sum_after: Microseconds = np.cumsum(self._ends - self._starts)
        self._sum_before: Microseconds = self._sum_after - (self._ends - self._starts)
        span_day = np.concatenate(days)[order]
        self._open_days, first_span = np.unique(span_day, return_index=True)
        self._closing: Microseconds = self._ends[np.append(first_span[1:], len(span_day)) - 1]

    def _midnights(self, first: dt.date, count: int) -> Microseconds:
        """Return count + 1 local midnights in microseconds since 1970 UTC."""
        walk = dt.datetime.combine(first, dt.time(), self.zone)
        return np.fromiter((to_us(walk + DAY * day) for day in range(count + 1)), dtype=np.int64, count=count + 1)

    def _moments(self, midnights: Microseconds, days: npt.NDArray[np.intp], time: dt.time) -> Microseconds:
        """Return the moments (microseconds UTC) at which the wall clock shows `time` on `days`."""
        if time == dt.time.max:
            return midnights[days + 1]
        since = ((time.hour * 60 + time.minute) * 60 + time.second) * US_PER_SECOND + time.microsecond
        moments = midnights[days] + since
        for position in np.flatnonzero(midnights[days + 1] - midnights[days] != US_PER_DAY):
            day = dt.date.fromordinal(self._first_ordinal + int(days[position]))
            moments[position] = to_us(dt.datetime.combine(day, time, self.zone))
        return moments

    def known(self, *moments: dt.datetime) -> bool:
        """Return whether the official holidays of all these moments are published; if not, a deadline is provisional."""
        return all(self.holidays.known(moment.astimezone(self.zone).date()) for moment in moments)

    def is_working_day(self, day: dt.date) -> bool:
        """Return whether the office opens on `day` at all."""
        position = np.searchsorted(self._open_days, self._index(day))
        return bool(position < len(self._open_days) and self._open_days[position] == self._index(day))

    def is_open(self, moment: dt.datetime) -> bool:
        """Return whether `moment` lies in working hours (the closing moment itself does not)."""
        at = to_us(moment)
        position = int(np.searchsorted(self._starts, at, side="right")) - 1
        return position >= 0 and bool(at < self._ends[position])

    def next_open(self, moment: dt.datetime) -> dt.datetime:
        """Return `moment` when it lies in working hours, else the next opening, in UTC."""
        at = to_us(moment)
        position = int(np.searchsorted(self._ends, at, side="right"))
        self._check(position, len(self._starts), moment)
        return from_us(max(at, int(self._starts[position])))

    def working_us(self, start_us: Microseconds, end_us: Microseconds) -> Microseconds:
        """Return the working microseconds between arrays of moments in microseconds since 1970 UTC, any shape.

        Negative where the end lies before the start. Raises OutsideCalendar when any moment is outside its years.
        """
        return self._elapsed(np.asarray(end_us)) - self._elapsed(np.asarray(start_us))

    def working_seconds_between(self, start: dt.datetime, end: dt.datetime) -> float:
        """Return the working seconds between two moments, negative when the end lies before the start."""
        first, last = self._elapsed(np.array([to_us(start), to_us(end)]))
        return int(last - first) / US_PER_SECOND

    def add_working_hours(self, moment: dt.datetime, hours: float) -> dt.datetime:
        """Return the moment (UTC) by which `hours` of working time have passed since `moment`.

        Time outside working hours does not count; a period that is used up exactly at closing time ends there.
        """
        _not_negative(hours)
        if hours == 0:
            return self.next_open(moment)
        target = int(self._elapsed(np.array(to_us(moment)))) + round(hours * 3600 * US_PER_SECOND)
        position = int(np.searchsorted(self._sum_after, target, side="left"))
        self._check(position, len(self._starts), moment)
        return from_us(int(self._starts[position]) + target - int(self._sum_before[position]))

    def add_working_days(self, moment: dt.datetime, days: int) -> dt.datetime:
        """Return the close of business (UTC) of the `days`-th working day after the day of `moment`.

        With 0 days: the close of business of that day, or of the next working day when it is a day of rest.
        """
        _not_negative(days)
        today = self._index(moment.astimezone(self.zone).date())
        if days:
            position = int(np.searchsorted(self._open_days, today, side="right")) + days - 1
        else:
            position = int(np.searchsorted(self._open_days, today, side="left"))
        self._check(position, len(self._open_days), moment)
        return from_us(int(self._closing[position]))

    def add_calendar_days(self, moment: dt.datetime, days: int, *, roll: bool = True) -> dt.datetime:
        """Return the end (UTC) of a period of calendar days, the first of which is the day after `moment`.

        With `roll` a last day of rest moves to the next working day, and the period ends at close of business; without
        it the period ends at midnight after the last day, whatever day that is.
        """
        _not_negative(days)
        last = moment.astimezone(self.zone).date() + DAY * days
        if not roll:
            return dt.datetime.combine(last + DAY, dt.time(), self.zone).astimezone(dt.UTC)
        position = int(np.searchsorted(self._open_days, self._index(last), side="left"))
        self._check(position, len(self._open_days), moment)
        return from_us(int(self._closing[position]))

    def working_days_between(self, start: dt.date, end: dt.date) -> int:
        """Return how many working days lie after `start` up to and including `end`; negative the other way round."""
        first, last = np.searchsorted(self._open_days, [self._index(start), self._index(end)], side="right")
        return int(last - first)

    def add(self, moment: dt.datetime, amount: float, unit: Unit) -> dt.datetime:
        """Return the end (UTC) of a period of `amount` in `unit` that begins at `moment`; days are whole numbers."""
        if unit == "working_hours":
            return self.add_working_hours(moment, amount)
        if amount != int(amount):
            raise ValueError(f"a period of {amount} days: days are whole numbers")
        if unit == "working_days":
            return self.add_working_days(moment, int(amount))
        return self.add_calendar_days(moment, int(amount))

    def resume(self, deadline: dt.datetime, paused_at: dt.datetime, resumed_at: dt.datetime, unit: Unit) -> dt.datetime:
        """Return the deadline (UTC) of a period that stood still from `paused_at` to `resumed_at`.

        Working hours: what was left at the pause is left at the resumption. Days: the deadline moves by as many days
        (working or calendar, as the period is counted) as the pause crossed. A deadline that had passed before the pause stays.
        """
        if resumed_at < paused_at:
            raise ValueError("a pause that ends before it begins")
        if paused_at >= deadline:
            return deadline
        if unit == "working_hours":
            left = self.working_seconds_between(paused_at, deadline)
            return self.add_working_hours(resumed_at, left / 3600)
        first, last = (moment.astimezone(self.zone).date() for moment in (paused_at, resumed_at))
        if unit == "working_days":
            return self.add_working_days(deadline, self.working_days_between(first, last))
        return self.add_calendar_days(deadline, (last - first).days)

    def _elapsed(self, at: Microseconds) -> Microseconds:
        if np.any(at < self._starts[0]) or np.any(at > self._ends[-1]):
            raise OutsideCalendar(from_us(int(np.min(at) if np.any(at < self._starts[0]) else np.max(at))).isoformat())
        position = np.searchsorted(self._starts, at, side="right") - 1
        return self._sum_before[position] + np.minimum(at, self._ends[position]) - self._starts[position]

    def _index(self, day: dt.date) -> int:
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise OutsideCalendar(day.isoformat())
        return day.toordinal() - self._first_ordinal

    def _check(self, position: int, length: int, moment: dt.datetime) -> None:
        if position >= length:
            raise OutsideCalendar(f"{moment.date().isoformat()} + …")


def _checked(spans: Sequence[Span]) -> Sequence[Span]:
    bounds = [bound for span in spans for bound in span]
    if bounds != sorted(bounds) or any(begin == end for begin, end in spans):
        raise ValueError(f"opening hours must be in order, not empty and not overlap: {spans}")
    return spans


def _not_negative(amount: float) -> None:
    if not 0 <= amount < float("inf"):
        raise ValueError(f"a period of {amount}: an amount of time is a number that is not negative")
