"""The page on which whoever lacks a second factor lands: why it is asked, and the ways to set one up."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from onecity.kernel.access import second_factor
from onecity.kernel.people.doors import account_of, signed_in


@signed_in
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The page, or the way on (`next`) once the second factor is there."""
    following = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(following, allowed_hosts=None):
        following = "/"
    if not second_factor.lacking(account_of(request)):
        return HttpResponseRedirect(following)
    return render(request, "access/second_factor.html", {"following": following})
