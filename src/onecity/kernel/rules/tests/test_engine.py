"""The engine against alerts worked out by hand, one case for each rule of its books."""

from datetime import timedelta

import numpy as np
import pytest

from onecity.kernel.rules.logic import ladder
from onecity.kernel.rules.logic.arrays import Floats, Readings
from onecity.kernel.rules.logic.conditions import Direction, Level, Rate, Threshold, Window, WindowFunction
from onecity.kernel.rules.logic.engine import Engine, Watcher
from onecity.kernel.rules.logic.ladder import Outcome, Watch
from onecity.kernel.rules.logic.scope import Scope
from onecity.kernel.rules.tests.one_by_one import Interval
from onecity.kernel.rules.tests.streams import UTC, Book, Feed, engine_for, run

M = 60_000_000
T = 1_700_000_000_000_000


def minutes(series: int, *values: float) -> list[tuple[int, int, float]]:
    return [(series, T + i * M, value) for i, value in enumerate(values)]


def test_passing_means_strictly_beyond_and_clearing_includes_the_value() -> None:
    rule = Threshold((Level("red", 10, 8),))
    assert run(engine_for([(1, rule)], [5]), [minutes(5, 10, 10.5, 9, 8.5, 8, 9, 11)]) == [
        Interval(1, 5, T + M, T + M, T + M, 10.5, T + 4 * M, "red"),
        Interval(1, 5, T + 6 * M, T + 6 * M, T + 6 * M, 11.0, None, "red"),
    ]


def test_a_dip_shorter_than_the_hysteresis_does_not_restart_the_duration() -> None:
    rule = Threshold((Level("blue", 10, 8),), duration=timedelta(minutes=3))
    assert run(engine_for([(1, rule)], [5]), [minutes(5, 11, 9, 9, 9, 7, 11, 7)]) == [
        Interval(1, 5, T, T + 3 * M, T, 11.0, T + 4 * M, "blue")
    ]


def test_of_equal_peaks_the_first_counts() -> None:
    rule = Threshold((Level("blue", 10),))
    found = run(engine_for([(1, rule)], [5]), [minutes(5, 11, 12), [(5, T + 2 * M, 12.0)], [(5, T + 3 * M, 9.0)]])
    assert (found[0].peak_at, found[0].peak) == (T + M, 12.0)


def test_below_looks_at_the_lowest() -> None:
    rule = Threshold((Level("yellow", 3, 3.5), Level("red", 2, 2.5)), Direction.BELOW)
    assert run(engine_for([(1, rule)], [5]), [minutes(5, 3, 2.9, 1.5, 2.6, 3.4, 3.5)]) == [
        Interval(1, 5, T + M, T + M, T + 2 * M, 1.5, T + 5 * M, "red")
    ]


def test_a_rate_is_per_hour_and_ends_when_the_value_stands_still() -> None:
    rule = Rate((Level("orange", 300),), Direction.ABOVE)
    assert run(engine_for([(1, rule)], [5]), [minutes(5, 20, 26, 26)]) == [
        Interval(1, 5, T + M, T + M, T + M, 360.0, T + 2 * M, "orange")
    ]


def test_a_window_excludes_the_reading_exactly_its_span_old() -> None:
    rule = Window((Level("blue", 5),), timedelta(minutes=3), WindowFunction.SUM, minimum_count=3)
    assert run(engine_for([(1, rule)], [5]), [minutes(5, 9, 1, 1, 1, 9)]) == [
        Interval(1, 5, T + 2 * M, T + 2 * M, T + 2 * M, 11.0, T + 3 * M, "blue"),
        Interval(1, 5, T + 4 * M, T + 4 * M, T + 4 * M, 11.0, None, "blue"),
    ]


def test_a_stuck_sensor_has_no_spread() -> None:
    rule = Window((Level("yellow", 1e-6),), timedelta(minutes=10), WindowFunction.SPREAD, Direction.BELOW, 3)
    assert run(engine_for([(1, rule)], [5]), [minutes(5, 7, 7, 7, 7.1)]) == [
        Interval(1, 5, T + 2 * M, T + 2 * M, T + 2 * M, 0.0, T + 3 * M, "yellow")
    ]


def test_rules_with_other_scopes_and_channels_do_not_mix() -> None:
    rule = Threshold((Level("blue", 10),))
    all_series, one = Scope(np.array([5, 6], np.int32)), Scope(np.array([6], np.int32))
    other = Scope(np.array([7], np.int32))
    engine = Engine([Watcher(1, "a", rule, all_series), Watcher(2, "a", rule, one), Watcher(3, "b", rule, other)], UTC)
    rows = [(5, T, 11.0), (6, T, 12.0), (7, T, 13.0), (8, T, 14.0)]
    assert [(alert.rule, alert.series) for alert in run(engine, [rows])] == [(1, 5), (1, 6), (2, 6), (3, 7)]


def test_a_flood_is_worked_off_in_blocks_with_the_same_result() -> None:
    rules = [(number, Threshold((Level("blue", number / 10), Level("red", 60)))) for number in range(1, 41)]
    rows = [(series, T + i * M, float(20 + (series * 7 + i * 13) % 50)) for series in range(1, 60) for i in range(8)]
    whole = run(engine_for(rules, range(1, 60)), [rows])
    before, ladder.BLOCK_ROWS = ladder.BLOCK_ROWS, 500
    try:
        assert run(engine_for(rules, range(1, 60)), [rows]) == whole
    finally:
        ladder.BLOCK_ROWS = before
    assert len(whole) == 40 * 59


def test_a_rule_that_fails_is_set_apart_and_the_others_keep_what_they_remember(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = Window((Level("blue", 10),), timedelta(minutes=5), WindowFunction.MEAN)
    engine, feed, book = engine_for([(1, rule), (2, rule)], [5]), Feed(), Book()
    live, evaluate = np.ones(1, np.bool_), Watch.evaluate
    book.enter(engine.process(feed.batch(minutes(5, 11)), live).changes)

    def fail_for_two(watch: Watch, readings: Readings, feature: Floats) -> Outcome:
        if 2 in watch.ladder.rule:
            raise ZeroDivisionError("unforeseen")
        return evaluate(watch, readings, feature)

    monkeypatch.setattr(Watch, "evaluate", fail_for_two)
    report = engine.process(feed.batch([(5, T + M, 12.0)]), live)
    assert report.failed == {2: "ZeroDivisionError: unforeseen"}
    book.enter(report.changes)
    monkeypatch.undo()
    book.enter(engine.process(feed.batch([(5, T + 9 * M, 2.0)]), live).changes)
    assert [(alert.rule, alert.end_at) for alert in book.sorted()] == [(1, T + 9 * M), (2, None)]
