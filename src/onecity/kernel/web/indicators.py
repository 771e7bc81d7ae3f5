"""Indicators as manifests declare them, computed: the figure now, its course over a day, and how yesterday compares."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from onecity.kernel.access.logic import prefixes
from onecity.kernel.core import units
from onecity.kernel.core.clock import now
from onecity.kernel.registry.domain import Indicator
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.web import wording
from onecity.kernel.web.logic import figures

HOURS = 24
HOUR = dt.timedelta(hours=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICRO = dt.timedelta(microseconds=1)
PERCENT = "%"
# series id, unit, newest value, until when it counts as fresh, when it was observed
Row = tuple[int, str, float | None, dt.datetime | None, dt.datetime | None]


@dataclass(frozen=True)
class Figure:
    """One indicator with its meaning: value, unit, age, course of the last hours, target, change since yesterday."""

    name: str
    title: str
    value: float | None
    unit: str
    decimals: int
    at: dt.datetime | None
    course: list[float | None]
    target: float | None
    change: str
    good: bool | None
    badness: float


def figure(indicator: Indicator, division: str, at: dt.datetime | None = None) -> Figure:
    """The indicator over what the reader may see in a division, now or at a moment of the past."""
    moment = at or now()
    rows = list(_rows(indicator, division))
    course = _course(indicator, [row[0] for row in rows], moment)
    value = _now(indicator, rows, moment) if at is None else _last(course)
    change, good = _compare(indicator, value, course)
    unit, decimals = _unit(indicator, rows)
    return Figure(
        name=indicator.name,
        title=str(indicator.title),
        value=value,
        unit=unit,
        decimals=decimals,
        at=max((row[4] for row in rows if row[4] is not None), default=None) if at is None else at,
        course=course[-HOURS:],
        target=indicator.target,
        change=change,
        good=good,
        badness=figures.badness(value, indicator.target, indicator.higher_is),
    )


def within(rows: "QuerySet[Series]", division: str) -> "QuerySet[Series]":
    """The series of a division and everything below it, as an index range."""
    upper = prefixes.upper_bound(division)
    rows = rows.filter(division_path__gte=division)
    return rows.filter(division_path__lt=upper) if upper else rows


def _rows(indicator: Indicator, division: str) -> "QuerySet[Series, Row]":
    rows = Series.objects.filter(active=True, entity_type=indicator.entity_type, attribute=indicator.attribute)
    fresh = within(rows, division).annotate(until=F("latest__observed_at") + F("max_age"))
    return fresh.values_list("id", "unit", "latest__value", "until", "latest__observed_at")


def _now(indicator: Indicator, rows: Sequence[Row], moment: dt.datetime) -> float | None:
    fresh = [value for _id, _unit, value, until, _at in rows if value is not None and until and until > moment]
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


def _unit(indicator: Indicator, rows: Sequence[Row]) -> tuple[str, int]:
    if indicator.function == "share_above":
        return PERCENT, 0
    if indicator.function == "count" or not rows:
        return "", 0 if indicator.function == "count" else indicator.decimals
    return units.symbol(rows[0][1]), indicator.decimals


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
