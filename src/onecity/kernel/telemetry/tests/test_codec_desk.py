"""Codecs at the desk, without JavaScript: from an empty page to a version in use, tried on messages that really came."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from onecity.kernel.core.clock import now, now_us
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import codec_library, uplinks
from onecity.kernel.telemetry.codecs.declaration import Payload
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.readings import Refusals
from onecity.kernel.telemetry.models import CodecVersion, DeviceAddress, RawMessage
from onecity.kernel.telemetry.tests.codec_documents import LHT65
from onecity.kernel.telemetry.tests.field import manager
from onecity.kernel.telemetry.tests.sample import station
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.telemetry.uplinks import Shelf, Uplink

pytestmark = pytest.mark.django_db
EDIT = "/desk/codecs/edit"
TANK = EntityType("Tank", "Tank", (Attribute("level", "Level", "m"), Attribute("valve", "Valve", "1")))
START = json.dumps({"name": "tank", "format": "binary", "messages": [{"fields": []}], "tests": []})


@pytest.fixture
def desk() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(manager())
    return client


def test_from_an_empty_page_to_a_version_in_use(desk: Client) -> None:
    device, _secret, _series = station("tank-1", kind=TANK)
    RawMessage.objects.create(
        device_id=device.id, division_path="adm/1/", way="coap", received_at=now(), port=3, size=3,
        payload=bytes.fromhex("00FA01"),
    )  # fmt: skip
    page = desk.get(f"{EDIT}?device={device.id}")
    (message,) = page.context["captured"]
    field = {"attribute": "level", "message": "1", "offset": "0", "type": "uint16", "scale": "0.01", "unit": "m"}
    first = desk.post(EDIT, {"act": "field", "definition": START, **field})
    field = {"attribute": "valve", "message": "1", "offset": "2", "type": "uint8", "lowest_bit": "0", "bits": "1"}
    second = desk.post(EDIT, {"act": "field", "definition": first.context["definition"], **field})
    definition = second.context["definition"]
    assert json.loads(definition)["messages"][0]["fields"] == [
        {"attribute": "level", "offset": 0, "type": "uint16", "scale": 0.01, "unit": "m"},
        {"attribute": "valve", "offset": 2, "type": "uint8", "bits": [0, 1]},
    ]
    refused = desk.post(EDIT, {"act": "publish", "definition": definition})
    assert (refused.status_code, refused.context["problem"].code) == (422, "codec-without-tests")
    tried = desk.post(EDIT, {"act": "test", "definition": definition, "captured": message.key})
    assert [(one.attribute, one.value) for one, _at in tried.context["readings"]] == [("level", 2.5), ("valve", 1.0)]
    definition = tried.context["definition"]
    saved = desk.post(EDIT, {"act": "save", "definition": definition})
    assert (saved.context["saved"].version, saved.context["mismatches"]) == (1, [])
    assert "All its tests hold." in saved.content.decode()
    done = desk.post(EDIT, {"act": "publish", "definition": definition})
    assert (done.status_code, done["Location"]) == (302, "/desk/codecs/tank/1")
    assert CodecVersion.objects.get().status == "published"
    assert desk.get("/desk/codecs").context["codecs"][0].published == 1


def test_tests_run_on_each_save_and_versions_can_be_compared_and_rolled_back(desk: Client) -> None:
    codec_library.publish(LHT65, "adm/1/", manager())
    changed = json.loads(json.dumps(LHT65))
    changed["messages"][0]["fields"][0]["scale"] = 0.002
    saved = desk.post(EDIT, {"act": "save", "definition": json.dumps(changed)})
    assert [one.name for one in saved.context["mismatches"]] == ["manual", "no probe"]
    assert CodecVersion.objects.get(version=2).status == "draft"
    for reading in (item for test in changed["tests"] for item in test.get("readings", [])):
        reading["value"] *= 2 if reading["attribute"] == "battery" else 1
    assert desk.post(EDIT, {"act": "publish", "definition": json.dumps(changed)}).status_code == 302
    page = desk.get("/desk/codecs/dragino-lht65/2")
    lines = [line.strip(" ,") for line in page.context["difference"]]
    assert any(line.startswith("-") and '"scale": 0.001' in line for line in lines)
    assert any(line.startswith("+") and '"scale": 0.002' in line for line in lines)
    assert desk.post("/desk/codecs/dragino-lht65/1/back")["Location"] == "/desk/codecs/dragino-lht65/3"
    assert list(CodecVersion.objects.order_by("version").values_list("status", flat=True)) == [
        "retired",
        "retired",
        "published",
    ]
    assert CodecVersion.objects.get(version=3).definition == LHT65


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"act": "save", "definition": "{"}, 422),
        ({"act": "save", "definition": json.dumps({"name": "x"})}, 422),
        ({"act": "field", "definition": "[]", "attribute": "a", "message": "1", "offset": "0"}, 422),
        ({"act": "field", "definition": START, "attribute": "a", "message": "7", "offset": "0"}, 422),
        ({"act": "field", "definition": START, "attribute": "a", "message": "1"}, 200),
        ({"act": "field", "definition": START, "attribute": "a", "message": "1", "offset": "0", "lookup": "x"}, 200),
        ({"act": "try", "definition": START, "hex": "zz"}, 422),
        ({"act": "try", "definition": START, "captured": "raw:00000000-0000-0000-0000-000000000000"}, 422),
        ({"act": "try", "definition": START, "captured": "held:x"}, 422),
        ({"act": "test", "definition": "{}", "hex": "00"}, 200),
        ({"act": "publish", "definition": json.dumps({"name": "x", "format": "code", "code": "import os"})}, 422),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(desk: Client, given: dict[str, Any], status: int) -> None:
    answer = desk.post(EDIT, given)
    assert answer.status_code == status
    assert "notice warn" in answer.content.decode() or 'class="error"' in answer.content.decode()
    assert not CodecVersion.objects.exists()


def test_pages_are_for_those_who_may(desk: Client) -> None:
    codec_library.publish(LHT65, "adm/1/", manager())
    desk.force_login(Account.objects.create_user("somebody", "a-long-password"))
    for address in ("/desk/codecs", EDIT, "/desk/codecs/dragino-lht65/1"):
        assert desk.get(address).status_code == 403
    assert desk.post("/desk/codecs/dragino-lht65/1/back").status_code == 403
    desk.force_login(manager())
    assert desk.get("/desk/codecs/dragino-lht65/9").status_code == 404


def test_a_codec_that_fails_stops_nobody_else(known: Callable[[], Catalogue]) -> None:
    """Its messages go to quarantine whole and can be tried at the desk; the others' readings are taken."""
    codec_library.publish(LHT65, "adm/1/", manager())
    series = {}
    for key in ("good", "bad"):
        device, _secret, series[key] = station(key, kind=EntityType("Room", "Room", (Attribute("battery", "B", "V"),)))
        DeviceAddress.objects.create(
            network="lorawan", address=key, device_id=device.id, codec=LHT65["name"], entity=key, division_path="adm/1/"
        )
    shelf, refusals = Shelf(), Refusals()
    shelf.refresh()
    messages = [
        Uplink("lorawan", "bad", Payload(b"\x01", 2, now_us())),
        Uplink("lorawan", "good", Payload(bytes.fromhex("CBF60B0D0376010ADD7FFF"), 2, now_us())),
        Uplink("lorawan", "bad", Payload(b"", 77, now_us())),
    ]
    batch = uplinks.take(messages, shelf, known(), refusals, now_us())
    assert batch.value.tolist() == [3.062]
    found = {(refusal.reason, refusal.device): refusal.readings for refusal in refusals.finish()}
    assert sum(count for (reason, _device), count in found.items() if reason == "codec") == 2
    assert not RawMessage.objects.exists()
