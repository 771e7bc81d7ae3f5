"""The score card: the published example, blanks, groups apart, labels that show what they say, versions in one period."""

import numpy as np
import pytest

from onecity.kernel.cases.scoring.formulas import shipped
from onecity.kernel.cases.scoring.logic.card import Tally, in_force, score

FORMULA = shipped()[0]


def tally(**counts: list[float]) -> Tally:
    """Counts by office; what is not named is zero."""
    size = len(next(iter(counts.values())))
    return Tally(**{name: np.array(counts.get(name, [0.0] * size), dtype=np.float64) for name in Tally.__slots__})


def test_the_worked_example_of_a_town() -> None:
    # own 12 of 60 received; contact 9 of 10; one settled; 6.8 of 8 satisfied: 1 + 27 + 20 + 34 = 82
    found = score(
        tally(
            received=[12, 48], reached=[9, 0], missed=[1, 0], settled=[1, 0], ended=[1, 0], ratings=[8, 0],
            satisfaction=[6.8, 0],
        ),
        np.array([0, 0]),
        FORMULA,
    )  # fmt: skip
    assert [found.points[name][0] for name in found.points] == pytest.approx([1, 27, 20, 34])
    assert found.total[0] == pytest.approx(82)


def test_no_sample_is_blank_not_nothing_and_not_full() -> None:
    found = score(tally(received=[0.0]), np.array([0]), FORMULA)
    assert np.isnan(found.total[0])
    assert all(np.isnan(rate[0]) for rate in found.rates.values())


def test_groups_are_scored_apart() -> None:
    found = score(tally(received=[12, 48, 5]), np.array([0, 0, 1]), FORMULA)
    assert found.points["received"] == pytest.approx([1, 4, 5])


def test_each_label_shows_the_figure_that_was_computed_for_it() -> None:
    found = score(
        tally(
            received=[100], reached=[90], missed=[10], settled=[50], solved=[40], ended=[80], late=[8], redone=[4],
            ratings=[20], satisfaction=[19], proactive=[30],
        ),
        np.array([0]),
        FORMULA,
    )  # fmt: skip
    assert {name: round(float(rate[0]), 4) for name, rate in found.rates.items()} == {
        "first_contact": 0.9,
        "on_time": 0.9,
        "solved": 0.8,
        "satisfied": 0.95,
        "redone": 0.05,
        "closed": 0.8,
        "proactive": 0.3,
    }


def test_a_period_may_span_two_versions() -> None:
    newer = type(FORMULA)(
        "2026-07-01", FORMULA.groups, {"received": 10}, FORMULA.settled_by, FORMULA.solved, FORMULA.satisfaction
    )
    parts = in_force([newer, FORMULA], "2026-06-01", "2026-08-01")
    assert [(p.weights["received"], first, last) for p, first, last in parts] == [
        (5, "2026-06-01", "2026-07-01"),
        (10, "2026-07-01", "2026-08-01"),
    ]
    assert in_force([newer], "2020-01-01", "2021-01-01") == []


def test_late_ones_are_deducted() -> None:
    strict = type(FORMULA)(
        FORMULA.effective_from, FORMULA.groups, FORMULA.weights, FORMULA.settled_by, FORMULA.solved,
        FORMULA.satisfaction, deduction_per_late=0.5,
    )  # fmt: skip
    found = score(tally(received=[10], late=[4], ended=[10], settled=[10]), np.array([0]), strict)
    assert found.total[0] == pytest.approx(5 + 20 - 2)
