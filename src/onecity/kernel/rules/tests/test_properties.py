"""However a stream is cut into batches, and wherever the engine is stopped, the alerts are those of one by one."""

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.rules.logic.arrays import NEVER
from onecity.kernel.rules.logic.conditions import (
    Absence,
    Condition,
    Direction,
    Level,
    Rate,
    Severity,
    Threshold,
    Window,
    WindowFunction,
)
from onecity.kernel.rules.logic.journal import Memory
from onecity.kernel.rules.tests import one_by_one
from onecity.kernel.rules.tests.streams import Book, Feed, Row, engine_for, run

MINUTE = 60_000_000
START = 1_700_000_000_000_000
SERIES = (3, 4, 9)


@st.composite
def ladders(draw: st.DrawFn, scale: float = 1.0) -> tuple[tuple[Level, ...], Direction]:
    """Levels that lie inside each other, with or without hysteresis."""
    direction = draw(st.sampled_from([Direction.ABOVE, Direction.BELOW]))
    sign = 1 if direction is Direction.ABOVE else -1
    severities = sorted(draw(st.sets(st.sampled_from(Severity), min_size=1, max_size=3)), key=lambda s: s.rank)
    levels, raised, cleared = [], draw(st.integers(-2, 3)), None
    for severity in severities:
        raised += draw(st.integers(1, 3))
        band = draw(st.integers(0, 3))
        cleared = raised - band if cleared is None else max(cleared, raised - band)
        levels.append(Level(severity, sign * raised * scale, sign * cleared * scale))
    return tuple(levels), direction


durations = st.sampled_from([timedelta(0), timedelta(minutes=1), timedelta(minutes=4)])


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    kind = draw(st.sampled_from(["threshold", "rate", "window", "absence"]))
    levels, direction = draw(ladders())
    if kind == "threshold":
        return Threshold(levels, direction, draw(durations))
    if kind == "rate":
        gap = timedelta(minutes=draw(st.sampled_from([1, 3, 60])))
        return Rate(levels, direction, timedelta(minutes=1), gap, draw(durations))
    if kind == "absence":
        waits = sorted(draw(st.sets(st.sampled_from([60, 120, 240, 300]), min_size=1, max_size=2)))
        return Absence(tuple(Level(s, w) for s, w in zip(Severity, waits, strict=False)))
    function = draw(st.sampled_from(WindowFunction))
    above = 2.0 if function is WindowFunction.SHARE else None
    span = timedelta(minutes=draw(st.sampled_from([1, 3, 10])))
    return Window(levels, span, function, direction, draw(st.integers(1, 3)), above, draw(durations))


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """Readings in order of arrival: every series goes forward in time, in steps of whole minutes; values are exact."""
    length = draw(st.integers(1, 40))
    clock = dict.fromkeys(SERIES, START)
    rows = []
    for _ in range(length):
        series = draw(st.sampled_from(SERIES))
        clock[series] += MINUTE * draw(st.integers(1, 6))
        rows.append((series, clock[series], draw(st.integers(-24, 24)) / 4))
    return rows


@st.composite
def cuts(draw: st.DrawFn, rows: list[Row]) -> list[list[Row]]:
    places = sorted(draw(st.sets(st.integers(1, max(1, len(rows) - 1)), max_size=6)))
    return [rows[a:b] for a, b in zip([0, *places], [*places, len(rows)], strict=True) if rows[a:b]]


rule_sets = st.lists(conditions(), min_size=1, max_size=5).map(lambda found: list(enumerate(found, start=1)))


@settings(deadline=None)
@given(rules=rule_sets, rows=streams(), data=st.data())
def test_any_cut_gives_the_alerts_of_one_by_one(
    rules: list[tuple[int, Condition]], rows: list[Row], data: st.DataObject
) -> None:
    expected = sorted(one_by_one.evaluate(rules, rows), key=lambda alert: alert[:3])
    assert run(engine_for(rules, SERIES), data.draw(cuts(rows))) == expected


@settings(deadline=None)
@given(rules=rule_sets, rows=streams(), data=st.data())
def test_a_stop_after_any_batch_loses_nothing(
    rules: list[tuple[int, Condition]], rows: list[Row], data: st.DataObject
) -> None:
    expected = sorted(one_by_one.evaluate(rules, rows), key=lambda alert: alert[:3])
    feed, book, journal = Feed(), Book(), [Memory.of()]
    for batch in data.draw(cuts(rows)):
        engine = engine_for(rules, SERIES)
        series = np.array(sorted(feed.newest), np.int32)
        engine.restore(
            Memory.concatenate(journal), series, np.array([feed.newest[int(s)][0] for s in series], np.int64)
        )
        if data.draw(st.booleans()):
            journal = [engine.memory()]
        readings = feed.batch(batch)
        report = engine.process(readings, np.ones(len(readings.series), np.bool_))
        journal.append(report.memory)
        book.enter(report.changes)
    assert book.sorted() == expected


@settings(deadline=None)
@given(rows=streams(), data=st.data())
def test_a_silence_swept_in_between_ends_as_if_it_had_not_been(rows: list[Row], data: st.DataObject) -> None:
    condition = Absence((Level("blue", 60), Level("red", 240)))
    expected = sorted(one_by_one.evaluate([(1, condition)], rows), key=lambda alert: alert[:3])
    engine, feed, book = engine_for([(1, condition)], SERIES), Feed(), Book()
    for batch in data.draw(cuts(rows)):
        readings = feed.batch(batch)
        book.enter(engine.process(readings, np.ones(len(readings.series), np.bool_)).changes)
        # swept no later than the next reading of any series, since time cannot run ahead of it
        following = [
            min(at for s, at, _v in rows if s == series and at > feed.newest[series][0]) - 1
            for series in feed.newest
            if any(s == series and at > feed.newest[series][0] for s, at, _v in rows)
        ]
        if following and len(following) == len(feed.newest):
            book.enter(engine.sweep(min(following)))
    settled = [alert for alert in book.sorted() if alert.end_at is not None]
    assert settled == expected
    assert NEVER not in [alert.onset for alert in settled]
