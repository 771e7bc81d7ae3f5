"""The outlook of a series: the coming day is foretold, an odd hour is marked, and only who sees the thing sees it."""

import datetime as dt
from typing import Any

import numpy as np
import pytest
from django.test import Client

from onecity.domains.devices import outlook
from onecity.kernel.core.clock import FixedClock, to_us, use_clock
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.service import upsert_entity

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 29, 0, 30, tzinfo=dt.UTC)
HOURS = 28 * 24
METER = EntityType("TestMeter", "Meter", (Attribute("level", "Level", "m", 0, 100),), max_age=dt.timedelta(hours=2))


def course() -> np.ndarray:
    return 50 + 20 * np.sin(np.arange(HOURS) * 2 * np.pi / 24) + np.random.default_rng(5).normal(0, 0.5, HOURS)


def meter(values: np.ndarray, *, public: bool = False) -> Entity:
    entity = upsert_entity(type=METER, key="m", name="Meter m", division_path="adm/1/", public=public)
    start = NOW.replace(minute=0) - dt.timedelta(hours=HOURS)
    at = to_us(start) + 3_600_000_000 * np.arange(HOURS, dtype=np.int64)
    there = np.isfinite(values)
    series = Series.objects.get(entity_id=entity.id)
    batch = Batch(np.full(int(there.sum()), series.pk, np.int32), at[there], values[there])
    store.Partitions().ensure({day for day, _part in store.by_day(batch)})
    store.append(batch)
    return entity


def chart(entity: Entity) -> dict[str, Any]:
    with use_clock(FixedClock(NOW)):
        return outlook.chart(entity, "level")


def test_the_coming_day_is_foretold() -> None:
    found = chart(meter(course()))
    measured, expected, lower, upper = found["series"]
    assert (len(measured["points"]), len(expected["points"])) == (96, 24)
    assert expected["points"][0][0] == int(NOW.replace(minute=0).timestamp()) * 1000
    assert measured["points"][-1][0] == expected["points"][0][0] - 3_600_000
    truth = 50 + 20 * np.sin(np.arange(24) * 2 * np.pi / 24)
    np.testing.assert_allclose([value for _at, value in expected["points"]], truth, atol=1.0)
    assert all(low[1] < high[1] for low, high in zip(lower["points"], upper["points"], strict=True))
    assert found["events"] == []


def test_an_odd_hour_is_marked_and_gaps_are_not() -> None:
    values = course()
    values[-30] = 95
    values[100:120] = np.nan
    found = chart(meter(values))
    at = int(NOW.replace(minute=0).timestamp()) * 1000 - 30 * 3_600_000
    assert next(event["at"] for event in found["events"]) == at


def test_too_little_history_foretells_nothing() -> None:
    values = course()
    values[: -4 * 24] = np.nan
    values[-50:-10] = np.nan
    assert [line["name"] for line in chart(meter(values))["series"]] == ["小时均值"]


def test_a_series_of_five_days_is_foretold_by_what_it_has() -> None:
    values = course()
    values[: -5 * 24] = np.nan
    assert len(chart(meter(values))["series"]) == 4


def test_only_who_sees_the_thing_sees_its_outlook(client: Client) -> None:
    entity = meter(course())
    address = f"/devices/outlook/{entity.id}/level"
    assert client.get(address).status_code == 404
    Entity.objects.update(public=True)
    Series.objects.update(public=True)
    assert client.get(address).json()["series"][0]["unit"] == "m"
    assert client.get(f"/devices/outlook/{entity.id}/nothing").json()["series"] == []
