"""Cases that may tell of the same thing: the queue, and what one decides of a pair."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import duplicates, merging, permissions
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of


@permission_required(permissions.DISPATCH)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The pairs that this person may decide, the likeliest first."""
    return _page(request)


@permission_required(permissions.DISPATCH)
@require_POST
def decide(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Let the case go into another, take it out again, or say that the two are not the same; back to where one was."""
    account, note = account_of(request), request.POST.get("note", "")
    other = parse_id(request.POST.get("other", "")) or UUID(int=0)
    action = request.POST.get("action", "")
    try:
        if action == "merge":
            kept = merging.merge(case_id, other, account, note)
            messages.success(request, _("Merged into %(number)s.") % {"number": kept.number})
        elif action == "unmerge":
            merging.unmerge(case_id, account, note)
            messages.success(request, _("The case stands for itself again."))
        else:
            duplicates.dismiss(case_id, other, account)
            messages.success(request, _("Noted: these two are not the same."))
    except Problem as problem:
        if problem.status != 409:
            raise
        return _page(request, problem)
    if request.POST.get("back") == "queue":
        return HttpResponseRedirect(reverse("cases:duplicates"))
    return HttpResponseRedirect(reverse("cases:show", args=[case_id]))


def _page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    context = {"pairs": duplicates.pending(account_of(request)), "problem": problem, "most": duplicates.SHOWN}
    return render(request, "cases/duplicates.html", context, status=problem.status if problem else 200)
