"""A new case by hand."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import asked, attachments, permissions
from onecity.kernel.cases.forms import NewCaseForm
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import BY_HAND, NewCase, open_case
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account


@permission_required(permissions.OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """The form, or the new case; sent twice it opens one."""
    account = account_of(request)
    form = NewCaseForm(account, request.POST or None, request.FILES or None)
    # a kind that asks more shows its fields first; they are sent with the second step
    step, wrong = asked.step(request.POST, request.POST.get("type_name", "")), None
    if request.method == "POST" and form.is_valid() and step.ready:
        try:
            case = _open(form, account, step.given)
        except Problem as problem:
            wrong = problem
            _show(form, problem)
        else:
            messages.success(request, _("Case %(number)s is open.") % {"number": case.number})
            return HttpResponseRedirect(reverse("cases:show", args=[case.id]))
    context = {"form": form, "asks": step.shown(wrong)}
    return render(request, "cases/new.html", context, status=422 if form.errors or wrong else 200)


@transaction.atomic
def _open(form: NewCaseForm, account: Account, given: Mapping[str, Any]) -> Case:
    values = form.cleaned_data
    policy.require(account, permissions.OPEN, values["division"])
    case = open_case(
        NewCase(
            type_name=values["type_name"],
            title=values["title"],
            description=values["description"],
            division_path=values["division"],
            address=values["address"],
            lon=values["lon"],
            lat=values["lat"],
            severity=values["severity"] or None,
            answers=asked.checked(values["type_name"], given),
            source=BY_HAND,
            source_key=f"{BY_HAND}:{account.id}:{values['key']}",
        ),
        actor=account,
    )
    photo = values["photo"]
    if photo is not None:
        attachments.attach(case.id, photo.name, photo.read(upload.MOST_BYTES + 1), account)
    return case


def _show(form: NewCaseForm, problem: Problem) -> None:
    if problem.code == "answers-invalid":
        # told at the fields themselves
        form.add_error(None, _("Correct what this kind asks."))
        return
    names = {"division_path": "division", "file": "photo"}
    for error in problem.errors:
        name = names.get(error.field, error.field)
        labelled = name in form.fields
        form.add_error(name if labelled else None, str(error.detail) if labelled else f"{name}: {error.detail}")
    if not problem.errors:
        form.add_error(None, str(problem))
