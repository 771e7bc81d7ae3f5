"""Keys of programs: made and withdrawn by the account in whose name they act, checked in a time that tells nothing.

A key opens cases and reads one of them, where its account may; it signs nobody in and reaches no other door.
"""

import hashlib
import secrets
from typing import Final
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy, session
from onecity.kernel.access.authentication import BEARER, AccountAuth
from onecity.kernel.cases import permissions
from onecity.kernel.cases.models import AppKey
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.doors import Door
from onecity.kernel.people.models import Account

SECRET_BYTES: Final = 24
MOST_KEYS: Final = 50
LONGEST: Final = 200


def digest(secret: str) -> bytes:
    """SHA-256 of a secret; enough, because it is 192 random bits and not a person's password."""
    return hashlib.sha256(secret.encode()).digest()


def create(account: Account, name: str) -> tuple[AppKey, str]:
    """Make a key that acts as this account; returns it with its text, which is shown this once and kept nowhere.

    Raises Problem 403 for who may not open cases, 422 for a name that is missing or a key too many.
    """
    if not policy.may_somewhere(account, permissions.OPEN):
        raise policy.refusal(permissions.OPEN)
    named = name.strip()
    if not named or len(named) > 80:
        raise _invalid(_("Write which program it is for, in at most 80 characters."))
    if AppKey.objects.filter(account_id=account.id, revoked_at__isnull=True).count() >= MOST_KEYS:
        raise _invalid(_("You have as many keys as there may be. Withdraw one that is not needed."))
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = AppKey.objects.create(account_id=account.id, name=named, secret_hash=digest(secret))
    _record("cases.key.created", key, account)
    return key, f"{key.id}.{secret}"


def revoke(key_id: UUID, account: Account) -> None:
    """Withdraw one's own key; raises Problem 404 for another's."""
    key = AppKey.objects.filter(id=key_id, account_id=account.id).first()
    if key is None:
        raise Problem("key-unknown", _("There is no such key."), status=404)
    if key.revoked_at is None:
        key.revoked_at = now()
        key.save(update_fields=["revoked_at"])
        _record("cases.key.revoked", key, account)


def _record(action: str, key: AppKey, account: Account) -> None:
    audit.record(action, actor_id=account.id, object_type="key", object_id=key.id, detail={"name": key.name})


def _invalid(detail: object) -> Problem:
    return Problem("key-invalid", _("The key cannot be made."), status=422, errors=[FieldError("name", detail)])


def account_of_key(text: str) -> Account | None:
    """The active account of a key; None for one that is unknown, withdrawn or mistyped."""
    name, _dot, secret = text.strip().partition(".")
    if len(text) > LONGEST or not secret:
        return None
    try:
        key_id = UUID(name)
    except ValueError:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_key_account(%s, %s)", [key_id, digest(secret)])
        found = cursor.fetchone()[0]
    return Account.objects.filter(id=found, is_active=True).first() if found else None


class KeyAuth(AccountAuth):
    """Lets in as `permission_auth` does, and also a program that brings a key as `Authorization: Bearer <key>`."""

    def __init__(self, permission: str) -> None:
        super().__init__(Door("permission", permission))

    def __call__(self, request: HttpRequest) -> Account | None:
        """The account, or None for 401."""
        header = request.headers.get("Authorization", "")
        account = account_of_key(header[len(BEARER) :]) if header.startswith(BEARER) else None
        if account is None:
            return super().__call__(request)
        request.user = account
        session.set_principal(account.id)
        self._check(account)
        return account
