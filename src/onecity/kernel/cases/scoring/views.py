"""The score card at the desk: any period, any division one may see, each figure with its cases, and as a workbook."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onecity.kernel.access import audit
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import calendars, choices, permissions
from onecity.kernel.cases.scoring import service
from onecity.kernel.cases.scoring.export import workbook
from onecity.kernel.cases.scoring.words import COUNTS, POINTS, RATES
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The card of the period in the address, this month where none is given; `format=xlsx` gives the workbook."""
    account = account_of(request)
    today = now().astimezone(calendars.office().zone).date()
    first = _day(request.GET.get("first", ""), today.replace(day=1))
    last = _day(request.GET.get("last", ""), today)
    offered = choices.divisions(account, permissions.VIEW)
    place = request.GET.get("place", "")
    place = place if place in dict(offered) else ""
    problem: Problem | None = None
    tables: list[service.Table] = []
    try:
        tables = service.tables(first, last, place)
    except Problem as error:
        problem = error
    if request.GET.get("format") == "xlsx" and problem is None:
        audit.record(
            "cases.scores.export",
            actor_id=account.id,
            object_type="scores",
            object_id=f"{first}/{last}",
            division_path=place,
        )
        made = workbook(tables, str(account), now().astimezone(calendars.office().zone))
        answer = HttpResponse(made, content_type=XLSX)
        answer["Content-Disposition"] = f'attachment; filename="scores-{first}-{last}.xlsx"'
        return answer
    context = {
        "tables": tables,
        "first": first,
        "last": last,
        "place": place,
        "divisions": offered,
        "problem": problem,
        "counts": COUNTS,
        "points": POINTS,
        "rates": RATES,
    }
    return render(request, "cases/scores.html", context, status=422 if problem else 200)


def _day(text: str, otherwise: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return otherwise
