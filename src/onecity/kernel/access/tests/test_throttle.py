"""Attempts are counted for each name and each who, within their span, and forgotten after a day."""

import datetime as dt

import pytest

from onecity.kernel.access import throttle
from onecity.kernel.access.models import Throttle
from onecity.kernel.access.throttle import Limit
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 25, 4, 0, tzinfo=dt.UTC)
TWO = Limit("test", 2, dt.timedelta(hours=1))


def test_one_too_many_is_refused_until_the_span_is_over(app_role: None) -> None:
    with use_clock(FixedClock(NOON)) as clock:
        throttle.take(TWO, "a")
        throttle.take(TWO, "a")
        clock.advance(dt.timedelta(minutes=20))
        with pytest.raises(Problem) as refused:
            throttle.take(TWO, "a")
        assert (refused.value.status, refused.value.extra["retry_after"]) == (429, 40 * 60)
        throttle.take(TWO, "b")
        throttle.take(Limit("other", 1, dt.timedelta(hours=1)), "a")
        clock.advance(dt.timedelta(minutes=40))
        throttle.take(TWO, "a")


def test_what_binds_nobody_any_more_is_forgotten() -> None:
    with use_clock(FixedClock(NOON)) as clock:
        throttle.take(TWO, "a")
        clock.advance(dt.timedelta(hours=23))
        throttle.take(TWO, "b")
        clock.advance(dt.timedelta(hours=2))
        assert throttle.forget() == 1
        assert list(Throttle.objects.values_list("key", flat=True)) == ["test:b"]
