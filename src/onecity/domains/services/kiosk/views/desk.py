"""The desk that looks after terminals: how each is, what it offers, a new one, one out of service."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.domains.services.kiosk import machines, permissions
from onecity.domains.services.kiosk.models import Terminal
from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.places import service as places


@permission_required(permissions.MANAGE)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All machines of my divisions, those in trouble first."""
    return render(request, "kiosk/desk.html", _listed(request))


@permission_required(permissions.MANAGE)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """A new machine; its secret is on this page and nowhere else."""
    post = request.POST
    try:
        made, secret = machines.register(
            account_of(request), post.get("name", ""), post.get("place", ""), post.get("division", "")
        )
    except Problem as problem:
        return render(request, "kiosk/desk.html", {**_listed(request), "problem": problem}, status=problem.status)
    return render(request, "kiosk/desk.html", {**_listed(request), "made": made, "secret": secret})


@permission_required(permissions.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, terminal_id: UUID) -> HttpResponse:
    """One machine: what it offers can be changed here, and is there within seconds."""
    machine = machines.find(terminal_id)
    if request.method == "POST":
        machines.publish(machine, account_of(request), request.POST.getlist("item"))
        messages.success(request, _("Published. The terminal shows it from its next page on."))
        return HttpResponseRedirect(reverse("kiosk:terminal", args=[machine.id]))
    offer = sorted(machines.offerable().values(), key=lambda one: one.item.authority.department)
    [how] = machines.health([machine])
    return render(
        request, "kiosk/terminal.html", {"machine": machine, "offer": offer, "how": how, "most": machines.MOST_ITEMS}
    )


@permission_required(permissions.MANAGE)
@require_POST
def switch(request: HttpRequest, terminal_id: UUID) -> HttpResponse:
    """Out of service, or back."""
    machine = machines.find(terminal_id)
    machines.switch(machine, account_of(request), active=request.POST.get("active") == "yes")
    return HttpResponseRedirect(reverse("kiosk:terminal", args=[machine.id]))


def _listed(request: HttpRequest) -> dict[str, object]:
    account = account_of(request)
    rows = policy.visible(Terminal.objects.all(), account, permissions.MANAGE)
    scopes = policy.scopes(account, permissions.MANAGE)
    root = places.root()
    paths = [scope or (root.path if root else "") for scope in scopes]
    choices = [(path, places.title_for(path)) for top in paths if top for path in (top, *_below(top))]
    return {"machines": machines.health(list(rows)), "divisions": choices}


def _below(path: str) -> list[str]:
    return [child.path for child in places.children(path)]
