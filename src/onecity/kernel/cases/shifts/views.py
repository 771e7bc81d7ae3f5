"""The roster of a day at the desk, and the hand-over of a shift with its undo."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import calendars, permissions
from onecity.kernel.cases.models import Case, HandOver
from onecity.kernel.cases.models.case import OPEN
from onecity.kernel.cases.shifts import handing, roster
from onecity.kernel.cases.shifts.forms import DutyForm, HandOverForm
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

RECENT = 20


@permission_required(permissions.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The turns of a day; dispatchers enter more."""
    account = account_of(request)
    day = _day(request)
    form = DutyForm(account, request.POST or None, _usual(day)) if _dispatches(account) else None
    problem: Problem | None = None
    if request.method == "POST":
        policy.require(account, permissions.DISPATCH, request.POST.get("division", ""))
        if form is not None and form.is_valid():
            try:
                entered = roster.enter(form.turn(), account)
            except Problem as error:
                if error.status != 422:
                    raise
                problem = error
            else:
                messages.success(request, _("Entered in the roster."))
                return HttpResponseRedirect(f"{reverse('cases:shifts')}?day={_local(entered[0].start)}")
    context: dict[str, Any] = {
        "day": day,
        "before": day - dt.timedelta(days=1),
        "after": day + dt.timedelta(days=1),
        "turns": roster.of_day(account, day),
        "form": form,
        "problem": problem,
        "may_hand_over": policy.may_somewhere(account, permissions.HANDLE),
    }
    refused = problem is not None or (form is not None and form.is_bound)
    return render(request, "cases/shifts/roster.html", context, status=422 if refused else 200)


@permission_required(permissions.DISPATCH)
@require_POST
def remove(request: HttpRequest, duty_id: UUID) -> HttpResponse:
    """Take a turn out of the roster."""
    duty = roster.remove(duty_id, account_of(request))
    messages.success(request, _("Taken out of the roster."))
    return HttpResponseRedirect(f"{reverse('cases:shifts')}?day={_local(duty.start)}")


@permission_required(permissions.HANDLE)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """Give all open cases of one person to another; below, what was handed over lately."""
    account = account_of(request)
    people = handing.colleagues(account)
    givers = people if _dispatches(account) else [(account.id, str(account))]
    givers = sorted(dict([(account.id, str(account)), *givers]).items(), key=lambda one: one[0] != account.id)
    form = HandOverForm(givers, people, request.POST if request.method == "POST" else None)
    problem: Problem | None = None
    if form.is_bound and form.is_valid():
        chosen = Account.objects.select_related("organisation").in_bulk(
            [UUID(form.cleaned_data["giver"]), UUID(form.cleaned_data["taker"])]
        )
        giver, taker = (chosen[UUID(form.cleaned_data[name])] for name in ("giver", "taker"))
        try:
            made = handing.hand_over(giver, taker, account, form.cleaned_data["note"])
        except Problem as error:
            if error.status != 422:
                raise
            problem = error
        else:
            return HttpResponseRedirect(reverse("cases:handed_over", args=[made.id]))
    context = {
        "form": form,
        "problem": problem,
        "mine": Case.objects.filter(OPEN, assignee_id=account.id).count(),
        "recent": [one for one in HandOver.objects.all()[: RECENT * 2] if handing.concerns(one, account)][:RECENT],
    }
    return render(request, "cases/shifts/hand_over.html", context, status=422 if form.is_bound else 200)


@permission_required(permissions.HANDLE)
@require_safe
def handed_over(request: HttpRequest, hand_over_id: UUID) -> HttpResponse:
    """One hand-over, case by case."""
    made = handing.find(hand_over_id, account_of(request))
    items = list(made.cases.select_related("case"))
    context = {
        "made": made,
        "items": items,
        "given": sum(not one.why for one in items),
        "stayed": sum(bool(one.why) for one in items),
    }
    return render(request, "cases/shifts/handed_over.html", context)


@permission_required(permissions.HANDLE)
@require_POST
def undo(request: HttpRequest, hand_over_id: UUID) -> HttpResponse:
    """Give back what nobody has acted on since."""
    handing.undo(hand_over_id, account_of(request))
    return HttpResponseRedirect(reverse("cases:handed_over", args=[hand_over_id]))


def _dispatches(account: Account) -> bool:
    return policy.may_somewhere(account, permissions.DISPATCH)


def _day(request: HttpRequest) -> dt.date:
    try:
        return dt.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return _local(now())


def _local(moment: dt.datetime) -> dt.date:
    return moment.astimezone(calendars.office().zone).date()


def _usual(day: dt.date) -> dict[str, Any]:
    return {
        "start": dt.datetime.combine(day, dt.time(8, 0)),
        "end": dt.datetime.combine(day, dt.time(20, 0)),
    }
