"""Django's error handlers: bad request, forbidden, not found, broken, each as a Problem in the reader's language."""

import logging

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.web import problems

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request could not be understood."""
    del exception  # Django passes it; a reader is told nothing of it
    detail = _("Go back and try again. If it came from a link, the link may be damaged.")
    return problems.answer(request, Problem("bad-request", _("We could not understand this request"), detail=detail))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: signed in without the right, or a form whose token has expired."""
    del exception  # Django passes it; a reader is told nothing of it
    detail = _("The administrator of your organisation can grant you the right for your division.")
    return problems.answer(request, Problem("forbidden", _("You may not open this"), status=403, detail=detail))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token is missing or too old; nothing was stored."""
    logger.warning("a form was refused: %s", reason)
    detail = _("Nothing was stored. Load the page again and send the form once more; cookies must be allowed.")
    problem = Problem("form-expired", _("This form has expired"), status=403, detail=detail)
    return problems.answer(request, problem)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing here, or nothing that this reader may see."""
    del exception  # Django passes it; a reader is told nothing of it
    return problems.answer(request, Problem("not-found", _("There is nothing here"), status=404))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; the reference finds the entry in the log."""
    reference = str(new_id())
    logger.error("error %s on %s %s", reference, request.method, request.path)
    problem = Problem("broken", _("Something went wrong on our side"), status=500)
    return problems.answer(request, problem, reference)
