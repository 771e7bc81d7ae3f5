"""Keeps what the check-up found: what is new begins, what is no longer found ends, what goes on is brought up to date."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from onecity.domains.devices.models import Finding, FindingKind
from onecity.domains.devices.permissions import VIEW
from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.cases import service as cases

DeviceId = UUID
BATCH = 2_000


class Key(NamedTuple):
    """What a finding is about; `series` None: the device as a whole."""

    device: DeviceId
    kind: FindingKind
    series: int | None


@dataclass(frozen=True, slots=True)
class Ailment:
    """What was found: see models.Finding."""

    division_path: str
    attribute: str
    value: float
    unit: str
    onset: dt.datetime


@transaction.atomic
def settle(
    found: Mapping[Key, Ailment],
    kinds: Collection[FindingKind],
    silent: Collection[DeviceId],
    moment: dt.datetime,
) -> tuple[int, int]:
    """Bring the findings of these kinds up to date; returns how many began and how many ended.

    Of devices that are `silent` only that can be said: their other findings go on as they are.
    """
    rows = Finding.objects.select_for_update().filter(end__isnull=True, kind__in=list(kinds))
    open_now = {Key(row.device_id, FindingKind(row.kind), row.series_id): row for row in rows}
    begun = [_new(key, ailment, moment) for key, ailment in found.items() if key not in open_now]
    Finding.objects.bulk_create(begun, batch_size=BATCH)
    lasting, ended = [], []
    for key, row in open_now.items():
        ailment = found.get(key)
        if ailment is not None:
            row.value, row.seen_at, row.division_path = ailment.value, moment, ailment.division_path
            lasting.append(row)
        elif key.kind == FindingKind.SILENT or key.device not in silent:
            row.end = moment
            ended.append(row)
    Finding.objects.bulk_update(lasting, ["value", "seen_at", "division_path"], batch_size=BATCH)
    Finding.objects.bulk_update(ended, ["end"], batch_size=BATCH)
    if told := [row.case_id for row in ended if row.case_id is not None]:
        cases.alert_ended(told)
    return len(begun), len(ended)


def of(account: Principal, division_path: str = "") -> QuerySet[Finding]:
    """The findings that an account may see, those that last the longest first."""
    rows = policy.visible(Finding.objects.all(), account, VIEW)
    return rows.filter(division_path__startswith=division_path).order_by("onset", "id")


def _new(key: Key, ailment: Ailment, moment: dt.datetime) -> Finding:
    return Finding(
        device_id=key.device,
        kind=key.kind,
        series_id=key.series,
        division_path=ailment.division_path,
        attribute=ailment.attribute,
        value=ailment.value,
        unit=ailment.unit,
        onset=ailment.onset,
        found_at=moment,
        seen_at=moment,
    )
