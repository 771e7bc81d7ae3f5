"""Calibration and repairs as cases: once each, and what came of a case is taken over."""

import datetime as dt
from decimal import Decimal

import pytest

from onecity.domains.devices import maintenance
from onecity.domains.devices.casetypes import CALIBRATION, MAINTENANCE
from onecity.domains.devices.models import DeviceModel, DeviceRecord, Finding, Maintenance
from onecity.domains.devices.tests.fields import NOW, node
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper
from onecity.kernel.cases import service as cases
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds() -> None:
    with use_clock(FixedClock(NOW - dt.timedelta(days=300))):
        for kind in (CALIBRATION, MAINTENANCE):
            cases.publish(kind)


def sweep(at: dt.datetime = NOW) -> int:
    with use_clock(FixedClock(at)):
        return maintenance.sweep()


def work_through(case: Case, result: str) -> None:
    for step, data in (
        ("accept", {}), ("start", {}), ("finish", {"result": result}), ("verify", {}), ("close", {}),
    ):  # fmt: skip
        cases.act(case.id, step, None, note="done", data=data)


def test_a_finding_that_lasts_becomes_one_case_and_no_second_one() -> None:
    record, _entity = node("a", HERE)
    finding = Finding.objects.create(
        device_id=record.device_id, kind="silent", division_path=HERE, value=9, onset=NOW, found_at=NOW, seen_at=NOW
    )
    assert sweep(NOW + dt.timedelta(hours=1)) == 0
    assert (sweep(NOW + dt.timedelta(hours=3)), sweep(NOW + dt.timedelta(hours=4))) == (1, 0)
    case = Case.objects.get()
    finding.refresh_from_db()
    assert (case.type_name, case.division_path, case.severity, case.source_key) == (
        "device_maintenance", HERE, "yellow", f"device-finding:{finding.id}",
    )  # fmt: skip
    assert finding.case_id == case.id
    assert case.title.startswith("a: ")
    assert Maintenance.objects.get().case_number == case.number


def test_a_calibration_falls_due_is_done_and_falls_due_again() -> None:
    model = DeviceModel.objects.create(name="m", title="M", division_path=DISTRICT, calibration_days=100)
    record, _entity = node("a", HERE, model=model)
    assert maintenance.calibration_due(record) == NOW
    assert (sweep(NOW - dt.timedelta(days=15)), sweep(NOW - dt.timedelta(days=13)), sweep(NOW)) == (0, 1, 0)
    case = Case.objects.get()
    with use_clock(FixedClock(NOW)), pytest.raises(Problem):
        work_through(case, "whatever")
    done = NOW + dt.timedelta(days=2)
    with use_clock(FixedClock(done)):
        for step, data in (("finish", {"result": "adjusted"}), ("verify", {}), ("close", {})):
            cases.act(case.id, step, None, note="done", data=data)
    assert sweep(done) == 0
    record = DeviceRecord.objects.get()
    assert maintenance.calibration_due(record) == done + dt.timedelta(days=100)
    work = Maintenance.objects.get()
    assert (work.done_at, work.result) == (done, "adjusted")
    assert sweep(done + dt.timedelta(days=90)) == 1


def test_a_calibration_that_failed_moves_no_date() -> None:
    model = DeviceModel.objects.create(name="m", title="M", division_path=DISTRICT, calibration_days=100)
    node("a", HERE, model=model)
    sweep()
    with use_clock(FixedClock(NOW)):
        work_through(Case.objects.get(), "failed")
    sweep()
    assert DeviceRecord.objects.get().calibrated_at is None
    assert Maintenance.objects.get().result == "failed"


def test_a_cost_is_noted_by_who_manages_there() -> None:
    record, _entity = node("a", HERE)
    work = Maintenance.objects.create(
        device_id=record.device_id, kind="repair", cause="x", division_path=HERE, due_at=NOW
    )
    assert maintenance.note_cost(work.id, Decimal("120.50"), keeper(HERE)).cost == Decimal("120.50")
    with pytest.raises(Problem) as refused:
        maintenance.note_cost(work.id, Decimal(1), keeper(THERE, "other"))
    assert refused.value.status == 404
    with pytest.raises(Problem):
        maintenance.note_cost(work.id, Decimal(-1), keeper(HERE, "k3"))
