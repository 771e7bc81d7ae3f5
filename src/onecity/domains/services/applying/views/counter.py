"""The desk's counter: queue, whoever stands at the window, and an application as the office sees it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onecity.domains.services.applying import counter, drafting, simulating
from onecity.domains.services.applying.logic.resolving import Resolved
from onecity.domains.services.applying.models import Application, Decision
from onecity.domains.services.applying.views import showing
from onecity.domains.services.items import store
from onecity.domains.services.items.models import Sort
from onecity.domains.services.items.permissions import VIEW
from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.rules.decisions.table import TableError


@permission_required(counter.OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Who waits, who stands here, and what he wants."""
    account, problem = account_of(request), None
    if request.method == "POST":
        try:
            done = _do(request, account)
        except Problem as found:
            problem = found
        else:
            return done or HttpResponseRedirect(reverse("applying:counter"))
    items = sorted((in_language(one.item.name), code) for code, one in store.items().items() if one.in_use)
    context = {
        "queue": counter.queue(account),
        "items": items,
        "problem": problem,
        "window": request.session.get("window", ""),
        "sent": request.POST,
        "identifies": policy.may_somewhere(account, counter.IDENTIFY),
    }
    return render(request, "applying/desk/counter.html", context, status=problem.status if problem else 200)


def _do(request: HttpRequest, account: Account) -> HttpResponse | None:
    post, what = request.POST, request.POST.get("do", "")
    if what == "draw":
        ticket = counter.draw(account, post.get("item", ""), parse_id(post.get("appointment", "")))
        messages.success(request, _("Number %(number)s") % {"number": ticket.shown})
    elif what == "next":
        request.session["window"] = post.get("window", "")[:20]
        called = counter.call_next(account, post.get("window", ""))
        messages.info(request, _("Called: %(number)s") % {"number": called.shown} if called else _("Nobody waits."))
    elif what in {"served", "missed"}:
        ticket_id = parse_id(post.get("ticket", ""))
        if ticket_id is not None:
            counter.end(account, ticket_id, came=what == "served")
    elif what == "find":
        found = counter.find(account, post.get("number", ""))
        return HttpResponseRedirect(reverse("applying:application", args=[found.id]))
    elif what == "begin":
        party = counter.somebody(account, post.get("number", ""), post.get("name", ""))
        draft = drafting.begin(account, post.get("item", ""), party.id, drafting.WINDOW)
        return HttpResponseRedirect(reverse("applying:draft", args=[draft.id]))
    return None


@permission_required("cases.view")
@require_safe
def application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """An application with everything that the office decides by: materials with their sources, answers, decisions."""
    found = Application.objects.filter(id=application_id).first()
    case = Case.objects.defer("search").filter(id=found.case_id).first() if found else None
    if found is None or case is None or not policy.may(account_of(request), "cases.view", found.division_path):
        raise Problem(
            "application-unknown", _("There is no application with this number among those you may see."), status=404
        )
    item = store.version(Sort.ITEM, found.item_code, found.item_number).item
    sources = {one.key: one.source.register for one in item.materials if one.source is not None}
    materials = [
        Resolved(**{**one, "files": tuple(one.get("files", ())), "failed": tuple(one.get("failed", ()))})
        for one in found.materials
    ]
    context = {
        "application": found,
        "case": case,
        "item": item,
        "materials": [showing.material(one, sources.get(one.key, ""), {}, found.disputed) for one in materials],
        "answers": showing.answers(item.form, found.answers),
        "decisions": list(Decision.objects.filter(application=found)),
    }
    return render(request, "applying/desk/application.html", context)


@permission_required(VIEW)
@require_safe
def simulation(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """A new table over past applications, before it is published."""
    try:
        version, found = simulating.of_version(version_id)
    except TableError as error:
        raise Problem(
            "table-invalid", _("This table cannot work yet."), status=422, detail="; ".join(error.mistakes)
        ) from error
    return render(request, "applying/desk/simulation.html", {"version": version, "found": found})
