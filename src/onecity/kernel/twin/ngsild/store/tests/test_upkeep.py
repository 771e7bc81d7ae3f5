"""What is transient vanishes for readers at once and is removed by the worker; days are made and dropped; sums stay."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service, tasks
from onecity.kernel.twin.models import Change, Entity
from onecity.kernel.twin.ngsild.model.merging import created
from onecity.kernel.twin.ngsild.store import times
from onecity.kernel.twin.ngsild.store.operation import Operation
from onecity.kernel.twin.ngsild.store.tests.conftest import ANYBODY, Store
from onecity.kernel.twin.ngsild.store.tests.test_writer import AT, create, lamp

WithStore = Callable[[Callable[[Store], Awaitable[Any]]], Any]
STATION = EntityType(
    "Station", "Station", (Attribute("pm2_5", "PM2.5", "ug/m3", model_name="pm25"),), model_name="AirQualityObserved"
)
CENSUS = (
    "SELECT type, attribute, sum(entities)::int FROM twin_census GROUP BY 1, 2 HAVING sum(entities) <> 0 ORDER BY 1, 2"
)


def census() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(CENSUS)
        return list(cursor.fetchall())


def test_what_is_over_is_gone_and_then_removed(with_store: WithStore) -> None:
    past = times.text(now() - dt.timedelta(seconds=1))
    over = replace(lamp("urn:a:1"), expires_at=past)
    part = replace(lamp("urn:a:2"), attributes={
        "count": [{"type": "Property", "value": 1}],
        "brief": [{"type": "Property", "value": 1, "expiresAt": past}],
    })  # fmt: skip

    async def work(store: Store) -> None:
        operations = [Operation(e.urn, lambda _c, _n, e=e: created(e)) for e in (over, part)]  # type: ignore[misc]  # a lambda with a default cannot be typed
        await store.writer.submit(ANYBODY, "", operations)
        assert await store.reader.get(ANYBODY, "", "urn:a:1") is None
        seen = await store.reader.get(ANYBODY, "", "urn:a:2")
        assert seen is not None
        assert list(seen.attributes) == ["count"]

    with_store(work)
    assert Entity.objects.count() == 2
    assert tasks.remove_expired() == 2
    assert Entity.objects.get().attributes.keys() == {"count"}
    assert list(Change.objects.order_by("urn", "id").values_list("urn", "operation")) == [
        ("urn:a:1", 1), ("urn:a:1", 3), ("urn:a:2", 1), ("urn:a:2", 4),
    ]  # fmt: skip
    assert tasks.remove_expired() == 0


def test_folding_keeps_the_sums(with_store: WithStore) -> None:
    async def work(store: Store) -> None:
        await store.writer.submit(ANYBODY, "", [create("urn:a:1"), create("urn:a:2")])
        await store.writer.submit(ANYBODY, "", [create("urn:a:3")])
        await store.writer.submit(ANYBODY, "", [Operation("urn:a:1", lambda _current, _now: None)])

    with_store(work)
    before = census()
    assert before == [("Lamp", "", 2), ("Lamp", "count", 2)]
    tasks.fold_census()
    assert census() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM twin_census")
        assert cursor.fetchone() == (2,)


@pytest.mark.django_db
def test_days_are_made_ahead_and_dropped_when_old(settings: LazySettings) -> None:
    settings.ONECITY_RETENTION_DAYS = 30
    old = now().date() - dt.timedelta(days=40)
    with connection.cursor() as cursor:
        cursor.execute("SELECT twin_change_day(%s)", [old])
    tasks.make_days()
    assert tasks.retain() == [f"twin_change_{old:%Y%m%d}"]
    assert tasks.retain() == []


@pytest.mark.django_db
def test_changes_are_kept_as_long_as_their_own_setting_says(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ONECITY_RETENTION_DAYS = 30
    old = now().date() - dt.timedelta(days=40)
    with connection.cursor() as cursor:
        cursor.execute("SELECT twin_change_day(%s)", [old])
    for text in ("0", "50", "40"):
        monkeypatch.setenv("ONECITY_CHANGES_DAYS", text)
        assert tasks.retain() == []
    monkeypatch.setenv("ONECITY_CHANGES_DAYS", "soon")
    with pytest.raises(ValueError, match="ONECITY_CHANGES_DAYS"):
        tasks.retain()
    settings.ONECITY_RETENTION_DAYS = 0
    monkeypatch.setenv("ONECITY_CHANGES_DAYS", "39")
    assert tasks.retain() == [f"twin_change_{old:%Y%m%d}"]


def test_an_entity_of_a_manifest_is_an_ngsi_ld_entity(with_store: WithStore) -> None:
    facts: dict[str, Any] = {"type": STATION, "key": "1", "name": "一号站", "division_path": "adm/1/", "public": True}
    station = service.upsert_entity(**facts, lon=121.5, lat=30.9, properties={"height": 3})
    service.upsert_entity(**facts, lon=121.5, lat=30.9, properties={"height": 3})
    assert Change.objects.count() == 1
    service.relate(station, "near", service.upsert_entity(**facts | {"key": "2"}))
    service.upsert_entity(**facts, lon=121.6, lat=30.9)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM telemetry_series WHERE entity_id = %s", [station.id])
        (series,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO telemetry_latest (series_id, observed_at, value) VALUES (%s, %s, 12.5)", [series, AT]
        )

    async def work(store: Store) -> None:
        seen = await store.reader.get(ANYBODY, "", station.urn)
        assert seen is not None
        assert seen.types == ("AirQualityObserved",)
        values = {name: (i[0].get("value") or i[0].get("object")) for name, i in seen.attributes.items()}
        assert values == {
            "name": "一号站",
            "https://uri.etsi.org/ngsi-ld/location": {"type": "Point", "coordinates": [121.6, 30.9]},
            "near": "urn:ngsi-ld:Station:2",
            "pm25": 12.5,
        }
        assert (seen.attributes["pm25"][0]["unitCode"], seen.attributes["pm25"][0]["observedAt"]) == ("ug/m3", AT)

    with_store(work)
    assert list(Change.objects.filter(urn=station.urn).order_by("id").values_list("operation", flat=True)) == [1, 2, 2]
    assert ("AirQualityObserved", "", 2) in census()
    assert not any(attribute == "height" for _type, attribute, _count in census())
