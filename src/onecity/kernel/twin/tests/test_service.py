"""Entities are put in place once, keep their series, and are seen only where one may look."""

import datetime as dt

import pytest
from django.db import connection

from onecity.kernel.access.models import Grant
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.notify.models import FeedEvent
from onecity.kernel.telemetry.models import Latest, Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Entity, EntityKind, Relation

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
STATION = EntityType(
    name="TestStation",
    title="Test station",
    attributes=(
        Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000),
        Attribute("temperature", "Temperature", "Cel", -40, 60),
    ),
    max_age=dt.timedelta(hours=2),
)
TOWN_A, TOWN_B = "adm/990000/990101/", "adm/990000/990102/"


def station(key: str, division_path: str = TOWN_A, *, public: bool = False) -> Entity:
    return service.upsert_entity(
        type=STATION, key=key, name=f"Station {key}", division_path=division_path, lon=121.5, lat=30.9, public=public
    )


@pytest.mark.django_db
def test_a_second_upsert_with_the_same_changes_nothing() -> None:
    first = station("s1")
    with use_clock(FixedClock(NOON)):
        second = station("s1")
    assert (second.id, second.changed_at) == (first.id, first.changed_at)
    assert first.urn == "urn:ngsi-ld:TestStation:s1"
    assert sorted(Series.objects.values_list("attribute", "unit", "entity_urn")) == [
        ("pm2_5", "ug/m3", first.urn),
        ("temperature", "Cel", first.urn),
    ]
    assert FeedEvent.objects.filter(kind="entity").count() == 1


@pytest.mark.django_db
def test_an_entity_that_moves_town_takes_its_series_along() -> None:
    first = station("s1")
    moved = station("s1", TOWN_B)
    assert moved.id == first.id
    assert set(Series.objects.values_list("division_path", flat=True)) == {TOWN_B}
    assert list(FeedEvent.objects.order_by("id").values_list("division_path", flat=True)) == [TOWN_A, TOWN_B]


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "two words", "quo'te", "x" * 181])
def test_a_key_that_cannot_stand_in_a_urn_is_refused_and_leaves_nothing(key: str) -> None:
    with pytest.raises(Problem) as refusal:
        station(key)
    assert refusal.value.status == 422
    assert (Entity.objects.count(), Series.objects.count(), EntityKind.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_state_gives_values_with_age_and_says_what_is_stale() -> None:
    entity = station("s1")
    pm, temperature = Series.objects.order_by("attribute")
    Latest.objects.create(series=pm, observed_at=NOON - dt.timedelta(minutes=30), value=35.2)
    Latest.objects.create(series=temperature, observed_at=NOON - dt.timedelta(hours=3), value=18.0)
    with use_clock(FixedClock(NOON)):
        values = service.state([entity])[entity.id]
    assert [(v.attribute, v.value, v.age, v.stale) for v in values] == [
        ("pm2_5", 35.2, dt.timedelta(minutes=30), False),
        ("temperature", 18.0, dt.timedelta(hours=3), True),
    ]


@pytest.mark.django_db
def test_a_relation_is_stated_once() -> None:
    one, two = station("s1"), station("s2")
    assert service.relate(one, "isPartOf", two).pk == service.relate(one, "isPartOf", two).pk
    assert Relation.objects.count() == 1


@pytest.mark.django_db
def test_declaring_a_kind_twice_writes_once() -> None:
    assert service.declare_kind(STATION, "testing") is True
    assert service.declare_kind(STATION, "testing") is False
    kind = EntityKind.objects.get()
    assert kind.attribute("pm2_5") == {
        "name": "pm2_5",
        "titles": {"zh-hans": "PM2.5", "en": "PM2.5"},
        "unit": "ug/m3",
        "minimum": 0,
        "maximum": 1000,
        "decimals": 1,
    }


@pytest.mark.django_db
def test_row_level_security_shows_ones_own_towns_and_what_is_public() -> None:
    mine, theirs, public = station("mine"), station("theirs", TOWN_B), station("public", TOWN_B, public=True)
    service.relate(mine, "isNear", theirs)
    service.relate(mine, "isNear", public)
    account = new_id()
    Grant.objects.create(
        account_id=account, permission="entities.view", path=TOWN_A, valid_from=NOON - dt.timedelta(days=900)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    with acting_as(account):
        assert set(Entity.objects.values_list("key", flat=True)) == {"mine", "public"}
        assert list(Relation.objects.values_list("target__key", flat=True)) == ["public"]
        assert Entity.objects.filter(key="mine").update(name="x") == 0
    with acting_as(None):
        assert list(Entity.objects.values_list("key", flat=True)) == ["public"]
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
