"""My data and who used it for what."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onecity.domains.services.applying import data_of, parties
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of, signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Every question about me; with a button, what the registers hold; and a form to say that it is wrong."""
    account = account_of(request)
    spaces = parties.parties(account)
    if not spaces:
        return render(request, "applying/unknown.html", {})
    party = parties.party(account, parse_id(request.GET.get("for", "")))
    entries, problem = None, None
    if request.method == "POST" and "register" in request.POST:
        try:
            data_of.say_wrong(party, account, request.POST["register"], request.POST.get("text", ""))
        except Problem as found:
            problem = found
        else:
            messages.success(request, _("Thank you. The office that keeps the register looks at it and answers you."))
            return HttpResponseRedirect(reverse("applying:data"))
    elif request.method == "POST":
        entries = data_of.held(party, account)
    context = {"party": party, "uses": data_of.uses(party), "entries": entries, "problem": problem}
    return render(request, "applying/data.html", context, status=problem.status if problem else 200)
