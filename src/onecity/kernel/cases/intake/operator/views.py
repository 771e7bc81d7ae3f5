"""Pages of whoever takes calls: one form that stays ready, and the full name of a reporter for whoever says why."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import asked, changing, choices, permissions, reporting
from onecity.kernel.cases.intake import suggested
from onecity.kernel.cases.intake.operator import calls
from onecity.kernel.cases.intake.operator.forms import CallForm, PurposeForm
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.service import visible_cases
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account

LAST = "last_call"
FIELDS = {"division_path": "division", "title": "text", "description": "text", "type_name": "kind"}


@permission_required(permissions.OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest) -> HttpResponse:
    """The form; `do=look` fills what stands beside it and files nothing, `do=open` files the case and begins anew."""
    account = account_of(request)
    if request.method != "POST":
        last = request.session.get(LAST) if "done" in request.GET else None
        return _page(request, CallForm(account), last=last)
    if request.POST.get("do") != "open":
        return _look(request, account)
    form, wrong = CallForm(account, request.POST), None
    step = asked.step(request.POST, request.POST.get("kind", ""))
    if form.is_valid() and not step.ready:
        return _page(request, form, asks=step.shown())
    if form.is_valid():
        try:
            case, code = calls.take(form.cleaned_data | {"answers": step.given}, account)
        except Problem as problem:
            wrong = problem
            _show(form, problem)
        else:
            suggested.chose(request.POST.get("shown", ""), case)
            request.session[LAST] = {"id": str(case.id), "number": case.number, "code": code}
            return HttpResponseRedirect(reverse("cases:intake") + "?done=1")
    return _page(request, form, status=422, asks=step.shown(wrong))


def _look(request: HttpRequest, account: Account) -> HttpResponse:
    """What is beside the form, for what was written so far; nothing is wrong yet with a form that is being written."""
    given = CallForm(account, request.POST)
    given.is_valid()
    so_far = given.cleaned_data
    about = request.POST.get("about", "")
    beside: dict[str, Any] = {"looked": True}
    if about != "case" and so_far.get("phone"):
        try:
            beside["caller"] = calls.caller(so_far["phone"], account, _("Taking a call"))
        except Problem as problem:
            beside["refused"] = problem
    if about != "phone":
        point = so_far.get("lon"), so_far.get("lat")
        division = so_far.get("division") or ""
        beside["near"] = calls.near(account, *point, division, so_far.get("kind") or "")
        beside["offer"] = suggested.offer(so_far.get("text") or "", division, _kinds())
    if request.POST.get("take"):
        so_far["kind"] = request.POST["take"]
    written = {name: request.POST.get(name, "") for name in given.fields} | so_far
    step = asked.step(request.POST, str(written.get("kind") or ""))
    return _page(request, CallForm(account, initial=written), asks=step.shown(), **beside)


def _kinds() -> set[str]:
    return {name for _class, rows in choices.kinds(manual_only=True) for name, _title in rows}


def _page(request: HttpRequest, form: CallForm, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "cases/intake/call.html", {"form": form, **more}, status=status)


def _show(form: CallForm, problem: Problem) -> None:
    if problem.code == "answers-invalid":
        # told at the fields themselves
        form.add_error(None, _("Correct what this kind asks."))
        return
    for error in problem.errors:
        name = FIELDS.get(error.field, error.field)
        form.add_error(name if name in form.fields else None, str(error.detail))
    if not problem.errors:
        form.add_error(None, f"{problem.title} {problem.detail}".strip())


@permission_required(permissions.REPORTERS)
@require_http_methods(["GET", "HEAD", "POST"])
def reporter(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Who reported a case, in full, once the purpose is said; each reading is logged."""
    account = account_of(request)
    case = _seen(case_id, account)
    form = PurposeForm(request.POST or None)
    found = None
    if request.method == "POST" and form.is_valid():
        found = reporting.reveal(case, account, form.cleaned_data["purpose"])
    context = {"case": case, "form": form, "found": found, "asked": form.is_bound and not form.errors}
    response = render(request, "cases/intake/reporter.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


def _seen(case_id: UUID, account: Account) -> Case:
    found = (
        visible_cases(account).filter(id=case_id) | Case.objects.filter(id=case_id, assignee_id=account.id)
    ).first()
    if found is None:
        raise changing.not_found()
    return found
