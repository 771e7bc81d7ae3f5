"""Sources as people manage them: registered, changed, put out of operation; credentials go in and never come out."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.fieldbus import forms, sealing
from onecity.kernel.telemetry.models import Device, FieldSource
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE

LONGEST = 16_384


def register(
    *,
    name: str,
    protocol: str,
    settings: Mapping[str, Any],
    device_id: UUID,
    interval_s: float,
    actor: Account,
    credentials: Mapping[str, str] | None = None,
) -> FieldSource:
    """Register a source; its readings count as sent by the device, whose division it shares. Raises Problem 422, 403."""
    forms.check(protocol, settings)
    _check_credentials(protocol, credentials or {})
    device = Device.objects.filter(id=device_id).first()
    if device is None:
        raise _wrong("device_id", _("There is no such device."))
    policy.require(actor, TELEMETRY_MANAGE, device.division_path)
    identity = new_id()
    row = FieldSource(
        id=identity,
        name=name[:200],
        protocol=protocol,
        settings=dict(settings),
        sealed=sealing.seal(identity, credentials or {}),
        interval_s=_interval(interval_s),
        device_id=device_id,
        division_path=device.division_path,
    )
    row.save()
    _record("telemetry.source_registered", row, actor)
    return row


def change(
    source_id: UUID,
    actor: Account,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    interval_s: float | None = None,
    enabled: bool | None = None,
    credentials: Mapping[str, str] | None = None,
) -> FieldSource:
    """Change what is given; the process takes it up within seconds. Raises Problem 404, 422, 403."""
    with transaction.atomic():
        row = FieldSource.objects.select_for_update().filter(id=source_id).first()
        if row is None:
            raise Problem("no-source", _("There is no such source"), status=404)
        policy.require(actor, TELEMETRY_MANAGE, row.division_path)
        if settings is not None:
            forms.check(row.protocol, settings)
            row.settings = dict(settings)
        if credentials is not None:
            _check_credentials(row.protocol, credentials)
            row.sealed = sealing.seal(row.id, credentials)
        row.interval_s = row.interval_s if interval_s is None else _interval(interval_s)
        row.name = row.name if name is None else name[:200]
        row.enabled = row.enabled if enabled is None else enabled
        row.changed_at = now()
        row.save()
        _record("telemetry.source_changed", row, actor)
    return row


def _interval(seconds: float) -> float:
    if not 0.1 <= seconds <= 86_400:
        raise _wrong("interval_s", _("The interval must be between 0.1 and 86400 seconds."))
    return float(seconds)


def _check_credentials(protocol: str, credentials: Mapping[str, str]) -> None:
    allowed = forms.CREDENTIALS.get(protocol, frozenset())
    for field, value in credentials.items():
        if field not in allowed:
            raise _wrong(f"credentials.{field}", _("This protocol has no such credential."))
        if len(value) > LONGEST:
            raise _wrong(f"credentials.{field}", _("The value is too long."))


def _wrong(field: str, detail: object) -> Problem:
    title = _("The settings of the source cannot be used")
    return Problem("source-settings", title, status=422, errors=[FieldError(field, detail)])


def _record(action: str, row: FieldSource, actor: Account) -> None:
    audit.record(
        action,
        actor_id=actor.id,
        object_type="source",
        object_id=row.id,
        division_path=row.division_path,
        detail={"name": row.name, "protocol": row.protocol, "enabled": row.enabled},
    )
