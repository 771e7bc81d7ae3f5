"""Waiting, working and suspended time out of small histories with known answers, and out of random ones by slow rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.cases.mining.logic import flow
from onecity.kernel.cases.mining.logic.flow import NOWHERE, Log

HOUR = 3600.0


def log(*rows: tuple[int, float, int, int, int, bool, bool, int]) -> Log:
    """Rows of case, hours, source, target, office, acted, begins, pauses."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Log(
        columns[0], columns[1] * HOUR, columns[2], columns[3], columns[4], columns[5].astype(bool),
        columns[6].astype(bool), columns[7],
    )  # fmt: skip


# opened at 0, a note at 2 h, accepted at 5 h, suspended 6 to 9 h, begun at 10 h, finished at 14 h
ONE = (
    (0, 0.0, NOWHERE, 0, 7, False, False, 0),
    (0, 2.0, 0, 0, NOWHERE, True, False, 0),
    (0, 5.0, 0, 1, NOWHERE, True, False, 0),
    (0, 6.0, 1, 1, NOWHERE, True, False, 1),
    (0, 9.0, 1, 1, NOWHERE, True, False, -1),
    (0, 10.0, 1, 2, 8, True, True, 0),
    (0, 14.0, 2, 3, NOWHERE, True, False, 0),
)


def test_time_is_waiting_until_somebody_acts_working_then_and_held_while_suspended() -> None:
    found = flow.stays(log(*ONE))
    assert found.state.tolist() == [0, 1, 2, 3]
    assert found.following.tolist() == [1, 2, 3, NOWHERE]
    assert (found.waiting[:3] / HOUR).tolist() == [2, 1, 0]
    assert (found.working[:3] / HOUR).tolist() == [3, 1, 4]
    assert (found.held[:3] / HOUR).tolist() == [0, 3, 0]
    assert np.isnan(found.whole[3])
    assert found.office.tolist() == [7, 7, 8, 8]


def test_a_suspension_that_never_ended_does_not_stop_the_next_case() -> None:
    rows = ((0, 0.0, NOWHERE, 0, 1, False, False, 0), (0, 1.0, 0, 0, NOWHERE, True, False, 1))
    found = flow.stays(log(*rows, (1, 0.0, NOWHERE, 0, 2, False, False, 0), (1, 3.0, 0, 1, NOWHERE, True, False, 0)))
    assert found.held[1] == 0
    assert found.waiting[1] == 3 * HOUR
    assert found.office.tolist() == [1, 2, 2]


def test_loops_and_edges_are_counted() -> None:
    # 0 → 1 → 0 → 1 → 2
    steps = [(NOWHERE, 0), (0, 1), (1, 0), (0, 1), (1, 2)]
    found = flow.stays(log(*((0, float(n), a, b, 0, True, False, 0) for n, (a, b) in enumerate(steps))))
    graph, back = flow.edges(found, 3)
    assert dict(zip(graph.key.tolist(), graph.count.tolist(), strict=True)) == {1: 2, 3: 1, 5: 1}
    assert dict(zip(graph.key.tolist(), back.tolist(), strict=True)) == {1: 1, 3: 1, 5: 0}
    assert graph.median.tolist() == [HOUR] * 3


def test_cases_of_one_way_are_one_variant() -> None:
    ways = [[0, 1, 2], [0, 1, 2], [0, 2, 1], [0, 1]]
    rows = [
        (n, float(place), NOWHERE if place == 0 else way[place - 1], state, 0, True, False, 0)
        for n, way in enumerate(ways)
        for place, state in enumerate(way)
    ]
    found = flow.variants(
        flow.stays(log(*rows)), np.array([True, True, True, False]), np.array([2.0, 4.0, 9.0, np.nan])
    )
    assert (found.example.tolist(), found.count.tolist(), found.median.tolist()) == ([0, 2], [2, 1], [3.0, 9.0])


def test_an_empty_log_has_nothing() -> None:
    nothing = np.array([], dtype=np.int64)
    empty = Log(
        nothing, nothing.astype(float), nothing, nothing, nothing, nothing.astype(bool), nothing.astype(bool), nothing
    )
    found = flow.stays(empty)
    assert len(found.case) == len(flow.edges(found, 0)[0].key) == 0
    assert len(flow.variants(found, nothing.astype(bool), nothing.astype(float)).count) == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1e6)), min_size=1, max_size=60))
def test_statistics_by_key_are_those_of_numpy(pairs: list[tuple[int, float]]) -> None:
    key, value = np.array([k for k, _v in pairs]), np.array([v for _k, v in pairs])
    found = flow.grouped(key, value)
    for number, one in enumerate(found.key):
        own = value[key == one]
        assert found.count[number] == len(own)
        assert found.median[number] == pytest.approx(np.quantile(own, 0.5))
        assert found.p90[number] == pytest.approx(np.quantile(own, 0.9))


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.floats(0, 100), st.booleans()), min_size=1, max_size=8), min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_no_time_is_lost_between_the_first_entry_and_the_last(cases: list[list[tuple[int, float, bool]]]) -> None:
    rows, spans = [], []
    for number, entries in enumerate(cases):
        at, state = 0.0, NOWHERE
        for target, gap, acted in entries:
            at += 0.0 if state == NOWHERE else gap
            rows.append((number, at, state, target, NOWHERE, acted, False, 0))
            state = target
        moves = [row[1] for row in rows if row[0] == number and row[2] != row[3]]
        spans.append(moves[-1] - moves[0])
    found = flow.stays(log(*rows))
    for number, span in enumerate(spans):
        assert np.nansum(found.whole[found.case == number]) == pytest.approx(span * HOUR, abs=1e-3)
    assert not (found.waiting < -1e-6).any()
    assert not (found.working < -1e-6).any()


def test_the_median_of_all_lies_between_the_bounds_of_a_draw_in_95_of_100() -> None:
    random = np.random.default_rng(7)
    everything = random.exponential(3600.0, 100_000)
    truth, right = np.median(everything), 0
    for _draw in range(400):
        some = random.choice(everything, 300, replace=False)
        found = flow.grouped(np.zeros(300, dtype=np.int64), some)
        right += int(found.low[0] <= truth <= found.high[0])
    assert 0.92 <= right / 400 <= 0.98
