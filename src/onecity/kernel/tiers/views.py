"""The desk's page of links: how each stands, what is on its way, and every conflict with both values."""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import entries, type_store
from onecity.kernel.cases.models import Case
from onecity.kernel.tiers import status
from onecity.kernel.tiers.models import Act, Conflict
from onecity.kernel.tiers.models.conflict import ActState
from onecity.kernel.tiers.permissions import TIERS_VIEW

SHOWN = 20
PAGE = 50
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@permission_required(TIERS_VIEW)
@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """The page."""
    return render(request, "tiers/index.html", _content())


@permission_required(TIERS_VIEW)
@require_safe
@never_cache
def parts(request: HttpRequest) -> HttpResponse:
    """The part that changes: links and what is on its way."""
    return render(request, "tiers/links.html", _content())


@permission_required(TIERS_VIEW)
@require_safe
def conflicts(request: HttpRequest) -> HttpResponse:
    """All conflicts, newest first."""
    before = request.GET.get("before", "")
    rows = Conflict.objects.order_by("-found_at", "-id")
    if before.isdigit():
        rows = rows.filter(found_at__lt=EPOCH + dt.timedelta(microseconds=int(before)))
    found = list(rows[: PAGE + 1])
    context: dict[str, Any] = {"conflicts": found[:PAGE], "first": not before}
    if len(found) > PAGE:
        context["next"] = (found[PAGE - 1].found_at - EPOCH) // dt.timedelta(microseconds=1)
    return render(request, "tiers/conflicts.html", context)


def _content() -> dict[str, Any]:
    links = status.links()
    return {
        "links": links,
        "missing": status.missing(links),
        "acts": _titled(list(Act.objects.filter(outgoing=True, state=ActState.WAITING).order_by("-at")[:SHOWN])),
        "conflicts": Conflict.objects.order_by("-found_at", "-id")[:SHOWN],
    }


def _titled(rows: list[Act]) -> list[tuple[Act, object]]:
    """Acts with what their steps are called."""
    cases = Case.objects.defer("search").in_bulk([row.case_id for row in rows])
    kinds = type_store.versions((case.type_name, case.type_version) for case in cases.values())
    found = {
        case.id: kinds[case.type_name, case.type_version].definition
        for case in cases.values()
        if (case.type_name, case.type_version) in kinds
    }
    return [
        (row, entries.title(found[row.case_id], row.action) if row.case_id in found else row.action) for row in rows
    ]
