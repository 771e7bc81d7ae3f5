"""Ambient air limits and compliance: GB 3095-2012 and GB 3095-2026 with its transition (环境空气质量标准)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from onecity.domains.environment.logic.exact import Floats, to_fixed

_START_2012 = date(2016, 1, 1)
_END_2012 = date(2026, 2, 28)
_START_2026 = date(2026, 3, 1)
_END_TRANSITION = date(2030, 12, 31)
_AFTER_TRANSITION = date(2031, 1, 1)


class Period(StrEnum):
    """Averaging times of GB 3095."""

    YEAR = "year"
    QUARTER = "quarter"
    DAY = "24h"
    EIGHT_HOURS = "8h"
    HOUR = "1h"


class Verdict(StrEnum):
    """What can be said about one value."""

    MEETS = "meets"
    EXCEEDS = "exceeds"
    NOT_PUBLISHED = "not_published_here"
    NO_VALUE = "no_value"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: µg/m³, CO in mg/m³; `zone` 1 = nature reserves and scenic areas, 2 = where people live and work."""

    edition: str
    item: str
    period: Period
    zone: int
    value: float
    effective_from: date
    effective_to: date | None


def _rows_2012() -> tuple[Limit, ...]:
    table: tuple[tuple[str, Period, float, float], ...] = (
        ("so2", Period.YEAR, 20, 60),
        ("so2", Period.DAY, 50, 150),
        ("so2", Period.HOUR, 150, 500),
        ("no2", Period.YEAR, 40, 40),
        ("no2", Period.DAY, 80, 80),
        ("no2", Period.HOUR, 200, 200),
        ("co", Period.DAY, 4, 4),
        ("co", Period.HOUR, 10, 10),
        ("o3", Period.HOUR, 160, 200),
        ("o3", Period.EIGHT_HOURS, 100, 160),
        ("pm10", Period.YEAR, 40, 70),
        ("pm10", Period.DAY, 50, 150),
        ("pm2_5", Period.YEAR, 15, 35),
        ("pm2_5", Period.DAY, 35, 75),
        ("tsp", Period.YEAR, 80, 200),
        ("tsp", Period.DAY, 120, 300),
        ("nox", Period.YEAR, 50, 50),
        ("nox", Period.DAY, 100, 100),
        ("nox", Period.HOUR, 250, 250),
        ("pb", Period.YEAR, 0.5, 0.5),
        ("pb", Period.QUARTER, 1, 1),
        ("bap", Period.YEAR, 0.001, 0.001),
        ("bap", Period.DAY, 0.0025, 0.0025),
    )
    return tuple(
        Limit("GB3095-2012", item, period, zone, value, _START_2012, _END_2012)
        for item, period, *both in table
        for zone, value in enumerate(both, start=1)
    )


LIMITS: tuple[Limit, ...] = (
    *_rows_2012(),
    Limit("GB3095-2026", "pm2_5", Period.YEAR, 2, 30, _START_2026, _END_TRANSITION),
    Limit("GB3095-2026", "pm2_5", Period.DAY, 2, 60, _START_2026, _END_TRANSITION),
    Limit("GB3095-2026", "pm2_5", Period.YEAR, 1, 10, _AFTER_TRANSITION, None),
    Limit("GB3095-2026", "pm2_5", Period.YEAR, 2, 25, _AFTER_TRANSITION, None),
    Limit("GB3095-2026", "pm2_5", Period.DAY, 1, 25, _AFTER_TRANSITION, None),
    Limit("GB3095-2026", "pm2_5", Period.DAY, 2, 50, _AFTER_TRANSITION, None),
)
"""GB 3095-2026 also tightens SO₂, NO₂ and PM10; those figures were not found and are therefore absent, not guessed."""


def edition_key_on(day: date) -> str:
    """Name the edition of GB 3095 that judges `day`; days before 2016 are judged by the 2012 edition."""
    return "GB3095-2026" if day >= _START_2026 else "GB3095-2012"


def limit_on(day: date, item: str, period: Period, zone: int) -> Limit | None:
    """Give the limit that holds on `day`, or None where this table does not have the figure."""
    wanted = max(day, _START_2012)
    for limit in LIMITS:
        same = (limit.item, limit.period, limit.zone) == (item, period, zone)
        if same and limit.effective_from <= wanted and (limit.effective_to is None or wanted <= limit.effective_to):
            return limit
    return None


def limit_on_day_number(day: int, item: str, period: Period, zone: int) -> Limit | None:
    """Give the limit that holds on a day counted since 1970."""
    return limit_on(date(1970, 1, 1) + timedelta(days=day), item, period, zone)


def verdicts(days: list[date], values: Floats, item: str, period: Period, zone: int) -> list[Verdict]:
    """Judge n values, each by the limit of its own day; equal to the limit meets it."""
    fixed = to_fixed(np.asarray(values, dtype=np.float64))
    return [_verdict(limit_on(day, item, period, zone), int(value)) for day, value in zip(days, fixed, strict=True)]


def _verdict(limit: Limit | None, fixed: int) -> Verdict:
    if fixed < 0:
        return Verdict.NO_VALUE
    if limit is None:
        return Verdict.NOT_PUBLISHED
    return Verdict.EXCEEDS if fixed > int(to_fixed(np.array([limit.value]))[0]) else Verdict.MEETS
