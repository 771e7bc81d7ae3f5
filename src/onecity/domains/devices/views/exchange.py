"""The page on which device management is taken out as a file, compared with one, and brought in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from onecity.domains.devices import exchange
from onecity.domains.devices.permissions import MANAGE
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def index(request: HttpRequest) -> HttpResponse:
    """Choose a file; first what would change is told, then it is brought in."""
    found: exchange.Differences | None = None
    problem: Problem | None = None
    trial = request.POST.get("really") != "on"
    file = request.FILES.get("file")
    if request.method == "POST" and file is not None:
        try:
            found = exchange.bring_in(file.read(exchange.MOST_BYTES + 1), account_of(request), trial=trial)
        except Problem as refused:
            if refused.status != 422:
                raise
            problem = refused
    context = {"found": found, "problem": problem, "trial": trial}
    return render(request, "devices/exchange.html", context, status=422 if problem else 200)


@require_GET
@permission_required(MANAGE)
def take_out(request: HttpRequest) -> HttpResponse:
    """The file."""
    headers = {"Content-Disposition": 'attachment; filename="devices.zip"'}
    return HttpResponse(exchange.export(account_of(request)), content_type="application/zip", headers=headers)
