"""A back-test is the engine over the stored history: it finds what live would have found, and nothing else."""

import datetime as dt

import numpy as np
import pytest

from onecity.kernel.core.clock import FixedClock, to_us, use_clock
from onecity.kernel.rules import backtest, baseline_store, learning
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules.logic.baselines import NORMAL_MAD
from onecity.kernel.rules.models import Alert
from onecity.kernel.rules.tests.stage_data import (
    DISTRICT,
    MINUTE,
    NOON,
    OTHER_TOWN,
    Store,
    ready,
    rule,
    series_of,
    station,
)
from onecity.kernel.rules.types import Absence, Baseline, Condition, Direction, Level, Severity, Threshold, Window
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch

pytestmark = pytest.mark.django_db
HOUR = 60 * MINUTE
MAD_OF_TWO = float(np.float32(NORMAL_MAD * 2.0))


def put(series: int, start: dt.datetime, step: dt.timedelta, values: list[float]) -> None:
    at = to_us(start) + np.arange(len(values)) * (step // dt.timedelta(microseconds=1))
    store.Partitions().ensure({store.day_of(int(one)) for one in at})
    store.append(Batch(np.full(len(values), series, np.int32), at.astype(np.int64), np.array(values)))


def asked(condition: Condition, **more: object) -> definitions.Definition:
    return definitions.from_data(rule(condition).definition | more)


def test_it_names_every_time_the_rule_would_have_fired() -> None:
    series = series_of(station())
    put(series, NOON, MINUTE, [50, 80, 90, 70, 60, 151, 60, 80])
    definition = asked(Threshold((Level("blue", 75, 70), Level("orange", 150, 140))))
    with use_clock(FixedClock(NOON + HOUR)):
        found = backtest.run(definition, NOON)
    assert (found.series, found.readings, found.complete) == (1, 8, True)
    assert [(i.severity, i.onset, i.end, i.peak_value, i.entity_name) for i in found.intervals] == [
        ("blue", NOON + 7 * MINUTE, None, 80.0, "Station s1"),
        ("orange", NOON + 5 * MINUTE, NOON + 6 * MINUTE, 151.0, "Station s1"),
        ("blue", NOON + 1 * MINUTE, NOON + 3 * MINUTE, 90.0, "Station s1"),
    ]
    assert (found.of_severity(Severity.BLUE), found.of_severity(Severity.ORANGE)) == (2, 1)


def test_it_agrees_with_what_happened_live() -> None:
    series = series_of(station())
    values = [float(v) for v in np.random.default_rng(7).normal(75, 8, 200).round(1)]
    definition = asked(Window((Level("yellow", 76, 75),), span=10 * MINUTE, minimum_count=5))
    stage, live = ready(), Store()
    for i in range(0, 200, 7):
        stage.process(live.batch([(series, NOON + j * MINUTE, values[j]) for j in range(i, min(i + 7, 200))]))
    put(series, NOON, MINUTE, values)
    with use_clock(FixedClock(NOON + 4 * HOUR)):
        found = backtest.run(definition, NOON)
    from_live = list(Alert.objects.order_by("-onset").values_list("onset", "end", "peak_value"))
    assert [(i.onset, i.end, i.peak_value) for i in found.intervals] == from_live
    assert len(from_live) > 3


def test_readings_before_the_period_fill_the_window_but_raise_nothing() -> None:
    series = series_of(station())
    put(series, NOON - 10 * MINUTE, MINUTE, [200.0] * 5 + [0.0] * 10)
    definition = asked(Window((Level("yellow", 90),), span=10 * MINUTE, minimum_count=8))
    with use_clock(FixedClock(NOON + HOUR)):
        assert [i.onset for i in backtest.run(definition, NOON - 4 * MINUTE).intervals] == [NOON - 3 * MINUTE]
        assert backtest.run(definition, NOON).intervals == ()


def test_it_stays_within_the_scope_of_the_rule() -> None:
    for key, division in (("a", DISTRICT + "990101/"), ("b", OTHER_TOWN)):
        put(series_of(station(key, division)), NOON, MINUTE, [80.0])
    definition = asked(Threshold((Level("blue", 75),)), division_path=OTHER_TOWN)
    with use_clock(FixedClock(NOON + HOUR)):
        assert [i.entity_name for i in backtest.run(definition, NOON).intervals] == ["Station b"]


def test_silence_is_found_in_the_middle_and_at_the_end() -> None:
    series = series_of(station())
    put(series, NOON, 10 * MINUTE, [1.0])
    put(series, NOON + 30 * MINUTE, 10 * MINUTE, [1.0, 1.0])
    definition = asked(Absence((Level("blue", 900),)))
    with use_clock(FixedClock(NOON + HOUR)):
        found = backtest.run(definition, NOON)
    assert [(i.onset, i.end, i.peak_value) for i in found.intervals] == [
        (NOON + 55 * MINUTE, None, 1200.0),
        (NOON + 15 * MINUTE, NOON + 30 * MINUTE, 1800.0),
    ]


def test_a_baseline_is_learnt_from_before_the_period() -> None:
    series = series_of(station())
    monday = dt.datetime(2026, 3, 2, 4, 30, tzinfo=dt.UTC)
    for weeks, value in ((3, 10.0), (2, 12.0), (1, 14.0)):
        put(series, monday - weeks * 7 * 24 * HOUR, MINUTE, [value, value])
    put(series, monday, MINUTE, [25.0, 30.0, 12.0])
    condition = Baseline((Level("yellow", 5),), Direction.ABOVE, history=dt.timedelta(weeks=4))
    with use_clock(FixedClock(monday + HOUR)):
        definition = asked(condition)
        found = backtest.run(definition, monday - HOUR)
        assert learning.learn_due() == 1
        assert learning.learn_due() == 0
    (interval,) = found.intervals
    assert (interval.onset, interval.end) == (monday + MINUTE, monday + 2 * MINUTE)
    assert interval.peak_value == (30.0 - 12.0) / (MAD_OF_TWO)
    (((channel, history), table),) = baseline_store.load_all().items()
    assert (channel, history, table.series.tolist()) == ("TestStation.pm2_5", dt.timedelta(weeks=4), [series])
    assert table.count.sum() == 4
