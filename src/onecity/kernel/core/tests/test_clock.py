"""The clock can be replaced inside a block, for that context only."""

import asyncio
import datetime as dt
import time

import pytest

from onecity.kernel.core.clock import FixedClock, from_us, now, now_us, to_us, use_clock

MOMENT = dt.datetime(2025, 10, 1, 8, 30, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def test_system_clock_is_the_default() -> None:
    before = time.time_ns() // 1000
    assert before <= now_us() <= time.time_ns() // 1000
    assert now().tzinfo is dt.UTC


def test_fixed_clock_stands_until_moved() -> None:
    with use_clock(FixedClock(MOMENT)) as clock:
        assert now() == MOMENT
        clock.advance(dt.timedelta(days=1, microseconds=1))
        assert now() == MOMENT + dt.timedelta(days=1, microseconds=1)
        clock.set(MOMENT)
        assert now_us() == to_us(MOMENT)
    assert now() > MOMENT


def test_blocks_nest_and_are_restored_after_an_error() -> None:
    with use_clock(FixedClock(MOMENT)):
        with pytest.raises(RuntimeError), use_clock(FixedClock(MOMENT + dt.timedelta(1))):
            raise RuntimeError
        assert now() == MOMENT


async def test_a_task_keeps_the_clock_of_its_context() -> None:
    async def read() -> dt.datetime:
        return now()

    with use_clock(FixedClock(MOMENT)):
        task = asyncio.create_task(read())
    assert await task == MOMENT
    assert now() > MOMENT


def test_microseconds_are_exact_both_ways() -> None:
    assert to_us(MOMENT) == 1_759_278_600_123_456
    assert from_us(1_759_278_600_123_456) == MOMENT
    assert from_us(-1) == dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        to_us(MOMENT.replace(tzinfo=None))
