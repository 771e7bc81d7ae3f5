"""Dispatch: travel times, what a unit is worth where it waits, and what choosing by coverage gains."""

import numpy as np
import pytest

from onecity.kernel.cases.dispatching.logic import district as districts
from onecity.kernel.cases.dispatching.logic.bounding import late_at_least
from onecity.kernel.cases.dispatching.logic.choosing import NEAREST, Fleet, Policy, choose, losses
from onecity.kernel.cases.dispatching.logic.simulating import Calls, District, run
from onecity.kernel.cases.dispatching.logic.travel import StreetGrid


def test_streets_are_driven_along_both_axes() -> None:
    grid = StreetGrid(km_per_minute=0.5)
    assert grid.minutes(121.0, 30.0, 121.0, 30.1) == pytest.approx(22.239)
    both = grid.minutes(121.0, 30.0, [121.1, 121.0], [30.1, 30.0])
    assert both[0] == pytest.approx(22.239 + 22.239 * np.cos(np.radians(30.05)))
    assert both[1] == 0.0


def test_the_loss_is_the_rise_of_the_expected_cost() -> None:
    # two units, one place: the expected cost can be written down by hand
    policy = Policy(threshold=10, minute=0.01, idle=0.8, back=0.2, ahead=1)
    fleet = Fleet.of(np.array([[5.0], [20.0]]), np.array([1.0]))
    near, far, nobody = 0.05, 1.2, 1.4

    def cost(first: float, second: float) -> float:
        return first * near + (1 - first) * (second * far + (1 - second) * nobody)

    found = losses(fleet, np.array([True, True]), policy)
    assert found == pytest.approx([cost(0.2, 0.8) - cost(0.8, 0.8), cost(0.8, 0.2) - cost(0.8, 0.8)])


def test_the_last_unit_of_a_quarter_stays_where_another_can_go() -> None:
    # A waits in the quarter of all demand; B waits outside, a little further from the call, and covers nothing
    minutes = np.array([[6.0, 3.0], [7.0, 30.0]])
    fleet = Fleet.of(minutes, np.array([0.1, 0.9]))
    chosen = choose(fleet, minutes[:, 0], np.array([True, True]), Policy())
    assert chosen is not None
    assert (chosen.unit, chosen.nearest, chosen.minutes, chosen.nearest_minutes) == (1, 0, 7.0, 6.0)
    assert chosen.loss < chosen.nearest_loss
    nearest = choose(fleet, minutes[:, 0], np.array([True, True]), NEAREST)
    assert nearest is not None
    assert nearest.unit == 0


def test_nobody_idle_means_nobody_goes() -> None:
    minutes = np.array([[6.0, 3.0]])
    assert choose(Fleet.of(minutes, np.array([0.5, 0.5])), minutes[:, 0], np.array([False]), Policy()) is None


def test_a_call_waits_for_the_next_unit() -> None:
    where = District(np.array([1.0]), np.array([[4.0]]))
    calls = Calls(np.array([0.0, 1.0]), np.array([0, 0]), np.array([10.0, 10.0]))
    # the first is reached at 4 and binds the unit to 14; the second waits from 1 to 14 and is reached at 18
    assert run(where, calls, NEAREST).response.tolist() == [4.0, 17.0]


def test_the_bound_is_exact_where_one_unit_serves_in_turn() -> None:
    where = District(np.array([1.0]), np.array([[4.0]]))
    calls = Calls(np.arange(6, dtype=np.float64) * 7.0, np.zeros(6, dtype=np.int64), np.full(6, 10.0))
    # each service binds for 14 minutes: every second call can be in time
    assert late_at_least(where, calls, 5.0) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(3))
def test_coverage_beats_the_nearest_and_nobody_beats_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    where = districts.district(rng)
    calls = districts.calls(where, 3_000, rng)
    nearest, coverage = run(where, calls, NEAREST), run(where, calls, Policy())
    bound = late_at_least(where, calls, 12.0, rounds=20)
    assert bound <= coverage.late(12.0) < nearest.late(12.0)
    assert coverage.response.mean() < 1.08 * nearest.response.mean()
