"""From samples to the indices of stations and district, across the change of editions."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from onecity.domains.environment.logic.aqi_tables import POLLUTANTS
from onecity.domains.environment.logic.reports import (
    Samples,
    daily_report,
    district_daily_report,
    district_hourly_report,
    hourly_report,
    hours_from_samples,
)

CLEAN = np.array([10, 30, 0.8, 90, 40, 30], dtype=np.float64)
LAST_OF_2012 = (date(2026, 2, 28) - date(1970, 1, 1)).days


def constant(hours: int, **changes: float) -> np.ndarray:
    values = np.tile(CLEAN, (hours, 1))
    for name, value in changes.items():
        values[:, POLLUTANTS.index(name)] = value
    return values


def test_the_edition_changes_at_local_midnight() -> None:
    index = daily_report(constant(48, pm2_5=75).reshape(2, 24, 6), LAST_OF_2012).index
    assert index.aqi.tolist() == [100, 114]
    assert [index.edition_of(k).key for k in range(2)] == ["HJ633-2012", "HJ633-2026"]


def test_hourly_particles_are_a_moving_mean_until_2026_and_the_hour_itself_after() -> None:
    values = constant(48, pm2_5=75)
    values[23, 5] = values[47, 5] = 99
    index = hourly_report(values, LAST_OF_2012 * 24).index
    assert index.aqi[:19].tolist() == [-1] * 19  # fewer than 20 hours: PM is absent and the rest is at most 100
    assert index.aqi[22] == 100
    assert index.aqi[23] == 102  # the mean of 23 hours of 75 and one of 99 is 76
    assert index.aqi[24] == 114
    assert index.aqi[47] == 136  # 99 itself


def test_a_day_without_enough_ozone_is_incomplete() -> None:
    values = constant(24).reshape(1, 24, 6)
    values[0, :12, POLLUTANTS.index("o3")] = np.nan
    index = daily_report(values, LAST_OF_2012 + 1).index
    assert index.complete.tolist() == [False]
    assert index.aqi.tolist() == [-1]


def test_the_district_is_judged_by_the_mean_over_its_stations() -> None:
    stations = np.stack([constant(24, pm2_5=value) for value in (30, 60, 90, 60)])
    reported = district_hourly_report(stations, (LAST_OF_2012 + 1) * 24)
    hourly = reported.index
    assert reported.means.as_float()[0, 5] == 60.0
    assert hourly.aqi.tolist() == [100] * 24
    daily = district_daily_report(stations.reshape(4, 1, 24, 6), LAST_OF_2012 + 1).index
    assert daily.aqi.tolist() == [100]
    assert daily.primary_names(0) == ("pm2_5",)


def test_a_district_with_too_few_stations_is_not_available() -> None:
    stations = np.stack([constant(24), constant(24), np.full((24, 6), np.nan)])
    assert district_hourly_report(stations, (LAST_OF_2012 + 1) * 24).index.aqi.tolist() == [-1] * 24
    four = np.stack([constant(24), constant(24), constant(24), np.full((24, 6), np.nan)])
    assert district_hourly_report(four, (LAST_OF_2012 + 1) * 24).index.aqi.tolist() == [43] * 24


@pytest.mark.parametrize(("present", "expected"), [(12, 20.0), (9, 20.0), (8, np.nan)])
def test_hours_from_five_minute_samples(present: int, expected: float) -> None:
    seconds = 3600 * 100 + np.arange(present) * 300
    samples = Samples(
        row=np.zeros(present, dtype=np.int64),
        column=np.full(present, 5),
        local_seconds=seconds,
        value=np.full(present, 20.0),
    )
    hours = hours_from_samples(samples, 1, 99, 3, 5)
    assert hours.shape == (1, 3, 6)
    np.testing.assert_array_equal(hours[0, :, 5], [np.nan, expected, np.nan])


def test_samples_outside_the_grid_are_left_out() -> None:
    samples = Samples(
        np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64), np.array([0, 36000]), np.array([1.0, 2.0])
    )
    assert np.isnan(hours_from_samples(samples, 1, 1, 5, 60)).all()
