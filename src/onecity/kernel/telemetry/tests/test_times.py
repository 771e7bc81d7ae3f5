"""Times as senders write them, to the microsecond; what is no time is none."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.telemetry.batch import NEVER
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.tests.sample import T0

TEXTS = {
    "2026-03-01T00:00:00Z": T0,
    "2026-03-01T08:00:00+08:00": T0,
    "2026-03-01T00:00:00.123456Z": T0 + 123_456,
    "2026-03-01 00:00:00Z": T0,
    "2026-03-01T00:00:00": NEVER,
    "2026-03-01": NEVER,
    "yesterday": NEVER,
    "": NEVER,
}


def test_texts_as_a_column() -> None:
    found = times.from_text(pl.Series(list(TEXTS)))
    assert found.tolist() == list(TEXTS.values())


def test_a_column_that_begins_plainly_is_read_to_its_end() -> None:
    column = pl.Series(["2026-03-01T00:00:00Z", "2026-03-01T08:00:00+08:00", None])
    assert times.from_text(column).tolist() == [T0, T0, NEVER]


@pytest.mark.parametrize(("text", "micros"), list(TEXTS.items()))
def test_one_text_is_read_as_in_a_column(text: str, micros: int) -> None:
    assert times.from_one(text) == (None if micros == NEVER else micros)


def test_the_size_of_a_number_tells_its_unit() -> None:
    numbers = np.array([1_772_323_200, 1_772_323_200_000, 1_772_323_200_000_000, 1_772_323_200_000_000_000], np.float64)
    assert times.from_numbers(numbers).tolist() == [T0] * 4
    assert times.from_integers(numbers.astype(np.int64)).tolist() == [T0] * 4


@pytest.mark.parametrize("value", [None, True, [], {}, float("nan"), float("inf"), 10**400, 1e300])
def test_what_is_no_time(value: object) -> None:
    assert times.from_one(value) is None


@given(st.integers(31_536_000_000_000, 7_258_118_400_000_000))
def test_text_and_back(micros: int) -> None:
    text = times.to_text(micros)
    assert times.from_one(text) == micros
    assert times.from_text(pl.Series([text])).tolist() == [micros]
