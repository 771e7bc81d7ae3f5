"""The screen in the hall: what there is, put your card on, apply as everywhere, print, finish."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.domains.services.applying.views.holding import cards as certificates
from onecity.domains.services.kiosk import cards, demo, machines, printing
from onecity.domains.services.kiosk.models import Terminal
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of, public, signed_in
from onecity.kernel.web import terminal as bound

COOKIE = "onecity_terminal"
YEAR_SECONDS = 31_536_000
WAIT_SECONDS = 2


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this machine offers; before a card lies on it, that is all there is to see."""
    machine = _machine(request)
    if machine is None:
        return HttpResponseRedirect(reverse("kiosk:enrol"))
    entered = bound.of(request) == machine.id and request.user.is_authenticated
    context: dict[str, Any] = {"machine": machine, "items": machines.offered(machine), "entered": entered}
    if entered:
        account = account_of(request)
        context |= {"cards": certificates(account)[:6], "jobs": printing.of_account(machine, account)}
    return render(request, "kiosk/home.html", context)


@public
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Bind this browser to a machine with the secret that the desk was shown once."""
    if request.method != "POST":
        return render(request, "kiosk/enrol.html", {})
    secret = request.POST.get("secret", "").strip()
    if machines.proved(secret) is None:
        return render(request, "kiosk/enrol.html", {"wrong": True}, status=422)
    response = HttpResponseRedirect(reverse("kiosk:home"))
    response.set_cookie(
        COOKIE,
        secret,
        max_age=YEAR_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure(),
        path="/kiosk",
    )
    return response


@public
@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest) -> HttpResponse:
    """Wait for a card; where one lies on the reader, its holder is in."""
    machine = _machine(request)
    if machine is None:
        return HttpResponseRedirect(reverse("kiosk:enrol"))
    onwards = _item_of(request)
    if request.method == "POST":
        chosen = demo.card(request.POST.get("card", "")) if settings.ONECITY_DEMO else None
        if chosen is None:
            raise Problem("no-such-card", _("There is no such card."), status=422)
        cards.read(machine, chosen)
    found = cards.take(machine)
    if found is not None:
        cards.enter(request, machine, found)
        return HttpResponseRedirect(onwards or reverse("kiosk:home"))
    shown = demo.cards() if settings.ONECITY_DEMO else ()
    response = render(
        request, "kiosk/card.html", {"machine": machine, "cards": shown, "item": request.GET.get("item", "")}
    )
    response["Refresh"] = str(WAIT_SECONDS)
    return response


@public
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Finish: nothing of the person stays on the machine."""
    if bound.of(request) is not None:
        bound.end(request)
    response = HttpResponseRedirect(reverse("kiosk:home"))
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@public
@require_POST
def touch(_request: HttpRequest) -> HttpResponse:
    """Somebody is there; the middleware has noted it."""
    return HttpResponse(status=204)


@signed_in
@require_POST
def print_(request: HttpRequest) -> HttpResponse:
    """Print one of my certificates here."""
    machine = _bound(request)
    wanted = parse_id(request.POST.get("certificate", ""))
    if bound.of(request) != machine.id or wanted is None:
        raise Problem("certificate-unknown", _("There is no such certificate among yours."), status=404)
    printing.ask(machine, account_of(request), wanted)
    return HttpResponseRedirect(reverse("kiosk:home"))


def _machine(request: HttpRequest) -> Terminal | None:
    return machines.proved(request.COOKIES.get(COOKIE, ""))


def _bound(request: HttpRequest) -> Terminal:
    machine = _machine(request)
    if machine is None:
        raise Problem("no-terminal", _("This browser belongs to no terminal."), status=409)
    return machine


def _item_of(request: HttpRequest) -> str:
    code = request.POST.get("item", "") or request.GET.get("item", "")
    return reverse("applying:start", args=[code]) if code in machines.offerable() else ""
