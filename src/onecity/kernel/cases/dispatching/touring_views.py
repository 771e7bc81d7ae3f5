"""Rounds of inspection at the desk: asked for with a form, read as ordered stops beside the map."""

import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import calendars, choices, permissions
from onecity.kernel.cases.dispatching import touring, units
from onecity.kernel.cases.models import Rounds
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

RECENT = 20
WHEN = {"type": "datetime-local"}


class RoundsForm(forms.Form):
    """Where, who, and for how long."""

    division = forms.ChoiceField(label=_("Division"), help_text=_("Its open cases with a place, at most 200."))
    units = forms.MultipleChoiceField(label=_("Field units"), widget=forms.CheckboxSelectMultiple)
    start = forms.DateTimeField(label=_("Begins"), widget=forms.DateTimeInput(WHEN, format="%Y-%m-%dT%H:%M"))
    hours = forms.FloatField(label=_("Hours of the shift"), min_value=0.5, max_value=touring.LONGEST_HOURS, initial=8)
    visit_minutes = forms.FloatField(label=_("Minutes of one visit"), min_value=1, max_value=240, initial=10)
    most = forms.IntegerField(label=_("Visits of one unit at the most"), required=False, min_value=1, max_value=200)

    def __init__(self, actor: Account, data: Any = None) -> None:
        tomorrow = now().astimezone(calendars.office().zone).date() + dt.timedelta(days=1)
        super().__init__(data, initial={"start": dt.datetime.combine(tomorrow, dt.time(8, 30))})
        for name, offered in (
            ("division", choices.divisions(actor, permissions.DISPATCH)),
            ("units", [(str(unit.id), unit.name) for unit in units.visible(actor)]),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = list(offered)

    def wanted(self) -> touring.Wanted:
        """What was filled in, once it is valid."""
        found = self.cleaned_data
        return touring.Wanted(
            found["division"], [UUID(one) for one in found["units"]], found["start"], found["hours"],
            found["visit_minutes"], found["most"] or 0,
        )  # fmt: skip


@permission_required(permissions.DISPATCH)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Ask for a plan; below, the last ones."""
    account = account_of(request)
    form = RoundsForm(account, request.POST if request.method == "POST" else None)
    problem: Problem | None = None
    if form.is_bound and form.is_valid():
        try:
            row = touring.ask(form.wanted(), account)
        except Problem as error:
            if error.status != 422:
                raise
            problem = error
        else:
            return HttpResponseRedirect(reverse("cases:rounds_plan", args=[row.id]))
    recent = policy.visible(Rounds.objects.all(), account, permissions.DISPATCH)[:RECENT]
    context = {"form": form, "problem": problem, "recent": recent}
    return render(request, "cases/rounds/index.html", context, status=422 if form.is_bound else 200)


@permission_required(permissions.DISPATCH)
@require_safe
def show(request: HttpRequest, rounds_id: UUID) -> HttpResponse:
    """One plan: the rounds, each with its stops in order."""
    row = touring.find(rounds_id, account_of(request))
    unserved = [row.stops[stop] for stop in row.result.get("unserved", [])]
    context = {"row": row, "tours": touring.tours(row), "unserved": unserved, "drives": row.result.get("minutes")}
    return render(request, "cases/rounds/plan.html", context)


@permission_required(permissions.DISPATCH)
@require_safe
def points(request: HttpRequest, rounds_id: UUID) -> JsonResponse:
    """The stops of a plan on the map, each with its round and number."""
    row = touring.find(rounds_id, account_of(request))
    features = [
        _point(f"{tour.unit} {stop.number}", stop.lon, stop.lat, stop.case_id, "ok")
        for tour in touring.tours(row)
        for stop in tour.stops
    ]
    for stop in row.result.get("unserved", []):
        one = row.stops[stop]
        features.append(_point(one["title"], one["lon"], one["lat"], one["id"], "stale"))
    return JsonResponse({"type": "FeatureCollection", "features": features})


def _point(title: str, lon: float, lat: float, case_id: str, state: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {"id": case_id, "title": title, "state": state, "href": f"/desk/cases/{case_id}", "detail": ""},
    }
