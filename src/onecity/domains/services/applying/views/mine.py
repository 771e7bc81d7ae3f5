"""My services: what runs, what I hold, what is offered to me, and one application followed to its end."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.domains.services.applying import entitling, following, parties, settling
from onecity.domains.services.applying.following import Course
from onecity.domains.services.applying.logic import resolving
from onecity.domains.services.applying.logic.resolving import Resolved
from onecity.domains.services.applying.models import Draft, DraftState, Entitlement, EntitlementState
from onecity.domains.services.applying.views import holding, showing
from onecity.domains.services.items import store
from onecity.kernel.cases import presentation
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of, signed_in
from onecity.kernel.people.models import Account

MOST_FILES = 5


@signed_in
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What is mine: offers, drafts, applications, certificates."""
    account = account_of(request)
    names = {code: in_language(one.item.name) for code, one in store.items().items()}
    names |= {code: in_language(one.bundle.name) for code, one in store.bundles().items()}
    drafts = Draft.objects.filter(account_id=account.id, state=DraftState.OPEN).order_by("-changed_at")[:20]
    offers = Entitlement.objects.filter(account_id=account.id, state=EntitlementState.OFFERED).order_by("-found_at")
    found = following.rows(account)
    have = {one["application"].item_code for one in found if one["application"].outcome in {"", "issued"}}
    shown = {row.case.id: row for row in presentation.rows([one["case"] for one in found])}
    context = {
        "spaces": parties.parties(account),
        "drafts": [(one, names.get(one.item_code, one.item_code)) for one in drafts],
        "offers": [
            (one, names.get(one.item_code, one.item_code), _why(one)) for one in offers if one.item_code not in have
        ],
        "applications": [(one["application"], shown[one["case"].id]) for one in found],
        "certificates": holding.cards(account)[:6],
    }
    return render(request, "applying/mine.html", context)


def _why(one: Entitlement) -> str:
    return in_language({key: "\n".join(found) for key, found in one.explanation.items()})


@signed_in
@require_safe
def followed(request: HttpRequest, number: str) -> HttpResponse:
    """Where an application stands, and why it was decided so; of one thing, where all its parts stand."""
    whole = following.whole(account_of(request), number)
    if whole is not None:
        return render(request, "applying/whole.html", {"whole": whole, "new": "new" in request.GET})
    return _page(request, following.course(account_of(request), number))


def _page(request: HttpRequest, found: Course, problem: Problem | None = None) -> HttpResponse:
    materials = [
        Resolved(**{**one, "files": tuple(one.get("files", ())), "failed": tuple(one.get("failed", ()))})
        for one in found.application.materials
    ]
    sources = {one.key: one.source.register for one in found.published.item.materials if one.source is not None}
    free, whole = resolving.share_free(materials)
    context: dict[str, Any] = {
        "course": found,
        "shown": found.followed,
        "new": "new" in request.GET,
        "problem": problem,
        "materials": [
            showing.material(one, sources.get(one.key, ""), {}, found.application.disputed) for one in materials
        ],
        "free": free,
        "whole": whole,
        "why": _lines(found),
        "certificate": holding.card(found.application.certificate_id) if found.application.certificate_id else None,
        "rates": _rates(found),
    }
    return render(request, "applying/followed.html", context, status=problem.status if problem else 200)


def _lines(found: Course) -> list[str]:
    if found.decision is None:
        return []
    return in_language({key: "\n".join(lines) for key, lines in found.decision.explanation.items()}).splitlines()


def _rates(found: Course) -> bool:
    where = found.case.state if found.case.is_open else "end"
    return where not in found.rated and found.application.outcome != "withdrawn"


@signed_in
@require_POST
def act(request: HttpRequest, number: str, what: str) -> HttpResponse:
    """What whoever applied can do: withdraw, hand in what was asked, appeal, rate."""
    account = account_of(request)
    found = following.course(account, number)
    try:
        _act(request, found, what, account)
    except Problem as problem:
        return _page(request, found, problem)
    return HttpResponseRedirect(reverse("applying:followed", args=[number]))


def _act(request: HttpRequest, found: Course, what: str, account: Account) -> None:
    text = request.POST.get("text", "")
    if what == "withdraw":
        following.withdraw(found, text)
        messages.success(request, _("The application was withdrawn."))
    elif what == "correct":
        files = request.FILES.getlist("files")[:MOST_FILES]
        following.correct(found, text, [(one.name or "", one.read(upload.MOST_BYTES + 1)) for one in files], account)
        messages.success(request, _("Thank you. It was added to the case."))
    elif what == "appeal":
        following.appeal(found, text, account)
        messages.success(request, _("Your appeal was received. Somebody who had no part in the decision looks at it."))
    elif what == "rate":
        stars = request.POST.get("stars", "")
        following.rate(found, int(stars) if stars.isdecimal() and len(stars) == 1 else 0, text, account)
        messages.success(request, _("Thank you for your rating."))
    else:
        raise following.unknown()


@signed_in
@require_POST
def entitlement(request: HttpRequest, entitlement_id: UUID, what: str) -> HttpResponse:
    """Yes or no to what was found without an application."""
    account = account_of(request)
    if what == "no":
        entitling.decline(entitlement_id, account)
        return HttpResponseRedirect(reverse("applying:mine"))
    application = entitling.confirm(entitlement_id, account)
    settling.settle([application])
    rows = following.rows(account)
    number = next(one["case"].number for one in rows if one["application"].id == application.id)
    return HttpResponseRedirect(reverse("applying:followed", args=[number]) + "?new=1")
