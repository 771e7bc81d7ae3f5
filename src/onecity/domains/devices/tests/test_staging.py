"""Who comes when in a roll-out, and when it goes on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.domains.devices.logic.staging import Standing, Step, assign, decide


def test_the_canary_comes_first_and_shares_are_of_all() -> None:
    order = np.arange(10, dtype=np.uint64)[::-1].copy()
    canary = np.zeros(10, np.bool_)
    canary[[0, 1]] = True
    stages = assign(order, canary, [50, 100])
    assert stages.tolist() == [0, 0, 2, 2, 2, 2, 2, 1, 1, 1]
    assert assign(order, np.zeros(10, np.bool_), [10, 100]).tolist() == [1] * 9 + [0]


@pytest.mark.parametrize("percents", [[], [50], [50, 50, 100], [100, 50], [0, 100]])
def test_shares_that_do_not_rise_to_all_are_refused(percents: list[int]) -> None:
    with pytest.raises(ValueError, match="shares rise"):
        assign(np.zeros(1, np.uint64), np.zeros(1, np.bool_), percents)


@given(st.integers(0, 60), st.sets(st.integers(1, 99), max_size=4))
def test_everybody_has_one_stage_and_no_stage_exceeds_its_share(count: int, shares: set[int]) -> None:
    rng = np.random.default_rng(count)
    canary = rng.random(count) < 0.2
    percents = [*sorted(shares), 100]
    stages = assign(rng.integers(0, 2**63, count).astype(np.uint64), canary, percents)
    first = int(canary.any())
    assert ((stages == 0) == canary).all() if first else (stages >= 0).all()
    for number, percent in enumerate(percents):
        told = int((stages <= first + number).sum())
        assert told <= max(int(canary.sum()), int(np.ceil(count * percent / 100)))
    assert (stages <= first + len(percents) - 1).all()


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(0, 0, 0), Step.ADVANCE),
        (Standing(10, 8, 0), Step.WAIT),
        (Standing(10, 9, 0), Step.ADVANCE),
        (Standing(10, 9, 1), Step.ADVANCE),
        (Standing(10, 9, 2), Step.STOP),
        (Standing(10, 0, 2), Step.STOP),
        (Standing(10, 0, 1), Step.WAIT),
        (Standing(1, 0, 1), Step.STOP),
    ],
)
def test_what_follows(standing: Standing, expected: Step) -> None:
    assert decide(standing, 0.9, 0.1) is expected


def test_too_few_confirmed_stop_when_all_have_answered() -> None:
    assert decide(Standing(10, 8, 2), 0.9, 0.5) is Step.STOP
