"""Where idle units wait, and how fast they drive: advice that is exact on small cases, worth its drive, and shown at the desk."""

import datetime as dt
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.test import Client

from onecity.kernel.cases import service
from onecity.kernel.cases.dispatching import relocating, speeds, units
from onecity.kernel.cases.dispatching.logic import waiting
from onecity.kernel.cases.dispatching.logic.choosing import NOBODY, Policy
from onecity.kernel.cases.models import Unit
from onecity.kernel.cases.tests.conftest import DISTRICT, MONDAY, Town, clock, litter, town
from onecity.kernel.core.clock import FixedClock

__all__ = ["clock", "town"]
POLICY = Policy(threshold=10, minute=0.01, idle=0.8, back=0.2)


def by_hand(minutes: list[float], idle: list[bool]) -> float:
    """The expected cost at one place, over all that may happen: each unit there or not, the nearest of those there goes."""
    chances = [POLICY.idle if free else POLICY.back for free in idle]
    total = 0.0
    for there in product([True, False], repeat=len(minutes)):
        chance = np.prod([p if here else 1 - p for here, p in zip(there, chances, strict=True)])
        first = min([m for m, here in zip(minutes, there, strict=True) if here], default=NOBODY)
        total += float(chance) * ((first > POLICY.threshold) + POLICY.minute * first)
    return total


def test_the_expected_cost_is_that_of_all_that_may_happen() -> None:
    minutes = np.array([[4.0, 30.0], [12.0, 6.0], [9.0, 9.0]])
    idle = np.array([True, False, True])
    hand = 0.3 * by_hand([4, 12, 9], idle.tolist()) + 0.7 * by_hand([30, 6, 9], idle.tolist())
    assert waiting.expected(minutes, np.array([0.3, 0.7]), idle, POLICY) == pytest.approx(hand)
    assert waiting.expected(np.zeros((0, 1)), np.array([1.0]), np.array([], dtype=bool), POLICY) == pytest.approx(1.4)


def test_the_gain_of_a_move_is_the_fall_of_the_expected_cost() -> None:
    rng = np.random.default_rng(1)
    minutes, candidates = rng.uniform(1, 30, (4, 6)), rng.uniform(1, 30, (5, 6))
    demand, idle = np.full(6, 1 / 6), np.array([True, True, False, True])
    drives = np.full((4, 5), 3.0)
    moves = waiting.advise(minutes, demand, idle, candidates, drives, POLICY)
    assert moves
    before = waiting.expected(minutes, demand, idle, POLICY)
    best = max(
        before
        - waiting.expected(np.vstack([minutes[:u], candidates[c : c + 1], minutes[u + 1 :]]), demand, idle, POLICY)
        for u in np.flatnonzero(idle)
        for c in range(5)
    )
    assert moves[0].gain == pytest.approx(best)
    after = minutes.copy()
    for move in moves:
        assert idle[move.unit]
        after[move.unit] = candidates[move.place]
    fall = before - waiting.expected(after, demand, idle, POLICY)
    assert sum(move.gain for move in moves) == pytest.approx(fall)


def test_two_in_one_place_part_and_one_alone_stays() -> None:
    # two quarters, half an hour apart; both units wait in the first
    minutes, candidates = np.array([[2.0, 30.0], [2.0, 30.0]]), np.array([[2.0, 30.0], [30.0, 2.0]])
    even, both = np.array([0.5, 0.5]), np.array([True, True])
    [move] = waiting.advise(minutes, even, both, candidates, np.array([[0.0, 15.0]] * 2), Policy())
    assert (move.place, move.minutes) == (1, 15.0)
    assert waiting.advise(minutes, even, both, candidates, np.array([[0.0, 25.0]] * 2), Policy()) == []
    assert (
        waiting.advise(minutes[:1], np.array([0.9, 0.1]), both[:1], candidates, np.array([[0.0, 15.0]]), Policy()) == []
    )
    assert waiting.advise(minutes, even, ~both, candidates, np.zeros((2, 2)), Policy()) == []


def test_the_speed_is_that_of_the_hour_on_working_days_and_others() -> None:
    zone = dt.timezone(dt.timedelta(hours=8))

    def kmh(day: int, hour: int, minute: int = 0) -> float:
        return speeds.grid(dt.datetime(2026, 11, day, hour, minute, tzinfo=zone)).km_per_minute * 60

    table = speeds.table()
    assert kmh(23, 8) == pytest.approx(table.working_day[8])
    assert kmh(23, 8, 30) == pytest.approx((table.working_day[8] + table.working_day[9]) / 2)
    assert kmh(22, 8) == pytest.approx(table.free_day[8])
    assert kmh(23, 3) > 1.4 * kmh(23, 8)
    shift = speeds.over(dt.datetime(2026, 11, 23, 8, tzinfo=zone), 120).km_per_minute * 60
    assert shift == pytest.approx(2 / (1 / table.working_day[8] + 1 / table.working_day[9]))


def test_a_district_brings_its_own_table(tmp_path: Path, settings: Any) -> None:
    settings.ONECITY_HOME = tmp_path
    speeds.table.cache_clear()
    try:
        (tmp_path / speeds.FILE).write_text(speeds.SHIPPED.read_text().replace('"km/h"', '"mph"'))
        with pytest.raises(ValueError, match="not a table of speeds"):
            speeds.table()
        (tmp_path / speeds.FILE).write_text("{}")
        with pytest.raises(ValueError, match="required field"):
            speeds.table()
    finally:
        speeds.table.cache_clear()


def test_the_desk_says_where_a_unit_had_better_wait(town: Town, clock: FixedClock, client: Client) -> None:
    for number in range(2):
        Unit.objects.create(
            name=f"抢修{number}", account_id=town["handler_a" if number else "second_a"].id, division_path=DISTRICT,
            station_lon=121.40, station_lat=30.90,
        )  # fmt: skip
    account = town["dispatcher"]
    assert relocating.advise(units.visible(account), account) == []  # nothing urgent ever came
    rows = [
        litter(
            title=f"塌陷{n}",
            severity="red",
            lon=121.40 + 0.10 * (n % 2),
            lat=30.90,
            opened_at=MONDAY - dt.timedelta(hours=11 * n),
        )
        for n in range(1, 181)
    ]
    service.open_cases(rows)
    cache.clear()  # what is expected is kept for some minutes
    client.force_login(account)
    [advice] = relocating.advise(units.visible(account), account)
    assert advice.lon == pytest.approx(121.50, abs=0.011)
    assert 0 < advice.minutes <= 20
    assert advice.of_hundred >= 1
    page = client.get("/desk/dispatch").content.decode()
    assert "待命地点建议" in page
    assert f"{advice.unit.name} → {advice.place}" in page
