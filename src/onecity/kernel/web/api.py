"""One way of saying no for every API: exceptions become problem+json, in the reader's language, with field errors."""

import json
import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.parser import Parser

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.web import problems, wrong_values

logger = logging.getLogger(__name__)
TITLES = {
    400: _("We could not understand this request"),
    403: _("You may not do this"),
    404: _("There is nothing here"),
    405: _("This address does not offer that method"),
    413: _("This is too large"),
}


class BodyParser(Parser):
    """Reads bodies as JSON objects, which all of ours are; anything else is a Problem that says what is wrong.

    Left to itself the library takes a list or a text for an object whose members are all left out, and NaN for a number.
    """

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body's members; raises Problem 400."""
        try:
            found = json.loads(request.body, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise Problem("not-json", _("The body is not valid JSON"), detail=_where(error)) from error
        if not isinstance(found, dict):
            raise Problem("not-an-object", _("The body must be a JSON object"))
        return found


def _where(error: ValueError | RecursionError) -> object:
    """Where JSON stops being JSON."""
    if isinstance(error, json.JSONDecodeError):
        return _("Look at line %(line)d, character %(column)d.") % {"line": error.lineno, "column": error.colno}
    if isinstance(error, UnicodeDecodeError):
        return _("Byte %(number)d is not UTF-8.") % {"number": error.start + 1}
    if isinstance(error, _NoNumberError):
        return _("%(word)s is no JSON number.") % {"word": error.word}
    return _("It is nested too deeply, or holds a number that is too long.")


class _NoNumberError(ValueError):
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def _no_number(word: str) -> None:
    raise _NoNumberError(word)


def install_handlers(api: NinjaAPI) -> None:
    """Answer every exception of `api` as problem+json; called once, where the API is made."""
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(AuthenticationError, _nobody)
    api.add_exception_handler(Throttled, _throttled)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Http404, _absent)
    api.add_exception_handler(RequestDataTooBig, _too_large)
    for error in (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        api.add_exception_handler(error, _unreadable)
    api.add_exception_handler(Exception, _broken)


def _problem(request: HttpRequest, error: Problem | type[Problem]) -> HttpResponse:
    if not isinstance(error, Problem):
        raise TypeError("an API must raise an instance of Problem")
    return problems.answer(request, error, program=True)


def _invalid(request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    found = error.errors if isinstance(error, ValidationError) else []
    fields = [wrong_values.field_error(item) for item in found]
    detail = _("Correct the values named under `errors` and send the request again. Nothing was stored.")
    problem = Problem("invalid", _("Some values are wrong"), status=422, detail=detail, errors=fields)
    return problems.answer(request, problem, program=True)


def _nobody(request: HttpRequest, _error: AuthenticationError | type[AuthenticationError]) -> HttpResponse:
    detail = _("Sign in, or send an access token that is still valid.")
    problem = Problem("unauthenticated", _("Sign in first"), status=401, detail=detail)
    return problems.answer(request, problem, program=True)


def _throttled(request: HttpRequest, error: Throttled | type[Throttled]) -> HttpResponse:
    wait = error.wait if isinstance(error, Throttled) and error.wait else 1
    problem = Problem("too-many-requests", _("Too many requests"), status=429, extra={"retry_after": wait})
    return problems.answer(request, problem, program=True)


def _http(request: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
    cause = error.__cause__ if isinstance(error, HttpError) else None
    if isinstance(cause, Problem):  # of BodyParser; the library wraps whatever a parser raises
        return problems.answer(request, cause, program=True)
    status = error.status_code if isinstance(error, HttpError) else 400
    title = TITLES.get(status, TITLES[400])
    problem = Problem("refused", title, status=status, detail=str(error))
    return problems.answer(request, problem, program=True)


def _absent(request: HttpRequest, _error: Http404 | type[Http404]) -> HttpResponse:
    problem = Problem("not-found", TITLES[404], status=404)
    return problems.answer(request, problem, program=True)


def _too_large(request: HttpRequest, _error: RequestDataTooBig | type[RequestDataTooBig]) -> HttpResponse:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    detail = _("Send at most %(megabytes)d MB at once. Nothing was stored.") % {"megabytes": most // 2**20}
    problem = Problem("too-large", TITLES[413], status=413, detail=detail, extra={"max_bytes": most})
    return problems.answer(request, problem, program=True)


def _unreadable(request: HttpRequest, _error: Exception | type[Exception]) -> HttpResponse:
    return problems.answer(request, Problem("bad-request", TITLES[400], status=400), program=True)


def _broken(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    reference = str(new_id())
    failure = error if isinstance(error, Exception) else None
    logger.error("error %s on %s %s", reference, request.method, request.path, exc_info=failure)
    problem = Problem("broken", _("Something went wrong on our side"), status=500)
    return problems.answer(request, problem, reference, program=True)
