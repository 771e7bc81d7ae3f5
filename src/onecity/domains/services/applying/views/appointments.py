"""My appointments: times with room, booking, calling off."""

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onecity.domains.services.applying import appointments
from onecity.domains.services.applying.models import Appointment
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of, signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """What I booked, and what can be booked on a day."""
    account, problem = account_of(request), None
    if request.method == "POST":
        try:
            appointments.book(parse_id(request.POST.get("slot", "")), account, request.POST.get("item", "")[:48])
        except Problem as found:
            problem = found
        else:
            messages.success(request, _("Booked. Your place is kept for 15 minutes after the time."))
            return HttpResponseRedirect(reverse("applying:appointments"))
    days = appointments.days()
    day = _day(request.GET.get("day", "")) or (days[0] if days else None)
    context = {
        "mine": Appointment.objects.filter(account_id=account.id).select_related("slot")[:30],
        "days": days,
        "day": day,
        "slots": appointments.free(day) if day else [],
        "item": request.GET.get("item", "")[:48],
        "problem": problem,
    }
    return render(request, "applying/appointments.html", context, status=problem.status if problem else 200)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


@signed_in
@require_POST
def cancel(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Call one off."""
    appointments.cancel(appointment_id, account_of(request))
    messages.success(request, _("The appointment was called off."))
    return HttpResponseRedirect(reverse("applying:appointments"))
