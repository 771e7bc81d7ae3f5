"""One case: the facts, the evidence, the history, and what this person may do next."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import (
    acting,
    asking,
    attachments,
    changing,
    choices,
    directory,
    duplicates,
    listing,
    permissions,
    presentation,
    type_store,
)
from onecity.kernel.cases.forms import FilterForm
from onecity.kernel.cases.keeping import views as keeping
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.naming import policy as naming
from onecity.kernel.cases.publishing import views as publishing
from onecity.kernel.cases.shifts import suggesting
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

BESIDE = 30


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """The page of one case, with the list it was found in beside it."""
    return _page(request, _seen(case_id, account_of(request)))


@permission_required(permissions.VIEW)
@require_POST
def act(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """A step, a note, an assignment or a hand-over; what could not be done leaves what was typed."""
    account = account_of(request)
    _seen(case_id, account)
    try:
        _do(request, case_id, account)
    except Problem as problem:
        if problem.status not in {409, 422}:
            raise
        return _page(request, _seen(case_id, account), problem)
    messages.success(request, _("Done."))
    return HttpResponseRedirect(reverse("cases:show", args=[case_id]))


@transaction.atomic
def _do(request: HttpRequest, case_id: UUID, account: Account) -> None:
    action, note = request.POST.get("action", ""), request.POST.get("note", "")
    version = request.POST.get("version", "")
    expected = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else None
    file = request.FILES.get("file")
    if file is not None:
        attachments.attach(case_id, file.name or "", file.read(upload.MOST_BYTES + 1), account, "")
    if action == "comment":
        if note.strip() or file is None:
            acting.comment(case_id, account, note)
    elif action == "take":
        acting.assign(case_id, account.id, account, note, expected)
    elif action == "assign":
        acting.assign(case_id, parse_id(request.POST.get("assignee", "")), account, note, expected)
    elif action == "hand_over":
        body = parse_id(request.POST.get("organisation", "")) or UUID(int=0)
        acting.hand_over(case_id, body, account, note, expected)
    else:
        acting.act(case_id, action, account, note, _sent(request, case_id, action), expected)


def _sent(request: HttpRequest, case_id: UUID, action: str) -> dict[str, Any]:
    case = _seen(case_id, account_of(request))
    step = type_store.version(case.type_name, case.type_version).definition.transition(action)
    return asking.read(request.POST, [step.form] if step and step.form else [])


def _seen(case_id: UUID, account: Account) -> Case:
    case = Case.objects.defer("search").filter(id=case_id).first()
    if case is None or not (changing.may(case, account, permissions.VIEW)):
        raise changing.not_found()
    return case


def _page(request: HttpRequest, case: Case, problem: Problem | None = None) -> HttpResponse:
    account = account_of(request)
    kind = type_store.version(case.type_name, case.type_version).definition
    names = naming.shown(case, account)
    steps = names.steps(presentation.history(case, kind))
    row = presentation.rows([case])[0]
    form = FilterForm(request.GET, account)
    beside = listing.page(account, form.wanted(), limit=BESIDE, count=False)
    context: dict[str, Any] = {
        "row": replace(row, assignee=names.name(row.assignee)),
        "reporter": names.reporter,
        "case": case,
        "place": places.title_for(case.division_path, full=True),
        "steps": steps,
        "facts": presentation.facts(case, kind),
        "stages": presentation.stages(case, kind, steps),
        "attachments": attachments.of_case(case),
        "beside": presentation.rows(beside.cases),
        "problem": problem,
        "note": request.POST.get("note", "") if problem else "",
        "opened_by": names.name(directory.names_of([case.opened_by_id]).get(case.opened_by_id, ""))
        if case.opened_by_id
        else "",
        **_possible(case, account, kind),
        **publishing.desk(case, kind, account),
        **keeping.desk(case, account),
    }
    return render(request, "cases/case.html", context, status=problem.status if problem else 200)


def _possible(case: Case, account: Account, kind: Definition) -> dict[str, Any]:
    may_handle = policy.may(account, permissions.HANDLE, case.division_path)
    dispatches = case.is_open and policy.may(account, permissions.DISPATCH, case.division_path)
    steps = [(t, in_language(t.title), asking.of_step(t, kind)) for t in acting.possible(case, kind, account)]
    deeds = acting.deeds(case, kind, account)
    offices = choices.offices(case) if dispatches or any("organisations" in deed.asks for deed in deeds) else []
    return {
        "actions": [(step, title) for step, title, fields in steps if not fields],
        # name, title, fields, and whether photos may be shown with it
        # what usually comes next stands open
        "asking": [
            (step.name, title, fields, True, step.weight == "primary") for step, title, fields in steps if fields
        ]
        + [(deed.name, deed.title, asking.of_deed(deed, kind, offices), False, False) for deed in deeds],
        "participants": presentation.participants(case),
        "parts": presentation.rows(list(Case.objects.defer("search").filter(parent_id=case.id).order_by("number"))),
        "alike": duplicates.of_case(case) if case.is_open else [],
        "merge": None if case.is_open else duplicates.merged_into(case),
        "merged": duplicates.merged_here(case),
        "may_merge": policy.may(account, permissions.DISPATCH, case.division_path),
        "may_take": case.is_open and case.assignee_id is None and may_handle,
        "people": directory.handlers(case.organisation_id, case.division_path, confidential=case.confidential)
        if dispatches
        else {},
        "offices": offices if dispatches else [],
        "dispatches": dispatches,
        "suggested": suggesting.for_case(case) if dispatches and case.assignee_id is None else [],
    }
