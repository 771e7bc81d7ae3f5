"""The door of the program on a machine: it says how the machine is, what card lies there, and prints what waits."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from onecity.domains.services.kiosk import cards, machines, printing
from onecity.domains.services.kiosk.cards import Card
from onecity.domains.services.kiosk.models import Terminal
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import DEVICE, mark

LONGEST: Final = 10_000
Handler = Callable[..., HttpResponse]


def of_machine(view: Handler) -> Handler:
    """Let the machine in whose secret stands in the request's `Authorization: Bearer`; nobody else."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        machine = machines.proved(secret) if scheme == "Bearer" else None
        if machine is None:
            raise Problem("no-terminal", _("No terminal has this secret."), status=401)
        return view(request, machine, *args, **kwargs)

    marked: Handler = mark(guarded, DEVICE)
    return marked


@of_machine
@require_POST
def state(request: HttpRequest, machine: Terminal) -> HttpResponse:
    """How the machine is; answered with what it offers."""
    machines.said(machine, _told(request))
    return JsonResponse({"name": machine.name, "items": [one.code for one in machines.offered(machine)]})


@of_machine
@require_POST
def card(request: HttpRequest, machine: Terminal) -> HttpResponse:
    """A card lies on the reader."""
    told = _told(request)
    cards.read(machine, Card(str(told.get("number", "")), str(told.get("name", ""))))
    return JsonResponse({"read": True})


@of_machine
@require_safe
def jobs(_request: HttpRequest, machine: Terminal) -> HttpResponse:
    """What waits for the printer."""
    return JsonResponse({"jobs": [{"id": str(job.id), "state": job.state} for job in printing.waiting(machine)]})


@of_machine
@require_safe
def document(_request: HttpRequest, machine: Terminal, job_id: UUID) -> HttpResponse:
    """The document of one of them."""
    response = HttpResponse(printing.document(machine, job_id), content_type="application/pdf")
    response["Cache-Control"] = "no-store"
    return response


@of_machine
@require_POST
def ended(request: HttpRequest, machine: Terminal, job_id: UUID) -> HttpResponse:
    """How printing it went."""
    told = _told(request)
    printing.ended(machine, job_id, printed=told.get("printed") is True, reason=str(told.get("reason", "")))
    return JsonResponse({"ended": True})


def _told(request: HttpRequest) -> dict[str, Any]:
    if len(request.body) > LONGEST:
        raise Problem("too-long", _("This says too much."), status=413)
    try:
        told = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Problem("no-json", _("This is no JSON."), status=400) from error
    if not isinstance(told, dict):
        raise Problem("no-json", _("This is no JSON object."), status=400)
    return told
