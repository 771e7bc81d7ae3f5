"""Questions to the history, on a store written as the pipeline writes it."""

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db import connection

from onecity.kernel.telemetry import query, service, store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Day, Series
from onecity.kernel.telemetry.types import Attribute, EntityType

STATION = EntityType(
    "AirStation", "Air station", (Attribute("pm2_5", "PM2.5", "ug/m3"), Attribute("no2", "NO2", "ug/m3"))
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
UTC = dt.UTC
MIDNIGHT = dt.datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Midnight in Shanghai: 2 March begins there, while 1 March still lasts in UTC."""

pytestmark = pytest.mark.django_db


def us(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def register(key: str, *, division: str = "adm/9/901/", public: bool = False) -> tuple[int, int]:
    ids = service.register_series(uuid.uuid4(), f"urn:ngsi-ld:AirStation:{key}", STATION, division, public=public)
    return ids["pm2_5"], ids["no2"]


def put(series: int, start: dt.datetime, minutes: int, values: list[float]) -> None:
    at = us(start) + np.arange(len(values), dtype=np.int64) * minutes * 60_000_000
    batch = Batch(np.full(len(values), series, np.int32), at, np.array(values, np.float64))
    store.Partitions().ensure({store.day_of(int(moment)) for moment in at})
    store.append(batch)
    store.write_newest(batch.take(np.array([len(batch) - 1])), np.zeros(1, np.bool_))


def test_latest_gives_the_newest_of_each_series_that_has_one() -> None:
    a, b = register("a")
    c, _ = register("c")
    put(c, MIDNIGHT, 1, [7.5])
    put(a, MIDNIGHT, 10, [1.0, 2.0, 3.0])
    found = query.latest([c, b, a, a])
    assert found.series_id.tolist() == [a, c]
    assert found.observed_at.tolist() == [us(MIDNIGHT + dt.timedelta(minutes=20)), us(MIDNIGHT)]
    assert found.value.tolist() == [3.0, 7.5]
    assert len(query.latest([])) == 0


def test_range_is_half_open_and_sorted_by_series_and_time() -> None:
    a, b = register("a")
    put(b, MIDNIGHT + dt.timedelta(hours=7), 60, [5.0, 6.0, 7.0])
    put(a, MIDNIGHT + dt.timedelta(hours=7), 60, [1.0, 2.0, 3.0])
    start = MIDNIGHT + dt.timedelta(hours=7)
    found = query.range_([b, a], start, start + dt.timedelta(hours=2))
    assert found.series_id.tolist() == [a, a, b, b]
    assert found.value.tolist() == [1.0, 2.0, 5.0, 6.0]
    assert found.observed_at.tolist() == [us(start), us(start) + 3_600_000_000] * 2
    assert found.series_id.dtype == np.int32
    assert found.observed_at.dtype == np.int64


def test_range_limited_keeps_the_first_or_the_newest() -> None:
    a, _ = register("a")
    put(a, MIDNIGHT, 60, [1.0, 2.0, 3.0])
    end = MIDNIGHT + dt.timedelta(days=1)
    assert query.range_([a], MIDNIGHT, end, limit=2).value.tolist() == [1.0, 2.0]
    assert query.range_([a], MIDNIGHT, end, limit=2, newest_first=True).value.tolist() == [3.0, 2.0]
    assert len(query.range_([a], MIDNIGHT, end, limit=0)) == 0
    assert len(query.range_([a], end, MIDNIGHT)) == 0


def test_every_function_of_a_bucket() -> None:
    a, b = register("a")
    put(a, MIDNIGHT, 15, [4.0, 1.0, 9.0, 2.0, 8.0])
    put(b, MIDNIGHT, 15, [0.5])
    found = query.aggregate([a, b], MIDNIGHT, MIDNIGHT + dt.timedelta(hours=6), 3600)
    assert found.series_id.tolist() == [a, a, b]
    assert found.bucket_start.tolist() == [us(MIDNIGHT), us(MIDNIGHT) + 3_600_000_000, us(MIDNIGHT)]
    assert {name: column.tolist() for name, column in found.values.items()} == {
        "mean": [4.0, 8.0, 0.5],
        "minimum": [1.0, 8.0, 0.5],
        "maximum": [9.0, 8.0, 0.5],
        "count": [4.0, 1.0, 1.0],
        "sum": [16.0, 8.0, 0.5],
        "last": [2.0, 8.0, 0.5],
    }


def test_only_readings_of_the_span_count_in_its_first_and_last_bucket() -> None:
    a, _ = register("a")
    put(a, MIDNIGHT, 15, [1.0] * 12)
    start, end = MIDNIGHT + dt.timedelta(minutes=20), MIDNIGHT + dt.timedelta(minutes=130)
    found = query.aggregate([a], start, end, 3600, ("count",))
    assert found.bucket_start.tolist() == [us(MIDNIGHT) + n * 3_600_000_000 for n in range(3)]
    assert found.values["count"].tolist() == [2.0, 4.0, 1.0]


def test_days_are_the_days_of_the_zone() -> None:
    a, _ = register("a")
    put(a, MIDNIGHT - dt.timedelta(hours=1), 60, [1.0, 2.0, 4.0])
    end = MIDNIGHT + dt.timedelta(days=1)
    local = query.aggregate([a], MIDNIGHT - dt.timedelta(days=1), end, 86_400, ("sum",), SHANGHAI)
    assert local.bucket_start.tolist() == [us(MIDNIGHT - dt.timedelta(days=1)), us(MIDNIGHT)]
    assert local.values["sum"].tolist() == [1.0, 6.0]
    universal = query.aggregate([a], MIDNIGHT - dt.timedelta(days=1), end, 86_400, ("sum",), UTC)
    assert universal.bucket_start.tolist() == [us(dt.datetime(2026, 3, 1, tzinfo=UTC))]
    assert universal.values["sum"].tolist() == [7.0]


def test_a_day_on_which_the_clock_changes_has_its_own_length() -> None:
    a, _ = register("a")
    berlin = ZoneInfo("Europe/Berlin")
    midnight = dt.datetime(2026, 3, 29, tzinfo=berlin)
    put(a, midnight.astimezone(UTC), 60, [1.0] * 48)
    found = query.aggregate([a], midnight, midnight + dt.timedelta(days=2), 86_400, ("count",), berlin)
    assert found.values["count"].tolist() == [23.0, 24.0]


def test_weeks_begin_on_mondays() -> None:
    a, _ = register("a")
    put(a, dt.datetime(2026, 3, 1, 12, tzinfo=SHANGHAI), 1440, [1.0, 2.0])
    span = dt.datetime(2026, 2, 1, tzinfo=UTC), dt.datetime(2026, 4, 1, tzinfo=UTC)
    found = query.aggregate([a], *span, 7 * 86_400, ("sum",), SHANGHAI)
    weeks = [dt.datetime(2026, 2, 23, tzinfo=SHANGHAI), dt.datetime(2026, 3, 2, tzinfo=SHANGHAI)]
    assert found.bucket_start.tolist() == [us(monday) for monday in weeks]


def test_what_cannot_be_answered_is_refused() -> None:
    a, _ = register("a")
    end = MIDNIGHT + dt.timedelta(days=1)
    with pytest.raises(ValueError, match="no such function: median"):
        query.aggregate([a], MIDNIGHT, end, 3600, ("median",))  # type: ignore[arg-type] # the refusal is what is tested
    with pytest.raises(ValueError, match="whole days"):
        query.aggregate([a], MIDNIGHT, end, 100_000)
    with pytest.raises(ValueError, match="no time zone"):
        query.range_([a], dt.datetime(2026, 3, 1), end)  # noqa: DTZ001 - the refusal of a naive time is what is tested


def test_the_application_sees_only_readings_of_series_it_may_see(app_role: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        open_, _ = register("open", public=True)
        closed, _ = register("closed")
        put(open_, MIDNIGHT, 1, [1.0])
        put(closed, MIDNIGHT, 1, [2.0])
        cursor.execute("SET ROLE onecity_app")
    assert list(Series.objects.values_list("id", flat=True).filter(id__in=[open_, closed])) == [open_]
    end = MIDNIGHT + dt.timedelta(days=1)
    assert query.latest([open_, closed]).series_id.tolist() == [open_]
    assert query.range_([open_, closed], MIDNIGHT, end).series_id.tolist() == [open_]
    assert query.aggregate([open_, closed], MIDNIGHT, end, 3600).series_id.tolist() == [open_]


def test_roll_ups_are_used_where_they_hold_and_raw_readings_elsewhere() -> None:
    a, _ = register("a")
    day = dt.datetime(2026, 3, 1, tzinfo=UTC)
    put(a, day, 30, [1.0] * 96)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE telemetry_rollup_all PARTITION OF telemetry_rollup DEFAULT")
        cursor.execute(
            "INSERT INTO telemetry_rollup (hour, series_id, readings, total, minimum, maximum, newest)"
            " SELECT %s::timestamptz + n * interval '1 hour', %s, 2, 200, 100, 100, 100 FROM generate_series(0, 47) n",
            [day, a],
        )
    Day.objects.filter(day=day.date()).update(rolled_up_at=day.replace(year=2100))
    start, end = day + dt.timedelta(hours=21, minutes=30), day + dt.timedelta(hours=26)
    found = query.aggregate([a], start, end, 3600, ("sum", "count"))
    assert found.values["sum"].tolist() == [1.0, 200.0, 200.0, 2.0, 2.0]
    assert found.values["count"].tolist() == [1.0, 2.0, 2.0, 2.0, 2.0]
