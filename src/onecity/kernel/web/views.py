"""Pages of the shell itself: the start page, the search, the offline page, and health for those who watch."""

from dataclasses import dataclass
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from onecity.kernel.cases.models import Case
from onecity.kernel.notify.models import Message
from onecity.kernel.people.doors import public
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.registry import registry
from onecity.kernel.registry.domain import Page
from onecity.kernel.web import finding
from onecity.kernel.web.indicators import Figure, figure
from onecity.kernel.web.place import place_name

CARD_FIGURES = 3


@dataclass(frozen=True)
class CityCard:
    """A residents' page with the figures that matter first."""

    page: Page
    description: object
    figures: tuple[Figure, ...]


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The start page: search, my things when signed in, and the city's pages with what they say now."""
    context = {"cards": _cards(), "mine": _mine(request.user) if isinstance(request.user, Account) else None}
    return render(request, "web/home.html", context)


@public
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Pages, places and things of the city whose name holds what was typed."""
    text = request.GET.get("q", "").strip()[: finding.LONGEST]
    found = finding.find(text, request.user) if text else ()
    return render(request, "web/search.html", {"text": text, "groups": found})


@public
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that a browser keeps for when there is no connection."""
    return render(request, "web/offline.html")


@public
def health(_request: HttpRequest) -> JsonResponse:
    """Whether this process answers; for load balancers and the supervisor."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def worker(_request: HttpRequest) -> HttpResponse:
    """The service worker; it must come from the root to stand before every page."""
    path = finders.find("web/js/worker.js")
    if not isinstance(path, str):
        raise Http404
    response = HttpResponse(Path(path).read_bytes(), content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_safe
def manifest(_request: HttpRequest) -> JsonResponse:
    """What a phone needs to put the platform on its home screen (W3C web application manifest)."""
    icon = {"src": static("web/mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    name = place_name(get_language() or "")
    facts = {"name": f"{name} · OneCity", "short_name": name, "start_url": "/", "display": "standalone"}
    colours = {"background_color": "#f6f7f8", "theme_color": "#0b6670"}
    return JsonResponse({**facts, **colours, "icons": [icon]}, content_type="application/manifest+json")


def _cards() -> list[CityCard]:
    root = places.root()
    division = root.path if root else ""
    cards = [
        CityCard(page, domain.description, tuple(figure(one, division) for one in domain.indicators[:CARD_FIGURES]))
        for domain in registry.domains()
        for page in domain.pages
        if page.door == "residents"
    ]
    return sorted(cards, key=lambda card: card.page.order)


def _mine(account: Account) -> dict[str, object]:
    """What waits for this person: cases in his hands or opened by him that still run, and messages not yet read."""
    running = Case.objects.filter(closed_at__isnull=True).defer("search", "description", "evidence")
    return {
        "cases": list(running.filter(assignee_id=account.id).order_by("due_order", "id")[:5]),
        "asked": list(running.filter(opened_by_id=account.id).order_by("-opened_at")[:5]),
        "unread": Message.objects.filter(account_id=account.id, read_at__isnull=True).count(),
    }
