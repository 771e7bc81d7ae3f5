"""Paying for what was granted, and having it sent."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onecity.domains.services.applying import delivering, following, paying
from onecity.domains.services.applying.delivering import Where
from onecity.domains.services.applying.models import Application, Payment
from onecity.kernel.cases.models import Case
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of, signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def sandbox(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The sandbox in place of a provider's page: pay, or fail; no money moves."""
    account = account_of(request)
    application = Application.objects.filter(following.own(account), id=application_id).first()
    payment = Payment.objects.filter(application=application).first() if application else None
    provider = paying.PROVIDER
    if application is None or payment is None or not isinstance(provider, paying.Sandbox):
        raise Http404
    number = Case.objects.values_list("number", flat=True).get(id=application.case_id)
    if request.method == "POST":
        outcome: paying.Outcome = "paid" if request.POST.get("outcome") == "paid" else "failed"
        paying.notified(provider.notice(payment, outcome))
        return HttpResponseRedirect(reverse("applying:followed", args=[number]))
    return render(request, "applying/pay.html", {"payment": payment, "number": number})


@signed_in
@require_POST
def post(request: HttpRequest, number: str) -> HttpResponse:
    """Have the result sent by post."""
    found = following.course(account_of(request), number)
    where = Where(*(request.POST.get(name, "") for name in ("name", "phone", "address")))
    try:
        delivering.want(found.application, found.published.item, where)
    except Problem as problem:
        messages.error(request, str(problem.title))
    else:
        messages.success(request, _("It will be sent; you see here where it is."))
    return HttpResponseRedirect(reverse("applying:followed", args=[number]))
