"""What the database itself does: the clock, and the triggers' messages."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def tick(seen: int = 0) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tiers_tick(%s)", [seen])
        return int(cursor.fetchone()[0])


def test_the_clock_never_runs_backwards_and_follows_what_it_has_seen() -> None:
    first = tick()
    second = tick()
    assert second > first
    ahead = second + 60_000_000
    assert tick(ahead) == ahead + 1
    assert tick() == ahead + 2


def test_a_clock_that_is_far_ahead_does_not_carry_ours_away() -> None:
    before = tick()
    after = tick(before + 10 * 365 * 86_400 * 1_000_000)
    assert after - before <= 3_600_000_000 + 60_000_000
