"""The score card of a period: every version of the formula for its part, the offices of each group with points and rates."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import calendars
from onecity.kernel.cases.scoring import tallying
from onecity.kernel.cases.scoring.formulas import formulas
from onecity.kernel.cases.scoring.logic.card import PARTS, Card, Formula, Tally, in_force, score
from onecity.kernel.cases.scoring.tallying import Office
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import FieldError, Problem

LONGEST_DAYS = 731


@dataclass(frozen=True)
class Line:
    """One office: its counts, points and rates by name; None where there is no sample."""

    office: Office
    counts: dict[str, float]
    points: dict[str, float | None]
    rates: dict[str, float | None]
    total: float | None


@dataclass(frozen=True)
class Table:
    """The offices of one peer group in one part of the period (days, the last one included), best first."""

    title: str
    since: dt.date
    until: dt.date
    formula: Formula
    lines: Sequence[Line]


def tables(first: dt.date, last: dt.date, place: str = "") -> list[Table]:
    """The cards of the days from `first` to `last`. Raises Problem 422 for a period that is none or too long."""
    check_period(first, last)
    parts = in_force(formulas(), first.isoformat(), (last + dt.timedelta(days=1)).isoformat())
    return [table for formula, since, until in parts for table in _part(formula, since, until, place)]


def totals(formula: Formula, first: dt.date, last: dt.date) -> dict[Office, float | None]:
    """The total of each office that may be seen for these days by one formula, whatever holds then: to compare two."""
    found = _part(formula, first.isoformat(), (last + dt.timedelta(days=1)).isoformat(), "")
    return {line.office: line.total for table in found for line in table.lines}


def check_period(first: dt.date, last: dt.date) -> None:
    """Raise Problem 422 for a period that is none or too long."""
    if not first <= last or (last - first).days > LONGEST_DAYS:
        raise Problem(
            "period-invalid",
            _("This period cannot be computed."),
            status=422,
            errors=[FieldError("last", _("Choose at most two years, the first day before the last."))],
        )


def moments(since: str, until: str) -> tuple[dt.datetime, dt.datetime]:
    """The days [since, until) as moments, by the calendar of the district."""
    zone = calendars.office().zone
    return _midnight(since, zone), _midnight(until, zone)


def _part(formula: Formula, since: str, until: str, place: str) -> list[Table]:
    start, end = moments(since, until)
    offices, tally = tallying.tally(start, end, formula, place)
    groups = tallying.peers(offices, formula)
    card = score(tally, groups, formula)
    lines = [_line(number, office, tally, card) for number, office in enumerate(offices)]
    last = dt.date.fromisoformat(until) - dt.timedelta(days=1)
    found = []
    for number, group in enumerate(formula.groups):
        own = [line for line, at in zip(lines, groups, strict=True) if at == number and any(line.counts.values())]
        own.sort(key=lambda line: (line.total is None, -(line.total or 0.0)))
        found.append(Table(in_language(group.title), dt.date.fromisoformat(since), last, formula, own))
    return found


def _line(number: int, office: Office, tally: Tally, card: Card) -> Line:
    return Line(
        office,
        {name: float(getattr(tally, name)[number]) for name in tallying.COUNTS},
        {name: _known(card.points[name][number]) for name in PARTS},
        {name: _known(values[number]) for name, values in card.rates.items()},
        _known(card.total[number]),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _midnight(day: str, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), zone)
