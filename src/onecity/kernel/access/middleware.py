"""Tells the database who asks, for the whole of a request's transaction.

The transaction opens when the view is known and closes after its response is rendered, so a template that reads the
database lazily still reads as the account. A view marked `non_atomic_requests` (a stream, above all) gets none: it opens
its own with `session.acting_as`, since its transaction would end before its stream does. A response that is a problem (or any
of 500 and above) rolls everything back: Django Ninja answers exceptions itself, so Django would commit the half that was
done before. The middleware is synchronous on purpose: under ASGI Django runs it, the view and the database
connection in one thread of the request's own; an asynchronous view below it still runs on the event loop.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from onecity.kernel.access import second_factor, two_steps
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.errors import MEDIA_TYPE

STACK = "_principal_transaction"


class PrincipalMiddleware:
    """Sets `onecity.account` inside the request's transaction; must stand last, after authentication."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, then end its transaction."""
        with ExitStack() as stack:
            setattr(request, STACK, stack)
            response = self.get_response(request)
            if _failed(response) and transaction.get_connection().in_atomic_block:
                transaction.set_rollback(True)
            return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Open the transaction, unless the view says that it opens its own; stop whoever lacks a second factor."""
        if "default" not in getattr(view, "_non_atomic_requests", ()):
            stack: ExitStack = getattr(request, STACK)
            stack.enter_context(acting_as(request_account(request)))
            return self._stopped(request)
        if two_steps.asked_of() == "none" or request_account(request) is None:
            return None
        with acting_as(request_account(request)):
            return self._stopped(request)

    def _stopped(self, request: HttpRequest) -> HttpResponseBase | None:
        if two_steps.asked_of() == "none":
            return None
        return second_factor.in_the_way(request)


def _failed(response: HttpResponseBase) -> bool:
    return response.status_code >= 500 or response.headers.get("Content-Type", "").startswith(MEDIA_TYPE)


def request_account(request: HttpRequest) -> UUID | None:
    """The id of the account that sent the request; None for nobody."""
    return request.user.id if request.user.is_authenticated else None
