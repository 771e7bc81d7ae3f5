"""Registering devices and series: idempotent, with secrets kept only as hashes."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable

import pytest

from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import service
from onecity.kernel.telemetry.ingest.sign_in import credentials, verify
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.models import Device, Series
from onecity.kernel.telemetry.tests.sample import AIR, urn
from onecity.kernel.telemetry.types import Attribute

pytestmark = pytest.mark.django_db


def test_only_the_hash_of_a_secret_is_kept(known: Callable[[], Catalogue]) -> None:
    device, secret = service.create_device("roof", "adm/1/")
    kept = Device.objects.get(id=device.id)
    assert bytes(kept.secret_hash) == service.hash_secret(secret)
    assert len(secret) >= 43
    found = verify(known(), str(device.id), secret)
    assert found is not None
    assert found.id == str(device.id)
    assert verify(known(), str(device.id).upper(), secret) is not None
    assert verify(known(), str(device.id), secret + "x") is None
    assert verify(known(), str(uuid.uuid4()), secret) is None


def test_a_new_secret_ends_the_old_one(known: Callable[[], Catalogue]) -> None:
    device, secret = service.create_device("roof", "adm/1/")
    other = service.rotate_secret(device.id)
    assert verify(known(), str(device.id), secret) is None
    assert verify(known(), str(device.id), other) is not None


def test_the_secret_before_opens_until_its_time_is_over(known: Callable[[], Catalogue]) -> None:
    device, first = service.create_device("roof", "adm/1/")
    second = service.rotate_secret(device.id, dt.timedelta(minutes=5))
    opened = [verify(known(), str(device.id), secret) is not None for secret in (first, second)]
    with use_clock(FixedClock(now() + dt.timedelta(minutes=6))):
        later = [verify(known(), str(device.id), secret) is not None for secret in (first, second)]
    third = service.rotate_secret(device.id, dt.timedelta(minutes=5))
    again = [verify(known(), str(device.id), secret) is not None for secret in (first, second, third)]
    assert (opened, later, again) == ([True, True], [False, True], [False, True, True])
    service.revoke_device(device.id)
    assert [verify(known(), str(device.id), secret) for secret in (second, third)] == [None, None]


def test_a_revoked_device_is_out(known: Callable[[], Catalogue]) -> None:
    device, secret = service.create_device("roof", "adm/1/")
    service.revoke_device(device.id)
    service.revoke_device(device.id)
    assert verify(known(), str(device.id), secret) is None
    assert Device.objects.get(id=device.id).revoked_at is not None


def test_series_are_registered_once_and_change_in_place() -> None:
    entity, device = new_id(), new_id()
    first = service.register_series(entity, urn("a"), AIR, "adm/1/", device, False)
    assert set(first) == {"pm2_5", "pm10"}
    stamp = Series.objects.get(id=first["pm10"]).changed_at
    assert service.register_series(entity, urn("a"), AIR, "adm/1/", device, False) == first
    assert Series.objects.get(id=first["pm10"]).changed_at == stamp
    assert service.register_series(entity, urn("a"), AIR, "adm/1/2/", None, True) == first
    moved = Series.objects.get(id=first["pm10"])
    assert (moved.division_path, moved.device_id, moved.public, moved.entity_key) == ("adm/1/2/", None, True, "a")
    assert (moved.unit, moved.minimum, moved.maximum, moved.late_after) == ("ug/m3", 0, 1000, dt.timedelta(days=30))
    assert moved.changed_at > stamp


def test_an_attribute_that_is_gone_accepts_nothing_more(known: Callable[[], Catalogue]) -> None:
    entity, device = new_id(), service.create_device("roof", "adm/1/")[0]
    first = service.register_series(entity, urn("a"), AIR, "adm/1/", device.id, False)
    smaller = dataclasses.replace(AIR, attributes=(AIR.attribute("pm10"), Attribute("no2", "NO2", "ug/m3")))
    second = service.register_series(entity, urn("a"), smaller, "adm/1/", device.id, False)
    assert second["pm10"] == first["pm10"]
    assert set(second) == {"pm10", "no2"}
    assert not Series.objects.get(id=first["pm2_5"]).active
    assert set(known().attribute_of) == {"pm10", "no2"}
    service.register_series(entity, urn("a"), AIR, "adm/1/", device.id, False)
    assert Series.objects.get(id=first["pm2_5"]).active


@pytest.mark.parametrize(
    ("name", "key"),
    [(urn("x"), "x"), ("urn:ngsi-ld:T:a:b", "a:b"), ("urn:other", "urn:other"), ("plain", "plain")],
)
def test_the_key_within_a_name(name: str, key: str) -> None:
    assert service.key_of(name) == key


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer d.s", ("d", "s")),
        ("bearer  d.s.t ", ("d", "s.t")),
        ("Token d:s", ("d", "s")),
        ("Token d.s", ("d", "s")),
        ("Basic ZDpzOnQ=", ("d", "s:t")),
        ("Basic !!!", ("", "")),
        ("Basic /w==", ("", "")),
        ("Digest x", ("", "")),
        ("", ("", "")),
        ("Bearer", ("", "")),
        ("Bearer " + "x" * 600, ("", "")),
    ],
)
def test_credentials_in_a_header(header: str, expected: tuple[str, str]) -> None:
    assert credentials(header) == expected
