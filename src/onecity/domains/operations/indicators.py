"""The indicator tree: every domain's figures for a division, with the course of a day, the worst first."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import F
from django.utils.translation import gettext as _

from onecity.domains.operations.logic import figures
from onecity.domains.operations.scope import Scope
from onecity.domains.operations.situations import Situation
from onecity.kernel.core import units
from onecity.kernel.registry import registry
from onecity.kernel.registry.domain import Domain, Indicator
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.web import wording

HOURS = 24
HOUR = dt.timedelta(hours=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICRO = dt.timedelta(microseconds=1)
PERCENT = "%"
COUNTED = "1"


@dataclass(frozen=True)
class Figure:
    """One indicator with its meaning: value, unit, course of the last hours, target, and the change since yesterday."""

    name: str
    title: str
    value: float | None
    unit: str
    decimals: int
    course: list[float | None]
    target: float | None
    change: str
    good: bool | None
    badness: float


@dataclass(frozen=True)
class Branch:
    """A domain's figures, worst first, with the number of running alerts on its entities."""

    name: str
    title: str
    figures: tuple[Figure, ...]
    alerts: int
    worst: str


def tree(scope: Scope, found: Sequence[Situation]) -> list[Branch]:
    """The branches of all domains that declare figures; those with the gravest alerts, then the worst figures, first."""
    domains = [domain for domain in registry.domains() if domain.indicators]
    branches = [_branch(domain, scope, found) for domain in domains]
    rank = {s.severity: s.rank for s in found}

    def order(branch: Branch) -> tuple[float, ...]:
        worst = max((figure.badness for figure in branch.figures), default=0.0)
        return (-rank.get(branch.worst, 0), -worst)

    return sorted(branches, key=order)


def _branch(domain: Domain, scope: Scope, found: Sequence[Situation]) -> Branch:
    kinds = {kind.name for kind in domain.entity_types}
    running = [s for s in found if s.ended is None and s.alert is not None and s.entity_type in kinds]
    worst = max(running, key=lambda s: s.rank).severity if running else ""
    values = [_figure(indicator, scope) for indicator in domain.indicators]
    values.sort(key=lambda figure: -figure.badness)
    return Branch(domain.name, str(domain.title), tuple(values), len(running), worst)


def _figure(indicator: Indicator, scope: Scope) -> Figure:
    series = _series(indicator, scope)
    course = _course(indicator, [row[0] for row in series], scope.moment)
    value = _now(indicator, series, scope) if scope.at is None else _last(course)
    change, good = _compare(indicator, value, course)
    unit, decimals = _unit(indicator, series)
    return Figure(
        name=indicator.name,
        title=str(indicator.title),
        value=value,
        unit=unit,
        decimals=decimals,
        course=course[-HOURS:],
        target=indicator.target,
        change=change,
        good=good,
        badness=figures.badness(value, indicator.target, indicator.higher_is),
    )


def _series(indicator: Indicator, scope: Scope) -> list[tuple[int, str, float | None, dt.datetime | None]]:
    rows = Series.objects.filter(
        active=True,
        entity_type=indicator.entity_type,
        attribute=indicator.attribute,
        division_path__startswith=scope.division,
    )
    return list(
        rows.annotate(until=F("latest__observed_at") + F("max_age")).values_list("id", "unit", "latest__value", "until")
    )


def _now(
    indicator: Indicator, series: Sequence[tuple[int, str, float | None, dt.datetime | None]], scope: Scope
) -> float | None:
    fresh = [v for _id, _unit, v, until in series if v is not None and until is not None and until > scope.moment]
    return figures.reduce(np.array(fresh, dtype=np.float64), indicator.function, indicator.threshold)


def _course(indicator: Indicator, series: Sequence[int], moment: dt.datetime) -> list[float | None]:
    """Hourly figures of the last 25 hours, so that the same hour of yesterday is the first."""
    if not series:
        return [None] * (HOURS + 1)
    last = moment.replace(minute=0, second=0, microsecond=0)
    first = last - HOURS * HOUR
    found = query.aggregate(series, first, last + HOUR, 3600, ("mean",))
    start, step = (first - EPOCH) // MICRO, HOUR // MICRO
    values: Mapping[str, figures.Floats] = found.values
    return figures.course(
        found.bucket_start, values["mean"], start, step, HOURS + 1, indicator.function, indicator.threshold
    )


def _last(course: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(course) if value is not None), None)


def _unit(indicator: Indicator, series: Sequence[tuple[int, str, float | None, dt.datetime | None]]) -> tuple[str, int]:
    if indicator.function == "share_above":
        return PERCENT, 0
    if indicator.function == "count" or not series:
        return "", 0 if indicator.function == "count" else indicator.decimals
    return units.symbol(series[0][1]), indicator.decimals


def _compare(indicator: Indicator, value: float | None, course: Sequence[float | None]) -> tuple[str, bool | None]:
    """The difference to the same hour of yesterday in words, and whether it is for the better."""
    before = course[0]
    if value is None or before is None:
        return "", None
    difference = round(value - before, indicator.decimals)
    if difference == 0:
        return _("as yesterday"), None
    text = wording.number(abs(difference), indicator.decimals)
    words = _("{amount} more than yesterday") if difference > 0 else _("{amount} less than yesterday")
    good = None if indicator.higher_is == "neutral" else (difference > 0) == (indicator.higher_is == "good")
    return words.format(amount=text), good
