"""The desk page that says what is erased when, and holds that stop it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import changing, permissions, presentation, type_store, visibility
from onecity.kernel.cases.keeping import policies, service
from onecity.kernel.cases.keeping.policies import Policy
from onecity.kernel.cases.kinds import editing
from onecity.kernel.cases.models import Case, Hold
from onecity.kernel.cases.types import in_a_row
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

MONTH: Final = dt.timedelta(days=30)
YEAR: Final = dt.timedelta(days=365)
NEXT: Final = 50


@dataclass(frozen=True)
class Line:
    """One kind: how many of its cases are over now, within 30 days and within a year (each with those before), and held."""

    policy: Policy
    erased: str
    over: int
    month: int
    year: int
    held: int


@permission_required(permissions.KEEP)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What goes when, by kind and case by case, and what is on hold."""
    return _page(request)


@permission_required(permissions.KEEP)
@require_POST
def hold(request: HttpRequest) -> HttpResponse:
    """Put a case on hold, by its number."""
    account, number = account_of(request), request.POST.get("number", "").strip()
    case = visibility.visible(Case.objects.defer("search"), account).filter(number=number).first()
    try:
        if case is None:
            raise changing.invalid("number", _("There is no such case among those you may see."))
        service.hold(case.id, account, request.POST.get("reason", ""))
    except Problem as problem:
        if problem.status not in {409, 422}:
            raise
        return _page(request, problem)
    messages.success(request, _("The case is on hold: nothing of it is erased."))
    return HttpResponseRedirect(_back(request, case.id))


@permission_required(permissions.KEEP)
@require_POST
def lift(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    """Lift a hold."""
    found = service.lift(hold_id, account_of(request))
    messages.success(request, _("The hold is lifted."))
    return HttpResponseRedirect(_back(request, found.case_id))


def _back(request: HttpRequest, case_id: UUID) -> str:
    if request.POST.get("back") == "case":
        return reverse("cases:show", args=[case_id]) + "#keeping"
    return reverse("cases:keeping") + "#held"


def _page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    account, moment = account_of(request), now()
    seen = policy.visible(visibility.visible(Case.objects.all(), account), account, permissions.KEEP)
    found = policies.all_in_force()
    coming = policies.remaining(seen).filter(policies.over(found, moment + YEAR)).exclude(policies.held())
    by_name = {one.name: one for one in found}
    rows = presentation.rows(list(coming.defer("search", "description", "evidence").order_by("closed_at", "id")[:NEXT]))
    lines = [_line(one, seen, moment) for one in found]
    context = {
        "lines": [line for line in lines if line.year or line.held],
        "quiet": _quiet([line for line in lines if not line.year and not line.held]),
        "unlimited": len(type_store.all_in_force()) - len(found),
        "next": [(row, by_name[row.case.type_name].goes_at(row.case)) for row in rows],
        "holds": list(
            Hold.objects.filter(lifted_at__isnull=True, case__in=seen)
            .select_related("case")
            .defer("case__search")[:200]
        ),
        "problem": problem,
        "number": request.POST.get("number", ""),
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "cases/keeping/index.html", context, status=problem.status if problem else 200)


def _quiet(lines: Sequence[Line]) -> list[tuple[int, str, list[str]]]:
    """Kinds of which nothing goes soon, those with the same policy together."""
    found: dict[tuple[int, str], list[str]] = {}
    for line in lines:
        found.setdefault((line.policy.rule.years, line.erased), []).append(line.policy.kind.title)
    return [(years, erased, titles) for (years, erased), titles in found.items()]


def _line(one: Policy, seen: QuerySet[Case], moment: dt.datetime) -> Line:
    rows = policies.remaining(seen).filter(policies.over([one], moment + YEAR)).order_by()
    held = rows.filter(policies.held()).filter(closed_at__lt=one.ends_before(moment)).count()
    counts = rows.exclude(policies.held()).aggregate(
        over=Count("id", filter=Q(closed_at__lt=one.ends_before(moment))),
        month=Count("id", filter=Q(closed_at__lt=one.ends_before(moment + MONTH))),
        year=Count("id"),
    )
    names = dict(editing.ERASED)
    return Line(one, in_a_row(str(names[name]) for name in one.rule.erase), held=held, **counts)


def desk(case: Case, account: Account) -> Mapping[str, Any]:
    """What the page of a case says of how long it is kept; nothing where its kind has no policy."""
    rule = policies.of(case)
    if rule is None:
        return {}
    again = case.forgotten_at is not None and case.closed_at is not None and case.forgotten_at < case.closed_at
    return {
        "keeping_rule": rule.rule,
        "goes_at": rule.goes_at(case),
        "forgotten": case.forgotten_at is not None and not again and not case.is_open,
        "hold": Hold.objects.filter(case=case, lifted_at__isnull=True).first(),
        "may_keep": policy.may(account, permissions.KEEP, case.division_path),
    }
