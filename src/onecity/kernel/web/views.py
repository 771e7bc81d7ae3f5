"""Pages of the shell itself: the start page of residents, the offline page, and health for those who watch."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from onecity.kernel.people.doors import public
from onecity.kernel.registry import registry


@public
def home(request: HttpRequest) -> HttpResponse:
    """The start page: search, my things when signed in, and the city's pages."""
    pages = [(domain, page) for domain in registry.domains() for page in domain.pages if page.door == "residents"]
    return render(request, "web/home.html", {"pages": pages})


@public
def offline(request: HttpRequest) -> HttpResponse:
    """The page that a browser keeps for when there is no connection."""
    return render(request, "web/offline.html")


@public
def health(_request: HttpRequest) -> JsonResponse:
    """Whether this process answers; for load balancers and the supervisor."""
    return JsonResponse({"status": "ok"})
