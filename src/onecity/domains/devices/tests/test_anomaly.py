"""How surprising values are: a plain jump stands out, ordinary days do not, and the future is never looked at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from onecity.domains.devices.logic.anomaly import onsets, surprise

STEP_S = 300.0
DAY = 288


def days(count: int, seed: int = 7) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 0.5, count * DAY)
    return 20.0 + 8.0 * np.sin(np.arange(count * DAY) * 2 * np.pi / DAY) + noise


def test_a_jump_is_found_where_it_is() -> None:
    values = days(12)
    values[9 * DAY + 100 : 9 * DAY + 110] += 15.0
    found = onsets(surprise(values, STEP_S), threshold=8.0)
    assert found.tolist()[0] == 9 * DAY + 100
    assert set(found.tolist()) <= set(range(9 * DAY + 100, 9 * DAY + 111))


def test_a_silent_night_is_found_though_its_value_is_an_ordinary_one() -> None:
    values = days(12)
    values[9 * DAY + 60 : 9 * DAY + 90] = 12.0  # the daily minimum, at the hour of the maximum
    found = onsets(surprise(values, STEP_S), threshold=8.0)
    assert 9 * DAY + 60 <= found.tolist()[0] < 9 * DAY + 90


@pytest.mark.parametrize("seed", range(5))
def test_ordinary_days_surprise_nobody(seed: int) -> None:
    assert onsets(surprise(days(12, seed), STEP_S)[3 * DAY :], threshold=8.0).tolist() == []


def test_constant_and_short_series_are_no_surprise() -> None:
    assert surprise(np.full(3 * DAY, 5.0), STEP_S).max() == 0.0
    assert surprise(np.array([1.0]), STEP_S).tolist() == [0.0]
    assert surprise(np.array([]), STEP_S).tolist() == []


def test_gaps_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        surprise(np.array([1.0, np.nan, 2.0]), STEP_S)


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(np.float64, st.integers(2, 700), elements=st.floats(-1e6, 1e6, width=32)),
    st.floats(0.05, 0.95),
)
def test_the_future_is_not_looked_at(values: np.ndarray, share: float) -> None:
    cut = max(2, int(len(values) * share))
    whole, part = surprise(values, 3600.0), surprise(values[:cut], 3600.0)
    np.testing.assert_allclose(part, whole[:cut], rtol=1e-6, atol=1e-6)


def test_an_alarm_is_not_repeated_until_it_is_quiet_or_worse() -> None:
    surprises = np.array([0, 9, 10, 9, 0, 0, 9, 0, 12, 0], dtype=np.float64)
    assert onsets(surprises, 9.0, quiet=3).tolist() == [1, 2, 6, 8]
