"""The formula of the score card at the desk: its versions, the draft as fields, what would change, and its publication."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import permissions
from onecity.kernel.cases.models import ScoreFormula
from onecity.kernel.cases.models.draft import DraftState
from onecity.kernel.cases.scoring import drafting, editing, service
from onecity.kernel.cases.scoring.formulas import content_of, formulas, of_row
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of

ACTS: Final[Mapping[str, Callable[..., ScoreFormula]]] = {"submit": drafting.submit, "drop": drafting.drop}


@permission_required(permissions.VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every version with the days for which it holds, the newest first, and the draft that is open."""
    found, today = formulas(), drafting.today().isoformat()
    people = {
        row.effective_from.isoformat(): row
        for row in ScoreFormula.objects.filter(state=DraftState.PUBLISHED)
        if row.effective_from
    }
    holding = next((one for one in reversed(found) if one.effective_from <= today), None)
    versions = []
    for number, one in enumerate(found):
        before = content_of(found[number - 1]) if number else {}
        changed = editing.differences(before, content_of(one)) if number else []
        versions.append((one, people.get(one.effective_from), one is holding, changed, editing.shown(content_of(one))))
    may_change = policy.may_somewhere(account_of(request), permissions.FORMULAS)
    context = {
        "versions": versions[::-1],
        "may_change": may_change,
        "draft": drafting.open_draft() if may_change else None,
        "today": today,
    }
    return render(request, "cases/formulas/index.html", context)


@permission_required(permissions.FORMULAS)
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Begin a draft from the newest version."""
    return _to(drafting.begin(account_of(request)))


@permission_required(permissions.FORMULAS)
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The draft: its fields, what differs, what is wrong, and what the last full month would have looked like by it."""
    row = drafting.find(draft_id)
    problem: Problem | None = None
    if request.method == "POST":
        try:
            return _act(request, row)
        except Problem as error:
            if error.status not in {409, 422}:
                raise
            problem, row = error, drafting.find(draft_id)
    wrong = drafting.mistakes(row) if row.is_open else []
    newest = content_of(formulas()[-1])
    context = {
        "draft": row,
        "shown": editing.shown(row.content),
        "wrong": wrong,
        "problem": problem,
        "differences": editing.differences(newest, row.content) if row.is_open else [],
        "own": str(account_of(request).id) in {*row.editors, str(row.author_id)},
        "preview": _preview(row) if row.is_open and not wrong else None,
        "today": drafting.today(),
    }
    return render(request, "cases/formulas/draft.html", context, status=problem.status if problem else 200)


def _act(request: HttpRequest, row: ScoreFormula) -> HttpResponse:
    account, what = account_of(request), request.POST.get("action", "save")
    if what == "save":
        sent = request.POST.get("revision", "0")
        revision = int(sent) if sent.isdecimal() and len(sent) < 9 else 0
        content = editing.read(request.POST, row.content)
        drafting.write(row.id, account, revision, content, request.POST.get("comment", ""))
        messages.success(request, _("The draft is saved."))
        return _to(row)
    if what == "send_back":
        return _to(drafting.send_back(row.id, account, request.POST.get("answer", "")))
    if what == "publish":
        drafting.publish(row.id, account, _day(request.POST.get("effective_from", "")))
        messages.success(request, _("The formula is published."))
        return HttpResponseRedirect(reverse("cases:formulas"))
    doing = ACTS.get(what)
    if doing is None:
        raise drafting.invalid("action", _("Choose what to do."))
    return _to(doing(row.id, account))


def _preview(row: ScoreFormula) -> Mapping[str, Any]:
    """Totals of the last full month by the newest formula and by the draft, for the offices that may be seen."""
    last = drafting.today().replace(day=1) - dt.timedelta(days=1)
    first = last.replace(day=1)
    now_, then = (service.totals(one, first, last) for one in (formulas()[-1], of_row(row)))
    lines = [(office.name, now_.get(office), then.get(office)) for office in dict.fromkeys([*now_, *then])]
    return {
        "first": first,
        "last": last,
        "lines": [line for line in lines if line[1] is not None or line[2] is not None],
    }


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise drafting.invalid("effective_from", _("Say from which day it holds.")) from error


def _to(row: ScoreFormula) -> HttpResponse:
    return HttpResponseRedirect(reverse("cases:formula", args=[row.id]))
