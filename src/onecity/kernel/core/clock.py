"""The injected clock: code asks here what time it is, so that a test or a replay can decide it."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


class Clock(Protocol):
    """Anything that knows the present moment in microseconds since 1970-01-01 UTC."""

    def now_us(self) -> int:
        """Return the present moment in microseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_us(self) -> int:
        """Return the machine's time in microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000


class FixedClock:
    """A clock that stands still until it is moved: for tests and for replays of history."""

    def __init__(self, moment: dt.datetime) -> None:
        self._now_us = to_us(moment)

    def now_us(self) -> int:
        """Return the moment at which the clock stands, in microseconds since 1970-01-01 UTC."""
        return self._now_us

    def advance(self, step: dt.timedelta) -> None:
        """Move the clock by `step`, backwards when negative."""
        self._now_us += step // MICROSECOND

    def set(self, moment: dt.datetime) -> None:
        """Move the clock to `moment` (aware)."""
        self._now_us = to_us(moment)


ClockT = TypeVar("ClockT", bound=Clock)

_SYSTEM = SystemClock()
_clock: ContextVar[Clock] = ContextVar("onecity_clock", default=_SYSTEM)


def to_us(moment: dt.datetime) -> int:
    """Return an aware datetime in microseconds since 1970-01-01 UTC; raises ValueError when it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: times inside are aware, and UTC")
    return (moment - UNIX_EPOCH) // MICROSECOND


def from_us(microseconds: int) -> dt.datetime:
    """Return the aware UTC datetime of microseconds since 1970-01-01 UTC."""
    return UNIX_EPOCH + dt.timedelta(microseconds=int(microseconds))


def now_us() -> int:
    """Return the present moment in microseconds since 1970-01-01 UTC."""
    return _clock.get().now_us()


def now() -> dt.datetime:
    """Return the present moment as an aware datetime in UTC."""
    return from_us(now_us())


@contextmanager
def use_clock(clock: ClockT) -> Iterator[ClockT]:
    """Let the code inside the `with` block, and the tasks started there, see `clock` as the time."""
    token = _clock.set(clock)
    try:
        yield clock
    finally:
        _clock.reset(token)
