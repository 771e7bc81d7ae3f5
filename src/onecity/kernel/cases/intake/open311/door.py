"""The door of Open311: public, in the format that the address ends with, errors as the standard's list.

404 stands for what does not exist, 403 for a missing or wrong key, 400 for everything else that cannot be done; a method that
an address does not have is 405, which HTTP itself asks for.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Final

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from onecity.kernel.cases.intake.open311.logic.documents import CONTENT_TYPES, Format, write
from onecity.kernel.cases.intake.open311.query import RefusedError
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import PUBLIC, mark

READING: Final = ("GET", "HEAD")
View = Callable[..., HttpResponse]
Document = tuple[str, object]


def door(*methods: str) -> Callable[[Callable[..., Document]], View]:
    """A public view that answers documents, and errors as documents; it opens its own transaction."""

    def decorate(view: Callable[..., Document]) -> View:
        @csrf_exempt
        @transaction.non_atomic_requests
        @wraps(view)
        def answering(request: HttpRequest, **values: str) -> HttpResponse:
            wanted = _format(request, values.pop("suffix", ""))
            if wanted is None:
                return refuse(request, "xml", RefusedError(404, _("This format is not offered; use .xml or .json")))
            if request.method == "OPTIONS":
                return _dressed(request, HttpResponse(status=204), methods)
            if request.method not in methods:
                response = refuse(request, wanted, RefusedError(405, _("This address does not offer this method")))
                response["Allow"] = ", ".join([*methods, "OPTIONS"])
                return response
            return _run(view, request, wanted, values)

        return mark(answering, PUBLIC)

    return decorate


def _run(view: Callable[..., Document], request: HttpRequest, wanted: Format, values: dict[str, str]) -> HttpResponse:
    try:
        return _answer(request, wanted, *view(request, **values))
    except RefusedError as error:
        return refuse(request, wanted, error)
    except Problem as problem:
        return refuse(request, wanted, RefusedError(problem.status, str(problem)))
    except (MultiPartParserError, RequestDataTooBig, SuspiciousOperation, BadRequest):
        return refuse(request, wanted, RefusedError(400, _("The request cannot be read")))


def _format(request: HttpRequest, suffix: str) -> Format | None:
    """The format of an address's ending, whatever its case; without one what the client prefers, XML unless it says so."""
    found: dict[str, Format] = {"xml": "xml", "json": "json"}
    if suffix:
        return found.get(suffix.removeprefix(".").lower())
    return "json" if "application/json" in request.headers.get("Accept", "") else "xml"


def _answer(request: HttpRequest, wanted: Format, root: str, value: object, status: int = 200) -> HttpResponse:
    response = HttpResponse(write(root, value, wanted), content_type=CONTENT_TYPES[wanted], status=status)
    response["Content-Language"] = get_language() or settings.LANGUAGE_CODE
    return _dressed(request, response, ())


def _dressed(request: HttpRequest, response: HttpResponse, methods: Sequence[str]) -> HttpResponse:
    """What every answer carries: pages of any site may read what is public, and nobody else's store keeps it."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "no-cache"
    if methods:
        response["Allow"] = response["Access-Control-Allow-Methods"] = ", ".join([*methods, "OPTIONS"])
        response["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key"
    if request.method == "HEAD":
        response["Content-Length"] = str(len(response.content))
        response.content = b""
    return response


def refuse(request: HttpRequest, wanted: Format, error: RefusedError) -> HttpResponse:
    """An error as the standard writes it: the same code and a sentence for each reason."""
    reasons = [{"code": error.status, "description": text} for text in error.reasons]
    return _answer(request, wanted, "errors", reasons, error.status)
