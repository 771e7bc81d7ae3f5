"""Help that hands over to a person: the hotline, or a message that opens a case and is answered there."""

from typing import Final

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from onecity.domains.services.items import store
from onecity.domains.services.items.casetypes import HELP
from onecity.domains.services.items.models import Sort
from onecity.kernel.access import throttle
from onecity.kernel.access.throttle import Limit
from onecity.kernel.cases.intake.resident import filing, following
from onecity.kernel.cases.intake.resident.filing import Report
from onecity.kernel.cases.intake.resident.forms import PHONE
from onecity.kernel.cases.intake.resident.views import OF_ACCOUNT, REPORTS
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.doors import public
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

LONGEST: Final = 1500


class HelpForm(forms.Form):
    """What somebody could not find or do, and how to reach him."""

    text = forms.CharField(
        label=_("What do you need?"),
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("In your own words. A member of staff reads it and answers within a working day."),
    )
    name = forms.CharField(label=_("Your name"), max_length=80, required=False)
    phone = forms.RegexField(PHONE, label=_("Telephone"), max_length=30, required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The ways to a person; a message sent opens one case, however often it is sent."""
    service = _service(request.GET.get("item", ""))
    form = HelpForm(request.POST or None)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                return _file(request, form, service)
            status = 422
        except Problem as problem:
            form.add_error(None, str(problem.title))
            status = problem.status
    return render(request, "services/help.html", {"form": form, "service": service}, status=status)


def _count(request: HttpRequest, account: Account | None) -> None:
    if account is not None:
        throttle.take(Limit(REPORTS.name, REPORTS.most * OF_ACCOUNT, REPORTS.period), str(account.id))
    else:
        throttle.take(REPORTS, throttle.address_of(request))


def _service(code: str) -> str:
    found = store.in_force(Sort.ITEM, [code]).get(code) if code else None
    return in_language(found.item.name) if found else ""


def _file(request: HttpRequest, form: HelpForm, service: str) -> HttpResponse:
    account = request.user if isinstance(request.user, Account) else None
    _count(request, account)
    root = places.root()
    values = form.cleaned_data
    text = f"【{service}】{values['text']}" if service else values["text"]
    report = Report(
        key=values["key"],
        text=text,
        division_path=root.path if root else "",
        kind=HELP.name,
        name=values["name"],
        phone=values["phone"],
    )
    case, code = filing.file(report, [], account)
    following.hold(request, case, code)
    return HttpResponseRedirect(reverse("cases:followed", args=[case.number]) + "?new=1")
