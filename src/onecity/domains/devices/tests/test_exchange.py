"""Device management as a file: a round trip into an empty district, trials that change nothing, wrong rows by line, no secrets."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from onecity.domains.devices import exchange
from onecity.domains.devices.models import (
    CoverageTarget,
    DeviceGroup,
    DeviceModel,
    DeviceRecord,
    Maintenance,
    Membership,
    PlaceModel,
)
from onecity.domains.devices.tests.fields import NOW, node
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Organisation
from onecity.kernel.places.models import Division
from onecity.kernel.rules import publishing
from onecity.kernel.rules.logic.conditions import Level, Severity, Threshold
from onecity.kernel.rules.models import Rule, RuleVersion
from onecity.kernel.rules.types import RuleDecl
from onecity.kernel.telemetry import codec_library
from onecity.kernel.telemetry.models import CodecVersion, Device, DeviceAddress, FieldSource, Series
from onecity.kernel.telemetry.tests.codec_documents import LHT65
from onecity.kernel.twin.models import Entity

pytestmark = pytest.mark.django_db
PUMP = {
    "host": "10.0.0.5", "points": [{"entity": "a", "attribute": "level", "table": "holding", "address": 0, "type": "uint16"}]
}  # fmt: skip


@pytest.fixture(autouse=True)
def furnished() -> None:
    root = Division.objects.create(tree="adm", code="1", name="Q", level="district", path=DISTRICT)
    for path, code in ((HERE, "11"), (THERE, "12")):
        Division.objects.create(tree="adm", code=code, name=code, level="town", parent=root, path=path)
    model = DeviceModel.objects.create(name="m", title="M", division_path=DISTRICT, unit_cost=10, calibration_days=9)
    owner = Organisation.objects.create(code="water", name="Water board")
    a, _thing = node("a", HERE, model=model)
    node("b", THERE)
    DeviceRecord.objects.filter(device_id=a.device_id).update(organisation_id=owner.id, firmware_version="1.2")
    DeviceGroup.objects.create(name="g", division_path=HERE, condition={"status": "installed"})
    picked = DeviceGroup.objects.create(name="picked", division_path=HERE)
    Membership.objects.create(group=picked, record=a)
    DeviceAddress.objects.create(
        network="lorawan", address="70b3d57ed0000001", device_id=a.device_id, codec="c", entity="e", division_path=HERE,
        attributes={"t": "level"},
    )  # fmt: skip
    FieldSource.objects.create(
        name="Pump", protocol="modbus", settings=PUMP, device_id=a.device_id, division_path=HERE, interval_s=5, enabled=False,
        sealed=b"sealed",
    )  # fmt: skip
    CoverageTarget.objects.create(division_path=HERE, nodes=2, valid_from=NOW.date())
    Maintenance.objects.create(
        device_id=a.device_id, kind="repair", cause="x", division_path=HERE, due_at=NOW, case_number="C-1", done_at=NOW,
        result="repaired", cost=7,
    )  # fmt: skip
    PlaceModel.objects.create(name="p", division_path=HERE)


def empty() -> None:
    for kind in (
        PlaceModel,
        CoverageTarget,
        Maintenance,
        DeviceAddress,
        FieldSource,
        DeviceGroup,
        DeviceRecord,
        DeviceModel,
        Device,
    ):
        kind.objects.all().delete()


def tables(file: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(file: bytes, name: str, old: bytes, new: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for one, text in tables(file).items():
            archive.writestr(one, text.replace(old, new) if one == name else text)
    return content.getvalue()


def test_a_round_trip_into_an_empty_district_and_a_second_time_nothing() -> None:
    officer = keeper(DISTRICT)
    file = exchange.export(officer)
    devices = set(Device.objects.values_list("id", flat=True))
    empty()
    Entity.objects.update(device_id=None)
    tried = exchange.bring_in(file, officer, trial=True)
    assert {name: len(keys) for name, keys in tried.created.items()} == {
        "models.csv": 1, "devices.csv": 2, "groups.csv": 2, "places.csv": 1,
        "addresses.csv": 1, "sources.csv": 1, "members.csv": 1, "targets.csv": 1, "work.csv": 1,
    }  # fmt: skip
    assert not DeviceRecord.objects.exists()
    assert exchange.bring_in(file, officer, trial=False).created == tried.created
    assert tables(exchange.export(officer)) == tables(file)
    assert set(Device.objects.values_list("id", flat=True)) == devices
    record = DeviceRecord.objects.get(name="a")
    assert Entity.objects.get(key="a").device_id == record.device_id
    assert set(Series.objects.filter(entity_key="a").values_list("device_id", flat=True)) == {record.device_id}
    assert [group.name for group in DeviceGroup.objects.filter(memberships__record=record)] == ["picked"]
    again = exchange.bring_in(file, officer, trial=False)
    assert (again.created, again.changed, sum(again.unchanged.values())) == ({}, {}, 11)


def test_differences_are_told_and_no_secret_is_in_the_file() -> None:
    officer = keeper(DISTRICT)
    file = exchange.export(officer)
    assert not any(b"secret" in text or b"hash" in text for text in tables(file).values())
    other = changed(file, "models.csv", b",M,", b",Other,")
    assert exchange.bring_in(other, officer, trial=True).changed == {"models.csv": {"m": ["title"]}}
    assert DeviceModel.objects.get().title == "M"
    exchange.bring_in(other, officer, trial=False)
    assert DeviceModel.objects.get().title == "Other"


def test_sources_come_back_without_their_credentials_and_only_where_they_can_work() -> None:
    officer = keeper(DISTRICT)
    file = exchange.export(officer)
    assert b"sealed" not in tables(file)["sources.csv"]
    FieldSource.objects.all().delete()
    for old, new, said in (
        (b"modbus", b"telex", "not a valid choice"), (b"holding", b"drum", "table"), (HERE.encode(), THERE.encode(), "no such device"),
        (b"10.0.0.5", b"", "host"),
    ):  # fmt: skip
        with translation.override("en"), pytest.raises(Problem) as refused:
            exchange.bring_in(changed(file, "sources.csv", old, new), officer, trial=False)
        assert [error.field for error in refused.value.errors] == ["sources.csv:2"]
        assert said in str(refused.value.errors[0].detail)
    assert not FieldSource.objects.exists()
    exchange.bring_in(file, officer, trial=False)
    back = FieldSource.objects.get()
    assert (back.settings, back.interval_s, back.enabled, bytes(back.sealed)) == (PUMP, 5.0, False, b"")


def test_wrong_rows_are_named_by_line_and_nothing_is_taken() -> None:
    officer = keeper(DISTRICT)
    file = exchange.export(officer)
    empty()
    wrong = changed(file, "groups.csv", HERE.encode(), b"adm/1/99/")
    with pytest.raises(Problem) as refused:
        exchange.bring_in(wrong, officer, trial=False)
    assert [error.field for error in refused.value.errors] == ["groups.csv:2", "groups.csv:3", "members.csv:2"]
    assert not DeviceModel.objects.exists()
    with pytest.raises(Problem):
        exchange.bring_in(b"no zip", officer, trial=False)


def test_a_town_takes_out_its_own_and_brings_nothing_into_another() -> None:
    file = exchange.export(keeper(DISTRICT))
    here = keeper(HERE, "here")
    assert tables(exchange.export(here))["devices.csv"].count(b"\n") == 2
    with pytest.raises(Problem) as refused:
        exchange.bring_in(file, here, trial=False)
    assert refused.value.status == 403


def test_the_page_compares_and_brings_in(client: Client) -> None:
    client.force_login(keeper(DISTRICT))
    file = client.get("/desk/devices/exchange/devices.zip").content
    DeviceGroup.objects.all().delete()
    for really, left in (("", 0), ("on", 1)):
        upload = SimpleUploadedFile("devices.zip", file)
        assert client.post("/desk/devices/exchange", {"file": upload, "really": really}).status_code == 200
        assert DeviceGroup.objects.count() == 2 * left
    wrong = client.post("/desk/devices/exchange", {"file": SimpleUploadedFile("x.zip", b"nothing")})
    assert wrong.status_code == 422


def test_codecs_and_rules_go_along_and_come_back() -> None:
    officer = keeper(DISTRICT)
    codec = codec_library.publish(LHT65, DISTRICT, officer)
    declared = RuleDecl("network.flood", "Water is high", "TestNode", "level", Threshold((Level(Severity.RED, 3.0),)))
    publishing.declare(declared, "network")
    file = exchange.export(officer)
    assert {"codecs.json", "rules.json"} <= set(tables(file))
    rules = len(json.loads(tables(file)["rules.json"])["rules"])
    CodecVersion.objects.all().delete()
    RuleVersion.objects.all().delete()
    Rule.objects.all().delete()
    found = exchange.bring_in(file, officer, trial=False)
    assert found.created["codecs.json"] == [codec.name]
    assert (len(found.created["rules.json"]), Rule.objects.count()) == (rules, rules)
    assert CodecVersion.objects.get().definition == codec.definition
    again = exchange.bring_in(file, officer, trial=False)
    assert (again.created, again.changed) == ({}, {})
