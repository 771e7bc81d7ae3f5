"""Averages count only with enough data, and are exact where they are rounded."""

from __future__ import annotations

import numpy as np
import pytest

from onecity.domains.environment.logic.aqi import Means, index_of, individual_index_of_means
from onecity.domains.environment.logic.aqi_tables import HJ633_2026, Report
from onecity.domains.environment.logic.averages import (
    daily_mean,
    day_moving_mean,
    eight_hour_mean,
    hourly_mean,
    largest_eight_hour_mean,
    mean_over_stations,
)
from onecity.domains.environment.logic.exact import Rounding, divide_half_even, round_ratio, to_fixed, to_float


def with_gaps(values: np.ndarray, gaps: int) -> np.ndarray:
    copy = values.astype(np.float64).copy()
    copy[..., :gaps] = np.nan
    return copy


@pytest.mark.parametrize(("minutes", "samples", "needed"), [(1, 60, 45), (5, 12, 9), (10, 6, 5), (60, 1, 1)])
def test_an_hour_counts_with_45_minutes(minutes: int, samples: int, needed: int) -> None:
    full = np.full((1, samples), 12.5)
    assert hourly_mean(with_gaps(full, samples - needed), minutes).as_float().tolist() == [12.5]
    assert np.isnan(hourly_mean(with_gaps(full, samples - needed + 1), minutes).as_float()).all()


def test_a_day_counts_with_20_hours() -> None:
    hours = np.arange(24.0)[None, :]
    assert daily_mean(hours).as_float().tolist() == [11.5]
    assert daily_mean(with_gaps(hours, 4)).as_float().tolist() == [13.5]
    assert np.isnan(daily_mean(with_gaps(hours, 5)).as_float()).all()


def test_an_eight_hour_mean_counts_with_6_hours() -> None:
    hours = np.arange(1.0, 11.0)
    means = eight_hour_mean(hours).as_float()
    assert np.isnan(means[:5]).all()
    assert means[5:].tolist() == [3.5, 4.0, 4.5, 5.5, 6.5]


def test_a_moving_day_mean_counts_with_20_hours() -> None:
    means = day_moving_mean(np.full(30, 7.0)).as_float()
    assert np.isnan(means[:19]).all()
    assert means[19:].tolist() == [7.0] * 11


def test_the_largest_eight_hour_mean_lies_within_the_day() -> None:
    hours = np.zeros((1, 24))
    hours[0, 10:18] = 160
    assert largest_eight_hour_mean(hours).as_float().tolist() == [160.0]


def test_the_largest_eight_hour_mean_needs_14_windows() -> None:
    hours = np.full((1, 24), 90.0)
    three_windows_lost = hours.copy()
    three_windows_lost[0, 0:5] = np.nan  # windows ending at 8:00, 9:00 and 10:00 have fewer than six hours
    four_windows_lost = hours.copy()
    four_windows_lost[0, 0:6] = np.nan
    assert largest_eight_hour_mean(three_windows_lost).as_float().tolist() == [90.0]
    assert np.isnan(largest_eight_hour_mean(four_windows_lost).as_float()).all()


def test_a_day_known_to_exceed_counts_with_fewer_windows() -> None:
    hours = np.full((1, 24), 161.0)
    hours[0, 0:12] = np.nan
    assert np.isnan(largest_eight_hour_mean(hours).as_float()).all()
    assert largest_eight_hour_mean(hours, valid_when_above=160).as_float().tolist() == [161.0]


def test_an_empty_day_has_no_means() -> None:
    assert np.isnan(largest_eight_hour_mean(np.full((2, 24), np.nan)).as_float()).all()
    assert np.isnan(daily_mean(np.full((2, 24), np.nan)).as_float()).all()


def test_the_city_value_is_the_mean_over_stations_first() -> None:
    stations = Means.of(np.array([[35.0, 35.0], [85.0, np.nan], [60.0, np.nan], [60.0, 61.0]]))
    means, enough = mean_over_stations(stations)
    assert means.as_float().tolist() == [60.0, 48.0]
    assert enough.tolist() == [True, False]
    row = HJ633_2026.daily[5]
    city = individual_index_of_means(means, row, HJ633_2026.rounding)
    each = individual_index_of_means(stations, row, HJ633_2026.rounding)
    assert int(city[0]) == 100
    assert float(each[:, 0].mean()) == 93.25  # the mean of the indices 50, 123, 100, 100 would be another figure


def test_means_enter_the_index_exactly() -> None:
    hours = np.full((1, 24), 60.0)
    hours[0, :12] = 61.0  # mean 60.5 exactly: a tie, which goes to 60
    means = daily_mean(hours)
    assert individual_index_of_means(means, HJ633_2026.daily[5], HJ633_2026.rounding).tolist() == [100]


def test_a_ratio_is_rounded_once() -> None:
    almost_tie = np.array([149_999_996]), np.array([100])  # 1.49999996 millionths-of-a-unit scale: not a tie
    assert round_ratio(*almost_tie, 0, Rounding.HALF_EVEN).tolist() == [1_000_000]
    assert divide_half_even(np.array([5, 15, 25, -5, 7]), np.array([10, 10, 10, 10, 2])).tolist() == [0, 2, 2, 0, 4]


def test_fixed_point_keeps_every_printed_decimal() -> None:
    values = np.array([0.1, 4.35, 60.11, 1234.567891])
    assert to_fixed(values).tolist() == [100_000, 4_350_000, 60_110_000, 1_234_567_891]
    assert to_float(to_fixed(values)).tolist() == values.tolist()


def test_exact_means_feed_a_whole_report() -> None:
    columns = [daily_mean(np.full((2, 24), value)) for value in (10, 30, 0.8, 120, 60, 75)]
    means = Means(
        np.stack([column.numerator for column in columns], axis=1),
        np.stack([column.denominator for column in columns], axis=1),
    )
    assert index_of(HJ633_2026, Report.DAILY, means).aqi.tolist() == [114, 114]
