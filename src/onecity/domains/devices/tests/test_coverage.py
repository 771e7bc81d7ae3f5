"""Coverage of villages and its rate over the years, costs, and the pages that show them."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest
from django.test import Client

from onecity.domains.devices import coverage
from onecity.domains.devices.models import CoverageTarget, DeviceModel, DeviceRecord, Finding, Maintenance
from onecity.domains.devices.tests.fields import NOW, node
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper, watcher
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.places.models import Division
from onecity.kernel.telemetry.models import Device

pytestmark = pytest.mark.django_db
YEARS = NOW - dt.timedelta(days=500)


@pytest.fixture(autouse=True)
def villages() -> None:
    root = Division.objects.create(tree="adm", code="1", name="Q", level="district", path=DISTRICT)
    for path, code in ((HERE, "11"), (THERE, "12")):
        town = Division.objects.create(tree="adm", code=code, name=f"T{code}", level="town", parent=root, path=path)
        for number in (1, 2):
            Division.objects.create(
                tree="adm", code=f"{code}{number}", name=f"V{code}{number}", level="village", parent=town,
                path=f"{path}{code}{number}/", lon=121.4, lat=30.9,
            )  # fmt: skip


def network() -> DeviceModel:
    model = DeviceModel.objects.create(name="m", title="M", division_path=DISTRICT, unit_cost=1000, yearly_cost=50)
    since = {"a": YEARS, "b": NOW - dt.timedelta(days=100), "c": YEARS, "d": YEARS}
    where = {"a": f"{HERE}111/", "b": f"{HERE}112/", "c": f"{THERE}121/", "d": f"{THERE}122/"}
    for name, installed in since.items():
        record, _entity = node(name, where[name], model=model if name != "c" else None)
        DeviceRecord.objects.filter(device_id=record.device_id).update(installed_at=installed)
    DeviceRecord.objects.filter(name="d").update(retired_at=NOW - dt.timedelta(days=10))
    DeviceRecord.objects.filter(name="c").update(purchase_cost=70, running_cost=7)
    return model


def test_gaps_and_the_rate_of_this_year_and_last() -> None:
    network()
    with use_clock(FixedClock(NOW)):
        found = coverage.coverage(watcher(DISTRICT))
    assert [(v.division.name, v.total, v.before) for v in found.villages] == [
        ("V111", 1, 1), ("V112", 1, 0), ("V121", 1, 1), ("V122", 0, 1),
    ]  # fmt: skip
    assert (found.rate, found.rate_before) == (0.75, 0.75)
    assert [village.division.name for village in found.gaps] == ["V122"]
    assert found.villages[0].nodes == {"TestNode": 1}


def test_the_nearest_target_counts_and_a_town_sees_its_own() -> None:
    network()
    old = (NOW - dt.timedelta(days=9)).date()
    CoverageTarget.objects.create(division_path=DISTRICT, nodes=1, valid_from=old)
    CoverageTarget.objects.create(division_path=HERE, nodes=2, valid_from=old)
    CoverageTarget.objects.create(division_path=HERE, nodes=9, valid_from=(NOW + dt.timedelta(days=9)).date())
    with use_clock(FixedClock(NOW)):
        found = coverage.coverage(watcher(HERE))
        of_kind = coverage.coverage(watcher(HERE, "w2"), kind="Other")
    assert [(v.division.name, v.target, v.missing) for v in found.villages] == [("V111", 2, 1), ("V112", 2, 1)]
    assert [v.total for v in of_kind.villages] == [0, 0]


def test_what_nodes_cost_by_model_and_town() -> None:
    network()
    record = DeviceRecord.objects.get(name="a")
    Maintenance.objects.create(
        device_id=record.device_id, kind="repair", cause="x", division_path=record.division_path, due_at=NOW,
        opened_at=NOW, cost=Decimal(30),
    )  # fmt: skip
    with use_clock(FixedClock(NOW)):
        by_model = coverage.costs(watcher(DISTRICT))
        by_town = coverage.costs(watcher(DISTRICT, "w2"), by="town")
    assert [(c.name, c.nodes, *map(int, (c.purchase, c.running, c.maintenance, c.each))) for c in by_model] == [
        ("M", 2, 2000, 100, 30, 65), ("", 1, 70, 7, 0, 7),
    ]  # fmt: skip
    assert [(c.name, c.nodes, int(c.purchase)) for c in by_town] == [("T11", 2, 2000), ("T12", 1, 70)]


def test_the_pages_show_it(client: Client) -> None:
    network()
    record = DeviceRecord.objects.get(name="a")
    Finding.objects.create(
        device_id=record.device_id, kind="stuck", division_path=record.division_path, attribute="level", value=7, unit="m",
        onset=NOW, seen_at=NOW,
    )  # fmt: skip
    client.force_login(watcher(DISTRICT))
    health = client.get("/desk/devices/health").content.decode()
    assert "数值不变" in health
    assert client.get("/desk/devices/health/points").json()["features"][0]["properties"]["title"] == "a"
    with use_clock(FixedClock(NOW)):
        page = client.get("/desk/devices/coverage").content.decode()
        states = [f["properties"]["state"] for f in client.get("/desk/devices/coverage/points").json()["features"]]
        table = client.get("/desk/devices/coverage/table.xlsx")
    assert "V122" in page
    assert states == ["ok", "ok", "ok", "red"]
    rows = list(openpyxl.load_workbook(io.BytesIO(table.content)).worksheets[0].values)
    assert rows[4][1:] == ("122", 0, 0, 1, 1, 1)


def test_a_device_is_moved_on_its_page(client: Client) -> None:
    network()
    record = DeviceRecord.objects.get(name="a")
    client.force_login(keeper(DISTRICT))
    address = f"/desk/devices/{record.device_id}/move"
    assert client.post(address, {"division": "adm/1/99/", "reason": ""}).status_code == 422
    assert client.get(address).status_code == 200
    moved = client.post(address, {"division": f"{THERE}122/", "reason": "new border"})
    assert moved.status_code == 302
    assert Device.objects.get(id=record.device_id).division_path == f"{THERE}122/"


def test_a_target_is_stated_with_its_day_and_taken_back(client: Client) -> None:
    network()
    given = {"division_path": HERE, "entity_type": "", "nodes": 3, "valid_from": "2026-06-01"}
    address = "/desk/devices/coverage/targets"
    client.force_login(watcher(DISTRICT))
    assert client.post(address, given).status_code == 403
    client.force_login(keeper(HERE))
    wrong = client.post(address, given | {"nodes": "-1"})
    assert (wrong.status_code, client.post(address, given | {"division_path": THERE}).status_code) == (422, 422)
    assert not CoverageTarget.objects.exists()
    with use_clock(FixedClock(NOW)):
        for nodes, day in ((3, "2026-06-01"), (2, "2026-06-01"), (5, "2027-01-01")):
            assert client.post(address, given | {"nodes": nodes, "valid_from": day}).status_code == 302
        page = client.get("/desk/devices/coverage").content.decode()
        found = coverage.coverage(watcher(HERE, "w2"))
    assert "尚未生效" in page
    assert {village.target for village in found.villages} == {2}
    assert [(k.name, k.nodes, k.before, k.villages) for k in coverage.kinds(found)] == [("TestNode", 2, 1, 2)]
    row = CoverageTarget.objects.get(nodes=2)
    client.force_login(keeper(THERE, "other"))
    assert client.post(f"{address}/{row.id}/end").status_code == 404
    client.force_login(keeper(HERE, "k3"))
    assert client.post(f"{address}/{row.id}/end").status_code == 302
    assert [one.nodes for one in CoverageTarget.objects.all()] == [5]


def test_gaps_are_shown_page_by_page(client: Client) -> None:
    town = Division.objects.get(path=HERE)
    Division.objects.bulk_create(
        Division(
            tree="adm", code=f"8{n:03}", name=f"W{n:03}", level="village", parent=town, path=f"{HERE}8{n:03}/",
            lon=121.4, lat=30.9,
        )
        for n in range(60)
    )  # fmt: skip
    client.force_login(watcher(HERE, "pages"))
    first, second = (client.get("/desk/devices/coverage", {"page": n, "kind": "none"}) for n in (1, 2))
    assert (len(first.context["gaps"]), len(second.context["gaps"])) == (50, 12)
    names = [village.division.name for page in (first, second) for _title, village in page.context["gaps"]]
    assert len(set(names)) == 62
    assert "page=2" in first.content.decode()
