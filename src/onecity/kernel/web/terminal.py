"""Sessions on a machine that many people use one after the other: bounded to some pages, and wiped when nobody touches it.

A domain that runs such machines begins a session with `begin`; everything else holds here, so that no page can forget it.
"""

import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

KEY: Final = "terminal"
IDLE_SECONDS: Final = 120
HOME: Final = "/kiosk"
LEAVE: Final = f"{HOME}/leave"
# what such a session may open; everything else leads back to its first page
WITHIN: Final = (f"{HOME}/", "/apply/", "/my", "/preferences", "/static/", "/verify", "/services/")


def begin(request: HttpRequest, terminal_id: UUID) -> None:
    """Bind the session of a person who has just signed in to this machine."""
    request.session[KEY] = {"id": str(terminal_id), "touched": time.time()}


def of(request: HttpRequest) -> UUID | None:
    """The machine that this session is bound to; None for a person's own device."""
    bound = _bound(request)
    return UUID(bound["id"]) if bound else None


def is_screen(path: str) -> bool:
    """Whether an address is one of the machine's own screens, which look so before anybody is signed in, too."""
    return path == HOME or path.startswith(f"{HOME}/")


def end(request: HttpRequest) -> None:
    """Sign out and forget everything that the session knew."""
    logout(request)
    request.session.flush()


class TerminalMiddleware:
    """Ends sessions of machines that nobody touched, and keeps the others to their pages."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or lead back to the first page."""
        bound = _bound(request)
        if bound is None:
            return self.get_response(request)
        if time.time() - float(bound["touched"]) > IDLE_SECONDS:
            end(request)
            return HttpResponseRedirect(HOME)
        if not request.path.startswith(WITHIN) and request.path != HOME:
            return HttpResponseRedirect(HOME)
        request.session[KEY] = {**bound, "touched": time.time()}
        response = self.get_response(request)
        response["Cache-Control"] = "no-store"
        return response


def _bound(request: HttpRequest) -> dict[str, Any] | None:
    session = getattr(request, "session", None)
    found = session.get(KEY) if session is not None else None
    return found if isinstance(found, dict) else None
