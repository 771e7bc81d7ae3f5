"""The desk of field dispatch: urgent cases and units side by side and on the map, who should go and why, sent with one click."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import permissions, skills
from onecity.kernel.cases.dispatching import mapping, relocating, sending, suggesting, units, urgent
from onecity.kernel.cases.dispatching.forms import UnitForm
from onecity.kernel.cases.models import Unit
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

NOWHERE = UUID(int=0)


@permission_required(permissions.DISPATCH)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Urgent cases that wait, those that a unit was sent to, and all units."""
    return _page(request)


@permission_required(permissions.DISPATCH)
@require_safe
def points(request: HttpRequest) -> JsonResponse:
    """The same on the map."""
    account = account_of(request)
    return JsonResponse(mapping.points(urgent.cases(account), units.visible(account)))


@permission_required(permissions.DISPATCH)
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Send a unit to a case, by the version of it that was looked at."""
    account = account_of(request)
    case_id = parse_id(request.POST.get("case", "")) or NOWHERE
    unit_id = parse_id(request.POST.get("unit", "")) or NOWHERE
    version = request.POST.get("version", "")
    expected = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else None
    try:
        unit = sending.send(
            case_id, unit_id, account, why=_reason(case_id, unit_id, account), expected_version=expected
        )
    except Problem as problem:
        if problem.status not in {404, 409, 422}:
            raise
        return _page(request, problem)
    messages.success(request, _("Sent: %(unit)s.") % {"unit": unit.name})
    return HttpResponseRedirect(reverse("cases:dispatch"))


@permission_required(permissions.DISPATCH)
@require_POST
def call_back(request: HttpRequest, unit_id: UUID) -> HttpResponse:
    """Free a unit; its case waits for another one."""
    try:
        unit = sending.call_back(unit_id, account_of(request))
    except Problem as problem:
        if problem.status not in {404, 409, 422}:
            raise
        return _page(request, problem)
    messages.success(request, _("Called back: %(unit)s.") % {"unit": unit.name})
    return HttpResponseRedirect(reverse("cases:dispatch"))


@permission_required(permissions.DISPATCH)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, unit_id: UUID | None = None) -> HttpResponse:
    """Enter a unit, or change one."""
    account = account_of(request)
    unit = next((one for one in units.visible(account) if one.id == unit_id), None)
    if unit_id is not None and unit is None:
        raise units.not_found()
    form = UnitForm(account, request.POST if request.method == "POST" else None, unit)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        units.tell([saved])
        messages.success(request, _("Saved: %(unit)s.") % {"unit": saved.name})
        return HttpResponseRedirect(reverse("cases:dispatch"))
    status = 422 if form.is_bound else 200
    return render(request, "cases/dispatch/unit.html", {"form": form, "unit": unit}, status=status)


def _reason(case_id: UUID, unit_id: UUID, account: Account) -> str:
    """The reason for the unit that was suggested; that of another one only the sender knows."""
    found = [one for one in urgent.cases(account) if one.case.id == case_id]
    suggestion = suggesting.suggest(found, units.visible(account), account).get(case_id)
    return suggestion.why if suggestion and suggestion.unit and suggestion.unit.id == unit_id else ""


def _page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    account = account_of(request)
    crews = units.visible(account)
    found = urgent.cases(account)
    sent: dict[UUID, list[Unit]] = {}
    for unit in crews:
        if unit.case_id is not None:
            sent.setdefault(unit.case_id, []).append(unit)
    waiting = [one for one in found if one.case.id not in sent]
    suggested = suggesting.suggest(waiting, crews, account)
    moment = now()
    context: dict[str, Any] = {
        "waiting": [(one, suggested[one.case.id], skills.named(sorted(one.skills))) for one in waiting],
        "under_way": [(one, sent[one.case.id]) for one in found if one.case.id in sent],
        "units": [(unit, skills.named(unit.skills), units.on_shift(unit, moment)) for unit in crews],
        "free": sum(unit.state == "free" and units.on_shift(unit, moment) for unit in crews),
        "advice": relocating.advise(crews, account),
        "fresh_seconds": int(units.FRESH.total_seconds()),
        "problem": problem,
    }
    return render(request, "cases/dispatch/desk.html", context, status=problem.status if problem else 200)
