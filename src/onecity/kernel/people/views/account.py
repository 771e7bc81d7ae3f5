"""One's own account: who I am here, how surely, which roles I hold, and the ways to keep it safe."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.people import roles, service
from onecity.kernel.people.doors import account_of, signed_in
from onecity.kernel.people.forms import ProfileForm


@signed_in
@require_http_methods(["GET", "POST"])
def my_account(request: HttpRequest) -> HttpResponse:
    """The overview, and the form for what one may change oneself."""
    account = account_of(request)
    form = ProfileForm(request.POST or None, instance=account)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your details are saved."))
        return HttpResponseRedirect(request.path)
    held = [
        {
            "title": roles.title_of(a.role),
            "division_path": a.division_path,
            "valid_from": a.valid_from,
            "valid_to": a.valid_to,
        }
        for a in service.current_assignments(account).select_related("role")
    ]
    return render(request, "people/my_account.html", {"account": account, "form": form, "assignments": held})
