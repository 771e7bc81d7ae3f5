"""The page of one device: what it is, how it fares, its commands, its credentials."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from onecity.domains.devices import diagnosis, photos, registering
from onecity.domains.devices.forms import CommandForm, DeviceForm, RecordForm
from onecity.domains.devices.models import DevicePhoto, DeviceRecord
from onecity.domains.devices.permissions import COMMAND, MANAGE, VIEW
from onecity.domains.devices.views import upkeep
from onecity.kernel.access import audit, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Organisation
from onecity.kernel.places import service as places
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.commanding import service as commanding
from onecity.kernel.telemetry.models import Command, Device
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE
from onecity.kernel.twin import finding

OVERLAPS = {"0": dt.timedelta(), "1": dt.timedelta(hours=1), "24": dt.timedelta(days=1), "168": dt.timedelta(days=7)}


@require_GET
@permission_required(VIEW)
def show(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """One device."""
    return _page(request, device_id)


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def new(request: HttpRequest) -> HttpResponse:
    """Register a device; its secret is shown once."""
    account = account_of(request)
    form = DeviceForm(request.POST or None, account=account, permission=MANAGE)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        entity, owner = values.pop("entity"), values.pop("organisation")
        try:
            given = registering.NewDevice(
                **values, entity_id=entity.id if entity else None, organisation_id=owner.id if owner else None
            )
            record, secret = registering.register_device(given, account)
        except Problem as problem:
            form.add_error(None, str(problem.detail or problem.title))
        else:
            return _page(request, record.device_id, secret=secret)
    return render(request, "devices/new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def edit(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Change what is known of a device."""
    record = _managed(request, device_id)
    form = RecordForm(request.POST or None, instance=record)
    if request.method == "POST" and form.is_valid():
        record.changed_at = now()
        form.save()
        _audit(request, "devices.changed", record, {"fields": form.changed_data})
        return redirect("devices:show", device_id=device_id)
    return render(request, "devices/edit.html", {"form": form, "record": record}, status=422 if form.errors else 200)


@require_POST
@permission_required(MANAGE)
def rotate(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """A new secret, shown once; the one before opens for as long as was chosen."""
    record = _managed(request, device_id, telemetry_too=True)
    overlap = OVERLAPS.get(request.POST.get("overlap", "0"), dt.timedelta())
    secret = telemetry.rotate_secret(device_id, overlap)
    _audit(request, "devices.secret_changed", record, {"overlap_hours": overlap.total_seconds() / 3600})
    return _page(request, device_id, secret=secret)


@require_POST
@permission_required(MANAGE)
def end_overlap(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Let the secret before open no more."""
    record = _managed(request, device_id, telemetry_too=True)
    telemetry.end_overlap(device_id)
    _audit(request, "devices.overlap_ended", record, {})
    return redirect("devices:show", device_id=device_id)


@require_POST
@permission_required(MANAGE)
def revoke(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Shut every door to a device."""
    record = _managed(request, device_id, telemetry_too=True)
    telemetry.revoke_device(device_id)
    _audit(request, "devices.revoked", record, {})
    return redirect("devices:show", device_id=device_id)


@require_POST
@permission_required(COMMAND)
def command(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Give a command; the form's key makes a second press the same command."""
    account = account_of(request)
    record = registering.one(account, device_id)
    policy.require(account, COMMAND, record.division_path)
    form = CommandForm(request.POST)
    if not form.is_valid():
        return _page(request, device_id, form=form, status=422)
    given = form.cleaned_data
    try:
        commanding.send(
            device_id, given["name"], given["payload"], expires_at=diagnosis.expiry(given["hours"]),
            idempotency_key=given["key"], actor=account,
        )  # fmt: skip
    except Problem as problem:
        form.add_error(None, " ".join(str(part) for part in (problem.title, problem.detail) if part))
        return _page(request, device_id, form=form, status=problem.status)
    return redirect("devices:show", device_id=device_id)


@require_POST
@permission_required(COMMAND)
def cancel(request: HttpRequest, device_id: UUID, command_id: UUID) -> HttpResponse:
    """Withdraw a command."""
    account = account_of(request)
    record = registering.one(account, device_id)
    policy.require(account, COMMAND, record.division_path)
    if not Command.objects.filter(id=command_id, device_id=device_id).exists():
        raise commanding.missing()
    commanding.cancel(command_id, account)
    return redirect("devices:show", device_id=device_id)


@require_GET
@permission_required(VIEW)
def photo(request: HttpRequest, device_id: UUID, photo_id: UUID) -> HttpResponse:
    """One photo of the installation."""
    record = registering.one(account_of(request), device_id)
    found = DevicePhoto.objects.filter(id=photo_id, record=record).first()
    if found is None or not photos.path_of(found.sha256).exists():
        raise photos.missing()
    response = HttpResponse(photos.path_of(found.sha256).read_bytes(), content_type=found.media_type)
    response["Content-Disposition"] = content_disposition_header(False, "photo") or "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _managed(request: HttpRequest, device_id: UUID, *, telemetry_too: bool = False) -> DeviceRecord:
    account = account_of(request)
    record = registering.one(account, device_id)
    policy.require(account, MANAGE, record.division_path)
    if telemetry_too:
        policy.require(account, TELEMETRY_MANAGE, record.division_path)
    return record


def _audit(request: HttpRequest, action: str, record: DeviceRecord, detail: dict[str, Any]) -> None:
    audit.record(
        action, actor_id=account_of(request).id, object_type="device", object_id=record.device_id,
        division_path=record.division_path, detail=detail,
    )  # fmt: skip


def _page(
    request: HttpRequest, device_id: UUID, *, secret: str = "", form: CommandForm | None = None, status: int = 200
) -> HttpResponse:
    account = account_of(request)
    record = registering.one(account, device_id)
    context = {
        "record": record,
        "device": Device.objects.filter(id=device_id).first(),
        "place": places.title_for(record.division_path, full=True),
        "things": finding.visible(account).filter(device_id=device_id).order_by("name")[:50],
        "diagnosis": diagnosis.of(device_id),
        "commands": diagnosis.commands(device_id),
        "form": form or CommandForm(initial={"key": str(new_id())}),
        "may_manage": policy.may(account, MANAGE, record.division_path),
        "may_command": policy.may(account, COMMAND, record.division_path),
        "secret": secret,
        "overlap": _overlap(device_id),
        "owner": _owner(record),
        **upkeep.facts(account, record),
    }
    response = render(request, "devices/show.html", context, status=status)
    if secret:
        response["Cache-Control"] = "no-store"
    return response


def _overlap(device_id: UUID) -> dt.datetime | None:
    """Until when the secret before opens, where it still does."""
    return Device.objects.filter(id=device_id, earlier_until__gt=now()).values_list("earlier_until", flat=True).first()


def _owner(record: DeviceRecord) -> Organisation | None:
    return Organisation.objects.filter(id=record.organisation_id).first() if record.organisation_id else None
