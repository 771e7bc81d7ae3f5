"""A device's own page: what is wrong with it, its calibration, its work and what that cost, its owner."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from onecity.domains.devices.models import DeviceModel, DeviceRecord, Finding, Maintenance
from onecity.domains.devices.tests.fields import NOW, node
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper, watcher
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.people.models import Organisation
from onecity.kernel.places.models import Division

pytestmark = pytest.mark.django_db


@pytest.fixture
def record() -> DeviceRecord:
    root = Division.objects.create(tree="adm", code="1", name="Q", level="district", path=DISTRICT)
    Division.objects.create(tree="adm", code="11", name="T", level="town", parent=root, path=HERE)
    model = DeviceModel.objects.create(name="m", title="M", division_path=DISTRICT, calibration_days=90)
    made, _entity = node("a", HERE, model=model)
    Finding.objects.create(
        device_id=made.device_id,
        kind="stuck",
        division_path=HERE,
        attribute="level",
        value=9,
        unit="m",
        onset=NOW,
        seen_at=NOW,
    )
    return made


def work(record: DeviceRecord) -> Maintenance:
    return Maintenance.objects.create(
        device_id=record.device_id, kind="repair", cause="x", division_path=HERE, due_at=NOW, case_number="C-1",
        done_at=NOW, result="battery",
    )  # fmt: skip


def test_the_page_says_what_is_wrong_and_when_it_was_seen_to(client: Client, record: DeviceRecord) -> None:
    work(record)
    client.force_login(watcher(DISTRICT))
    with use_clock(FixedClock(NOW)):
        page = client.get(f"/desk/devices/{record.device_id}").content.decode()
    assert all(word in page for word in ("数值不变", "已逾期", "C-1", "已更换电池"))
    assert 'name="cost"' not in page
    with use_clock(FixedClock(NOW - dt.timedelta(days=20))):
        assert "已逾期" not in client.get(f"/desk/devices/{record.device_id}").content.decode()


def test_a_cost_is_noted_on_the_page_by_who_may(client: Client, record: DeviceRecord) -> None:
    done = work(record)
    address = f"/desk/devices/{record.device_id}/work/{done.id}/cost"
    client.force_login(watcher(DISTRICT))
    assert client.post(address, {"cost": "1"}).status_code == 403
    client.force_login(keeper(THERE, "other"))
    assert client.post(address, {"cost": "1"}).status_code == 404
    client.force_login(keeper(DISTRICT))
    assert client.post(address.replace(str(record.device_id), str(done.id)), {"cost": "1"}).status_code == 404
    for wrong in ("", "much", "-1", "NaN", "1e30"):
        assert client.post(address, {"cost": wrong}).status_code == 422
    assert Maintenance.objects.get().cost is None
    assert client.post(address, {"cost": " 120.5 "}).status_code == 302
    assert Maintenance.objects.get().cost == Decimal("120.50")
    assert "120.50" in client.get(f"/desk/devices/{record.device_id}").content.decode()


def test_a_device_has_an_owner(client: Client, record: DeviceRecord) -> None:
    owner = Organisation.objects.create(code="water", name="Water board")
    client.force_login(keeper(DISTRICT))
    address = f"/desk/devices/{record.device_id}/edit"
    given = {"model": record.model_id, "status": "installed", "organisation": owner.id}
    assert client.post(address, given).status_code == 302
    assert DeviceRecord.objects.get().organisation_id == owner.id
    assert "Water board" in client.get(f"/desk/devices/{record.device_id}").content.decode()
    client.post(address, given | {"organisation": ""})
    assert DeviceRecord.objects.get().organisation_id is None
