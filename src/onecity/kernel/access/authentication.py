"""Who may call an operation of the HTTP API: by session with CSRF check, or by an access token of our own sign-in.

Each object carries its door (people.doors), so that the authorisation test finds it.
"""

from typing import Any, ClassVar
from uuid import UUID

from allauth.idp.oidc.models import Token
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.security import SessionAuth
from ninja.utils import check_csrf

from onecity.kernel.access import permissions, policy, second_factor, session
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import PUBLIC, SIGNED_IN, STAFF, Door
from onecity.kernel.people.models import Account
from onecity.kernel.people.oidc import API_SCOPE

BEARER = "Bearer "


class AccountAuth(SessionAuth):
    """Lets in whoever has signed in, and further only whom `door` allows; refuses with 401, or 403 with who can grant it."""

    def __init__(self, door: Door) -> None:
        super().__init__(csrf=False)  # `authenticate` checks it, once there is a session to protect
        self.door = door
        if door.kind == "permission":
            permissions.permission(door.permission)

    def __call__(self, request: HttpRequest) -> Account | None:
        """The account, or None for 401."""
        account = by_token(request) if _token(request) else super().__call__(request)
        if account is None:
            return None
        self._check(account)
        return account

    def authenticate(self, request: HttpRequest, key: str | None) -> Account | None:  # noqa: ARG002 - the library's signature
        """The account of the session; raises Problem 403 where the request may come from another site's page."""
        if not isinstance(request.user, Account):
            return None
        if check_csrf(request) is not None:
            raise Problem(
                "csrf",
                _("The request does not prove that it comes from our own pages"),
                status=403,
                detail=_(
                    "Send the value of the cookie “csrftoken” in the header “X-CSRFToken”, and the page as “Referer”."
                ),
            )
        return request.user

    def _check(self, account: Account) -> None:
        if self.door.kind == "staff" and not policy.held(account):
            raise policy.refusal("")
        if self.door.kind == "permission" and not policy.may_somewhere(account, self.door.permission):
            raise policy.refusal(self.door.permission)


class PublicAuth:
    """Lets everybody in and says so; the account of a session or of a token is in `request.user`.

    A token that is not valid is refused, so that a program does not take the public part for all that it may see.
    """

    door: ClassVar[Door] = PUBLIC
    openapi_security_schema: ClassVar[dict[str, str]] = {}  # named in the description, which tells what it stands for

    def __call__(self, request: HttpRequest) -> Any:
        """Something true, which is what the library asks for; None for 401."""
        if _token(request):
            return by_token(request)
        return request.user if isinstance(request.user, Account) else AnonymousUser()


public = PublicAuth()
signed_in_auth = AccountAuth(SIGNED_IN)
staff_auth = AccountAuth(STAFF)


def permission_auth(permission: str) -> AccountAuth:
    """Lets in whoever holds the permission over any division; raises ValueError for one that nobody declared."""
    return AccountAuth(Door("permission", permission))


def by_token(request: HttpRequest) -> Account | None:
    """The account of the request's access token, who is then the one that asks; None for a token that is not valid."""
    token = Token.objects.lookup(Token.Type.ACCESS_TOKEN, _token(request))
    account = token.user if token is not None else None
    if not isinstance(account, Account) or not account.is_active or API_SCOPE not in token.get_scopes():
        return None
    request.user = account
    session.set_principal(account.id)
    if second_factor.lacking(account):
        raise second_factor.refusal()
    return account


def account_id(request: HttpRequest) -> UUID | None:
    """The id of the account that sent the request; None for nobody."""
    return request.user.id if isinstance(request.user, Account) else None


def _token(request: HttpRequest) -> str:
    header = request.headers.get("Authorization", "")
    return header[len(BEARER) :] if header.startswith(BEARER) else ""
