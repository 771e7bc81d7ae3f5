"""How time is cut and what was gathered in parts is joined."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.telemetry.logic import buckets
from onecity.kernel.telemetry.logic.buckets import HOUR, SECOND, Gathered, around, grid, join
from onecity.kernel.telemetry.logic.copy import HEADER, TRAILER
from onecity.kernel.telemetry.logic.copy_columns import read_blocks, read_columns

UTC = dt.UTC
START = dt.datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("holes", "pieces"),
    [
        ([], [(True, 5, 30)]),
        ([0], [(False, 5, 10), (True, 10, 30)]),
        ([10], [(True, 5, 10), (False, 10, 20), (True, 20, 30)]),
        ([10, 20], [(True, 5, 10), (False, 10, 20), (False, 20, 30)]),
        ([20, 30, 40], [(True, 5, 20), (False, 20, 30)]),
        ([-20], [(True, 5, 30)]),
    ],
)
def test_pieces_around_holes(holes: list[int], pieces: list[tuple[bool, int, int]]) -> None:
    assert list(around(5, 30, holes, 10)) == pieces


@given(st.integers(0, 500), st.integers(0, 500), st.sets(st.integers(0, 9)))
def test_pieces_cover_the_span_once(first: int, last: int, days: set[int]) -> None:
    holes = [day * 50 for day in sorted(days)]
    pieces = list(around(first, last, holes, 50))
    covered = [moment for _rolled, start, end in pieces for moment in range(start, end)]
    assert covered == list(range(first, last))
    inside = {moment for rolled, start, end in pieces if not rolled for moment in range(start, end)}
    assert inside == {moment for moment in covered if moment // 50 in days}


def test_short_buckets_are_counted_from_the_zones_midnight() -> None:
    six = grid(START, START, 6 * 3600, ZoneInfo("Asia/Shanghai"))
    assert (six.width, six.origin, six.whole_hours) == (6 * HOUR, -8 * HOUR, True)
    india = grid(START, START, 3600, ZoneInfo("Asia/Kolkata"))
    assert (india.origin, india.whole_hours) == (-11 * HOUR // 2, False)
    assert grid(START, START, 600, UTC).whole_hours is False


def test_several_days_are_counted_from_a_monday() -> None:
    found = grid(START, START + dt.timedelta(days=8), 7 * 86_400, UTC)
    assert found.edges is not None
    assert [edge // SECOND for edge in found.edges.tolist()] == [
        int(dt.datetime(2026, month, day, tzinfo=UTC).timestamp()) for month, day in ((2, 23), (3, 2), (3, 9), (3, 16))
    ][: len(found.edges)]


@pytest.mark.parametrize("seconds", [0, -1, 86_401, 90_000])
def test_lengths_that_cannot_be(seconds: int) -> None:
    with pytest.raises(ValueError, match="bucket"):
        grid(START, START, seconds, UTC)


def test_too_many_days() -> None:
    with pytest.raises(ValueError, match="too many"):
        grid(START - dt.timedelta(days=200 * 365), START, 86_400, UTC)


def part(*rows: tuple[int, int, int, float]) -> Gathered:
    series, bucket, readings, value = (np.array(column) for column in zip(*rows, strict=True))
    return Gathered(series.astype(np.int32), bucket, readings, value * readings, value - 1, value + 1, value)


def test_parts_of_a_bucket_are_joined_in_the_order_of_time() -> None:
    found = join([part((2, 10, 1, 5.0), (1, 10, 3, 4.0)), Gathered.empty(), part((1, 10, 1, 8.0), (1, 20, 2, 1.0))])
    assert found.series_id.tolist() == [1, 1, 2]
    assert found.bucket.tolist() == [10, 20, 10]
    assert found.readings.tolist() == [4, 2, 1]
    assert found.total.tolist() == [20.0, 2.0, 5.0]
    assert found.minimum.tolist() == [3.0, 0.0, 4.0]
    assert found.maximum.tolist() == [9.0, 2.0, 6.0]
    assert found.newest.tolist() == [8.0, 1.0, 5.0]
    assert len(join([])) == 0


def test_floor_and_ceil() -> None:
    assert [buckets.floor(n, 10) for n in (-1, 0, 9, 10)] == [-10, 0, 0, 10]
    assert [buckets.ceil(n, 10) for n in (-1, 0, 1, 10)] == [0, 0, 10, 10]


def test_a_stream_that_is_not_whole_is_refused() -> None:
    assert [len(column) for column in read_columns(HEADER + TRAILER, ("int4", "float8"))] == [0, 0]
    row = b"\0\1" + b"\0\0\0\4" + b"\0\0\0\7"
    assert read_columns(HEADER + row + TRAILER, ("int4",))[0].tolist() == [7]
    for broken in (HEADER, row, HEADER + row[:-1] + TRAILER, HEADER + b"\0\2" + row[2:] + TRAILER):
        with pytest.raises(ValueError, match=r"COPY|buffer"):
            read_columns(broken, ("int4",))
    with pytest.raises(ValueError, match="always"):
        read_columns(HEADER + b"\0\1" + b"\xff\xff\xff\xff" + b"\0\0\0\7" + TRAILER, ("int4",))


def block(values: list[int]) -> bytes:
    """An int4 array as PostgreSQL sends it."""
    head = b"".join(n.to_bytes(4, "big") for n in (1, 0, 23, len(values), 1))
    return head + b"".join(b"\0\0\0\4" + value.to_bytes(4, "big", signed=True) for value in values)


def blocks(*rows: Sequence[bytes]) -> bytes:
    fields = [b"".join([len(row).to_bytes(2, "big"), *(len(f).to_bytes(4, "big") + f for f in row)]) for row in rows]
    return HEADER + b"".join(fields) + TRAILER


def test_blocks_of_a_copy_stream() -> None:
    one, two = read_blocks(blocks([block([7, -1]), block([1, 2])], [block([8]), block([3])]), ("int4", "int4"))
    assert (one.tolist(), two.tolist(), one.dtype.name) == ([7, -1, 8], [1, 2, 3], "int32")
    assert [len(column) for column in read_blocks(HEADER + TRAILER, ("int4", "float8"))] == [0, 0]
    good = blocks([block([7])])
    lacking = bytearray(block([7]))
    lacking[7] = 1  # says that it holds nulls
    for broken in (good[:-1], blocks([block([7]), block([7])]), blocks([bytes(lacking)]), blocks([b""])):
        with pytest.raises(ValueError, match="COPY stream"):
            read_blocks(broken, ("int4",))
    with pytest.raises(ValueError, match="no array"):
        read_blocks(good, ("int8",))
