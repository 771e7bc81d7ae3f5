"""Forecasts: what repeats is foretold, gaps are bridged, and what cannot be known is not claimed."""

import numpy as np
import pytest

from onecity.domains.devices.logic.forecast import forecast, seasonal_naive

DAY = 24


def series(days: int, noise: float, seed: int = 3) -> np.ndarray:
    hours = np.arange(days * DAY)
    shape = 10.0 * np.sin(hours * 2 * np.pi / DAY)
    return 50.0 + shape + np.random.default_rng(seed).normal(0.0, noise, len(hours))


def test_a_pure_shape_is_foretold_exactly() -> None:
    values = series(20, noise=0.0)
    found = forecast(values[None, : 19 * DAY], DAY, DAY)
    np.testing.assert_allclose(found.mean[0], values[19 * DAY :], atol=1e-6)


def test_the_bounds_hold_about_nine_of_ten_values() -> None:
    values = np.stack([series(29, noise=2.0, seed=seed) for seed in range(60)])
    found = forecast(values[:, : 28 * DAY], DAY, DAY)
    truth = values[:, 28 * DAY :]
    inside = ((truth >= found.lower) & (truth <= found.upper)).mean()
    assert 0.85 < inside < 0.95


def test_it_beats_yesterday_where_values_wander() -> None:
    rng = np.random.default_rng(11)
    wander = np.zeros((80, 29 * DAY))
    for hour in range(1, wander.shape[1]):
        wander[:, hour] = 0.9 * wander[:, hour - 1] + rng.normal(0.0, 1.0, 80)
    values = wander + series(29, noise=0.0)
    past, truth = values[:, : 28 * DAY], values[:, 28 * DAY :]
    found = np.abs(forecast(past, DAY, DAY).mean - truth).mean()
    assert found < 0.75 * np.abs(seasonal_naive(past, DAY, DAY) - truth).mean()


def test_gaps_are_bridged_and_too_little_is_refused() -> None:
    values = series(20, noise=0.0)
    gappy = values.copy()
    gappy[100:150] = np.nan
    mostly_missing = np.where(np.arange(len(values)) % 3 == 0, values, np.nan)
    found = forecast(np.stack([gappy, mostly_missing])[:, : 19 * DAY], DAY, 6)
    np.testing.assert_allclose(found.mean[0], values[19 * DAY : 19 * DAY + 6], atol=1e-6)
    assert np.isnan(found.mean[1]).all()
    assert np.isnan(found.lower[1]).all()


@pytest.mark.parametrize("horizon", [0, 25])
def test_a_horizon_beyond_the_season_is_refused(horizon: int) -> None:
    with pytest.raises(ValueError, match="horizon"):
        forecast(np.zeros((1, 240)), DAY, horizon)
