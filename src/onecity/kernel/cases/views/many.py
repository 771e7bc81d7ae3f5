"""The same act for the cases chosen in a list, and what became of each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import bulk, permissions
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of


@permission_required(permissions.VIEW)
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do it, and show case by case what was done and what was not."""
    ids = [one for one in map(parse_id, request.POST.getlist("case")) if one is not None]
    action, note = request.POST.get("action", ""), request.POST.get("note", "")
    problem: Problem | None = None
    results: list[bulk.Result] = []
    try:
        results = bulk.act_many(ids, action, account_of(request), note, {"assignee": request.POST.get("assignee", "")})
    except Problem as error:
        if error.status != 422:
            raise
        problem = error
    done = sum(one.done for one in results)
    back = request.POST.get("back", "")
    context = {
        "problem": problem,
        "results": results,
        "done": done,
        "left": len(results) - done,
        "back": back if back.startswith("?") else "",
    }
    return render(request, "cases/many.html", context, status=422 if problem else 200)
