"""From hourly values of many stations to hourly and daily indices of each station and of the whole district."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onecity.domains.environment.logic.aqi import Index, Means, index_by_day
from onecity.domains.environment.logic.aqi_tables import EDITIONS, FIRST_DAYS, POLLUTANTS, Average, Report
from onecity.domains.environment.logic.averages import (
    HOURS_A_DAY,
    daily_mean,
    day_moving_mean,
    hourly_mean,
    largest_eight_hour_mean,
    mean_over_stations,
)
from onecity.domains.environment.logic.exact import MISSING, Bools, Floats, Ints
from onecity.domains.environment.logic.limits import Period, limit_on_day_number

OZONE = POLLUTANTS.index("o3")
PARTICLES = (POLLUTANTS.index("pm10"), POLLUTANTS.index("pm2_5"))


@dataclass(frozen=True, slots=True)
class Samples:
    """m bucket means as they come from the store: which row of the grid, which pollutant, when, and the value.

    `row` and `column` int64[m] are positions of station and pollutant, `local_seconds` int64[m] the bucket's start.
    """

    row: Ints
    column: Ints
    local_seconds: Ints
    value: Floats


def hours_from_samples(samples: Samples, rows: int, first_hour: int, hours: int, minutes_each: int) -> Floats:
    """Hourly means float[rows, hours, 6] of buckets of `minutes_each` minutes, NaN where an hour is not complete.

    `first_hour` counts local hours since 1970; samples outside the grid are left out.
    """
    per_hour = 60 // minutes_each
    slot = samples.local_seconds // (minutes_each * 60) - first_hour * per_hour
    inside = (slot >= 0) & (slot < hours * per_hour)
    grid = np.full((rows, hours * per_hour, len(POLLUTANTS)), np.nan)
    grid[samples.row[inside], slot[inside], samples.column[inside]] = samples.value[inside]
    split = grid.reshape(rows, hours, per_hour, len(POLLUTANTS)).transpose(0, 1, 3, 2)
    return hourly_mean(split, minutes_each).as_float()


def hourly_means(hours: Floats, days: Ints) -> Means:
    """Concentrations of the hourly report from consecutive hourly values [n, 6] on local days int64[n].

    Editions that judge particles by the moving 24 h mean get that mean, the others the hour's own value.
    """
    means = Means.of(hours)
    moving = _moving_rows(days)
    if not moving.any():
        return means
    numerator, denominator = means.numerator.copy(), means.denominator.copy()
    for column in PARTICLES:
        over_day = day_moving_mean(hours[:, column])
        numerator[moving, column] = over_day.numerator[moving]
        denominator[moving, column] = over_day.denominator[moving]
    return Means(numerator, denominator)


def daily_means(hours: Floats, days: Ints) -> Means:
    """Concentrations of the daily report from hourly values [d, 24, 6]: 24 h means, and the largest 8 h mean of ozone."""
    limit = np.array([_eight_hour_limit(int(day)) for day in days])
    columns = [
        largest_eight_hour_mean(hours[:, :, column], limit) if column == OZONE else daily_mean(hours[:, :, column])
        for column in range(len(POLLUTANTS))
    ]
    return Means(
        np.stack([column.numerator for column in columns], axis=1),
        np.stack([column.denominator for column in columns], axis=1),
    )


@dataclass(frozen=True, slots=True)
class Reported:
    """n reports: the index, and the concentrations [n, 6] from which it was computed."""

    index: Index
    means: Means


def hourly_report(hours: Floats, first_hour: int) -> Reported:
    """Hourly report of one station from consecutive hourly values [n, 6]; `first_hour` in local hours since 1970."""
    days = (first_hour + np.arange(hours.shape[0])) // HOURS_A_DAY
    return _reported(days, Report.HOURLY, hourly_means(hours, days))


def daily_report(hours: Floats, first_day: int) -> Reported:
    """Daily report of one station from hourly values [d, 24, 6]; `first_day` in local days since 1970."""
    days = first_day + np.arange(hours.shape[0])
    return _reported(days, Report.DAILY, daily_means(hours, days))


def district_hourly_report(hours: Floats, first_hour: int) -> Reported:
    """Hourly report of a district from its stations' hourly values [s, n, 6]: mean over stations first, then the index."""
    days = (first_hour + np.arange(hours.shape[1])) // HOURS_A_DAY
    return _reported(days, Report.HOURLY, district_means([hourly_means(station, days) for station in hours]))


def district_daily_report(hours: Floats, first_day: int) -> Reported:
    """Daily report of a district from its stations' hourly values [s, d, 24, 6]."""
    days = first_day + np.arange(hours.shape[1])
    return _reported(days, Report.DAILY, district_means([daily_means(station, days) for station in hours]))


def _reported(days: Ints, report: Report, means: Means) -> Reported:
    return Reported(index_by_day(days, report, means), means)


def district_means(stations: list[Means]) -> Means:
    """Mean over stations of their means [n, 6]; absent where fewer than 75 % of the stations have a value."""
    together = Means(
        np.stack([station.numerator for station in stations]), np.stack([station.denominator for station in stations])
    )
    means, enough = mean_over_stations(together)
    return Means(np.where(enough, means.numerator, MISSING), means.denominator)


def _moving_rows(days: Ints) -> Bools:
    position = np.clip(np.searchsorted(FIRST_DAYS, days, side="right") - 1, 0, None)
    by_edition: NDArray[np.bool_] = np.array([edition.hourly_particles is Average.DAY for edition in EDITIONS])
    rows: Bools = by_edition[position]
    return rows


def _eight_hour_limit(day: int) -> float:
    limit = limit_on_day_number(day, "o3", Period.EIGHT_HOURS, 2)
    return np.inf if limit is None else limit.value
