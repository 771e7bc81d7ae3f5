"""Work on devices: calibration that falls due and what the check-up found become cases, and cases that end say what came of it."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onecity.domains.devices.casetypes import CALIBRATION, CHECKED, MAINTENANCE
from onecity.domains.devices.models import DeviceRecord, Finding, FindingKind, Maintenance, RecordStatus, WorkKind
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.kernel.access import audit, policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.cases import service as cases
from onecity.kernel.cases.logic.provisions import reason_named
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.service import NewCase
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

# a calibration is asked for so long before it is due
AHEAD = dt.timedelta(days=14)
# a fault that passes by itself within this time needs nobody
PATIENCE = dt.timedelta(hours=2)
# cases opened in one go; what falls due on one day is worked off over the next runs
AT_ONCE = 200
DUE_IN = dt.timedelta(days=5)
SOURCE = "devices"
GRAVE = frozenset({FindingKind.SILENT, FindingKind.STUCK})


def sweep() -> int:
    """Write down what ended cases brought, and open a case for all that waits for one; gives how many were opened."""
    close()
    with translation.override(settings.LANGUAGE_CODE):
        return ask_for_repairs() + ask_for_calibrations()


@transaction.atomic
def ask_for_repairs() -> int:
    """One case for each finding that has lasted; a device in the hands of somebody already is left to them."""
    waiting = Finding.objects.select_for_update().filter(
        end__isnull=True, case_id__isnull=True, found_at__lte=now() - PATIENCE
    )
    found = list(waiting.order_by("found_at", "id")[:AT_ONCE])
    records = DeviceRecord.objects.in_bulk({finding.device_id for finding in found})
    known = [finding for finding in found if finding.device_id in records]
    opened = cases.open_cases([_repair(finding, records[finding.device_id]) for finding in known])
    for finding, case in zip(known, opened, strict=True):
        finding.case_id = case.id
    Finding.objects.bulk_update(known, ["case_id"])
    rows = [
        _work(finding.device_id, WorkKind.REPAIR, f"finding:{finding.id}", case, now() + DUE_IN)
        for finding, case in zip(known, opened, strict=True)
    ]
    Maintenance.objects.bulk_create(rows, ignore_conflicts=True)
    return len(known)


@transaction.atomic
def ask_for_calibrations() -> int:
    """One case for each device whose calibration falls due within two weeks, once for each due date."""
    rows = DeviceRecord.objects.filter(status=RecordStatus.INSTALLED, model__calibration_days__isnull=False)
    due = [(due_at, record) for record in rows.select_related("model") if (due_at := calibration_due(record))]
    soon = [(at, record) for at, record in due if at <= now() + AHEAD]
    causes = {(record.device_id, _cause(at)) for at, record in soon}
    asked = set(
        Maintenance.objects.filter(device_id__in=[device for device, _c in causes]).values_list("device_id", "cause")
    )
    open_already = set(
        Maintenance.objects.filter(kind=WorkKind.CALIBRATION, done_at__isnull=True).values_list("device_id", flat=True)
    )
    wanted = sorted(
        (
            (at, record)
            for at, record in soon
            if (record.device_id, _cause(at)) not in asked and record.device_id not in open_already
        ),
        key=lambda one: (one[0], one[1].device_id),
    )[:AT_ONCE]
    opened = cases.open_cases([_calibration(record, at) for at, record in wanted])
    Maintenance.objects.bulk_create(
        [
            _work(record.device_id, WorkKind.CALIBRATION, _cause(at), case, at)
            for (at, record), case in zip(wanted, opened, strict=True)
        ],
        ignore_conflicts=True,
    )
    return len(wanted)


@transaction.atomic
def close() -> int:
    """Take over how ended cases were settled: a calibration that succeeded starts the time until the next; gives how many."""
    rows = list(Maintenance.objects.select_for_update().filter(done_at__isnull=True, case_id__isnull=False))
    ended = Case.objects.filter(closed_at__isnull=False).in_bulk([row.case_id for row in rows])
    done = [row for row in rows if row.case_id in ended]
    for row in done:
        case = ended[row.case_id]
        row.done_at, row.result = case.closed_at, case.result or case.state
        if row.kind == WorkKind.CALIBRATION and case.result in CHECKED:
            DeviceRecord.objects.filter(device_id=row.device_id).update(calibrated_at=case.closed_at)
    Maintenance.objects.bulk_update(done, ["done_at", "result"])
    return len(done)


def calibration_due(record: DeviceRecord) -> dt.datetime | None:
    """When a device has to be calibrated next; None where its model asks for none, or it was never installed."""
    days = record.model.calibration_days if record.model else None
    since = record.calibrated_at or record.installed_at
    return None if days is None or since is None else since + dt.timedelta(days=days)


def result_title(work: Maintenance) -> str:
    """How a piece of work ended, in the reader's language; "" while it goes on."""
    provided = (CALIBRATION if work.kind == WorkKind.CALIBRATION else MAINTENANCE).provides
    known = reason_named(provided.results, work.result)
    return in_language(known.title) if known else work.result


def work_of(account: Principal, devices: Sequence[UUID] | None = None) -> QuerySet[Maintenance]:
    """The work that an account may see, the newest first; of these devices where they are named."""
    rows = policy.visible(Maintenance.objects.all(), account, VIEW)
    return rows if devices is None else rows.filter(device_id__in=devices)


@transaction.atomic
def note_cost(work_id: UUID, cost: Decimal, actor: Account) -> Maintenance:
    """Write down what a piece of work cost (yuan). Raises Problem 404, 403, 422 (less than nothing)."""
    row = work_of(actor).filter(id=work_id).first()
    if row is None:
        raise Problem("no-work", gettext_lazy("There is no such work"), status=404)
    policy.require(actor, MANAGE, row.division_path)
    if not 0 <= cost < Decimal(10) ** 10:
        errors = [FieldError("cost", gettext_lazy("An amount in yuan, not below 0."))]
        raise Problem("work-cost", gettext_lazy("The cost cannot be kept"), status=422, errors=errors)
    row.cost = cost
    row.save(update_fields=["cost"])
    audit.record(
        "devices.work_cost",
        actor_id=actor.id,
        object_type="device",
        object_id=row.device_id,
        division_path=row.division_path,
        detail={"work": str(row.id), "cost": str(cost)},
    )
    return row


def _cause(due_at: dt.datetime) -> str:
    return f"calibration:{due_at.date().isoformat()}"


def _repair(finding: Finding, record: DeviceRecord) -> NewCase:
    what = FindingKind(finding.kind)
    return NewCase(
        type_name=MAINTENANCE.name,
        title=f"{record.name}: {what.label}"[:200],
        division_path=finding.division_path,
        source=SOURCE,
        source_key=f"device-finding:{finding.id}",
        lon=record.lon,
        lat=record.lat,
        severity="yellow" if what in GRAVE else "blue",
        entity_id=record.entity_id,
        evidence={"device_id": str(record.device_id), "finding_id": str(finding.id)},
    )


def _calibration(record: DeviceRecord, due_at: dt.datetime) -> NewCase:
    return NewCase(
        type_name=CALIBRATION.name,
        title=_("%(device)s: calibration due on %(day)s")
        % {"device": record.name[:150], "day": due_at.date().isoformat()},
        division_path=record.division_path,
        source=SOURCE,
        source_key=f"device-{_cause(due_at)}:{record.device_id}",
        lon=record.lon,
        lat=record.lat,
        entity_id=record.entity_id,
        evidence={"device_id": str(record.device_id)},
    )


def _work(device_id: UUID, kind: WorkKind, cause: str, case: Case, due_at: dt.datetime) -> Maintenance:
    return Maintenance(
        device_id=device_id,
        kind=kind,
        cause=cause,
        division_path=case.division_path,
        due_at=due_at,
        case_id=case.id,
        case_number=case.number,
    )
