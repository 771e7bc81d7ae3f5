"""One's own identity and mandates: confirm it online, see for whom one may act and who acts for oneself."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onecity.kernel.access import identities
from onecity.kernel.access.forms import ConfirmForm, MandateForm
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import checking, identity, mandates
from onecity.kernel.people.doors import account_of, signed_in
from onecity.kernel.people.models import Mandate


@signed_in
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Who I am here, and the form that asks the register; `next` leads back to what needed it."""
    account = account_of(request)
    onwards = _onwards(request)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            identities.confirm_online(account, form.cleaned_data["number"], form.cleaned_data["name"])
        except Problem as problem:
            return _page(request, form, onwards, problem)
        messages.success(request, _("Your identity is confirmed."))
        return HttpResponseRedirect(onwards or reverse("access:my_identity"))
    return _page(request, form, onwards)


@signed_in
@require_POST
def appoint(request: HttpRequest) -> HttpResponse:
    """Offer somebody to act for me, or for a party that I speak for."""
    account = account_of(request)
    form = MandateForm(request.POST, spaces=_spoken_for(request))
    if form.is_valid():
        asked = form.cleaned_data
        try:
            identities.appoint(account, UUID(asked["party"]), asked["username"], asked["services"], asked["until"])
        except Problem as problem:
            return _page(request, ConfirmForm(), "", problem, form)
        messages.success(request, _("The mandate is offered. It holds once it is accepted."))
        return HttpResponseRedirect(reverse("access:my_identity"))
    return _page(request, ConfirmForm(), "", None, form)


@signed_in
@require_POST
def accept(request: HttpRequest, mandate_id: UUID) -> HttpResponse:
    """Take an offer."""
    identities.accept(_mandate(mandate_id), account_of(request))
    messages.success(request, _("You may act for this party now."))
    return HttpResponseRedirect(reverse("access:my_identity"))


@signed_in
@require_POST
def end(request: HttpRequest, mandate_id: UUID) -> HttpResponse:
    """Give a mandate back, or take it away."""
    identities.end(_mandate(mandate_id), account_of(request))
    messages.success(request, _("The mandate has ended."))
    return HttpResponseRedirect(reverse("access:my_identity"))


def _mandate(mandate_id: UUID) -> Mandate:
    found = Mandate.objects.filter(id=mandate_id).select_related("principal").first()
    if found is None:
        raise Problem("mandate-not-found", _("There is no such mandate."), status=404)
    return found


def _spoken_for(request: HttpRequest) -> list[mandates.Space]:
    return [s for s in mandates.spaces(account_of(request).id) if s.kind in {"self", *mandates.FULL}]


def _onwards(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or ""
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}) else ""


def _page(
    request: HttpRequest,
    form: ConfirmForm,
    onwards: str,
    problem: Problem | None = None,
    mandate_form: MandateForm | None = None,
) -> HttpResponse:
    account = account_of(request)
    told = mandate_form or form
    for error in problem.errors if problem is not None else ():
        told.add_error(error.field if error.field in told.fields else None, str(error.detail))
    if problem is not None and not problem.errors:
        told.add_error(None, str(problem.detail or problem.title))
    spoken = _spoken_for(request)
    shown: dict[str, Any] = {
        "account": account,
        "identity": identity.identity_of(account.id),
        "online": checking.register() is not None,
        "form": form,
        "mandate_form": mandate_form or MandateForm(spaces=spoken),
        "may_appoint": bool(spoken),
        "held": list(mandates.held(account)),
        "given": list(mandates.given(account)),
        "next": onwards,
        "back": f"{onwards}&step_up_declined=1" if "?" in onwards else "",
    }
    status = problem.status if problem is not None else 422 if told.is_bound and told.errors else 200
    return render(request, "access/identity.html", shown, status=status)
