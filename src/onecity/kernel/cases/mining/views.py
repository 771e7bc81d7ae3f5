"""Bottlenecks at the desk: where cases wait, by state and office, as picture, tables and workbook."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onecity.kernel.access import audit
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import choices, permissions
from onecity.kernel.cases.mining import picture, service
from onecity.kernel.cases.mining.service import Line
from onecity.kernel.cases.scoring.export import table_book
from onecity.kernel.cases.scoring.views import local_now, period, sheet
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of

HOUR = 3600.0


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The bottlenecks of the cases opened in a period, all kinds or one; `format=xlsx` gives the workbook."""
    account = account_of(request)
    first, last = period(request)
    offered, kinds = choices.divisions(account, permissions.VIEW), choices.kinds()
    titles = {name: title for _group, rows in kinds for name, title in rows}
    place, kind = request.GET.get("place", ""), request.GET.get("kind", "")
    place, kind = place if place in dict(offered) else "", kind if kind in titles else ""
    problem: Problem | None = None
    found: service.Report | None = None
    try:
        found = service.report(first, last, place=place, kind=kind)
    except Problem as error:
        problem = error
    if request.GET.get("format") == "xlsx" and found is not None:
        audit.record(
            "cases.bottlenecks.export",
            actor_id=account.id,
            object_type="bottlenecks",
            object_id=f"{first}/{last}",
            division_path=place,
        )
        book = table_book(
            _("Bottlenecks"), _head(), map(_line, [*found.lines, *found.offices]), str(account), local_now()
        )
        return sheet(book, f"bottlenecks-{first}-{last}")
    context = {
        "found": found,
        "picture": picture.graph(found.lines, found.edges) if found and kind else "",
        "problem": problem,
        "first": first,
        "last": last,
        "place": place,
        "kind": kind,
        "title": titles.get(kind, ""),
        "kinds": kinds,
        "divisions": offered,
    }
    return render(request, "cases/bottlenecks.html", context, status=422 if problem else 200)


def _head() -> list[str]:
    return [
        _("Kind"), _("State"), _("Office"), _("Stays"), _("Here now"), _("Came back"), _("Waiting, median (h)"),
        _("Waiting, 9 of 10 (h)"), _("Worked on, median (h)"), _("Worked on, 9 of 10 (h)"), _("Suspended, mean (h)"),
        _("Waited in all (h)"), _("Median of waiting from (h)"), _("to (h)"),
    ]  # fmt: skip


def _line(line: Line) -> list[str | float | None]:
    hours = (
        line.waiting, line.waiting_p90, line.working, line.working_p90, line.held, line.lost,
        line.waiting_low, line.waiting_high,
    )  # fmt: skip
    return [
        line.kind_title, line.state_title, line.office, line.count, line.here, line.again,
        *(round(value / HOUR, 2) for value in hours),
    ]  # fmt: skip
