"""What ails a device, told from its hourly figures: judged for all series at once, each by its own past and its neighbours.

Hours stand in columns, series in rows; a gap is NaN (or a count of 0). Scales are robust (median, median absolute
deviation), after Rousseeuw and Croux, "Alternatives to the median absolute deviation" (1993); slopes are medians of the
slopes of all pairs (Theil 1950, Sen 1968), which a third of wrong values does not move.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAY = 24
# 1.4826 × the median absolute deviation is the standard deviation of a normal variable
MAD_TO_SIGMA = 1.4826
# readings an hour from which on an empty hour says something
JUDGED_AN_HOUR = 2.0
# rows handled at a time, so that what is in work stays small
ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is wrong. Hours, standard deviations and shares as named."""

    flapping_changes: int = 6
    up_share: float = 0.5
    stuck_hours: int = 6
    stuck_factor: float = 2.0
    clock_seconds: float = 120.0
    clock_samples: int = 4
    drift_sigmas: float = 4.0
    drift_recent: int = 24
    drift_past_share: float = 0.5
    neighbours: int = 3
    # a shift below this share of the values' own spread is not worth a visit
    drift_share: float = 0.15


DEFAULT = Limits()


def flapping(counts: Floats, expected: Floats, limits: Limits = DEFAULT) -> Ints:
    """How often each device came and went within the hours of `counts` float64[s, h] (readings an hour), int64[s].

    `expected` float64[s]: readings an hour it should send. Those that send less than twice an hour are not judged (0):
    an empty hour says nothing about them. At `limits.flapping_changes` or more it flaps.
    """
    up = counts >= np.maximum(expected[:, None] * limits.up_share, 1.0)
    changes = (up[:, 1:] != up[:, :-1]).sum(axis=1)
    return np.where(expected >= JUDGED_AN_HOUR, changes, 0).astype(np.int64)


def usual(counts: Floats) -> Floats:
    """The median of each row of `counts` float64[s, h] over the hours that have any, float64[s]; 0 where none has."""
    ordered = np.sort(np.where(counts > 0, counts, np.inf), axis=1)
    known = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(counts))
    low, high = ordered[rows, np.maximum(known - 1, 0) // 2], ordered[rows, known // 2]
    return np.where(known > 0, (low + high) / 2, 0.0)


def battery(daily: Floats, minimum: Floats) -> tuple[Bools, Floats]:
    """Whether the charge is below `minimum` float64[s], and in how many days it will be (inf: not foreseeable).

    `daily` float64[s, d]: the charge of each day, oldest first, NaN in gaps.
    """
    newest = _newest(daily)
    slope = theil_sen(daily)
    low: Bools = np.asarray(newest <= minimum)
    falling = slope < 0
    days = np.where(falling, (newest - minimum) / np.where(falling, -slope, 1.0), np.inf)
    days = np.where(np.isfinite(newest), np.maximum(days, 0.0), np.inf)
    return low, np.where(low, 0.0, days)


def theil_sen(values: Floats) -> Floats:
    """The slope of each row float64[s, d] a step, gaps (NaN) left out; 0 where fewer than three values are known."""
    first, last = np.triu_indices(values.shape[1], 1)
    found = np.zeros(len(values))
    for begin in range(0, len(values), ROWS):
        part = values[begin : begin + ROWS]
        slopes = (part[:, last] - part[:, first]) / (last - first)
        enough = np.isfinite(part).sum(axis=1) >= 3
        if enough.any():
            found[begin : begin + ROWS][enough] = np.nanmedian(slopes[enough], axis=1)
    return found


def stuck(minimum: Floats, maximum: Floats, limits: Limits = DEFAULT) -> Ints:
    """For how many hours up to the last one each series has shown one and the same value although it used to move.

    `minimum`, `maximum` float64[s, h] of each hour. 0: not stuck. A series is stuck when it stood still for
    `stuck_hours`, and `stuck_factor` times longer than ever before in these hours (rain gauges stand at 0 for days).
    """
    known = np.isfinite(minimum) & np.isfinite(maximum)
    still = np.zeros(minimum.shape, np.int64)
    longest = np.zeros(len(minimum), np.int64)
    value = np.full(len(minimum), np.nan)
    run = np.zeros(len(minimum), np.int64)
    begun = np.full(len(minimum), -1)
    for hour in range(minimum.shape[1]):
        there = known[:, hour]
        flat = there & (minimum[:, hour] == maximum[:, hour])
        same = flat & (minimum[:, hour] == value)
        ended = there & ~same
        longest = np.where(ended, np.maximum(longest, run), longest)
        run = np.where(same, run + 1, np.where(flat, 1, np.where(there, 0, run)))
        begun = np.where(flat & ~same, hour, begun)
        value = np.where(flat, minimum[:, hour], np.where(there, np.nan, value))
        still[:, hour] = run
    now = still[:, -1]
    heard: Bools = np.logical_or.reduce(known[:, -3:], axis=1)
    moved = begun > 0
    found = (now >= limits.stuck_hours) & (now >= limits.stuck_factor * np.maximum(longest, 1)) & moved & heard
    return np.where(found, now, 0)


def clock(offsets: Floats, limits: Limits = DEFAULT) -> Floats:
    """By how many seconds each clock is off: median of `offsets` float64[s, k] (observed minus received, NaN: none).

    0 where it is not: within `clock_seconds`, or fewer than `clock_samples` samples. Late messages (a device that was cut
    off) are behind for once; a clock is behind always, so the median must be, and four of five samples on that side.
    """
    known = np.isfinite(offsets)
    enough = known.sum(axis=1) >= limits.clock_samples
    found = np.zeros(len(offsets))
    if enough.any():
        middle = np.nanmedian(offsets[enough], axis=1)
        beyond = np.sign(middle)[:, None] * offsets[enough] > limits.clock_seconds / 2
        often = beyond.sum(axis=1) >= 0.8 * known[enough].sum(axis=1)
        found[enough] = np.where((np.abs(middle) > limits.clock_seconds) & often, middle, 0.0)
    return found


@dataclass(frozen=True, slots=True)
class Drift:
    """For each series: the shift against its neighbours in its own unit (0: none), in standard deviations, and the hour
    (column) at which it began (-1: none). float64[s], float64[s], int64[s]."""

    shift: Floats
    sigmas: Floats
    onset: Ints


def drift(values: Floats, neighbours: Ints, limits: Limits = DEFAULT) -> Drift:
    """Whose values left those of the neighbours, as the last day shows against the first half of the span.

    `values` float64[s, h] hourly means; `neighbours` int64[s, k] rows of the nearest, nearest first, -1 for none. What
    all neighbours see (a storm) moves their median as well, so it is no drift; what one neighbour alone does is not
    followed by the median of several.
    """
    shift, sigmas = np.zeros(len(values)), np.zeros(len(values))
    onset = np.full(len(values), -1, np.int64)
    for begin in range(0, len(values), ROWS):
        rows = slice(begin, begin + ROWS)
        shift[rows], sigmas[rows], onset[rows] = _drift(values, values[rows], neighbours[rows], limits)
    return Drift(shift, sigmas, onset)


def _drift(values: Floats, own: Floats, neighbours: Ints, limits: Limits) -> tuple[Floats, Floats, Ints]:
    difference = own - _median_of(values, neighbours, limits)
    past = difference[:, : int(difference.shape[1] * limits.drift_past_share)]
    recent = difference[:, -limits.drift_recent :]
    judged = (np.isfinite(past).sum(axis=1) >= 2 * DAY) & (np.isfinite(recent).sum(axis=1) >= limits.drift_recent // 2)
    shift, sigmas = np.zeros(len(own)), np.zeros(len(own))
    onset = np.full(len(own), -1, np.int64)
    rows = np.flatnonzero(judged)
    if not len(rows):
        return shift, sigmas, onset
    level = np.nanmedian(past[rows], axis=1)
    scale = MAD_TO_SIGMA * np.nanmedian(np.abs(past[rows] - level[:, None]), axis=1)
    usual = MAD_TO_SIGMA * np.nanmedian(np.abs(own[rows] - np.nanmedian(own[rows], axis=1)[:, None]), axis=1)
    moved = np.nanmedian(recent[rows], axis=1) - level
    measure = moved / np.maximum(scale, 1e-9)
    found = (np.abs(measure) >= limits.drift_sigmas) & (np.abs(moved) >= limits.drift_share * usual)
    hit = rows[found]
    shift[hit], sigmas[hit] = moved[found], np.abs(measure[found])
    onset[hit] = _onset(difference[hit] - level[found, None], moved[found])
    return shift, sigmas, onset


def _median_of(values: Floats, neighbours: Ints, limits: Limits) -> Floats:
    """Median of the neighbours' values, [r, h]; NaN where fewer than `limits.neighbours` have one."""
    there = neighbours >= 0
    stacked = np.where(there[:, :, None], values[np.where(there, neighbours, 0)], np.nan)
    known = np.isfinite(stacked).sum(axis=1)
    ordered = np.sort(stacked, axis=1)  # NaN come last
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    high = np.minimum(high, ordered.shape[1] - 1)
    middle = (np.take_along_axis(ordered, low[:, None, :], 1) + np.take_along_axis(ordered, high[:, None, :], 1))[
        :, 0, :
    ] / 2
    return np.where(known >= limits.neighbours, middle, np.nan)


def _onset(difference: Floats, moved: Floats) -> Ints:
    """The hour after the last one at which the difference (smoothed over a day) was still below a quarter of the shift."""
    side = np.sign(moved)[:, None] * np.nan_to_num(difference)
    sums = np.cumsum(np.concatenate([np.zeros((len(side), 1)), side], axis=1), axis=1)
    width = min(DAY, side.shape[1])
    smooth = (sums[:, width:] - sums[:, :-width]) / width
    below = smooth < np.abs(moved)[:, None] / 4
    last = smooth.shape[1] - 1 - np.argmax(below[:, ::-1], axis=1)
    return np.where(below.any(axis=1), last + width, 0).astype(np.int64).clip(max=side.shape[1] - 1)


def _newest(values: Floats) -> Floats:
    """The last known value of each row, NaN where there is none."""
    known = np.isfinite(values)
    last = values.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    found = values[np.arange(len(values)), last]
    return np.where(known.any(axis=1), found, np.nan)
