"""Simulated devices and entities come into being once, with secrets that stay in one file only we can read."""

import hashlib
import stat
from pathlib import Path

import pytest
import shapely

from onecity.domains.devices.models import DeviceRecord
from onecity.domains.environment.sim import Simulation
from onecity.kernel.places.models import Division
from onecity.kernel.telemetry.models import Device, Series
from onecity.kernel.twin.models import Entity
from onecity.sim.devices import KeyRing
from onecity.sim.station import register

PATH = "adm/990101/"


def test_a_device_is_made_once_and_its_secret_is_kept(db: None, tmp_path: Path) -> None:
    first = KeyRing(tmp_path).credentials("simulated x", PATH, 500)
    again = KeyRing(tmp_path).credentials("simulated x", PATH, 500)
    assert again == first
    device = Device.objects.get()
    assert (device.id, device.readings_per_second) == (first.device_id, 500)
    assert bytes(device.secret_hash) == hashlib.sha256(first.secret.encode()).digest()
    file = tmp_path / "secrets" / "devices.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_lost_file_gives_a_new_secret_not_a_new_device(db: None, tmp_path: Path) -> None:
    first = KeyRing(tmp_path).credentials("simulated x", PATH, 500)
    (tmp_path / "secrets" / "devices.json").unlink()
    second = KeyRing(tmp_path).credentials("simulated x", PATH, 500)
    assert second.device_id == first.device_id
    assert second.secret != first.secret


def test_a_revoked_device_is_not_used_again(db: None, tmp_path: Path) -> None:
    first = KeyRing(tmp_path).credentials("simulated x", PATH, 500)
    Device.objects.update(status="revoked", revoked_at="2026-11-25T00:00:00Z")
    second = KeyRing(tmp_path).credentials("simulated x", PATH, 500)
    assert second.device_id != first.device_id
    assert Device.objects.count() == 2


def test_the_token_joins_id_and_secret(db: None, tmp_path: Path) -> None:
    made = KeyRing(tmp_path).credentials("simulated x", PATH, 500)
    assert made.token == f"{made.device_id}.{made.secret}"


@pytest.fixture
def district(db: None) -> None:
    root = Division.objects.create(tree="adm", code="990101", name="区", level="district", path=PATH)
    for number in range(2):
        box = shapely.to_wkb(shapely.box(120 + number, 30, 120.2 + number, 30.2))
        Division.objects.create(
            tree="adm",
            code=f"99010100{number}",
            name=f"镇{number}",
            level="town",
            parent=root,
            path=f"{PATH}99010100{number}/",
            geometry=box,
        )


def test_registering_twice_changes_nothing(district: None, tmp_path: Path) -> None:
    first = register([Simulation()], tmp_path)
    before = list(Entity.objects.order_by("id").values())
    series = list(Series.objects.order_by("id").values_list("id", "entity_id", "attribute", "device_id"))
    second = register([Simulation()], tmp_path)
    assert [member.sender for member in second] == [member.sender for member in first]
    assert list(Entity.objects.order_by("id").values()) == before
    assert list(Series.objects.order_by("id").values_list("id", "entity_id", "attribute", "device_id")) == series
    assert len(first) == 6
    assert Device.objects.count() == 6
    assert {device.name for device in Device.objects.all()} == {f"{member.entity.name}终端" for member in first}
    records = DeviceRecord.objects.select_related("model")
    assert {record.model.name for record in records if record.model} == {"sim-air-6", "sim-noise-1", "sim-water-5"}
    assert all(record.status == "installed" and record.lon is not None for record in records)
    assert all(entity["properties"]["simulated"] is True and entity["public"] for entity in before)
