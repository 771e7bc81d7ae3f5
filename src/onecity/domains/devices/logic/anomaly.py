"""How surprising each value of a series is, given only what came before it: the evidence for "this node behaves oddly".

Four views of the past are taken, and the most surprised one speaks:

- *season*: how far the value lies from the nearest of what stood at this time of day on earlier days;
- *level*, over a long and a short memory: how far it lies from the mean, in standard deviations;
- *unrest*: how much larger the last few steps are than steps used to be.

Level and unrest are divided by the size that their own largest hundredth usually has, so that a series which often
jumps has to jump further to surprise. Every figure at position t uses values before t only; nothing is fitted ahead.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Views:
    """Memories in samples, and how much each view counts. The defaults suit samples of one to sixty minutes."""

    long: int = 1000
    short: int = 200
    memory: int = 2000
    days: int = 3
    blur: int = 2
    warm: int = 100
    run: int = 5
    level_long: float = 4.0
    level_short: float = 2.0
    unrest: float = 1.2


DEFAULT = Views()
# a spread below this share of the range seen so far is noise of the instrument, not a scale to judge by
QUIET = 0.02
QUIET_STEP = 0.1
TAIL = 0.99
# usual size of the largest hundredth below which a view is not made more sensitive
TAIL_FLOOR = 3.0
TINY = 1e-9


def surprise(values: Floats, step_s: float, views: Views = DEFAULT) -> Floats:
    """How surprising each value is: float64[n] ≥ 0, about "standard deviations"; above 8 somebody should look.

    The first `views.warm` values surprise nobody, since too little is known by then.

    `values` float64[n], finite, in order of time; `step_s` is the usual time between them in seconds. Raises ValueError
    for values that are not finite.
    """
    if not np.isfinite(values).all():
        raise ValueError("surprise is defined for finite values only: fill or drop the gaps first")
    if len(values) < 2:
        return np.zeros(len(values))
    spread = np.maximum.accumulate(values) - np.minimum.accumulate(values) + TINY
    steps = np.abs(values - _before(values, 1))
    found = [
        _season(values, step_s, spread, views),
        views.level_long * _beyond_usual(_level(values, views.long, spread), views),
        views.level_short * _beyond_usual(_level(values, views.short, spread), views),
        views.unrest * _beyond_usual(_unrest(steps, views), views),
    ]
    highest: Floats = np.stack(found).max(axis=0)
    highest[: views.warm] = 0.0
    return np.maximum(highest, 0.0, out=highest)


def onsets(surprises: Floats, threshold: float, quiet: int = 200) -> NDArray[np.int64]:
    """Positions where something new begins: at or above `threshold`, and more surprising than the last one unless
    `quiet` samples lie between. int64[k], ascending."""
    return np.fromiter(_onsets(surprises, threshold, quiet), np.int64)


def _onsets(surprises: Floats, threshold: float, quiet: int) -> Iterator[int]:
    last, height = -quiet - 1, 0.0
    for position in np.flatnonzero(surprises >= threshold).tolist():
        value = float(surprises[position])
        if position - last >= quiet or value > height:
            last, height = position, value
            yield position


def _season(values: Floats, step_s: float, spread: Floats, views: Views) -> Floats:
    """Distance to the nearest value within `blur` samples of this time of day on the last days, standardised."""
    period = round(DAY_S / step_s) if step_s > 0 else 0
    count = len(values)
    if not views.blur * 2 < period < count:
        return np.zeros(count)
    shifts = (
        period * day + offset for day in range(1, views.days + 1) for offset in range(-views.blur, views.blur + 1)
    )
    nearest = np.full(count, np.inf)
    for shift in shifts:
        np.minimum(nearest, np.abs(values - _before(values, shift)), out=nearest)
    nearest[:period] = 0.0
    mean, deviation = _past(nearest, views.memory)
    scale: Floats = np.maximum(deviation, QUIET * spread)
    return (nearest - mean) / scale


def _level(values: Floats, memory: int, spread: Floats) -> Floats:
    mean, deviation = _past(values, memory)
    scale: Floats = np.maximum(deviation, QUIET * spread)
    return np.abs(values - mean) / scale


def _unrest(steps: Floats, views: Views) -> Floats:
    """Mean of the last `run` steps against the mean and standard error of all before them."""
    mean = _before(_mean(steps, views.memory), views.run)
    deviation = _before(_deviation(steps, views.memory), views.run)
    floor = QUIET_STEP * np.maximum.accumulate(np.maximum(deviation, TINY))
    scale: Floats = np.maximum(np.maximum(deviation, floor) / np.sqrt(views.run), TINY)
    return (_mean(steps, views.run) - mean) / scale


def _beyond_usual(view: Floats, views: Views) -> Floats:
    tail: Floats = pl.Series(view).rolling_quantile(TAIL, window_size=views.memory, min_samples=1).to_numpy()
    usual: Floats = np.maximum(_before(tail, 1), TAIL_FLOOR)
    return view / usual


def _past(values: Floats, memory: int) -> tuple[Floats, Floats]:
    return _before(_mean(values, memory), 1), _before(_deviation(values, memory), 1)


def _mean(values: Floats, window: int) -> Floats:
    found: Floats = pl.Series(values).rolling_mean(window, min_samples=1).to_numpy()
    return found


def _deviation(values: Floats, window: int) -> Floats:
    found: Floats = pl.Series(values).rolling_std(window, min_samples=2).to_numpy()
    return np.nan_to_num(found)


def _before(values: Floats, count: int) -> Floats:
    """The same series `count` samples later: what was known then; its beginning repeats the first value."""
    return np.concatenate([np.full(min(count, len(values)), values[0]), values[: max(len(values) - count, 0)]])
