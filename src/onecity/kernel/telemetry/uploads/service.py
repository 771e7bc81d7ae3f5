"""Uploading a table: shown first with the mapping that was remembered or guessed, then taken whole, every reading counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now, now_us
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import limits, quarantine, sending
from onecity.kernel.telemetry.batch import Int32s
from onecity.kernel.telemetry.ingest.formats import too_many, window
from onecity.kernel.telemetry.logic import admission
from onecity.kernel.telemetry.logic.catalogue import NO_DEVICE, Catalogue
from onecity.kernel.telemetry.logic.readings import Readings, Refusal, Refusals, TooMuchRefusedError, by_reason
from onecity.kernel.telemetry.models import UploadMapping
from onecity.kernel.telemetry.models.quarantine import Reason
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE
from onecity.kernel.telemetry.uploads import meaning as meanings
from onecity.kernel.telemetry.uploads import tables
from onecity.kernel.telemetry.uploads.meaning import Meaning
from onecity.kernel.telemetry.uploads.tables import Table, TableError

WAY = "upload"
SHOWN_ROWS = 10
SHOWN_ERRORS = 50


@dataclass(frozen=True, slots=True)
class RowError:
    """Rows that could not be taken for one reason: the first of them (its line in the file), how many, what exactly."""

    line: int
    reason: str
    title: str
    detail: str
    readings: int


@dataclass(frozen=True, slots=True)
class Preview:
    """A file before it is taken: its columns, first rows, and the mapping to confirm (`remembered` or guessed)."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    count: int
    meaning: Meaning
    remembered: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file: `readings` = `accepted` + `quarantined`, always."""

    rows: int
    readings: int
    accepted: int
    quarantined: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    errors: Sequence[RowError] = ()


def preview(file: bytes, division_path: str, actor: Account) -> Preview:
    """Look at a file; nothing is taken. Raises Problem 422 where it is no table, 403."""
    policy.require(actor, TELEMETRY_MANAGE, division_path)
    table = _table(file)
    kept = UploadMapping.objects.filter(division_path=division_path, signature=table.signature).first()
    remembered = meanings.read(kept.mapping) if kept is not None else None
    known = isinstance(remembered, Meaning)
    meaning = remembered if isinstance(remembered, Meaning) else meanings.guess(table, settings.TIME_ZONE)
    return Preview(table.columns, table.frame.head(SHOWN_ROWS).rows(), len(table.frame), meaning, known)


def take(file: bytes, mapping: Mapping[str, Any], division_path: str, actor: Account) -> Report:
    """Take a file by a mapping, which is remembered for files with the same columns. Raises Problem 422, 413, 403, 503.

    Values are taken for entities whose device lies where the actor manages telemetry; everything else goes to quarantine.
    """
    policy.require(actor, TELEMETRY_MANAGE, division_path)
    table = _table(file)
    meaning = _checked(mapping, table)
    catalogue = quarantine.known_catalogue()
    refusals = Refusals(limits.MAX_REFUSED)
    try:
        readings, units, total = meanings.readings(table, meaning, refusals)
        sender = _senders(catalogue, readings, actor)
        batch = admission.admit(catalogue, readings, sender, window(now_us()), refusals, units)
    except TooMuchRefusedError as error:
        raise too_many(limits.FEWER_READINGS) from error
    refused = refusals.finish()
    sending.send(WAY, batch, refused)
    _remember(table, meaning, division_path, actor)
    reasons = by_reason(refused)
    report = Report(
        len(table.frame), total, len(batch), sum(reasons.values()), reasons, _errors(refused, table.first_line)
    )
    audit.record(
        "telemetry.uploaded",
        actor_id=actor.id,
        object_type="upload",
        object_id=table.signature[:40],
        division_path=division_path,
        detail={"rows": report.rows, "accepted": report.accepted, "quarantined": report.quarantined},
    )
    return report


def _table(file: bytes) -> Table:
    try:
        return tables.read(file)
    except TableError as error:
        raise Problem("upload-unreadable", _("The file cannot be read"), status=422, detail=error.what) from error


def _checked(mapping: Mapping[str, Any], table: Table) -> Meaning:
    found = meanings.read(mapping)
    wrong = [found] if not isinstance(found, Meaning) else meanings.check(found, table.columns)
    if wrong or not isinstance(found, Meaning):
        title = _("The columns cannot be understood in this way")
        raise Problem("upload-mapping", title, status=422, errors=[FieldError(item.field, item.what) for item in wrong])
    return found


def _senders(catalogue: Catalogue, readings: Readings, actor: Account) -> Int32s:
    """For each reading the device of its series, where the actor manages telemetry in that device's division."""
    may: dict[str, bool] = {}
    for device in catalogue.devices.values():
        if device.division_path not in may:
            may[device.division_path] = policy.may(actor, TELEMETRY_MANAGE, device.division_path)
    allowed = np.zeros(len(catalogue.device_ids) + 1, np.bool_)
    for device in catalogue.devices.values():
        allowed[device.number] = device.active and may[device.division_path]
    owner = catalogue.owner_of(catalogue.resolve(readings))
    return np.where(allowed[owner], owner, np.int32(NO_DEVICE)).astype(np.int32)


def _remember(table: Table, meaning: Meaning, division_path: str, actor: Account) -> None:
    UploadMapping.objects.update_or_create(
        division_path=division_path,
        signature=table.signature,
        defaults={
            "columns": list(table.columns),
            "mapping": msgspec.to_builtins(meaning),
            "changed_by": actor.id,
            "changed_at": now(),
        },
    )


def _errors(refused: Sequence[Refusal], first_line: int) -> list[RowError]:
    counts: dict[tuple[str, int], RowError] = {}
    for refusal in refused:
        key = (refusal.reason, refusal.line)
        before = counts[key].readings if key in counts else 0
        title = str(Reason(refusal.reason).label)
        counts[key] = RowError(
            refusal.line + first_line, refusal.reason, title, refusal.detail, before + refusal.readings
        )
    return list(counts.values())[:SHOWN_ERRORS]
