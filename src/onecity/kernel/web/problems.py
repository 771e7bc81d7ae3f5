"""Problems as people and programs read them: an HTML page, or problem+json after RFC 9457, by what was asked for."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from onecity.kernel.core.errors import MEDIA_TYPE, Problem

API_PREFIXES = ("/api/", "/ingest", "/live")


def answer(request: HttpRequest, problem: Problem, reference: str = "", *, program: bool = False) -> HttpResponse:
    """The response for a problem, as JSON for a `program`; access.middleware rolls back what was written."""
    write = as_json if program or wants_json(request) else as_page
    response = write(request, problem, reference)
    response["Vary"] = "Accept, Accept-Language, Cookie"
    if problem.status == 429 and "retry_after" in problem.extra:
        response["Retry-After"] = str(problem.extra["retry_after"])
    if problem.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asked: by its address, or by an Accept header that prefers JSON to a page."""
    if request.path.startswith(API_PREFIXES):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def as_json(request: HttpRequest, problem: Problem, reference: str = "") -> HttpResponse:
    """problem+json in the reader's language; `reference` names the entry in the log."""
    body = problem.to_dict(request.path)
    if reference:
        body["reference"] = reference
    text = json.dumps(body, ensure_ascii=False, cls=DjangoJSONEncoder)
    return HttpResponse(text, status=problem.status, content_type=MEDIA_TYPE)


def as_page(request: HttpRequest, problem: Problem, reference: str = "") -> HttpResponse:
    """The problem as a page: what happened, what is safe, what to do next."""
    shown: dict[str, Any] = {
        "code": problem.code,
        "status": problem.status,
        "title": problem.title,
        "detail": problem.detail,
        "errors": problem.errors,
        "next": what_next(problem.status),
        "reference": reference,
    }
    try:
        text = render_to_string("web/error.html", {"problem": shown}, request)
    except DatabaseError:
        # the menus need the database; the sentence does not
        text = render_to_string("web/broken.html", {"problem": shown, "language": get_language()})
    return HttpResponse(text, status=problem.status)


def what_next(status: int) -> str:
    """One sentence that says what is safe and what to do, by kind of error; empty where the problem says it itself."""
    sentences = {
        404: _("Check the address, or start from the page that led here: it may have been closed, moved or archived."),
        409: _("Nothing was changed. Load the page again to see what somebody else has just done, then decide."),
        429: _("Nothing was lost. Wait a moment before you try again."),
    }
    if status >= 500:
        return _("Nothing you sent was half done: it is either stored completely or not at all. We have been told.")
    return sentences.get(status, "")
