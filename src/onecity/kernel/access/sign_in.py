"""Signing in, out and failing to, written into the audit trail; stands above people because the trail does.

The text typed as user name is not kept: people type their password there by mistake.
"""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.userkit import filter_users_by_email
from allauth.mfa import signals as mfa_signals
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from onecity.kernel.access import audit, session
from onecity.kernel.people.adapter import AccountAdapter
from onecity.kernel.people.authentication import account_by_phone
from onecity.kernel.people.models import Account

LOCKED = "account.locked"
FAILED = "account.sign_in_failed"
SIGNED_IN = "account.signed_in"
SIGNED_OUT = "account.signed_out"
# signals of the sign-in library: what happened to an account's own keys, by whom
EVENTS = (
    (account_signals.password_changed, "account.password_changed"),
    (account_signals.password_set, "account.password_set"),
    (account_signals.password_reset, "account.password_reset"),
    (account_signals.user_signed_up, "account.signed_up"),
    (account_signals.email_changed, "account.email_changed"),
    (mfa_signals.authenticator_added, "account.authenticator_added"),
    (mfa_signals.authenticator_removed, "account.authenticator_removed"),
    (mfa_signals.authenticator_reset, "account.authenticator_reset"),
)


class AuditedAccountAdapter(AccountAdapter):
    """The account adapter that leaves a trace of every attempt."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse, and note it, once too many attempts have failed."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self._note(LOCKED, request, credentials)
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password or an unknown name."""
        self._note(FAILED, request, credentials)
        super().authentication_failed(request, **credentials)

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponseBase:
        """Signed in, by whichever means: from here on the request acts as the account."""
        session.set_principal(user.id)
        audit.record(
            SIGNED_IN,
            actor_id=user.id,
            object_type="account",
            object_id=user.id,
            detail={"ip": self.get_client_ip(request)},
        )
        response: HttpResponseBase = super().post_login(request, user, **kwargs)
        return response

    def logout(self, request: HttpRequest) -> None:
        """Signed out."""
        if isinstance(request.user, Account):
            audit.record(SIGNED_OUT, actor_id=request.user.id, object_type="account", object_id=request.user.id)
        super().logout(request)

    def _note(self, action: str, request: HttpRequest, credentials: dict[str, Any]) -> None:
        account = _known(credentials)
        audit.record(
            action,
            actor_id=None,
            object_type="account",
            object_id=account.id if account else "",
            detail={"ip": self.get_client_ip(request), "known": account is not None},
        )


def connect() -> None:
    """Listen to the sign-in library; called once, when the application starts."""
    for signal, action in EVENTS:
        signal.connect(_listener(action), weak=False, dispatch_uid=f"access.{action}")


def _listener(action: str) -> Any:
    def note(user: Account, request: HttpRequest | None = None, **_kwargs: Any) -> None:
        actor = request.user.id if request is not None and isinstance(request.user, Account) else None
        audit.record(action, actor_id=actor, object_type="account", object_id=user.id)

    return note


def _known(credentials: dict[str, Any]) -> Account | None:
    name = str(credentials.get("username") or credentials.get("email") or "")
    if "@" in name:
        found: Account | None = next(iter(filter_users_by_email(name)), None)
        return found
    return Account.objects.filter(username=name.lower()).first() or account_by_phone(name)
