"""Pages of the shell itself: the start page, the search, the offline page, and health for those who watch."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from onecity.kernel.people.doors import public
from onecity.kernel.people.models import Account
from onecity.kernel.web import city, finding, front
from onecity.kernel.web.place import place_name


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The start page: that of a domain where one offers it, else search, my things when signed in, and the city now."""
    other = front.chosen()
    if other is not None:
        return other(request)
    context = {"cards": city.cards(), "mine": city.mine(request.user) if isinstance(request.user, Account) else None}
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
