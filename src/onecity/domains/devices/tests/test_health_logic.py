"""What ails devices, against truth that was made up with them: found where it is, and nothing where it is not."""

import time
from dataclasses import dataclass

import numpy as np

from onecity.domains.devices.logic.health import DEFAULT, battery, clock, drift, flapping, stuck, theil_sen, usual
from onecity.domains.devices.logic.nearness import nearest

HOURS = 14 * 24
STATIONS = 400


@dataclass(frozen=True)
class Town:
    """Stations with a common course, what each adds of its own, and where they stand."""

    values: np.ndarray
    neighbours: np.ndarray


def town(seed: int) -> Town:
    """Fine particles: the wind changes all, each station has its level and its noise; a storm on day 9 is seen by all."""
    rng = np.random.default_rng(seed)
    lon, lat = 121.3 + rng.random(STATIONS) * 0.4, 30.8 + rng.random(STATIONS) * 0.2
    common = np.zeros(HOURS)
    for hour in range(1, HOURS):
        common[hour] = 0.95 * common[hour - 1] + rng.normal(0, 2.0)
    common += 35 + 8 * np.sin(np.arange(HOURS) * 2 * np.pi / 24)
    common[9 * 24 : 10 * 24] += 60
    own = rng.normal(0, 3.0, (STATIONS, 1)) + rng.normal(0, 1.5, (STATIONS, HOURS))
    values = common + own
    values[rng.random(values.shape) < 0.02] = np.nan
    return Town(values, nearest(lon, lat, 5, 10_000))


def precision_and_recall(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    hits = float((found & truth).sum())
    return hits / max(found.sum(), 1), hits / truth.sum()


def test_drift_is_found_with_stated_precision_and_recall() -> None:
    """Over five towns with 40 drifting stations each (8 to 30 units, at once or within a day): at least 0.97 and 0.95."""
    rng = np.random.default_rng(2)
    hits = []
    for seed in range(5):
        made = town(seed)
        truth = np.zeros(STATIONS, np.bool_)
        truth[rng.choice(STATIONS, 40, replace=False)] = True
        for row in np.flatnonzero(truth):
            size = rng.choice([-1, 1]) * rng.uniform(8, 30)
            begin, ramp = int(rng.integers(8 * 24, 12 * 24)), int(rng.choice([1, 24]))
            made.values[row] += size * np.clip((np.arange(HOURS) - begin) / ramp, 0, 1)
        found = drift(made.values, made.neighbours).shift != 0
        hits.append(precision_and_recall(found, truth))
    precision, recall = np.mean(hits, axis=0)
    assert precision >= 0.97, precision
    assert recall >= 0.95, recall


def test_what_all_see_is_no_drift() -> None:
    made = town(11)
    made.values[:, -36:] += 80
    assert (drift(made.values, made.neighbours).shift == 0).all()


def test_the_onset_and_the_size_of_a_drift_are_told() -> None:
    made = town(5)
    made.values[7, 10 * 24 :] += 20.0
    found = drift(made.values, made.neighbours)
    assert abs(found.shift[7] - 20.0) < 2.0
    assert abs(int(found.onset[7]) - 240) <= 24


def test_who_has_too_few_neighbours_is_not_judged() -> None:
    made = town(5)
    made.values[7, 10 * 24 :] += 20.0
    lonely = made.neighbours.copy()
    lonely[7, 2:] = -1
    assert drift(made.values, lonely).shift[7] == 0


def test_stuck_values_are_found_and_dry_gauges_are_not() -> None:
    """Of 200 series 20 stand still for 8 to 40 hours: all are found, and no rain gauge that has been dry for days."""
    rng = np.random.default_rng(9)
    values = 20 + np.cumsum(rng.normal(0, 0.3, (200, HOURS)), axis=1)
    low, high = values - 0.2, values + 0.2
    truth = np.zeros(200, np.bool_)
    truth[:20] = True
    for row in range(20):
        since = int(rng.integers(8, 40))
        low[row, -since:] = high[row, -since:] = low[row, -since]
    for row in range(20, 40):  # rain: dry for days, a shower, dry again
        low[row] = high[row] = 0.0
        high[row, 100:104] = 5.0
        high[row, -30:-28] = 2.0
    for row in range(40, 45):  # never moved at all: a switch, not a fault that can be told from its past
        low[row] = high[row] = 1.0
    assert precision_and_recall(stuck(low, high) > 0, truth) == (1.0, 1.0)


def test_flapping_counts_comings_and_goings() -> None:
    counts = np.full((4, 24), 6.0)
    counts[0, 2:24:4] = 0.0
    counts[1, 5:9] = 0.0
    counts[2, ::2] = 0.0
    counts[3] = 1.0
    changes = flapping(counts, np.array([6.0, 6.0, 1.0, 6.0]))
    assert changes.tolist() == [12, 2, 0, 0]
    assert (changes >= DEFAULT.flapping_changes).tolist() == [True, False, False, False]


def test_a_battery_is_low_or_will_be() -> None:
    days = np.arange(14.0)
    daily = np.stack([80 - 2 * days, np.full(14, 90.0), 22 - 0.5 * days, 50 + days])
    daily[0, 3:6] = np.nan
    low, left = battery(daily, np.full(4, 20.0))
    assert low.tolist() == [False, False, True, False]
    assert left.tolist() == [17.0, np.inf, 0.0, np.inf]


def test_a_slope_does_not_mind_a_few_wrong_values() -> None:
    values = 100 - 1.5 * np.arange(14.0)
    values[[2, 9]] = 0.0
    assert theil_sen(values[None, :]).tolist() == [-1.5]


def test_a_clock_that_is_off_is_told_from_late_messages() -> None:
    none = np.nan
    offsets = np.array(
        [[0.5, 1, -2, 0, 1], [300, 310, 320, 330, 340], [-900, 0, 0, -1, 0], [500, none, none, none, none]]
    )
    assert clock(offsets).tolist() == [0.0, 320.0, 0.0, 0.0]


def test_neighbours_are_the_nearest() -> None:
    rng = np.random.default_rng(3)
    lon, lat = 121.3 + rng.random(700) * 0.4, 30.8 + rng.random(700) * 0.2
    lon[5] = np.nan
    found = nearest(lon, lat, 4, 2_000)
    assert (found[5] == -1).all()
    assert 5 not in found
    middle = np.radians(np.nanmean(lat))
    x, y = lon * np.cos(middle), lat
    for row in (0, 100, 699):
        far = np.hypot(x - x[row], y - y[row]) * 111_195
        far[row] = np.inf
        expected = [other for other in np.argsort(far)[:4] if far[other] <= 2_000]
        assert found[row][found[row] >= 0].tolist() == expected


def test_many_are_judged_within_seconds() -> None:
    """20,000 series of 14 days within 20 s on one core (about 5 s here)."""
    rng = np.random.default_rng(1)
    values = rng.normal(20, 3, (20_000, HOURS))
    neighbours = rng.integers(0, 20_000, (20_000, 5))
    begin = time.process_time()
    drift(values, neighbours)
    stuck(values, values + 1)
    flapping(values, np.full(20_000, 20.0))
    assert time.process_time() - begin < 20


def test_the_usual_number_of_readings_is_the_median_of_hours_that_have_any() -> None:
    rng = np.random.default_rng(3)
    counts = (rng.integers(0, 5, (500, 24)) * rng.integers(0, 2, (500, 24))).astype(np.float64)
    counts[0], counts[1] = 0, np.r_[7, np.zeros(23)]
    expected = [np.median(line[line > 0]) if (line > 0).any() else 0.0 for line in counts]
    assert usual(counts).tolist() == expected
    assert usual(np.full((1, 1), 3.0)).tolist() == [3.0]
