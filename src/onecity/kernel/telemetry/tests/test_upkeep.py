"""Housekeeping on the real store: sorted days, hourly figures, retention; with late readings in between."""

import datetime as dt
import threading
import uuid

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.telemetry import locks, query, service, sorting, store, upkeep
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Day
from onecity.kernel.telemetry.types import Attribute, EntityType

METER = EntityType("Meter", "Meter", (Attribute("a", "A"), Attribute("b", "B")))
UTC = dt.UTC
DAY = dt.date(2026, 3, 1)
START = dt.datetime(2026, 3, 1, tzinfo=UTC)
NOON_AFTER = START + dt.timedelta(days=1, hours=12)
END = START + dt.timedelta(days=1)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("committed")]


def meter() -> tuple[int, int]:
    ids = service.register_series(uuid.uuid4(), "urn:ngsi-ld:Meter:1", METER, "adm/9/901/")
    return ids["a"], ids["b"]


def put(series: int, *readings: tuple[float, float]) -> None:
    """Store (hours after START, value) as one transaction of the pipeline."""
    at = np.array([int((START + dt.timedelta(hours=h)).timestamp()) * 1_000_000 for h, _v in readings], np.int64)
    batch = Batch(np.full(len(at), series, np.int32), at, np.array([v for _h, v in readings], np.float64))
    store.Partitions().ensure({store.day_of(int(moment)) for moment in at})
    with transaction.atomic():
        store.append(batch)


def physical() -> list[tuple[int, float]]:
    """Series and value as they lie on disk."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT series_id, value FROM {store.partition(DAY)} ORDER BY ctid")  # noqa: S608 - our own name
        return list(cursor.fetchall())


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'telemetry_observation_2%%' AND relkind = 'r'")
        return sorted(row[0] for row in cursor.fetchall())


def test_a_closed_day_is_put_in_the_order_of_series_and_time_and_only_once() -> None:
    a, b = meter()
    put(b, (1, 10.0), (0, 11.0))
    put(a, (2, 20.0), (1, 21.0))
    with use_clock(FixedClock(NOON_AFTER)):
        assert upkeep.sort_days() == [DAY]
        assert physical() == [(a, 21.0), (a, 20.0), (b, 11.0), (b, 10.0)]
        assert upkeep.sort_days() == []
    assert tables() == [store.partition(DAY)]
    assert query.range_([a, b], START, END).value.tolist() == [21.0, 20.0, 11.0, 10.0]


def test_today_is_sorted_only_where_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    a, _ = meter()
    put(a, (2, 20.0), (1, 21.0))
    with use_clock(FixedClock(START + dt.timedelta(hours=8))) as clock:
        assert upkeep.sort_days() == []
        assert physical() == [(a, 20.0), (a, 21.0)]
        monkeypatch.setattr(sorting, "WORTH", 2)
        assert upkeep.sort_days() == [DAY]
        Day.objects.update(sorted_at=clock_time(8))
        put(a, (0, 22.0))
        clock.set(clock_time(10))
        assert upkeep.sort_days() == []
        clock.set(clock_time(11))
        assert upkeep.sort_days() == [DAY]
        assert physical() == [(a, 22.0), (a, 21.0), (a, 20.0)]
        Day.objects.update(sorted_at=clock_time(23.5))
        put(a, (23, 23.0))
        clock.set(clock_time(24.1))
        assert upkeep.sort_days() == [DAY]


def clock_time(hours: float) -> dt.datetime:
    return START + dt.timedelta(hours=hours)


def test_a_day_that_gets_too_much_at_once_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    a, _ = meter()
    put(a, (2, 20.0), (1, 21.0))
    monkeypatch.setattr(sorting, "MOST_LATE", 1)
    finish = sorting._finish

    def finish_late(fresh: str) -> None:
        put(a, (3, 30.0), (4, 31.0))
        finish(fresh)

    monkeypatch.setattr(sorting, "_finish", finish_late)
    assert sorting.sort_day(DAY) is False
    assert physical() == [(a, 20.0), (a, 21.0), (a, 30.0), (a, 31.0)]


@pytest.mark.parametrize("margin", [256, 0])
def test_readings_that_come_between_copy_and_swap_are_kept(monkeypatch: pytest.MonkeyPatch, margin: int) -> None:
    monkeypatch.setattr(sorting, "MARGIN", margin)
    a, b = meter()
    put(b, (1, 10.0))
    put(a, (2, 20.0))
    finish = sorting._finish

    def finish_late(fresh: str) -> None:
        put(a, (3, 30.0), (4, 31.0))
        finish(fresh)

    monkeypatch.setattr(sorting, "_finish", finish_late)
    assert sorting.sort_day(DAY) is True
    assert physical() == [(a, 20.0), (b, 10.0), (a, 30.0), (a, 31.0)]
    assert query.range_([a, b], START, END).value.tolist() == [20.0, 30.0, 31.0, 10.0]
    assert Day.objects.get().readings == 4


def test_a_transaction_that_was_open_during_the_copy_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = meter()
    put(b, (1, 10.0))
    stored, copied = threading.Event(), threading.Event()

    def late() -> None:
        try:
            with transaction.atomic():
                put(a, (5, 50.0))
                stored.set()
                assert copied.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert stored.wait(20)
    finish = sorting._finish

    def finish_late(fresh: str) -> None:
        copied.set()
        thread.join(20)
        finish(fresh)

    monkeypatch.setattr(sorting, "_finish", finish_late)
    assert sorting.sort_day(DAY) is True
    assert physical() == [(b, 10.0), (a, 50.0)]


def test_a_day_whose_count_does_not_add_up_is_left_as_it_was() -> None:
    a, _ = meter()
    put(a, (2, 20.0), (1, 21.0))
    Day.objects.update(readings=3)
    assert sorting.sort_day(DAY) is False
    assert physical() == [(a, 20.0), (a, 21.0)]
    assert tables() == [store.partition(DAY)]
    assert Day.objects.get().sorted_at is None


def test_a_store_in_use_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    a, _ = meter()
    put(a, (2, 20.0), (1, 21.0))
    monkeypatch.setattr(locks, "ATTEMPTS", 1)
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(locks, "PAUSE_S", 0)
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        try:
            with transaction.atomic():
                query.range_([a], START, END)
                reading.set()
                assert done.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(20)
    try:
        assert sorting.sort_day(DAY) is False
    finally:
        done.set()
        thread.join(20)
    assert physical() == [(a, 20.0), (a, 21.0)]
    assert tables() == [store.partition(DAY)]


def rolled() -> list[tuple[int, int, int, float, float, float, float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT series_id, extract(hour FROM hour AT TIME ZONE 'UTC')::int, readings, total, minimum, maximum, newest"
            " FROM telemetry_rollup ORDER BY 1, 2"
        )
        return list(cursor.fetchall())


def test_hourly_figures_are_made_once_and_again_after_a_change() -> None:
    a, b = meter()
    put(a, (1.5, 4.0), (1.25, 2.0), (1.75, 3.0), (2, 8.0))
    put(b, (23, 1.0))
    with use_clock(FixedClock(NOON_AFTER)):
        assert upkeep.roll_up() == [DAY]
        assert rolled() == [
            (a, 1, 3, 9.0, 2.0, 4.0, 3.0),
            (a, 2, 1, 8.0, 8.0, 8.0, 8.0),
            (b, 23, 1, 1.0, 1.0, 1.0, 1.0),
        ]
        assert upkeep.roll_up() == []
        put(a, (1.8, 11.0))
        assert query.aggregate([a], START, END, 3600, ("sum",)).values["sum"].tolist() == [20.0, 8.0]
        assert upkeep.roll_up() == [DAY]
    assert rolled()[0] == (a, 1, 4, 20.0, 2.0, 11.0, 11.0)


def test_figures_of_roll_up_and_raw_readings_are_equal() -> None:
    a, b = meter()
    generator = np.random.default_rng(7)
    for series in (a, b):
        put(
            series,
            *[(float(h), float(v)) for h, v in zip(np.arange(96) / 4, generator.integers(0, 99, 96), strict=True)],
        )
    questions = [(3600, START, END), (86_400, START, END), (7200, START + dt.timedelta(minutes=50), END)]

    def answers() -> list[object]:
        found = [query.aggregate([a, b], start, end, seconds) for seconds, start, end in questions]
        return [
            (f.series_id.tolist(), f.bucket_start.tolist(), {k: v.tolist() for k, v in f.values.items()}) for f in found
        ]

    raw = answers()
    assert upkeep.roll_up_day(DAY)
    assert answers() == raw
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {store.partition(DAY)}")
    assert query.aggregate([a, b], START, END, 3600, ("count",)).values["count"].tolist() == [4.0] * 48


def test_a_roll_up_made_while_readings_are_being_stored_does_not_hold() -> None:
    a, _ = meter()
    put(a, (1, 1.0))
    stored, go = threading.Event(), threading.Event()

    def late() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT now()")
                stored.set()
                assert go.wait(20)
                put(a, (2, 2.0))
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert stored.wait(20)
    assert upkeep.roll_up_day(DAY) is True
    go.set()
    thread.join(20)
    day = Day.objects.get()
    assert day.rolled_up_at is not None
    assert day.rolled_up_at < day.changed_at
    assert query.aggregate([a], START, END, 3600, ("sum",)).values["sum"].tolist() == [1.0, 2.0]


def test_days_older_than_the_retention_end_and_their_hourly_figures_stay(settings: LazySettings) -> None:
    a, _ = meter()
    put(a, (1, 5.0), (25, 6.0))
    settings.ONECITY_RETENTION_DAYS = 10
    before = START + dt.timedelta(days=11) - dt.timedelta(seconds=1)
    with use_clock(FixedClock(before)):
        assert upkeep.retain() == []
    with use_clock(FixedClock(before + dt.timedelta(seconds=1))):
        assert upkeep.retain() == [DAY]
        assert upkeep.retain() == []
    assert tables() == [store.partition(DAY + dt.timedelta(days=1))]
    assert query.range_([a], START, END + dt.timedelta(days=1)).value.tolist() == [6.0]
    assert query.aggregate([a], START, END + dt.timedelta(days=1), 3600, ("sum",)).values["sum"].tolist() == [5.0, 6.0]


def test_nothing_ends_without_a_retention_and_never_today(settings: LazySettings) -> None:
    a, _ = meter()
    put(a, (1, 5.0))
    settings.ONECITY_RETENTION_DAYS = 0
    with use_clock(FixedClock(START + dt.timedelta(days=4000))):
        assert upkeep.retain() == []
    settings.ONECITY_RETENTION_DAYS = -5
    with use_clock(FixedClock(START + dt.timedelta(hours=12))):
        assert upkeep.retain() == []
    settings.ONECITY_RETENTION_DAYS = 1
    with use_clock(FixedClock(START + dt.timedelta(hours=23))):
        assert upkeep.retain() == []
    assert tables() == [store.partition(DAY)]


def test_a_day_whose_figures_cannot_be_made_is_not_dropped(settings: LazySettings) -> None:
    a, _ = meter()
    put(a, (1, 5.0))
    Day.objects.update(readings=2)
    settings.ONECITY_RETENTION_DAYS = 1
    with use_clock(FixedClock(START + dt.timedelta(days=5))):
        assert upkeep.retain() == []
    assert tables() == [store.partition(DAY)]
