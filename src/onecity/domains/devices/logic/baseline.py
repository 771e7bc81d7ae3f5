"""What is usual for a series at each hour of the week, and how well its next day can be told: for many series at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onecity.domains.devices.logic.forecast import forecast, seasonal_naive

Floats = NDArray[np.float64]

WEEK, DAY = 168, 24
# of ten usual values eight lie within the band
LOW, HIGH = 10.0, 90.0


@dataclass(frozen=True, slots=True)
class Score:
    """Mean absolute error of the forecast and of "the same hour a day before" over the last day, float64[s] each (NaN where
    it cannot be told); neither had seen that day."""

    error: Floats
    naive: Floats


def usual(values: Floats, first_hour: int) -> Floats:
    """Lower bound, median and upper bound of each hour of the week, float64[s, 3, 168]; NaN where nothing is known.

    `values` float64[s, h] hourly, oldest first, whole weeks (h a multiple of 168); `first_hour` is the hour of the week
    (0: Monday 0 h) of the first column.
    """
    weeks = values.reshape(len(values), -1, WEEK)
    found = np.full((len(values), 3, WEEK), np.nan)
    known = np.logical_or.reduce(np.isfinite(weeks), axis=1)
    ordered = np.sort(weeks, axis=1)  # what is not known stands last
    number = np.isfinite(weeks).sum(axis=1)
    for place, share in enumerate((LOW, 50.0, HIGH)):
        found[:, place] = np.where(known, _percentile(ordered, number, share), np.nan)
    return np.roll(found, first_hour, axis=2)


def _percentile(ordered: Floats, number: NDArray[np.int64], share: float) -> Floats:
    """The linear percentile of the first `number` [s, h] of `ordered` [s, w, h]: as numpy's, for all places at once."""
    position = share / 100.0 * np.maximum(number - 1, 0)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(number - 1, 0))
    below = np.take_along_axis(ordered, low[:, None, :], axis=1)[:, 0]
    above = np.take_along_axis(ordered, high[:, None, :], axis=1)[:, 0]
    found: Floats = below + (above - below) * (position - low)
    return found


def score(values: Floats) -> Score:
    """How far the forecast of the last day, made without it, was off; `values` float64[s, h] hourly, oldest first."""
    past, truth = values[:, :-DAY], values[:, -DAY:]
    told, before = forecast(past, DAY, DAY).mean, seasonal_naive(past, DAY, DAY)
    both = np.isfinite(told) & np.isfinite(before) & np.isfinite(truth)
    number = both.sum(axis=1)

    def off(guess: Floats) -> Floats:
        total = np.where(both, np.abs(guess - truth), 0.0).sum(axis=1)
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)

    return Score(off(told), off(before))
