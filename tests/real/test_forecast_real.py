"""Forecasts of measured air quality and weather, twelve stations, against the usual yardstick: the same hour yesterday."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from onecity.domains.devices.logic.forecast import forecast, seasonal_naive

AIR = Path(__file__).resolve().parents[3] / "shared" / "data" / "environment" / "beijing_air"
pytestmark = pytest.mark.skipif(not AIR.is_dir(), reason="the measured air quality is not beside the checkout")
COLUMNS = ("pm2_5", "no2", "co", "o3", "temp_c")
HOURS, DAY, PAST = 34_000, 24, 28 * 24


def measured() -> np.ndarray:
    rows = []
    for file in sorted(AIR.glob("*.csv.gz")):
        table = pl.read_csv(file, null_values=["NA", ""], infer_schema_length=None)
        rows += [table[name].cast(pl.Float64).fill_null(np.nan).to_numpy()[:HOURS] for name in COLUMNS]
    return np.stack(rows)


def test_a_day_ahead_beats_the_same_hour_yesterday() -> None:
    values = measured()
    starts = np.random.default_rng(1).integers(0, HOURS - PAST - DAY, 25)
    past = np.concatenate([values[:, s : s + PAST] for s in starts])
    truth = np.concatenate([values[:, s + PAST : s + PAST + DAY] for s in starts])
    found, naive = forecast(past, DAY, DAY), seasonal_naive(past, DAY, DAY)
    known = np.isfinite(truth) & np.isfinite(naive) & np.isfinite(found.mean)
    differences = np.abs(past[:, DAY:] - past[:, :-DAY])
    pairs = np.maximum(np.isfinite(differences).sum(axis=1), 1)
    scale = np.where(np.isfinite(differences), differences, 0.0).sum(axis=1) / pairs
    scaled = np.abs(np.stack([found.mean, naive]) - truth) / scale[:, None]
    ours, theirs = (float(one[known].mean()) for one in scaled)
    assert ours < 0.82 * theirs
    inside = ((truth >= found.lower) & (truth <= found.upper))[known].mean()
    assert 0.85 < inside < 0.95
