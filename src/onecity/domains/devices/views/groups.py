"""Groups of devices: the list, and the page of each."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from onecity.domains.devices import groups
from onecity.domains.devices.forms import GroupForm
from onecity.domains.devices.models import DeviceGroup, Membership
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.domains.devices.registering import devices_of
from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of

SHOWN = 500


@require_GET
@permission_required(VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """All groups that the account sees, with how many devices are in each."""
    lines = [(group, groups.members(group, request.user).count()) for group in groups.visible(request.user)]
    return render(request, "devices/groups.html", {"lines": lines})


@require_GET
@permission_required(VIEW)
def show(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """One group and who belongs to it; by hand, who else could."""
    group = get_object_or_404(groups.visible(request.user), id=group_id)
    members = groups.members(group, request.user).order_by("name", "device_id")
    may = policy.may(request.user, MANAGE, group.division_path)
    others = devices_of(request.user, group.division_path).exclude(memberships__group=group).order_by("name")
    context = {
        "group": group,
        "members": members[:SHOWN],
        "total": members.count(),
        "placed": members.filter(lon__isnull=False).exists(),
        "others": others[:SHOWN] if may and not group.condition else (),
        "may_manage": may,
    }
    return render(request, "devices/group.html", context)


@require_GET
@permission_required(VIEW)
def points(request: HttpRequest, group_id: UUID) -> JsonResponse:
    """The devices of a group that have a position, as GeoJSON (RFC 7946) for the map beside them."""
    group = get_object_or_404(groups.visible(request.user), id=group_id)
    rows = groups.members(group, request.user).filter(lon__isnull=False).order_by("name", "device_id")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]},
            "properties": {
                "id": str(row.device_id),
                "title": row.name,
                "href": reverse("devices:show", args=[row.device_id]),
                "state": "ok",
                "detail": str(row.model or ""),
            },
        }
        for row in rows[:SHOWN]
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def edit(request: HttpRequest, group_id: UUID | None = None) -> HttpResponse:
    """A new group, or changes of one."""
    account = account_of(request)
    group = get_object_or_404(groups.visible(account), id=group_id) if group_id else DeviceGroup()
    given = {"name": group.name, "purpose": group.purpose, "division_path": group.division_path, **group.condition}
    form = GroupForm(request.POST or None, initial=given, account=account, permission=MANAGE)
    if request.method == "POST" and form.is_valid():
        if group_id:
            policy.require(account, MANAGE, group.division_path)
        try:
            with transaction.atomic():
                groups.save(form.fill(group), account)
        except IntegrityError:
            form.add_error("name", _("There is a group of this name already."))
        else:
            return redirect("devices:group", group_id=group.id)
    return render(request, "devices/group_edit.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@permission_required(MANAGE)
def member(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Take devices in (`add`), or let one out (`remove`)."""
    account = account_of(request)
    group = get_object_or_404(groups.visible(account), id=group_id)
    policy.require(account, MANAGE, group.division_path)
    wanted = [one for text in request.POST.getlist("add") if (one := parse_id(text)) is not None]
    rows = devices_of(account, group.division_path).filter(device_id__in=wanted)
    Membership.objects.bulk_create([Membership(group=group, record=row) for row in rows], ignore_conflicts=True)
    if (leaving := parse_id(request.POST.get("remove", ""))) is not None:
        Membership.objects.filter(group=group, record_id=leaving).delete()
    return redirect("devices:group", group_id=group.id)
