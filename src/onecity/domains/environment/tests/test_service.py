"""Answers from a real store: index, noise, water, pages and API, for residents who have not signed in."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from onecity.domains.environment import derived, service
from onecity.domains.environment.domain import AIR_STATION, NOISE_STATION, WATER_STATION
from onecity.domains.environment.overview import first_day_of
from onecity.domains.environment.readings import EPOCH, local_hour
from onecity.kernel.core.clock import FixedClock, to_us, use_clock
from onecity.kernel.places.models import Division
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity

NOW = dt.datetime(2026, 11, 24, 4, 20, tzinfo=dt.UTC)  # 12:20 in the district
MIDNIGHT = dt.datetime(2026, 11, 22, 16, tzinfo=dt.UTC)  # the beginning of 23 November there
CLEAN = {"pm2_5": 30.0, "pm10": 40.0, "so2": 10.0, "no2": 30.0, "co": 0.8, "o3": 90.0}
PATH = "adm/990101/"


@pytest.fixture(autouse=True)
def _moment(db: None) -> Any:
    cache.clear()
    Division.objects.create(tree="adm", code="990101", name="区", level="district", path=PATH)
    with use_clock(FixedClock(NOW)):
        yield


def station(kind: EntityType, key: str, *, public: bool = True, **properties: object) -> Entity:
    return twin.upsert_entity(
        type=kind,
        key=key,
        name=f"站{key}",
        division_path=PATH,
        lon=121.0,
        lat=30.0,
        public=public,
        properties=properties,
    )


def fill(entity: Entity, start: dt.datetime, step: dt.timedelta, columns: Mapping[str, np.ndarray]) -> None:
    """Put values into the store as the pipeline does: rows and the newest reading of each series."""
    known = {s.attribute: s.id for s in Series.objects.filter(entity_id=entity.id)}
    for name, values in columns.items():
        at = to_us(start) + to_us(EPOCH + step) * np.arange(len(values), dtype=np.int64)
        there = np.isfinite(values)
        batch = Batch(np.full(int(there.sum()), known[name], dtype=np.int32), at[there], values[there])
        store.Partitions().ensure({day for day, _part in store.by_day(batch)})
        store.append(batch)
        store.write_newest(batch.take(np.array([len(batch) - 1])), np.zeros(1, np.bool_))


def hourly(hours: int, **changes: float) -> dict[str, np.ndarray]:
    return {name: np.full(hours, changes.get(name, value)) for name, value in CLEAN.items()}


def test_daily_index_of_stations_and_district() -> None:
    dirty = station(AIR_STATION, "a", sampling_minutes=60)
    clean = station(AIR_STATION, "b", sampling_minutes=60)
    fill(dirty, MIDNIGHT, dt.timedelta(hours=1), hourly(24, pm2_5=90.0))
    fill(clean, MIDNIGHT, dt.timedelta(hours=1), hourly(24))
    district, (first, second) = service.air_daily([dirty, clean], first_day_of(dt.date(2026, 11, 23)), 1)
    assert [first[0].aqi, second[0].aqi, district[0].aqi] == [128, 45, 100]
    assert (first[0].edition, first[0].level, first[0].primary) == ("HJ 633-2026", "light", ("pm2_5",))
    assert first[0].start == MIDNIGHT
    assert first[0].concentrations["pm2_5"] == 90.0


def test_the_edition_follows_the_day_of_the_value() -> None:
    entity = station(AIR_STATION, "a", sampling_minutes=60)
    change = dt.datetime(2026, 2, 27, 16, tzinfo=dt.UTC)
    fill(entity, change, dt.timedelta(hours=1), hourly(48, pm2_5=75.0))
    _district, (reports,) = service.air_daily([entity], first_day_of(dt.date(2026, 2, 28)), 2)
    assert [(report.edition, report.aqi) for report in reports] == [("HJ 633-2012", 100), ("HJ 633-2026", 114)]


def test_five_minute_values_make_an_hour_with_nine_of_twelve() -> None:
    entity = station(AIR_STATION, "a", sampling_minutes=5)
    values = hourly(24, pm2_5=60.0)
    values["pm2_5"][12 + 8 :] = np.nan  # the second hour has eight values
    fill(entity, MIDNIGHT, dt.timedelta(minutes=5), values)
    _district, (reports,) = service.air_hourly([entity], local_hour(MIDNIGHT), 2)
    assert [report.iaqi["pm2_5"] for report in reports] == [100, None]
    assert [report.aqi for report in reports] == [100, None]
    assert not reports[1].complete


def test_noise_days_are_judged_by_the_class_of_the_place() -> None:
    entity = station(NOISE_STATION, "n", sampling_minutes=10, noise_class="1")
    levels = np.where(np.arange(180) < 96, 55.0, 46.0)  # from 6:00: sixteen hours of day, eight of night, six more
    fill(entity, MIDNIGHT + dt.timedelta(hours=6), dt.timedelta(minutes=10), {"laeq": levels})
    first, second = service.noise_days(entity, first_day_of(dt.date(2026, 11, 23)), 2)
    assert first.day_level.level == pytest.approx(55.0)
    assert not first.day_level.exceeds
    assert (first.night_level.limit, first.night_level.excess) == (45, 1.0)
    assert np.isnan(second.day_level.level)


def test_water_is_judged_by_its_newest_and_by_daily_values() -> None:
    entity = station(WATER_STATION, "w", target_class=3, water_body="river")
    columns = {"ph": 7.5, "dissolved_oxygen": 5.5, "ammonia_nitrogen": 1.2, "total_nitrogen": 9.0}
    hours = 36
    fill(entity, MIDNIGHT, dt.timedelta(hours=1), {name: np.full(hours, value) for name, value in columns.items()})
    (now,) = service.water_now([entity])
    assert (now.number, now.label, now.deciding, now.below_target) == (4, "Ⅳ", ("ammonia_nitrogen",), True)
    assert "total_nitrogen" not in now.values
    days = service.water_daily(entity, first_day_of(dt.date(2026, 11, 22)), 2)
    assert [day.number for day in days] == [0, 4]


def test_hours_that_are_complete_become_readings_once() -> None:
    air = station(AIR_STATION, "a", sampling_minutes=60)
    fill(air, NOW - dt.timedelta(hours=3, minutes=20), dt.timedelta(hours=1), hourly(4, pm2_5=90.0))
    noise = station(NOISE_STATION, "n", sampling_minutes=10, noise_class="2")
    fill(noise, MIDNIGHT - dt.timedelta(hours=1), dt.timedelta(minutes=10), {"laeq": np.full(6, 57.3)})
    water = station(WATER_STATION, "w", target_class=3)
    good = dict.fromkeys(service.JUDGED_HERE, 0.01) | {"ph": 7.0, "dissolved_oxygen": 5.5, "ammonia_nitrogen": 1.6}
    fill(
        water,
        NOW - dt.timedelta(hours=2, minutes=20),
        dt.timedelta(hours=1),
        {n: np.full(2, v) for n, v in good.items()},
    )
    made = derived.due()
    names = {s.id: (s.entity_key, s.attribute) for s in Series.objects.all()}
    found = {names[one.series_id]: one.value.tolist() for one in made}
    assert found == {
        ("a", "aqi"): [128.0, 128.0, 128.0],
        ("990101", "aqi"): [128.0, 128.0, 128.0],
        ("n", "excess"): [7.3],
        ("w", "water_class"): [5.0, 5.0],
        ("w", "classes_below_target"): [2.0, 2.0],
    }
    for one in made:
        batch = Batch(np.full(len(one.value), one.series_id, dtype=np.int32), one.observed_at, one.value)
        store.append(batch)
        store.write_newest(batch.take(np.array([len(batch) - 1])), np.zeros(1, np.bool_))
    assert derived.due() == []


def fill_district() -> None:
    for number in range(4):
        entity = station(AIR_STATION, f"air-{number}", sampling_minutes=60, simulated=True)
        fill(
            entity,
            NOW - dt.timedelta(hours=30, minutes=20),
            dt.timedelta(hours=1),
            hourly(30, pm2_5=60.0 + 30 * (number == 0)),
        )
    elsewhere = station(AIR_STATION, "dongsi", public=False, sampling_minutes=60, place="Beijing", recorded=True)
    fill(elsewhere, NOW - dt.timedelta(hours=30, minutes=20), dt.timedelta(hours=1), hourly(30, pm2_5=400.0))


def test_the_public_index(client: Client) -> None:
    fill_district()
    answer = client.get("/api/environment/air/now").json()
    assert (answer["report"]["aqi"], answer["report"]["edition"]) == (108, "HJ 633-2026")
    assert answer["report"]["primary"] == ["pm2_5"]
    assert answer["report"]["end"] == "2026-11-24T04:00:00Z"
    assert [s["report"]["aqi"] for s in answer["stations"]] == [128, 100, 100, 100]
    assert answer["simulated"] is True


def test_the_hourly_table_as_csv(client: Client) -> None:
    fill_district()
    answer = client.get(
        "/api/environment/air/hourly.csv", {"station": "air-0", "start": "2026-11-24", "end": "2026-11-24"}
    )
    lines = answer.content.decode().splitlines()
    assert lines[0].startswith("start,end,edition,aqi,level,primary,iaqi_so2")
    assert len(lines) == 25
    assert lines[1].startswith("2026-11-23T16:00:00+00:00,2026-11-23T17:00:00+00:00,HJ 633-2026,128,light,pm2_5,")
    assert lines[-1].split(",")[3] == "NA"


def test_compliance_names_limits_and_what_is_not_known(client: Client) -> None:
    entity = station(AIR_STATION, "a", sampling_minutes=60)
    fill(entity, dt.datetime(2026, 2, 27, 16, tzinfo=dt.UTC), dt.timedelta(hours=1), hourly(48, pm2_5=70.0, so2=160.0))
    span = {"station": "a", "start": "2026-02-28", "end": "2026-03-02"}
    before, after, empty = client.get("/api/environment/air/compliance", span).json()
    assert (before["edition"], after["edition"]) == ("GB3095-2012", "GB3095-2026")
    assert before["items"]["pm2_5"] == {"value": 70.0, "limit": 75.0, "verdict": "meets"}
    assert after["items"]["pm2_5"] == {"value": 70.0, "limit": 60.0, "verdict": "exceeds"}
    assert before["items"]["so2"] == {"value": 160.0, "limit": 150.0, "verdict": "exceeds"}
    assert after["items"]["so2"] == {"value": 160.0, "limit": None, "verdict": "not_published_here"}
    strict = client.get("/api/environment/air/compliance", span | {"zone": 1}).json()
    assert strict[0]["items"]["pm2_5"]["verdict"] == "exceeds"
    assert client.get("/api/environment/air/compliance", span | {"zone": 3}).status_code == 422
    assert empty["items"]["pm2_5"] == {"value": None, "limit": 60.0, "verdict": "no_value"}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_for_residents(client: Client, language: str) -> None:
    fill_district()
    water = station(WATER_STATION, "w", target_class=3)
    fill(water, NOW - dt.timedelta(hours=1), dt.timedelta(hours=1), {"ammonia_nitrogen": np.array([1.2])})
    noise = station(NOISE_STATION, "n", noise_class="2")
    fill(noise, NOW - dt.timedelta(minutes=5), dt.timedelta(minutes=5), {"laeq": np.array([57.3])})
    page = client.get("/environment", headers={"accept-language": language}).content.decode()
    words = {
        "zh-hans": ("现在适合出门跑步吗？", "轻度污染", "首要污染物", "模拟", "Ⅳ类"),
        "en": ("Is the air fit for a run?", "Lightly polluted", "Primary pollutant", "simulated", "Class IV"),
    }
    for word in words[language]:
        assert word in page
    assert "HJ 633-2026" in page
    assert "dongsi" not in page


def test_the_page_with_stations_that_never_reported(client: Client) -> None:
    for kind in (AIR_STATION, NOISE_STATION, WATER_STATION):
        entity = station(kind, f"new-{kind.name}")
        assert client.get(f"/environment/stations/{entity.key}").status_code == 200
    page = client.get("/environment", headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "We cannot say" in page.content.decode()


def test_the_page_without_any_station_says_so(client: Client) -> None:
    page = client.get("/environment", headers={"accept-language": "en"}).content.decode()
    assert "No air station yet" in page
    assert "We cannot say" in page


@pytest.mark.parametrize("kind", [AIR_STATION, NOISE_STATION, WATER_STATION])
def test_the_page_of_a_station(client: Client, kind: EntityType) -> None:
    entity = station(kind, "one", simulated=True)
    attribute = kind.attributes[0].name
    fill(entity, NOW - dt.timedelta(hours=20), dt.timedelta(minutes=5), {attribute: np.full(240, 20.0)})
    page = client.get("/environment/stations/one", headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "Simulated" in page.content.decode()
    chart = client.get(f"/api/environment/chart/one/{attribute}", {"hours": 24}).json()
    assert chart["series"][0]["points"][0] == [to_us(NOW - dt.timedelta(hours=20)) // 300_000_000 * 300_000, 20.0]
    assert len(chart["series"][0]["points"]) > 100


@pytest.mark.parametrize(
    "path",
    [
        "/environment/stations/none",
        "/api/environment/chart/none/pm2_5",
        "/api/environment/noise/daily?station=none",
        "/api/environment/air/daily?station=none",
    ],
)
def test_an_unknown_station_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_key_that_no_text_can_have_is_refused(client: Client) -> None:
    assert client.get("/api/environment/air/daily?station=%00").status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "start=2026-11-02&end=2026-11-01",
        "start=2020-01-01&end=2026-01-01",
        "start=1000-01-01",
        "end=9999-12-31",
        "start=x",
    ],
)
def test_a_period_that_makes_no_sense_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/environment/air/hourly?{query}").status_code == 422


def test_the_map_has_a_point_for_each_public_station(client: Client) -> None:
    fill_district()
    features = client.get("/api/environment/stations").json()["features"]
    assert [f["properties"]["id"] for f in features] == ["air-0", "air-1", "air-2", "air-3"]
    assert [f["properties"]["state"] for f in features] == ["blue", "ok", "ok", "ok"]
    assert features[0]["properties"]["href"] == "/environment/stations/air-0"


def test_the_application_role_sees_public_stations_only(client: Client) -> None:
    fill_district()
    secret = station(WATER_STATION, "secret", public=False)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        try:
            stations = client.get("/api/environment/air/now").json()["stations"]
            hidden = [client.get(f"/environment/stations/{key}").status_code for key in (secret.key, "dongsi")]
            page = client.get("/environment").status_code
        finally:
            cursor.execute("RESET ROLE")
    assert [one["report"]["aqi"] for one in stations] == [128, 100, 100, 100]
    assert hidden == [404, 404]
    assert page == 200
