"""The models of devices: the list, and the page of each."""

from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from onecity.domains.devices.forms import ModelForm
from onecity.domains.devices.models import DeviceModel, Release
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.domains.devices.registering import devices_of
from onecity.kernel.access import audit, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.clock import now
from onecity.kernel.people.doors import account_of


@require_GET
@permission_required(VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """All models, with how many devices of each the account sees."""
    seen = devices_of(request.user).order_by().values("model_id").annotate(n=Count("device_id"))
    numbers: dict[UUID | None, int] = {row["model_id"]: row["n"] for row in seen}
    lines = [(model, numbers.get(model.id, 0)) for model in DeviceModel.objects.all()]
    return render(request, "devices/models.html", {"lines": lines, "without": numbers.get(None, 0)})


@require_GET
@permission_required(VIEW)
def show(request: HttpRequest, model_id: UUID) -> HttpResponse:
    """One model with its versions and its devices."""
    model = get_object_or_404(DeviceModel, id=model_id)
    rows = devices_of(request.user).filter(model=model)
    versions = rows.order_by().values("firmware_version").annotate(n=Count("device_id")).order_by("-n")
    context = {
        "model": model,
        "releases": Release.objects.filter(model=model),
        "versions": [(row["firmware_version"], row["n"]) for row in versions],
        "total": rows.count(),
        "devices": rows.order_by("name")[:100],
        "may_manage": policy.may(request.user, MANAGE, model.division_path),
    }
    return render(request, "devices/model.html", context)


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def edit(request: HttpRequest, model_id: UUID | None = None) -> HttpResponse:
    """A new model, or changes of one."""
    account = account_of(request)
    model = get_object_or_404(DeviceModel, id=model_id) if model_id else DeviceModel()
    if model_id:
        policy.require(account, MANAGE, model.division_path)
    form = ModelForm(request.POST or None, instance=model, account=account, permission=MANAGE)
    if request.method == "POST" and form.is_valid():
        model.changed_at = now()
        saved = form.save()
        audit.record(
            "devices.model_saved", actor_id=account.id, object_type="device_model", object_id=saved.id,
            division_path=saved.division_path, detail={"name": saved.name},
        )  # fmt: skip
        return redirect("devices:model", model_id=saved.id)
    return render(request, "devices/model_edit.html", {"form": form}, status=422 if form.errors else 200)
