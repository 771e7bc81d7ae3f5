"""Figures of many places as one, with gaps where nothing was known."""

import numpy as np
import pytest

from onecity.kernel.web.figures import sparkline
from onecity.kernel.web.logic import figures

HOUR = 3_600_000_000


@pytest.mark.parametrize(
    ("function", "expected"),
    [("mean", 20.0), ("minimum", 10.0), ("maximum", 30.0), ("sum", 60.0), ("count", 3.0), ("share_above", 100 / 3)],
)
def test_one_figure_of_many_places(function: figures.Function, expected: float) -> None:
    values = np.array([10.0, np.nan, 20.0, 30.0])
    assert figures.reduce(values, function, 25.0) == pytest.approx(expected)


def test_nothing_known_is_nothing_but_a_count_of_zero() -> None:
    assert figures.reduce(np.array([np.nan]), "mean") is None
    assert figures.reduce(np.array([]), "count") == 0.0


def test_a_course_has_a_gap_where_no_place_reported() -> None:
    bucket = np.array([0, HOUR, 0, 3 * HOUR, 9 * HOUR])
    values = np.array([1.0, 5.0, 3.0, 7.0, 99.0])
    assert figures.course(bucket, values, 0, HOUR, 4, "mean") == [2.0, 5.0, None, 7.0]


def test_badness_is_measured_against_the_target() -> None:
    assert figures.badness(150.0, 100.0, "bad") == pytest.approx(0.5)
    assert figures.badness(80.0, 100.0, "bad") == 0.0
    assert figures.badness(50.0, 100.0, "good") == pytest.approx(1.0)
    assert figures.badness(None, 100.0, "bad") == 0.0


def test_a_spark_line_begins_anew_after_a_gap() -> None:
    spark = sparkline([0.0, 10.0, None, 10.0], target=5.0)
    assert spark.path == "M0 22h.01L33.3 2M100 2h.01"
    assert spark.target == 12.0
    assert sparkline([None, float("nan")]).path == ""
