"""What was stored lately is remembered: what is said to be certain is true, and what is forgotten is looked up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.telemetry.batch import NEVER, Batch
from onecity.kernel.telemetry.logic import ordering, recent
from onecity.kernel.telemetry.logic.ordering import groups
from onecity.kernel.telemetry.logic.recent import Recent

Row = tuple[int, int]
ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(-4, 30)), max_size=8, unique=True)


def batch(rows: list[Row]) -> Batch:
    series = np.array([series for series, _at in rows], np.int32)
    at = np.array([at for _series, at in rows], np.int64)
    return Batch(series, at, np.zeros(len(rows))).take(ordering.sort(series, at))


def remember(known: Recent, rows: list[Row]) -> None:
    stored = batch(rows)
    series, starts = groups(stored.series_id)
    known.remember(stored, series, stored.observed_at[starts[1:] - 1])


def look(known: Recent, rows: list[Row]) -> dict[Row, tuple[bool, bool]]:
    asked = batch(rows)
    found, certain = known.look(asked.series_id, asked.observed_at)
    places = zip(asked.series_id.tolist(), asked.observed_at.tolist(), strict=True)
    return dict(zip(places, zip(found.tolist(), certain.tolist(), strict=True), strict=True))


@given(before=ROWS, batches=st.lists(ROWS, max_size=8), asked=ROWS, most=st.integers(0, 20))
def test_what_is_certain_is_true(before: list[Row], batches: list[list[Row]], asked: list[Row], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent, "MOST_READINGS", most)
        known = Recent()
        at = np.full(4, NEVER, np.int64)
        for series, moment in before:
            if series < len(at):
                at[series] = max(at[series], moment)
        known.begin(at)
        stored = {row for row in before if row[0] < len(at)}
        for rows in batches:
            remember(known, rows)
            stored |= set(rows)
        for row, (found, certain) in look(known, asked).items():
            assert certain or not found
            assert not certain or found == (row in stored)


def test_a_reading_between_two_that_were_just_stored_is_new_and_one_of_them_is_known() -> None:
    known = Recent()
    known.begin(np.array([NEVER, 100], np.int64))
    remember(known, [(1, 200), (1, 400), (0, 10)])
    assert look(known, [(1, 300), (1, 400), (1, 100), (0, 5), (0, 10)]) == {
        (1, 300): (False, True),
        (1, 400): (True, True),
        (1, 100): (False, False),
        (0, 5): (False, True),
        (0, 10): (True, True),
    }


def test_what_made_room_is_no_longer_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_BATCHES", 1)
    known = Recent()
    known.begin(np.full(2, NEVER, np.int64))
    remember(known, [(1, 200)])
    remember(known, [(0, 300), (1, 300)])
    assert look(known, [(1, 200), (1, 250), (0, 200)]) == {
        (1, 200): (False, False),
        (1, 250): (False, True),
        (0, 200): (False, True),
    }


def test_times_that_do_not_fit_beside_their_series_are_left_to_the_store() -> None:
    known = Recent()
    known.begin(np.full(2**20, NEVER, np.int64))
    remember(known, [(1, 0), (2**20 - 1, 2**61)])
    assert look(known, [(1, 0), (1, 1), (2, 0)]) == {
        (1, 0): (False, False),
        (1, 1): (False, True),
        (2, 0): (False, True),
    }
