"""What the values of many series will be: the shape of the day, and how far today departs from it, for thousands at once.

Each series is taken apart into its mean, its shape within a season (shrunk towards none by how reliable that shape is) and
the rest. The rest is foretold for every step ahead by a regression of its own on three things known now: the rest now, its
mean over the last season, and the rest one season before the step that is foretold. Regression per horizon rather than
repeated one-step forecasts, after Marcellino, Stock and Watson, "A comparison of direct and iterated multistep AR methods"
(2006); shrinkage of the season by its reliability is that of a random-effects mean (James and Stein).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# how strongly the regressions are held back, in samples of the rest's own variance
RIDGE = 5.0
# two-sided normal quantile of a 90 % interval
Z90 = 1.6448536269514722
TINY = 1e-12
SEASONS_NEEDED = 4
# rows handled at a time, so that what is in work stays in the processor's cache
ROWS = 256


@dataclass(frozen=True, slots=True)
class Forecast:
    """For each series and each of the next steps: the expected value and the bounds of 90 %.

    `mean`, `lower`, `upper` float64[s, h]; NaN for a series with too little history.
    """

    mean: Floats
    lower: Floats
    upper: Floats


def forecast(values: Floats, period: int, horizon: int) -> Forecast:
    """Foretell each row of `values` float64[s, n] (equal steps, oldest first, NaN where nothing was measured).

    `period`: steps of one season (24 for hourly values with a daily shape); `horizon` at most one season. Needs four
    seasons of which each row has measured at least two thirds. Raises ValueError for sizes that make no sense.
    """
    if not 0 < horizon <= period:
        raise ValueError(f"a horizon of {horizon} steps must lie within 1 and the season of {period}")
    series, count = values.shape
    whole = count // period * period
    values = values[:, count - whole :]
    enough = (np.isfinite(values).sum(axis=1) * 3 >= whole * 2) & (whole >= SEASONS_NEEDED * period)
    mean, deviation = np.full((series, horizon), np.nan), np.full((series, horizon), np.nan)
    rows = np.flatnonzero(enough)
    for begin in range(0, len(rows), ROWS):
        part = rows[begin : begin + ROWS]
        mean[part], deviation[part] = _foretell(values[part], period, horizon)
    return Forecast(mean, mean - Z90 * deviation, mean + Z90 * deviation)


def seasonal_naive(values: Floats, period: int, horizon: int) -> Floats:
    """What stood there a season ago, float64[s, h]: the yardstick every forecast has to beat."""
    return values[:, -period:][:, np.arange(horizon) % period]


def _foretell(values: Floats, period: int, horizon: int) -> tuple[Floats, Floats]:
    """Expected value and standard deviation, float64[s, h] each."""
    mean, shape, rest = _apart(values, period)
    known = np.isfinite(rest)
    rest = np.where(known, rest, 0.0)
    recent = _recent_mean(rest, known, period)
    spread = np.maximum((rest**2).sum(axis=1) / np.maximum(known.sum(axis=1), 1), TINY)
    expected = np.empty((len(values), horizon))
    deviation = np.empty((len(values), horizon))
    for ahead in range(1, horizon + 1):
        expected[:, ahead - 1], deviation[:, ahead - 1] = _step(rest, recent, known, spread, period, ahead)
    return mean[:, None] + shape[:, :horizon] + expected, deviation


def _apart(values: Floats, period: int) -> tuple[Floats, Floats, Floats]:
    """Mean [s], shape [s, period] and rest [s, n] (NaN in gaps)."""
    seasons = values.reshape(len(values), -1, period)
    known = np.isfinite(seasons)
    total = known.sum(axis=(1, 2))
    mean = np.where(known, seasons, 0.0).sum(axis=(1, 2)) / np.maximum(total, 1)
    centred = np.where(known, seasons - mean[:, None, None], 0.0)
    times = np.maximum(known.sum(axis=1), 1)
    shape = centred.sum(axis=1) / times
    within = ((np.where(known, centred - shape[:, None, :], 0.0) ** 2).sum(axis=1) / times).mean(axis=1)
    noise = within / seasons.shape[1]
    between = np.maximum((shape**2).mean(axis=1) - noise, 0.0)
    shape *= (between / (between + noise + TINY))[:, None]
    rest = np.where(known, centred - shape[:, None, :], np.nan)
    return mean, shape, rest.reshape(len(values), -1)


def _recent_mean(rest: Floats, known: NDArray[np.bool_], period: int) -> Floats:
    """Mean of the rest over the season that ends at each step, [s, n]; 0 before one has passed."""
    begin = np.zeros((len(rest), 1))
    sums = np.cumsum(np.concatenate([begin, rest], axis=1), axis=1)
    counts = np.cumsum(np.concatenate([begin, known], axis=1), axis=1)
    mean = np.zeros_like(rest)
    mean[:, period - 1 :] = (sums[:, period:] - sums[:, :-period]) / np.maximum(
        counts[:, period:] - counts[:, :-period], 1
    )
    return mean


def _step(
    rest: Floats, recent: Floats, known: NDArray[np.bool_], spread: Floats, period: int, ahead: int
) -> tuple[Floats, Floats]:
    """The rest `ahead` steps after the last one, and how far such forecasts were off, [s] each."""
    last = rest.shape[1] - ahead
    begin = slice(period - 1, last)
    goal = rest[:, period - 1 + ahead :]
    there = known[:, begin] & known[:, period - 1 + ahead :]
    known_now = (rest[:, begin], recent[:, begin], rest[:, ahead - 1 : last - period + ahead])
    facts = [np.where(there, fact, 0.0) for fact in known_now]
    size = len(facts)
    gram = np.empty((len(rest), size, size))
    moment = np.empty((len(rest), size))
    for i, one in enumerate(facts):
        moment[:, i] = np.einsum("st,st->s", one, goal)
        for j in range(i, size):
            gram[:, i, j] = gram[:, j, i] = np.einsum("st,st->s", one, facts[j])
    gram += RIDGE * spread[:, None, None] * np.eye(size)
    weights = np.linalg.solve(gram, moment[:, :, None])[:, :, 0]
    fitted = sum(fact * weights[:, i, None] for i, fact in enumerate(facts))
    missed = np.where(there, goal - fitted, 0.0)
    judged = np.maximum(there.sum(axis=1) - size, 1)
    now = np.stack([rest[:, -1], recent[:, -1], rest[:, ahead - period - 1]], axis=1)
    return (now * weights).sum(axis=1), np.sqrt(np.einsum("st,st->s", missed, missed) / judged)
