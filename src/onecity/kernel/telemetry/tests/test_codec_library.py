"""The library of codecs: what is refused and changes nothing, versions, files; and messages that come in by a codec."""

import copy
import json
from collections.abc import Callable, Iterator

import pytest
from django.utils import translation

from onecity.kernel.access import policy
from onecity.kernel.core.clock import now, now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import codec_library, uplinks
from onecity.kernel.telemetry.codecs.declaration import Payload
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.readings import Refusals
from onecity.kernel.telemetry.models import CodecVersion, DeviceAddress, Quarantine
from onecity.kernel.telemetry.models.quarantine import Reason
from onecity.kernel.telemetry.service import revoke_device
from onecity.kernel.telemetry.tests import codec_documents as documents
from onecity.kernel.telemetry.tests import field
from onecity.kernel.telemetry.tests.sample import T0, station
from onecity.kernel.telemetry.types import Attribute, EntityType

pytestmark = pytest.mark.django_db

ROOM = EntityType(
    "Room",
    "Room",
    (
        Attribute("temperature", "Temperature", "Cel", -50, 60),
        Attribute("humidity", "Humidity", "%", 0, 100),
        Attribute("voltage", "Battery", "mV", 0, 5000),
        Attribute("rssi", "RSSI", "dB", -200, 20),
    ),
)
GOOD = bytes.fromhex("CBF60B0D0376010ADD7FFF")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def manager(db: None) -> Account:
    # tests of the field process commit theirs
    return field.manager()


@pytest.fixture
def stranger() -> Account:
    return Account.objects.create_user("stranger", "a-long-password")


def test_a_codec_that_fails_its_own_tests_is_not_published(manager: Account) -> None:
    document = copy.deepcopy(documents.LHT65)
    document["tests"][0]["readings"][0]["value"] = 3.0
    with pytest.raises(Problem) as caught:
        codec_library.publish(document, "adm/1/", manager)
    assert caught.value.code == "codec-tests-fail"
    assert [error.field for error in caught.value.errors] == ["manual"]
    document["tests"] = []
    with pytest.raises(Problem, match="no test"):
        codec_library.publish(document, "adm/1/", manager)
    assert not CodecVersion.objects.exists()


def test_versions_are_numbered_and_never_change(manager: Account) -> None:
    first = codec_library.publish(documents.LHT65, "adm/1/", manager)
    assert codec_library.publish(documents.LHT65, "adm/1/", manager).id == first.id
    changed = copy.deepcopy(documents.LHT65) | {"title": "LHT65, second"}
    draft = codec_library.save_draft(changed, "adm/1/", manager)
    assert (draft.version, draft.status) == (2, "draft")
    second = codec_library.publish(changed, "adm/1/", manager)
    assert second.id == draft.id
    assert list(CodecVersion.objects.order_by("version").values_list("version", "status")) == [
        (1, "retired"),
        (2, "published"),
    ]


def test_whoever_may_not_manage_publishes_nothing(stranger: Account, manager: Account) -> None:
    with pytest.raises(Problem) as caught:
        codec_library.publish(documents.LHT65, "adm/1/", stranger)
    assert caught.value.status == 403
    assert not CodecVersion.objects.exists()
    assert policy.may(manager, "telemetry.manage", "adm/1/")


def test_a_file_is_imported_whole_or_not_at_all(manager: Account) -> None:
    codec_library.publish(documents.LHT65, "adm/1/", manager)
    codec_library.publish(documents.EM300, "adm/1/", manager)
    file = codec_library.export()
    assert [item["name"] for item in json.loads(file)["codecs"]] == ["dragino-lht65", "milesight-em300-th"]
    CodecVersion.objects.all().delete()
    assert [row.version for row in codec_library.import_(file, "adm/1/", manager)] == [1, 1]
    assert json.loads(codec_library.export(["dragino-lht65"])) == {
        "onecity": "codecs",
        "codecs": [json.loads(json.dumps(documents.LHT65))],
    }
    CodecVersion.objects.all().delete()
    broken = json.loads(file)
    broken["codecs"][1]["messages"] = []
    with pytest.raises(Problem) as caught:
        codec_library.import_(json.dumps(broken).encode(), "adm/1/", manager)
    assert [error.field for error in caught.value.errors] == ["milesight-em300-th"]
    assert not CodecVersion.objects.exists()
    for nonsense in (b"", b"[]", b"[1]", b"{", b"\xff"):
        with pytest.raises(Problem):
            codec_library.import_(nonsense, "adm/1/", manager)


def test_trying_out_says_where_it_fails() -> None:
    trial = codec_library.try_codec(documents.LHT65, GOOD, 2, T0)
    assert [(r.attribute, r.value) for r in trial.readings][:2] == [("battery", 3.062), ("temperature", 28.29)]
    cut = codec_library.try_codec(documents.LHT65, GOOD[:3], 2, T0)
    assert (cut.where, str(cut.error)) == ("byte 2", "The message has 3 bytes, 4 are needed")
    wrong = codec_library.try_codec(b'{"name": "x", "messages": [{"fields": [{"attribute": "a"}]}]}', GOOD)
    assert wrong.where == "definition:messages[0].fields[0].offset"


def lorawan(key: str, address: str, codec: str = "dragino-lht65") -> tuple[dict[str, int], str]:
    device, _secret, series = station(key, kind=ROOM)
    DeviceAddress.objects.create(
        network="lorawan",
        address=address,
        device_id=device.id,
        codec=codec,
        entity=key,
        attributes={"battery": "voltage"},
        division_path="adm/1/",
    )
    return series, str(device.id)


def shelf() -> uplinks.Shelf:
    found = uplinks.Shelf()
    found.refresh()
    return found


def uplink(address: str, data: bytes = GOOD, **more: object) -> uplinks.Uplink:
    return uplinks.Uplink("lorawan", address, Payload(data, 2, now_us()), extra={"rssi": -81.0, "snr": 9.0})


def test_messages_become_readings_in_the_units_of_their_series(
    manager: Account, known: Callable[[], Catalogue]
) -> None:
    codec_library.publish(documents.LHT65, "adm/1/", manager)
    series, _device = lorawan("room-1", "a84041000181c061")
    refusals = Refusals()
    batch = uplinks.take([uplink("a84041000181c061")], shelf(), known(), refusals, now_us())
    found = dict(zip(batch.series_id.tolist(), batch.value.tolist(), strict=True))
    # the outside temperature has no series: it is refused, visibly; the signal-to-noise ratio was only offered
    assert found == pytest.approx(
        {series["temperature"]: 28.29, series["humidity"]: 88.6, series["voltage"]: 3062.0, series["rssi"]: -81.0}
    )
    assert [(r.reason, r.readings) for r in refusals.finish()] == [("unknown_attribute", 1)]


def test_a_message_that_cannot_be_read_is_refused_whole_and_harms_no_other(
    manager: Account, known: Callable[[], Catalogue]
) -> None:
    codec_library.publish(documents.LHT65, "adm/1/", manager)
    series, device = lorawan("room-1", "01")
    lorawan("room-2", "02", codec="absent")
    refusals = Refusals()
    sent = [uplink("01", GOOD[:4]), uplink("01"), uplink("02"), uplink("03")]
    batch = uplinks.take(sent, shelf(), known(), refusals, now_us())
    assert set(series.values()) == set(batch.series_id.tolist())
    found = {(r.reason, r.detail): r for r in refusals.finish()}
    assert ("unknown_device", "lorawan 03") in found
    cut = found["codec", "dragino-lht65: byte 4: The message has 4 bytes, 6 are needed"]
    assert cut.device == device
    assert json.loads(cut.raw)["hex"] == "cbf60b0d"
    assert found["codec", "absent"].readings == 1


def test_a_revoked_device_is_not_heard(manager: Account, known: Callable[[], Catalogue]) -> None:
    codec_library.publish(documents.LHT65, "adm/1/", manager)
    lorawan("room-1", "01")
    revoke_device(DeviceAddress.objects.get().device_id)
    refusals = Refusals()
    assert len(uplinks.take([uplink("01")], shelf(), known(), refusals, now_us())) == 0
    assert [r.reason for r in refusals.finish()] == ["unknown_device"]


def test_quarantine_has_the_reason(db: None) -> None:
    row = Quarantine.objects.create(
        received_at=now(), source="lorawan", reason=Reason.CODEC, readings=1, kept=1, raw=b"{}"
    )
    row.full_clean()


def test_what_a_codec_could_not_read_is_read_again_by_the_next(
    manager: Account, known: Callable[[], Catalogue]
) -> None:
    document = copy.deepcopy(documents.LHT65)
    document["messages"][0]["when"] = {"port": 7}
    document["tests"] = [{"hex": "0B", "port": 5}]
    codec_library.publish(document, "adm/1/", manager)
    series, _device = lorawan("room-1", "01")
    refusals = Refusals()
    assert len(uplinks.take([uplink("01")], shelf(), known(), refusals, now_us())) == 0
    [kept] = refusals.finish()
    batch, still = uplinks.again(kept.raw + b"\n{broken", known())
    assert (len(batch), [r.readings for r in still.finish()]) == (0, [1, 1])
    codec_library.publish(documents.LHT65, "adm/1/", manager)
    batch, still = uplinks.again(kept.raw, known())
    found = dict(zip(batch.series_id.tolist(), batch.value.tolist(), strict=True))
    assert found[series["temperature"]] == 28.29
    assert [r.reason for r in still.finish()] == ["unknown_attribute"]
