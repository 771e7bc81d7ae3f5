"""The score card at the desk: any period, any division one may see, each figure with its cases, and as workbooks."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from onecity.kernel.access import audit
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import calendars, choices, directory, permissions, suggesting
from onecity.kernel.cases.scoring import drilling, service
from onecity.kernel.cases.scoring.export import cases_book, workbook
from onecity.kernel.cases.scoring.words import COUNTS, LISTS, OPENS, POINTS, RATES
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 200


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The card of the period in the address, this month where none is given; `format=xlsx` gives the workbook."""
    account = account_of(request)
    first, last = period(request)
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
        return sheet(workbook(tables, str(account), local_now()), f"scores-{first}-{last}")
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
        "opens": OPENS,
        "followed": suggesting.follow_rate(*_moments(first, last), place) if problem is None else None,
    }
    return render(request, "cases/scores.html", context, status=422 if problem else 200)


@permission_required(permissions.VIEW)
@require_safe
def behind(request: HttpRequest) -> HttpResponse:
    """The cases behind one figure of one office in a period; `format=xlsx` gives them as a workbook."""
    account = account_of(request)
    first, last = period(request)
    figure = request.GET.get("figure", "")
    office = _office(request.GET.get("office", ""))
    found = drilling.behind(office, figure, first, last)
    name = directory.bodies_named([office])[office]
    title = f"{name} · {LISTS[figure]}"
    if request.GET.get("format") == "xlsx":
        audit.record(
            "cases.scores.export",
            actor_id=account.id,
            object_type="scores",
            object_id=f"{first}/{last}",
            detail={"office": str(office), "figure": figure, "cases": len(found.acts)},
        )
        return sheet(cases_book(found.acts, title, str(account), local_now()), f"cases-{figure}-{first}-{last}")
    context = {
        "found": found,
        "shown": found.acts[:SHOWN],
        "most": drilling.MOST,
        "name": name,
        "figure": figure,
        "title": LISTS[figure],
        "first": first,
        "last": last,
        "others": [(key, text, key == figure) for key, text in LISTS.items()],
        "office": office,
    }
    return render(request, "cases/behind.html", context)


def period(request: HttpRequest) -> tuple[dt.date, dt.date]:
    """The days asked for in the address, this month where none are."""
    today = local_now().date()
    return _day(request.GET.get("first", ""), today.replace(day=1)), _day(request.GET.get("last", ""), today)


def _moments(first: dt.date, last: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """When the first day begins and the last one has ended."""
    zone = calendars.office().zone
    return dt.datetime.combine(first, dt.time(), zone), dt.datetime.combine(last, dt.time(), zone) + dt.timedelta(
        days=1
    )


def local_now() -> dt.datetime:
    """Now, by the clock of the district."""
    return now().astimezone(calendars.office().zone)


def sheet(content: bytes, name: str) -> HttpResponse:
    """A workbook as a file to keep."""
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer


def _office(text: str) -> UUID:
    try:
        office = UUID(text)
    except ValueError:
        office = UUID(int=0)
    if office not in directory.bodies_named([office]):
        raise Problem("office-unknown", _("There is no such office. Choose one of the list."), status=404)
    return office


def _day(text: str, otherwise: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return otherwise
