"""The inspector's phone: its page, its worker, what it keeps, and what it sends."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import condition, require_POST, require_safe

from onecity.kernel.access.decorators import permission_required, public
from onecity.kernel.cases import permissions
from onecity.kernel.cases.field import application, ground, kept, photos, sending, words
from onecity.kernel.cases.field.once import Done
from onecity.kernel.cases.models import Case
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of

ACCOUNT = "X-Field-Account"
View = Callable[..., HttpResponse]


@permission_required(permissions.HANDLE)
@require_safe
@ensure_csrf_cookie
def show(request: HttpRequest) -> HttpResponse:
    """The application's page; it says nothing of anybody, since the phone keeps it."""
    context = {"field_words": words.words(), "piece": photos.PIECE}
    response = render(request, "cases/field/show.html", context)
    response["Cache-Control"] = "private, no-cache"
    return response


@public
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the list of what it keeps; another list, language or look is another worker."""
    response = HttpResponse(application.worker(request), content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    response["Service-Worker-Allowed"] = "/field"
    return response


@public
@require_safe
def manifest(_request: HttpRequest) -> HttpResponse:
    """What a phone needs to put the application on its home screen (W3C web application manifest)."""
    icon = {"src": static("web/mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    facts = {
        "id": "/field",
        "name": _("Field work"),
        "short_name": _("Field work"),
        "start_url": "/field",
        "scope": "/field",
    }
    look = {"display": "standalone", "background_color": "#f6f7f8", "theme_color": "#0b6670"}
    return JsonResponse({**facts, **look, "icons": [icon]}, content_type="application/manifest+json")


def _of_one_person(view: View) -> View:
    """Refuse what was made in the name of somebody else: two people may share a phone, never a name."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        claimed = request.headers.get(ACCOUNT, "")
        if claimed and claimed != str(account_of(request).id):
            raise Problem(
                "other-account",
                gettext_lazy("This was entered by somebody else."),
                status=409,
                detail=gettext_lazy("It is kept on the phone until that person signs in again."),
            )
        return view(request, *args, **kwargs)

    return guarded


@permission_required(permissions.HANDLE)
@require_safe
@ensure_csrf_cookie
@_of_one_person
def work(request: HttpRequest) -> HttpResponse:
    """My running cases and what may be done with them."""
    return _json(kept.kept(account_of(request)))


def _ground(_request: HttpRequest, **_where: int) -> str:
    return f'"{ground.version()}"'


@permission_required(permissions.HANDLE)
@require_safe
@condition(etag_func=_ground)
def tile(_request: HttpRequest, x: int, y: int) -> HttpResponse:
    """One tile of the ground; raises Problem 404 where there is none of that number."""
    try:
        text = ground.tile(x, y)
    except ValueError as error:
        raise Problem("no-tile", gettext_lazy("There is no such piece of the map."), status=404) from error
    response = HttpResponse(text, content_type="application/json")
    response["Cache-Control"] = "private, no-cache"
    return response


@permission_required(permissions.HANDLE)
@require_POST
@_of_one_person
def acts(request: HttpRequest) -> HttpResponse:
    """Do one thing that the phone sent, once."""
    return _done(request, sending.take(account_of(request), request.body))


@permission_required(permissions.HANDLE)
@require_POST
@_of_one_person
def photo(request: HttpRequest) -> HttpResponse:
    """Begin a photo, or ask how much of it is here."""
    return _json(photos.begin(account_of(request), request.body))


@permission_required(permissions.HANDLE)
@require_POST
@_of_one_person
def photo_piece(request: HttpRequest, key: UUID, offset: int) -> HttpResponse:
    """Take one piece of a photo."""
    return _json(photos.piece(account_of(request), key, offset, request.read(photos.PIECE + 1)))


@permission_required(permissions.HANDLE)
@require_POST
@_of_one_person
def photo_finish(request: HttpRequest, key: UUID) -> HttpResponse:
    """Give a whole photo to its case."""
    return _done(request, photos.finish(account_of(request), key, request.body))


@permission_required(permissions.HANDLE)
@require_POST
@_of_one_person
def photo_forget(request: HttpRequest, key: UUID) -> HttpResponse:
    """Drop what has come of a photo."""
    return _json(photos.forget(account_of(request), key))


def _done(request: HttpRequest, done: Done) -> HttpResponse:
    """What it led to, and the case as it is now where this person's phone keeps it."""
    account = account_of(request)
    case = Case.objects.defer("search").filter(id=done.case_id).first()
    found = kept.of_one(case, account) if case is not None else []
    return _json(
        {
            "case_id": str(done.case_id),
            "number": case.number if case else "",
            "version": done.version,
            "again": done.again,
            "case": next(iter(kept.cases(found, account)), None),
            "kinds": kept.kinds(found),
        }
    )


def _json(values: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(json.dumps(values, ensure_ascii=False), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
