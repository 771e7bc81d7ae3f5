"""What every answer carries: security headers with a nonce for the page's own scripts, and problems made readable."""

import logging
import secrets
from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from onecity.kernel.core.errors import MEDIA_TYPE, Problem
from onecity.kernel.web import problems

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]

POLICY = (
    "default-src 'self'",
    "script-src 'self' 'nonce-{nonce}'",
    "style-src 'self' 'nonce-{nonce}'",
    "img-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
API = "/api/"
# an interface with a standard of its own says in the standard's way that it does not offer a method
OWN_WORDS = ("text/xml", "application/json")
PERMISSIONS = "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=(), interest-cohort=()"


class SecurityHeadersMiddleware:
    """Gives each request a nonce and each answer its Content-Security-Policy; knows nothing of sessions."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with headers; the coroutine of it where Django runs asynchronously."""
        nonce = secrets.token_urlsafe(18)
        request.csp_nonce = nonce  # type: ignore[attr-defined] # the request carries what its templates need
        if self.is_async:
            return self._later(request, nonce)  # type: ignore[return-value] # Django awaits it, see is_async
        return self._dress(self.get_response(request), nonce)

    async def _later(self, request: HttpRequest, nonce: str) -> HttpResponseBase:
        response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc] # asynchronous, see is_async
        return self._dress(response, nonce)

    def _dress(self, response: HttpResponseBase, nonce: str) -> HttpResponseBase:
        headers = response.headers
        policy = (*POLICY, "upgrade-insecure-requests") if not settings.ONECITY_DEMO else POLICY
        headers.setdefault("Content-Security-Policy", "; ".join(policy).format(nonce=nonce))
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if headers.get("Content-Type", "").startswith(("text/html", MEDIA_TYPE)):
            headers.setdefault("Cache-Control", "no-store" if response.cookies else "private, no-cache")
        return response


class ProblemMiddleware:
    """Turns a Problem that a view raises into a page or into problem+json, whichever the client asked for."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on, and say in words that a method is not offered; the rest is in `process_exception`, inside the transaction."""
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path:
            return problems.answer(request, _no_text())
        if request.method == "HEAD" and request.path.startswith(API):
            return self._head(request)
        response = self.get_response(request)
        if response.status_code != 405 or response.headers.get("Content-Type", "").startswith(OWN_WORDS):
            return response
        return _offered(response) if request.method == "OPTIONS" else _not_offered(request, response)

    def _head(self, request: HttpRequest) -> HttpResponseBase:
        """What a GET would be answered, without its body (RFC 9110, 9.3.2): the API's library knows no HEAD."""
        request.method = "GET"
        response = self.get_response(request)
        request.method = "HEAD"
        if response.status_code == 405:
            return _not_offered(request, response)
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer a Problem; every other error goes to Django's handlers, which end in `errors.server_error`."""
        if isinstance(error, Problem):
            return problems.answer(request, error)
        return None


def _no_text() -> Problem:
    """422 for an address that holds NUL: no text of ours does, and the database cannot even compare with it."""
    return Problem("invalid", _("Some values are wrong"), status=422, detail=_("The address holds a NUL character."))


def _methods(response: HttpResponseBase) -> str:
    """The methods that a 405 names, with those that go with them: HEAD with GET, and OPTIONS."""
    named = {method.strip() for method in response.headers.get("Allow", "").split(",") if method.strip()}
    return ", ".join(sorted(named | ({"HEAD"} if "GET" in named else set()) | {"OPTIONS"}))


def _offered(response: HttpResponseBase) -> HttpResponseBase:
    """The answer to OPTIONS: which methods there are (RFC 9110, 9.3.7)."""
    answer = HttpResponse(status=204)
    answer["Allow"] = _methods(response)
    return answer


def _not_offered(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A 405 as a problem; it names the methods that are offered (RFC 9110, 15.5.6), as the bare answer did."""
    allowed = _methods(response)
    title, detail = _("This address does not offer that method"), _("It offers %(methods)s.") % {"methods": allowed}
    answer = problems.answer(request, Problem("method-not-allowed", title, status=405, detail=detail))
    answer["Allow"] = allowed
    return answer
