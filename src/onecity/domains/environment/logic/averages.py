"""Averages with their completeness rules: what counts as an hour, an 8-hour mean, a day (GB 3095 table 4, HJ 663).

How sure: the counts of GB 3095-2012 table 4 (45 min an hour, 6 of 8 hours, 20 of 24 hours, 27 days a month, 324 days a
year) and the 14 of 17 moving means and 75 % of stations of HJ 663-2013 are general knowledge, not read in the official
copies. They are rows of `COMPLETENESS`, so a correction is one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from onecity.domains.environment.logic.aqi import Means
from onecity.domains.environment.logic.exact import MISSING, QUANTUM, Bools, Floats, Ints, divide_half_even, to_fixed

HOURS_A_DAY = 24
EIGHT = 8


@dataclass(frozen=True, slots=True)
class Completeness:
    """The least amount of data that makes each average valid, with the date from which the rules hold."""

    source: str
    effective_from: date
    minutes_an_hour: int
    hours_of_eight: int
    hours_of_day: int
    eight_hour_means_a_day: int
    station_share_percent: int
    days_of_month: int
    days_of_february: int
    days_of_year: int


COMPLETENESS = Completeness(
    source="GB 3095-2012 table 4, HJ 663-2013",
    effective_from=date(2016, 1, 1),
    minutes_an_hour=45,
    hours_of_eight=6,
    hours_of_day=20,
    eight_hour_means_a_day=14,
    station_share_percent=75,
    days_of_month=27,
    days_of_february=25,
    days_of_year=324,
)


def hourly_mean(values: Floats, minutes_each: int, rules: Completeness = COMPLETENESS) -> Means:
    """Mean of each hour from [n, k] samples that each stand for `minutes_each` minutes.

    An hour counts with at least 45 minutes of samples: one hourly figure, nine 5-minute means, 45 minute values.
    """
    fixed = to_fixed(values)
    needed = -(-rules.minutes_an_hour // minutes_each)
    return _mean_over_last_axis(fixed, needed)


def daily_mean(hours: Floats, rules: Completeness = COMPLETENESS) -> Means:
    """Natural-day mean from [n, 24] hourly values; a day counts with at least 20 of them."""
    return _mean_over_last_axis(to_fixed(hours), rules.hours_of_day)


def moving_mean(hours: Floats, width: int, needed: int) -> Means:
    """Mean of the last `width` hourly values at each hour of [n] values, counted with at least `needed` of them."""
    fixed = to_fixed(hours)
    present = fixed != MISSING
    total = _moving_sum(np.where(present, fixed, 0), width)
    count = _moving_sum(present.astype(np.int64), width)
    return _means(total, count, count >= needed)


def eight_hour_mean(hours: Floats, rules: Completeness = COMPLETENESS) -> Means:
    """Moving 8 h mean of ozone ending at each hour of [n] consecutive hourly values; at least 6 of 8 must be there."""
    return moving_mean(hours, EIGHT, rules.hours_of_eight)


def day_moving_mean(hours: Floats, rules: Completeness = COMPLETENESS) -> Means:
    """Moving 24 h mean ending at each hour of [n] consecutive hourly values; at least 20 of 24 must be there."""
    return moving_mean(hours, HOURS_A_DAY, rules.hours_of_day)


def largest_eight_hour_mean(
    hours: Floats, valid_when_above: float | Floats = np.inf, rules: Completeness = COMPLETENESS
) -> Means:
    """Largest moving 8 h mean of each natural day from [n, 24] hourly values (日最大8小时平均).

    The 17 windows that lie within the day count (ends at 8:00 to 24:00); 14 of them must be valid, unless the largest
    already exceeds the limit `valid_when_above` (µg/m³, one or [n]): a day known to exceed stays known.
    """
    fixed = to_fixed(hours)
    present = fixed != MISSING
    windows = np.lib.stride_tricks.sliding_window_view(np.where(present, fixed, 0), EIGHT, axis=1)
    total = windows.sum(axis=2)
    count = np.lib.stride_tricks.sliding_window_view(present.astype(np.int64), EIGHT, axis=1).sum(axis=2)
    usable = count >= rules.hours_of_eight
    mean = np.where(usable, total / np.maximum(count, 1), -1.0)
    best = mean.argmax(axis=1)[:, None]
    top = np.take_along_axis(total, best, axis=1)[:, 0]
    over = np.take_along_axis(count, best, axis=1)[:, 0]
    exceeds = mean.max(axis=1) > np.asarray(valid_when_above, dtype=np.float64) * QUANTUM
    enough = usable.sum(axis=1) >= rules.eight_hour_means_a_day
    return _means(top, over, usable.any(axis=1) & (enough | exceeds))


def mean_over_stations(stations: Means, rules: Completeness = COMPLETENESS) -> tuple[Means, Bools]:
    """City value from station means [stations, ...]: the mean over stations comes first, the index after (HJ 663).

    Station means enter rounded to a millionth. Returns the means and where at least 75 % of the stations had a value.
    """
    present = stations.numerator != MISSING
    each = divide_half_even(np.where(present, stations.numerator, 0), np.maximum(stations.denominator, 1))
    count = present.sum(axis=0)
    enough = count * 100 >= rules.station_share_percent * present.shape[0]
    return _means(each.sum(axis=0), count, count > 0), enough


def _mean_over_last_axis(fixed: Ints, needed: int) -> Means:
    present = fixed != MISSING
    count = present.sum(axis=-1)
    return _means(np.where(present, fixed, 0).sum(axis=-1), count, count >= needed)


def _means(total: Ints, count: Ints, valid: Bools) -> Means:
    return Means(np.where(valid, total, MISSING), np.where(valid, count, 1).astype(np.int64))


def _moving_sum(values: Ints, width: int) -> Ints:
    running = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(values)])
    start = np.maximum(np.arange(1, values.shape[0] + 1) - width, 0)
    total: Ints = running[1:] - running[start]
    return total
