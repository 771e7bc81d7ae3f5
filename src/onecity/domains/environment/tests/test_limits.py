"""Every figure of GB 3095 that is known, and a plain "not published here" for those that are not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from onecity.domains.environment.logic.limits import LIMITS, Period, Verdict, edition_key_on, limit_on, verdicts

IN_2012 = date(2020, 6, 1)
IN_TRANSITION = date(2026, 11, 24)
AFTER = date(2031, 1, 1)


@pytest.mark.parametrize(
    ("item", "period", "first", "second"),
    [
        ("so2", "year", 20, 60),
        ("so2", "24h", 50, 150),
        ("so2", "1h", 150, 500),
        ("no2", "year", 40, 40),
        ("no2", "24h", 80, 80),
        ("no2", "1h", 200, 200),
        ("co", "24h", 4, 4),
        ("co", "1h", 10, 10),
        ("o3", "1h", 160, 200),
        ("o3", "8h", 100, 160),
        ("pm10", "year", 40, 70),
        ("pm10", "24h", 50, 150),
        ("pm2_5", "year", 15, 35),
        ("pm2_5", "24h", 35, 75),
        ("tsp", "year", 80, 200),
        ("tsp", "24h", 120, 300),
        ("nox", "year", 50, 50),
        ("nox", "24h", 100, 100),
        ("nox", "1h", 250, 250),
        ("pb", "year", 0.5, 0.5),
        ("pb", "quarter", 1, 1),
        ("bap", "year", 0.001, 0.001),
        ("bap", "24h", 0.0025, 0.0025),
    ],
)
def test_limits_of_2012(item: str, period: str, first: float, second: float) -> None:
    for zone, value in ((1, first), (2, second)):
        limit = limit_on(IN_2012, item, Period(period), zone)
        assert limit is not None
        assert (limit.value, limit.edition) == (value, "GB3095-2012")


@pytest.mark.parametrize(
    ("day", "period", "zone", "value"),
    [
        (date(2026, 3, 1), "24h", 2, 60),
        (date(2026, 3, 1), "year", 2, 30),
        (date(2030, 12, 31), "24h", 2, 60),
        (date(2030, 12, 31), "year", 2, 30),
        (AFTER, "24h", 2, 50),
        (AFTER, "year", 2, 25),
        (AFTER, "24h", 1, 25),
        (AFTER, "year", 1, 10),
    ],
)
def test_limits_of_2026(day: date, period: str, zone: int, value: float) -> None:
    limit = limit_on(day, "pm2_5", Period(period), zone)
    assert limit is not None
    assert (limit.value, limit.edition) == (value, "GB3095-2026")


def test_the_edition_changes_on_the_first_of_march_2026() -> None:
    assert edition_key_on(date(2026, 2, 28)) == "GB3095-2012"
    assert edition_key_on(date(2026, 3, 1)) == "GB3095-2026"


@pytest.mark.parametrize(("item", "period"), [("so2", "24h"), ("no2", "year"), ("pm10", "24h"), ("o3", "8h")])
def test_figures_that_were_not_found_are_absent(item: str, period: str) -> None:
    assert limit_on(IN_TRANSITION, item, Period(period), 2) is None
    assert verdicts([IN_TRANSITION], np.array([9999.0]), item, Period(period), 2) == [Verdict.NOT_PUBLISHED]


def test_first_class_zones_have_no_transition_figure() -> None:
    assert limit_on(IN_TRANSITION, "pm2_5", Period.DAY, 1) is None


def test_each_value_is_judged_by_its_own_day() -> None:
    days = [IN_2012, IN_2012, IN_TRANSITION, IN_TRANSITION, AFTER, AFTER, AFTER]
    values = np.array([75.0, 75.1, 60.0, 60.1, 50.0, 50.1, np.nan])
    assert verdicts(days, values, "pm2_5", Period.DAY, 2) == [
        Verdict.MEETS,
        Verdict.EXCEEDS,
        Verdict.MEETS,
        Verdict.EXCEEDS,
        Verdict.MEETS,
        Verdict.EXCEEDS,
        Verdict.NO_VALUE,
    ]


def test_no_two_limits_hold_at_once() -> None:
    keys = [(row.item, row.period, row.zone, row.effective_from) for row in LIMITS]
    assert len(keys) == len(set(keys)) == 52
