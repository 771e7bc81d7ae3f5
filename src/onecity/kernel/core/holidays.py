"""Which days are worked in China: public holidays and shifted working days (调休) from the package `chinesecalendar`.

The State Council announces the arrangement of a year in the autumn before it. For a year not yet announced the rule falls
back to weekends and the holidays with a fixed date, and says so through `known()`: a deadline counted over such a year can
only come out earlier than the final one, never later, except for a working day that is shifted to a weekend.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from chinese_calendar import constants

# 《全国年节及纪念日放假办法》 (State Council order 795, in force since 2025-01-01), article 2: those with a fixed date
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
SATURDAY = 5


class DayRule(Protocol):
    """Decides which days are worked; the weekly hours say how long."""

    def closed_days(self, first: dt.date, last: dt.date) -> Iterable[dt.date]:
        """Return the weekdays between `first` and `last` (both included) that are holidays."""
        ...

    def shifted_days(self, first: dt.date, last: dt.date) -> Iterable[dt.date]:
        """Return the weekend days between `first` and `last` (both included) that are worked."""
        ...

    def known(self, day: dt.date) -> bool:
        """Return whether the official arrangement of that day has been published."""
        ...


class ChineseHolidays:
    """The public holidays of mainland China; years that are not announced yet fall back to weekends and fixed dates."""

    def __init__(self) -> None:
        self._holidays = frozenset(constants.holidays)
        self._workdays = frozenset(constants.workdays)
        self.first_known = dt.date(min(self._holidays).year, 1, 1)
        self.last_known = dt.date(max(self._holidays).year, 12, 31)

    def known(self, day: dt.date) -> bool:
        """Return whether the arrangement of the year of `day` is in the package's data."""
        return self.first_known <= day <= self.last_known

    def closed_days(self, first: dt.date, last: dt.date) -> Iterable[dt.date]:
        """Return the public holidays between `first` and `last`, both included, weekends among them too."""
        yield from (day for day in self._holidays if first <= day <= last)
        for year in range(first.year, last.year + 1):
            for month, day_of_month in FIXED_HOLIDAYS:
                day = dt.date(year, month, day_of_month)
                if first <= day <= last and not self.known(day):
                    yield day

    def shifted_days(self, first: dt.date, last: dt.date) -> Iterable[dt.date]:
        """Return the weekend days between `first` and `last`, both included, that are worked in exchange."""
        return (day for day in self._workdays if first <= day <= last and day.weekday() >= SATURDAY)

    def name(self, day: dt.date) -> str:
        """Return the English name of the public holiday of `day`, empty when it is none."""
        return str(constants.holidays.get(day, ""))


class Weekends:
    """No holidays at all, every day as the week says: for machines, emergency desks and tests."""

    def closed_days(self, first: dt.date, last: dt.date) -> Iterable[dt.date]:  # noqa: ARG002 - the protocol's form
        """Return nothing: no day is a holiday."""
        return ()

    def shifted_days(self, first: dt.date, last: dt.date) -> Iterable[dt.date]:  # noqa: ARG002 - the protocol's form
        """Return nothing: no weekend is worked in exchange."""
        return ()

    def known(self, day: dt.date) -> bool:  # noqa: ARG002 - the protocol's form
        """Return True: there is nothing to announce."""
        return True
