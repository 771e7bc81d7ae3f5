"""A label opens once, only for whoever keeps the devices there, and cannot be guessed."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from onecity.domains.devices import claiming, registering
from onecity.domains.devices.models import Claim, DevicePhoto, DeviceRecord, RecordStatus, WrongCode
from onecity.domains.devices.registering import NewDevice
from onecity.domains.devices.tests.people import HERE, THERE, keeper, watcher
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.tests.test_pictures import camera, photo
from onecity.kernel.people.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def label(settings: Any, tmp_path: Path) -> str:
    settings.ONECITY_UPLOADS = tmp_path
    record, _secret = registering.register_device(NewDevice("One", HERE), None)
    [(_record, code)] = claiming.labels([record], keeper(HERE))
    assert bytes(Claim.objects.get().code_hash) != code.encode()
    return code


def person(name: str) -> Client:
    client = Client()
    client.force_login(Account.objects.get(username=name))
    return client


def taken() -> bytes:
    return photo(exif=camera())


def post(client: Client, code: str, content: bytes, lon: str = "121.4") -> Any:
    file = SimpleUploadedFile("x.jpg", content, "text/html")
    return client.post(f"/claim/{code}", {"name": "Roof", "lon": lon, "lat": "30.9", "photo": file})


def test_a_phone_installs_the_device_once(label: str, request: pytest.FixtureRequest) -> None:
    client, account = person("keeper"), Account.objects.get(username="keeper")
    request.getfixturevalue("app_role")
    assert client.get(f"/claim/{label}").status_code == 200
    answer = post(client, label, taken())
    assert answer.status_code == 200
    assert post(client, label, taken()).status_code == 404
    assert client.get(f"/claim/{label}").status_code == 404
    with acting_as(account.id):
        found = registering.devices_of(account).get()
        kept = DevicePhoto.objects.get(record=found)
    assert (found.name, found.status, found.lon, found.lat) == ("Roof", RecordStatus.INSTALLED, 121.4, 30.9)
    shown = client.get(f"/desk/devices/{found.device_id}/photos/{kept.id}")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert b"SecretCam" not in shown.content


def test_what_is_no_photo_and_no_position_changes_nothing(label: str) -> None:
    client = person("keeper")
    assert post(client, label, b"<script>alert(1)</script>").status_code == 422
    assert post(client, label, b"%PDF-1.4\n%%EOF").status_code == 422
    assert post(client, label, taken(), lon="200").status_code == 422
    record = DeviceRecord.objects.get()
    assert (record.status, record.lon, Claim.objects.get().used_at) == (RecordStatus.STOCK, None, None)


def test_a_stranger_signs_in_first_and_a_looker_stays_outside(label: str) -> None:
    answer = Client().get(f"/claim/{label}")
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next=/claim/{label}")
    watcher(HERE)
    assert person("watcher").get(f"/claim/{label}").status_code == 403


def test_a_label_of_another_town_opens_nothing(label: str) -> None:
    keeper(THERE, "other")
    assert post(person("other"), label, taken()).status_code == 404
    assert Claim.objects.get().used_at is None


def test_guessing_ends_after_ten(label: str, request: pytest.FixtureRequest) -> None:
    client = person("keeper")
    request.getfixturevalue("app_role")
    codes = [client.get(f"/claim/wrong{number}").status_code for number in range(12)]
    assert codes == [404] * 10 + [429] * 2
    assert client.get(f"/claim/{label}").status_code == 429
    with use_clock(FixedClock(now() + claiming.WITHIN)):
        assert client.get(f"/claim/{label}").status_code == 200


def test_a_new_label_ends_the_one_before_and_each_ends_in_time(label: str) -> None:
    account = Account.objects.get(username="keeper")
    [(_record, newest)] = claiming.labels(list(DeviceRecord.objects.all()), account)
    assert claiming.find(label, account) is None
    assert claiming.find(newest, account) is not None
    with use_clock(FixedClock(now() + claiming.LASTS)):
        assert claiming.find(newest, account) is None
    assert WrongCode.objects.count() == 2
    with pytest.raises(Problem):
        claiming.labels(list(DeviceRecord.objects.all()), keeper(THERE, "other"))


def test_the_sheet_bears_a_picture_of_the_address(label: str) -> None:
    record = DeviceRecord.objects.get()
    page = person("keeper").post("/desk/devices/labels", {"device": str(record.device_id)})
    assert page.status_code == 200
    assert b"<svg" in page.content
    assert page["Cache-Control"] == "no-store"
