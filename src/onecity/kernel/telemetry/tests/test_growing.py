"""Figures of the day that still grows: hourly sums and what came since are together exactly what raw readings say."""

import datetime as dt

import numpy as np
import pytest
from django.db import connection

from onecity.kernel.access.models import Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import growing, query, sorting, store, tasks, upkeep
from onecity.kernel.telemetry.models import Day
from onecity.kernel.telemetry.tests.conftest import COMMITTING
from onecity.kernel.telemetry.tests.test_upkeep import DAY, END, START, meter, put

pytestmark = [COMMITTING, pytest.mark.usefixtures("committed")]
Answer = list[tuple[int, int, dict[str, float]]]


def answer(*series: int, seconds: int = 3600) -> Answer:
    found = query.aggregate(list(series), START, END, seconds)
    return [
        (s, at, {name: float(values[row]) for name, values in found.values.items()})
        for row, (s, at) in enumerate(zip(found.series_id.tolist(), found.bucket_start.tolist(), strict=True))
    ]


def raw(*series: int, seconds: int = 3600) -> Answer:
    """The same from readings alone."""
    kept = list(Day.objects.values_list("part_relation", flat=True))
    Day.objects.update(part_relation=None)
    found = answer(*series, seconds=seconds)
    Day.objects.update(part_relation=kept[0])
    return found


def spoil() -> None:
    """Change the sums, so that an answer shows whether it used them."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE telemetry_rollup SET total = total + 1000")


def uses_sums(*series: int) -> bool:
    before = raw(*series)
    spoil()
    return answer(*series) != before


def test_sums_and_what_came_since_are_what_readings_say() -> None:
    a, b = meter()
    generator = np.random.default_rng(5)
    # in any order, each moment once
    moments = iter(generator.permutation(np.arange(0, 20, 0.01)).tolist())

    def more(count: int) -> None:
        for series in (a, b):
            put(series, *[(next(moments), float(value)) for value in generator.integers(0, 99, count)])

    more(300)
    for _ in range(3):
        assert growing.roll_up_part(DAY)
        assert answer(a, b) == raw(a, b)
        # late ones among them
        more(40)
        for seconds in (3600, 7200, 86_400, 60):
            assert answer(a, b, seconds=seconds) == raw(a, b, seconds=seconds)
    assert uses_sums(a, b)


def test_a_late_reading_does_not_become_the_last() -> None:
    a, _ = meter()
    put(a, (1.5, 5.0))
    assert growing.roll_up_part(DAY)
    put(a, (1.25, 4.0))
    for _ in range(2):
        ((_series, _at, values),) = answer(a)
        assert (values["last"], values["sum"], values["minimum"], values["count"]) == (5.0, 9.0, 4.0, 2.0)
        assert growing.roll_up_part(DAY)


def test_after_sorting_readings_answer_until_the_sums_are_made_anew() -> None:
    a, b = meter()
    put(b, (3, 1.0), (2, 2.0))
    put(a, (3, 5.0), (1, 6.0))
    assert growing.roll_up_part(DAY)
    expected = raw(a, b)
    assert sorting.sort_day(DAY)
    spoil()
    assert answer(a, b) == expected
    assert growing.roll_up_part(DAY)
    assert answer(a, b) == expected
    assert uses_sums(a, b)


def test_where_the_count_does_not_add_up_readings_answer() -> None:
    a, _ = meter()
    put(a, (1, 5.0))
    assert growing.roll_up_part(DAY)
    spoil()
    Day.objects.update(readings=2)
    assert answer(a)[0][2]["sum"] == 5.0


def test_sums_that_do_not_add_up_are_not_kept() -> None:
    a, _ = meter()
    put(a, (1, 5.0))
    Day.objects.update(readings=3)
    assert not growing.roll_up_part(DAY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM telemetry_rollup")
        assert cursor.fetchone()[0] == 0
    assert Day.objects.get().part_relation is None
    assert answer(a)[0][2]["sum"] == 5.0


def test_the_worker_does_it_for_today_and_a_closed_day_takes_over() -> None:
    a, _ = meter()
    put(a, (1, 5.0))
    with use_clock(FixedClock(START + dt.timedelta(days=2))):
        assert tasks.roll_up_today() is False
    with use_clock(FixedClock(START + dt.timedelta(hours=3))):
        assert tasks.roll_up_today() is True
    put(a, (2, 6.0))
    assert upkeep.roll_up_day(DAY)
    assert not growing.roll_up_part(DAY)
    assert [values["sum"] for _series, _at, values in answer(a)] == [5.0, 6.0]
    put(a, (2.5, 7.0))
    assert growing.roll_up_part(DAY)
    assert [values["sum"] for _series, _at, values in answer(a)] == [5.0, 13.0]


def test_a_town_gets_figures_of_its_own_series_only() -> None:
    a, b = meter()
    put(a, (1, 5.0))
    put(b, (1, 7.0))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE telemetry_series SET division_path = 'adm/2/', public = false WHERE id = %s", [b])
        cursor.execute("SELECT division_path FROM telemetry_series WHERE id = %s", [a])
        (path,) = cursor.fetchone()
    assert growing.roll_up_part(DAY)
    put(a, (1.5, 1.0))
    put(b, (1.5, 2.0))
    who = new_id()
    Grant.objects.create(account_id=who, permission="telemetry.view", path=path, valid_from=now())
    with acting_as(who), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE onecity_app")
        found = answer(a, b)
    assert [(series, values["sum"]) for series, _at, values in found] == [(a, 6.0)]
    assert store.partition(DAY) in {store.partition(day.day) for day in Day.objects.all()}
