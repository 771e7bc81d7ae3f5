"""Commands to devices: given, acknowledged, withdrawn; whoever may manage telemetry in the device's division gives them."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.commanding import routing, store
from onecity.kernel.telemetry.models import Command, CommandState, Device
from onecity.kernel.telemetry.models.command import OPEN
from onecity.kernel.telemetry.models.device import DeviceStatus
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE

MAX_PAYLOAD = 16 * 1024
LONGEST = dt.timedelta(days=366)
USUAL = dt.timedelta(days=1)


def send(
    device_id: uuid.UUID,
    name: str,
    payload: Mapping[str, Any] | None = None,
    *,
    expires_at: dt.datetime | None = None,
    idempotency_key: str = "",
    actor: Account | None,
) -> Command:
    """Give a device a command; it is kept until it has ended. Without `expires_at` it is valid for a day.

    The same again under one `idempotency_key` is the same command. `actor` None: the platform itself. Raises Problem 404
    (no such device), 403, 409 (revoked; another command under this key), 422 (name, payload, time; not understood by the device's
    codec or source).
    """
    at = now()
    until = expires_at or at + USUAL
    body = _checked(name, payload or {}, at, until, idempotency_key)
    device = _device(device_id, actor)
    with transaction.atomic():
        if idempotency_key and (known := _under(device_id, idempotency_key)) is not None:
            return _same(known, name, body)
        route, target = routing.route_of(device, name, body)
        row = Command(
            device_id=device.id,
            division_path=device.division_path,
            name=name,
            payload=body,
            idempotency_key=idempotency_key,
            route=route,
            target=target,
            created_by=actor.id if actor is not None else None,
            created_at=at,
            next_at=at,
            expires_at=until,
        )
        given, row = row.id, _insert(row)
        if row.id != given:
            return _same(row, name, body)
        _record("telemetry.command_given", row, actor)
        return row


def acknowledge(device_id: uuid.UUID, command_id: uuid.UUID, ok: bool, result: Mapping[str, Any] | None = None) -> str:
    """End a command as its device says: the state after it, which is an earlier end where there was one.

    Raises Problem 404 where the device has no such command.
    """
    state = store.settle(device_id, command_id, "acknowledged" if ok else "failed", result or {}, now())
    if not state:
        raise missing()
    return state


def cancel(command_id: uuid.UUID, actor: Account | None) -> Command:
    """Withdraw a command that has not ended. Raises Problem 404, 403, 409 (it has ended)."""
    with transaction.atomic():
        row = Command.objects.select_for_update().filter(id=command_id).first()
        if row is None:
            raise missing()
        if actor is not None:
            policy.require(actor, TELEMETRY_MANAGE, row.division_path)
        if row.state not in OPEN:
            detail = _("Its state: %(state)s.") % {"state": row.get_state_display()}
            raise Problem("command-ended", _("The command has ended already"), status=409, detail=detail)
        row.state, row.finished_at = CommandState.CANCELLED, now()
        row.save(update_fields=["state", "finished_at"])
        _record("telemetry.command_cancelled", row, actor)
        return row


def missing() -> Problem:
    """404 for a command that is not there, or not this device's."""
    return Problem("no-command", _("There is no such command"), status=404)


def _checked(name: str, payload: Mapping[str, Any], at: dt.datetime, until: dt.datetime, key: str) -> dict[str, Any]:
    errors: list[FieldError] = []
    if not name.strip() or len(name) > 100 or not name.isprintable():
        errors.append(FieldError("name", _("Give the command a name of at most 100 characters.")))
    if not at < until <= at + LONGEST:
        errors.append(FieldError("expires_at", _("A command must end in the future, within a year.")))
    if len(key) > 200 or "\0" in key:
        errors.append(FieldError("idempotency_key", _("A key may have 200 characters.")))
    text = ""
    try:
        text = json.dumps(dict(payload), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        errors.append(FieldError("payload", _("What the command says must be JSON.")))
    if len(text) > MAX_PAYLOAD or "\\u0000" in text:
        errors.append(FieldError("payload", _("What a command says may have 16 KiB.")))
    if errors:
        raise Problem("command", _("The command cannot be given"), status=422, errors=errors)
    found: dict[str, Any] = json.loads(text)
    return found


def _device(device_id: uuid.UUID, actor: Account | None) -> Device:
    device = Device.objects.filter(id=device_id).first()
    if device is None:
        raise Problem("no-device", _("There is no such device"), status=404)
    if actor is not None:
        policy.require(actor, TELEMETRY_MANAGE, device.division_path)
    if device.status != DeviceStatus.ACTIVE:
        raise Problem("device-revoked", _("The device was revoked and takes no commands"), status=409)
    return device


def _under(device_id: uuid.UUID, key: str) -> Command | None:
    return Command.objects.filter(device_id=device_id, idempotency_key=key).first()


def _insert(row: Command) -> Command:
    """Keep a command; of two under the same key at the same time one is kept, and returned."""
    if not row.idempotency_key:
        row.save(force_insert=True)
        return row
    Command.objects.bulk_create([row], ignore_conflicts=True)
    return Command.objects.get(device_id=row.device_id, idempotency_key=row.idempotency_key)


def _same(known: Command, name: str, payload: Mapping[str, Any]) -> Command:
    if (known.name, known.payload) != (name, payload):
        title = _("Another command was given under this key")
        raise Problem("command-key", title, status=409, detail=_("Use a new key for a new command."))
    return known


def _record(action: str, row: Command, actor: Account | None) -> None:
    audit.record(
        action,
        actor_id=actor.id if actor is not None else None,
        object_type="command",
        object_id=row.id,
        division_path=row.division_path,
        detail={"device": str(row.device_id), "name": row.name},
    )
