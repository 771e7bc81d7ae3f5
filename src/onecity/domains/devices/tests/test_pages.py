"""The pages of device management, served as the web serves them: behind the wall, each act where it may be done."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from onecity.domains.devices import registering
from onecity.domains.devices.models import DeviceGroup, DeviceModel, DeviceRecord
from onecity.domains.devices.registering import NewDevice
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper, watcher
from onecity.kernel.access.session import acting_as
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import Command, Device

pytestmark = pytest.mark.django_db


class Desk:
    """An officer and a looker of a town with one device, the web's role on."""

    def __init__(self) -> None:
        self.model = DeviceModel.objects.create(name="m", title="Modell", division_path=DISTRICT)
        self.record, self.secret = registering.register_device(NewDevice("Pump", HERE, self.model), None)
        self.other, _secret = registering.register_device(NewDevice("Other", THERE), None)
        self.officer, self.looker = keeper(HERE), watcher(HERE)
        self.page = f"/desk/devices/{self.record.device_id}"

    def client(self, account: Account) -> Client:
        client = Client()
        client.force_login(account)
        return client


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Desk:
    made = Desk()
    request.getfixturevalue("app_role")
    return made


def test_a_device_has_a_page_for_whoever_sees_it(desk: Desk) -> None:
    for account, acts in ((desk.officer, True), (desk.looker, False)):
        page = desk.client(account).get(desk.page)
        assert page.status_code == 200
        text = page.content.decode()
        assert "Pump" in text
        assert ("吊销设备" in text, "下发指令" in text) == (acts, acts)
    assert desk.client(desk.officer).get(f"/desk/devices/{desk.other.device_id}").status_code == 404


def test_a_new_secret_is_shown_once(desk: Desk) -> None:
    client = desk.client(desk.officer)
    answer = client.post(f"{desk.page}/secret", {"overlap": "24"})
    assert answer["Cache-Control"] == "no-store"
    with acting_as(desk.officer.id):
        device = Device.objects.get(id=desk.record.device_id)
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert bytes(device.secret_hash) == telemetry.hash_secret(secret)
    assert bytes(device.earlier_hash) == telemetry.hash_secret(desk.secret)
    assert secret not in client.get(desk.page).content.decode()
    client.post(f"{desk.page}/overlap/end")
    with acting_as(desk.officer.id):
        device.refresh_from_db()
    assert (bytes(device.earlier_hash), device.earlier_until) == (b"", None)


def test_whoever_only_looks_changes_nothing(desk: Desk) -> None:
    client = desk.client(desk.looker)
    for act in ("secret", "revoke", "overlap/end", "commands", "edit"):
        assert client.post(f"{desk.page}/{act}").status_code == 403
    with acting_as(desk.looker.id):
        device = Device.objects.get(id=desk.record.device_id)
        assert not Command.objects.exists()
    assert (device.status, bytes(device.secret_hash)) == ("active", telemetry.hash_secret(desk.secret))


def test_revoking_shuts_the_device_out(desk: Desk) -> None:
    client = desk.client(desk.officer)
    assert client.post(f"{desk.page}/revoke").status_code == 302
    assert "吊销设备" not in client.get(desk.page).content.decode()
    answer = client.post(f"{desk.page}/commands", {"name": "on", "payload": "{}", "hours": "1"})
    assert answer.status_code == 409


def test_a_command_is_given_once_and_withdrawn(desk: Desk) -> None:
    client = desk.client(desk.officer)
    given: dict[str, Any] = {"name": "valve", "payload": json.dumps({"open": True}), "hours": "2", "key": "k1"}
    for _time in range(2):
        assert client.post(f"{desk.page}/commands", given).status_code == 302
    with acting_as(desk.officer.id):
        command = Command.objects.get()
    assert (command.name, command.payload, command.created_by) == ("valve", {"open": True}, desk.officer.id)
    assert client.post(f"{desk.page}/commands", given | {"payload": "[1]"}).status_code == 422
    assert client.post(f"{desk.page}/commands/{uuid4()}/cancel").status_code == 404
    assert client.post(f"{desk.page}/commands/{command.id}/cancel").status_code == 302
    with acting_as(desk.officer.id):
        command.refresh_from_db()
    assert command.state == "cancelled"


def test_a_group_by_hand_and_by_condition(desk: Desk) -> None:
    with acting_as(desk.officer.id):
        hand = DeviceGroup.objects.create(name="hand", division_path=HERE)
        DeviceGroup.objects.create(name="all", division_path=HERE, condition={"model": "m"})
        DeviceGroup.objects.create(name="odd", division_path=HERE, condition={"colour": "red"})
    client = desk.client(desk.officer)
    member = f"/desk/devices/groups/{hand.id}/members"
    client.post(member, {"add": [str(desk.record.device_id), str(desk.other.device_id)]})
    lines = {group.name: number for group, number in client.get("/desk/devices/groups").context["lines"]}
    assert lines == {"hand": 1, "all": 1, "odd": 0}
    assert client.get(f"/desk/devices/groups/{hand.id}").status_code == 200
    assert client.get(f"/desk/devices/groups/{hand.id}/points").json()["features"] == []
    with acting_as(desk.officer.id):
        DeviceRecord.objects.update(lon=121.4, lat=30.9)
    [point] = client.get(f"/desk/devices/groups/{hand.id}/points").json()["features"]
    assert (point["geometry"]["coordinates"], point["properties"]["title"]) == ([121.4, 30.9], "Pump")
    client.post(member, {"remove": str(desk.record.device_id)})
    with acting_as(desk.officer.id):
        assert not DeviceRecord.objects.filter(memberships__group=hand).exists()


@pytest.mark.parametrize("path", ["", "/new", "/models", "/models/new", "/groups/new", "/rollouts", "/rollouts/new"])
def test_every_page_opens_in_both_languages(desk: Desk, path: str) -> None:
    client = desk.client(desk.officer)
    for language in ("zh-hans", "en"):
        page = client.get(f"/desk/devices{path}", headers={"Accept-Language": language})
        assert page.status_code == 200
    assert client.get(f"/desk/devices/models/{desk.model.id}").status_code == 200
    assert client.get(f"{desk.page}/edit").status_code == 200
    assert client.get("/claim").status_code == 200
