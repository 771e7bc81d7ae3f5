"""Baselines against values worked out by hand, and local hours across a change of clocks."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np

from onecity.kernel.core.clock import to_us
from onecity.kernel.rules.logic.arrays import NEVER, Readings
from onecity.kernel.rules.logic.baselines import NORMAL_MAD, deviation, hour_of_week, learn

MAD_OF_TWO = float(np.float32(NORMAL_MAD * 2.0))
UTC = ZoneInfo("UTC")
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str) -> int:
    return to_us(dt.datetime.fromisoformat(text))


def test_hours_of_the_week_begin_on_monday_at_midnight_local_time() -> None:
    at = np.array(
        [moment("2026-03-01T15:59:59+00:00"), moment("2026-03-01T16:00:00+00:00"), moment("2026-03-02T04:30:00+00:00")]
    )
    assert hour_of_week(at, SHANGHAI).tolist() == [167, 0, 12]
    assert hour_of_week(at, UTC).tolist() == [159, 160, 4]


def test_hours_follow_the_change_of_clocks() -> None:
    # on 29 March 2026 at 01:00 UTC Berlin goes from +1 to +2
    at = np.array([moment("2026-03-29T00:59:00+00:00"), moment("2026-03-29T01:00:00+00:00")])
    assert hour_of_week(at, BERLIN).tolist() == [6 * 24 + 1, 6 * 24 + 3]


def test_centre_is_the_median_and_spread_the_scaled_mad() -> None:
    series = np.array([5, 5, 5, 5, 5, 5, 2, 2], np.int32)
    slot = np.array([10, 10, 10, 10, 10, 11, 10, 10])
    value = np.array([1.0, 2.0, 3.0, 4.0, 100.0, 7.0, 1.0, 2.0])
    table = learn(series, slot, value)
    assert table.series.tolist() == [2, 5]
    assert (table.centre[1, 10], table.count[1, 10], table.centre[1, 11], table.count[1, 11]) == (3.0, 5, 7.0, 1)
    # deviations from 3 are 2, 1, 0, 1, 97: their median is 1
    assert table.spread[1, 10] == np.float32(NORMAL_MAD)
    assert (table.centre[0, 10], table.spread[0, 10]) == (1.5, np.float32(NORMAL_MAD * 0.5))
    assert np.isnan(table.centre[0, 11])
    assert table.count[0, 11] == 0


def readings(series: list[int], at: list[int], value: list[float]) -> Readings:
    m = len(series)
    return Readings(
        np.array(series, np.int32),
        np.arange(m + 1),
        np.array(at),
        np.array(value),
        np.full(m, NEVER),
        np.full(m, np.nan),
    )


def test_deviation_is_undefined_where_the_history_says_too_little() -> None:
    monday = moment("2026-03-02T00:30:00+00:00")
    table = learn(
        np.array([1, 1, 1, 2, 2, 2, 3], np.int32),
        np.zeros(7, np.int64),
        np.array([10.0, 12.0, 14.0, 5.0, 5.0, 5.0, 1.0]),
    )
    mine = readings([1, 2, 3, 4], [monday] * 4, [17.0, 9.0, 9.0, 9.0])
    found = deviation(mine, table, UTC, minimum_count=3, minimum_spread=0.0)
    assert found[0] == (17.0 - 12.0) / (MAD_OF_TWO)
    assert np.isnan(found[1:]).all()
    floored = deviation(mine, table, UTC, minimum_count=3, minimum_spread=2.0)
    assert floored[:2].tolist() == [(17.0 - 12.0) / (MAD_OF_TWO), (9.0 - 5.0) / 2.0]
    other_hour = readings([1], [monday + 3_600_000_000], [17.0])
    assert np.isnan(deviation(other_hour, table, UTC, 3, 0.0)).all()
