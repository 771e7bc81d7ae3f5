"""Who is asking at the door: a device, an account by access token or session, or nobody, as the settings allow."""

import ipaddress
import time
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any
from uuid import UUID

from allauth.idp.oidc.models import Token
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja.utils import check_csrf

from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.people.oidc import API_SCOPE
from onecity.kernel.telemetry.ingest import sign_in
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.store.principal import EVERYWHERE, Principal

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# a token that was revoked ends within this time, like a device that was revoked
REMEMBER_S = 2.0
MOST_REMEMBERED = 1000
FORWARDED = ("forwarded", "x-forwarded-for")

Scope = Mapping[str, Any]
_accounts: dict[str, tuple[float, UUID | None]] = {}


async def principal(services: Services, scope: Scope, headers: Mapping[str, str]) -> Principal:
    """Who asks; raises Problem 401 for a credential that is not valid, 403 for a session without its CSRF token."""
    authorization = headers.get("authorization", "")
    if authorization:
        return await _by_credential(services, authorization)
    if settings.SESSION_COOKIE_NAME in headers.get("cookie", ""):
        account = await services.in_thread(lambda: _by_session(scope))
        if account is not None:
            return Principal(account, division=await services.root())
    return await _anonymous(services, scope, headers)


async def _by_credential(services: Services, authorization: str) -> Principal:
    name, secret = sign_in.credentials(authorization)
    device = sign_in.verify(await services.catalogue(), name, secret) if name else None
    if device is not None:
        own = (device.division_path,)
        return Principal(None, own, own, device.division_path, f"device {device.id}")
    scheme, _space, token = authorization.partition(" ")
    account = await _by_token(services, token.strip()) if scheme.lower() == "bearer" else None
    if account is None:
        raise Problem(
            "unauthenticated",
            _("The device or the access token is not known, was revoked, or has expired"),
            status=401,
            detail=_("Send “Authorization: Bearer <device id>.<secret>” or an access token of this platform."),
        )
    return Principal(account, division=await services.root())


async def _by_token(services: Services, token: str) -> UUID | None:
    known = _accounts.get(token)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    account = await services.in_thread(lambda: _account_of(token))
    if len(_accounts) > MOST_REMEMBERED:
        _accounts.clear()
    _accounts[token] = (time.monotonic() + REMEMBER_S, account)
    return account


def _account_of(text: str) -> UUID | None:
    token = Token.objects.lookup(Token.Type.ACCESS_TOKEN, text)
    account = token.user if token is not None else None
    if not isinstance(account, Account) or not account.is_active or API_SCOPE not in token.get_scopes():
        return None
    return account.id


def _by_session(scope: Scope) -> UUID | None:
    """The account of the session cookie; a request that writes must prove that it comes from our own pages."""
    request = ASGIRequest(dict(scope), BytesIO())
    SessionMiddleware(_nothing).process_request(request)
    AuthenticationMiddleware(_nothing).process_request(request)
    if not isinstance(request.user, Account) and not getattr(request.user, "is_authenticated", False):
        return None
    if request.method not in SAFE and check_csrf(request) is not None:
        raise Problem(
            "csrf",
            _("The request does not prove that it comes from our own pages"),
            status=403,
            detail=_(
                "Send the value of the cookie “csrftoken” in the header “X-CSRFToken”, and the page as “Referer”."
            ),
        )
    return request.user.id


async def _anonymous(services: Services, scope: Scope, headers: Mapping[str, str]) -> Principal:
    """What nobody in particular may do: see what is public, and more from this machine where the settings say so."""
    if services.anonymous == "none" or not _local(scope, headers):
        return Principal()
    written = EVERYWHERE if services.anonymous == "write" else ()
    return Principal(None, EVERYWHERE, written, await services.root(), "anonymous")


def _local(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether the request comes from this machine itself and not through a proxy on it."""
    client = scope.get("client")
    if not client or any(name in headers for name in FORWARDED):
        return False
    return _is_loopback(client[0])


@lru_cache(maxsize=1024)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_write(asking: Principal) -> None:
    """Raises Problem 401 where nobody is signed in who could write anything."""
    if asking.account_id is None and not asking.written:
        raise Problem(
            "unauthenticated",
            _("Sign in to change entities"),
            status=401,
            detail=_("Send “Authorization: Bearer <device id>.<secret>” or an access token of this platform."),
        )


def _nothing(_request: object) -> HttpResponse:
    return HttpResponse()
