"""Devices come into management with all that is known of them, once, and only where one may."""

import pytest
from django.db import DatabaseError, transaction

from onecity.domains.devices import registering
from onecity.domains.devices.models import DeviceModel, DeviceRecord, RecordStatus
from onecity.domains.devices.registering import NewDevice
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper, watcher
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import Device, DeviceAddress, Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service as twin

pytestmark = pytest.mark.django_db
METER = EntityType("TestMeter", "Meter", (Attribute("level", "Level", "m"),))


def test_a_device_is_registered_with_what_it_measures_at() -> None:
    entity = twin.upsert_entity(type=METER, key="m1", name="Meter 1", division_path=HERE, lon=121.4, lat=30.9)
    model = DeviceModel.objects.create(name="lr-1", title="LR 1", codec="lr", division_path=DISTRICT)
    new = NewDevice("One", HERE, model, serial="S1", dev_eui="0011223344556677", entity_id=entity.id)
    record, secret = registering.register_device(new, keeper(HERE))
    device = Device.objects.get(id=record.device_id)
    assert (device.name, device.division_path, bytes(device.secret_hash)) == (
        "One",
        HERE,
        telemetry.hash_secret(secret),
    )
    assert (record.model, record.serial, record.status) == (model, "S1", RecordStatus.STOCK)
    assert [series.device_id for series in Series.objects.filter(entity_id=entity.id)] == [device.id]
    address = DeviceAddress.objects.get(device_id=device.id)
    assert (address.address, address.codec, address.entity) == ("0011223344556677", "lr", entity.urn)


def test_the_same_serial_number_comes_once_and_leaves_nothing_half_done() -> None:
    model = DeviceModel.objects.create(name="lr-1", title="LR 1", division_path=DISTRICT)
    registering.register_device(NewDevice("One", HERE, model, serial="S1"), None)
    with pytest.raises(Problem) as refused:
        registering.register_device(NewDevice("Two", HERE, model, serial="S1"), None)
    assert refused.value.status == 409
    assert list(Device.objects.values_list("name", flat=True)) == ["One"]


def test_nobody_registers_where_he_may_not() -> None:
    for account, place in ((keeper(HERE), THERE), (watcher(HERE), HERE)):
        with pytest.raises(Problem) as refused:
            registering.register_device(NewDevice("One", place), account)
        assert refused.value.status == 403
    assert not Device.objects.exists()


def test_devices_of_the_gateways_are_taken_up_once() -> None:
    device, _secret = telemetry.create_device("Old", HERE)
    twin.upsert_entity(
        type=METER, key="m1", name="Meter 1", division_path=HERE, lon=121.4, lat=30.9, device_id=device.id
    )
    assert (registering.adopt(), registering.adopt()) == (1, 0)
    record = DeviceRecord.objects.get()
    assert (record.name, record.lon, record.status) == ("Old", 121.4, RecordStatus.INSTALLED)


def test_a_record_follows_its_device() -> None:
    record, _secret = registering.register_device(NewDevice("One", HERE), None)
    Device.objects.filter(id=record.device_id).update(division_path=THERE, name="Uno")
    record.refresh_from_db()
    assert (record.division_path, record.name) == (THERE, "Uno")


def test_the_wall_lets_each_town_see_and_change_its_own(request: pytest.FixtureRequest) -> None:
    own, _secret = registering.register_device(NewDevice("Own", HERE), None)
    registering.register_device(NewDevice("Other", THERE), None)
    DeviceModel.objects.create(name="m", title="M", division_path=DISTRICT)
    officer, looker = keeper(HERE), watcher(HERE)
    request.getfixturevalue("app_role")
    with acting_as(looker.id):
        assert [record.name for record in DeviceRecord.objects.all()] == ["Own"]
        assert [model.name for model in DeviceModel.objects.all()] == ["m"]
        assert DeviceRecord.objects.update(note="x") == 0
    with acting_as(officer.id):
        assert DeviceRecord.objects.update(note="x") == 1
        assert DeviceModel.objects.update(title="x") == 0
        with pytest.raises(DatabaseError), transaction.atomic():
            DeviceRecord.objects.filter(device_id=own.device_id).update(division_path=THERE)
    with acting_as(None):
        assert not DeviceRecord.objects.exists()
        assert not DeviceModel.objects.exists()
