"""The desk's page of keys for programs: made, shown once, withdrawn."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import permissions
from onecity.kernel.cases.intake.open311 import keys
from onecity.kernel.cases.models import AppKey
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of


@permission_required(permissions.OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def keys_page(request: HttpRequest) -> HttpResponse:
    """My keys; posting a name makes one, whose text is on that answer only."""
    account = account_of(request)
    made, problem = "", None
    if request.method == "POST":
        try:
            _key, made = keys.create(account, request.POST.get("name", ""))
        except Problem as error:
            problem = error
    response = render(
        request,
        "cases/keys.html",
        {"keys": AppKey.objects.filter(account_id=account.id), "made": made, "problem": problem},
        status=problem.status if problem else 200,
    )
    response["Cache-Control"] = "no-store"
    return response


@permission_required(permissions.OPEN)
@require_POST
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Withdraw a key; programs that use it are refused at once."""
    keys.revoke(key_id, account_of(request))
    messages.success(request, _("The key was withdrawn."))
    return HttpResponseRedirect(reverse("cases:keys"))
