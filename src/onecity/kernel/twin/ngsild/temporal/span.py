"""Which part of a history is asked for (4.11), and how long the periods are into which it is gathered (4.5.19.1); pure."""

import calendar
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import moment

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)
SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
PROPERTIES: Final = ("observedAt", "createdAt", "modifiedAt", "deletedAt")
RELATIONS: Final = ("before", "after", "between")
# moments before and behind every moment that can be written
ALWAYS: Final = (-62_135_596_800 * SECOND, 253_402_300_800 * SECOND)
DURATION: Final = re.compile(
    r"P(?:(\d{1,6})W|(?=\d|T\d)(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?)",
    re.ASCII,
)
MOST_PERIODS: Final = 100_000
# a thousand years: periods that are longer are none
LONGEST: Final = (12 * 1_000, 365_250 * DAY)


def micros(text: str) -> int:
    """A moment as it is kept, in µs since 1970 UTC."""
    return (dt.datetime.fromisoformat(text) - EPOCH) // MICROSECOND


@dataclass(frozen=True, slots=True)
class Span:
    """The moments from `first` to just before `last` (µs since 1970 UTC) of `timeproperty`; `relation` "" asks for all."""

    relation: str = ""
    first: int = ALWAYS[0]
    last: int = ALWAYS[1]
    timeproperty: str = "observedAt"

    def holds(self, at: int) -> bool:
        """Whether the moment lies within."""
        return self.first <= at < self.last

    @property
    def bounded_below(self) -> bool:
        """Whether the question names where it begins."""
        return self.relation in {"after", "between"}


def read_span(parameters: Mapping[str, Any], *, required: bool) -> Span:
    """What timerel, timeAt, endTimeAt and timeproperty say; raises Problem 400 (BadRequestData)."""
    relation, at = parameters.get("timerel"), parameters.get("timeAt")
    end = parameters.get("endTimeAt")
    timeproperty = parameters.get("timeproperty") or "observedAt"
    if timeproperty not in PROPERTIES:
        raise problems.bad_request(_("timeproperty is one of {names}.", names=", ".join(PROPERTIES)), "timeproperty")
    if relation is None:
        if required or at is not None or end is not None:
            raise problems.bad_request(_("Say which time is meant: timerel and timeAt go together."), "timerel")
        return Span(timeproperty=str(timeproperty))
    if relation not in RELATIONS:
        raise problems.bad_request(_("timerel is before, after or between."), "timerel")
    start = micros(moment(at, "timeAt"))
    if relation == "before":
        return Span("before", ALWAYS[0], start, str(timeproperty))
    if relation == "after":
        return Span("after", start, ALWAYS[1], str(timeproperty))
    return Span("between", start, micros(moment(end, "endTimeAt")), str(timeproperty))


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: calendar months and µs; neither stands for the whole span."""

    months: int = 0
    micros: int = 0

    @property
    def whole(self) -> bool:
        """Whether it stands for the whole span."""
        return not self.months and not self.micros

    def after(self, origin: int, steps: int) -> int:
        """The moment `steps` such lengths after `origin`, µs; the last day of a month where the day is missing there."""
        moved = origin + steps * self.micros
        if self.months:
            start = EPOCH + origin * MICROSECOND
            year, month = divmod(start.year * 12 + start.month - 1 + steps * self.months, 12)
            if not dt.MINYEAR <= year <= dt.MAXYEAR:
                return ALWAYS[0] if year < dt.MINYEAR else ALWAYS[1] - 1
            day = min(start.day, calendar.monthrange(year, month + 1)[1])
            moved += (start.replace(year=year, month=month + 1, day=day) - start) // MICROSECOND
        return min(max(moved, ALWAYS[0]), ALWAYS[1] - 1)


def read_duration(text: str) -> Duration:
    """An ISO 8601 duration as 4.5.19.1 writes it; raises Problem 400 (BadRequestData)."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise problems.bad_request(
            _("aggrPeriodDuration is a duration such as PT1H, P1D or P1M; PT0S stands for the whole time."),
            "aggrPeriodDuration",
        )
    weeks, years, months, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    whole_days = weeks * 7 + days
    duration = Duration(years * 12 + months, whole_days * DAY + (hours * 3600 + minutes * 60 + seconds) * SECOND)
    if duration.months > LONGEST[0] or duration.micros > LONGEST[1]:
        raise problems.bad_request(_("aggrPeriodDuration is longer than time is counted."), "aggrPeriodDuration")
    return duration


@dataclass(frozen=True, slots=True)
class Cut:
    """Time cut into periods counted from `origin` (µs); a whole one has no more than the span itself."""

    duration: Duration
    origin: int
    end: int

    def period(self, at: int) -> tuple[int, int]:
        """Where the period that holds a moment begins and ends, µs."""
        if self.duration.whole:
            return self.origin, self.end
        steps = self._steps(at)
        return self.duration.after(self.origin, steps), self.duration.after(self.origin, steps + 1)

    def _steps(self, at: int) -> int:
        if not self.duration.months:
            return (at - self.origin) // self.duration.micros
        length = self.duration.months * 30 * DAY + self.duration.micros
        steps = (at - self.origin) // length
        while self.duration.after(self.origin, steps) > at:
            steps -= 1
        while self.duration.after(self.origin, steps + 1) <= at:
            steps += 1
        return steps

    def check(self, first: int, last: int) -> None:
        """Raises Problem 403 (TooComplexQuery) where too many periods touch [first, last)."""
        if not self.duration.whole and self._steps(max(last - 1, first)) - self._steps(first) >= MOST_PERIODS:
            raise problems.problem(
                "TooComplexQuery", _("At most {most} periods are made; ask for longer ones.", most=MOST_PERIODS)
            )

    def starts(self, first: int, last: int) -> list[int]:
        """Where the periods that touch [first, last) begin, µs."""
        if self.duration.whole:
            return [self.origin]
        self.check(first, last)
        steps = range(self._steps(first), self._steps(max(last - 1, first)) + 1)
        return [self.duration.after(self.origin, step) for step in steps]
