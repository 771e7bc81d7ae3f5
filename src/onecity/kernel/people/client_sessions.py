"""Sign-ins of other systems through ours: opened with a code, told in the ID token, and ended together with ours."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from allauth.core import context
from allauth.idp.oidc import app_settings
from allauth.idp.oidc.internal.oauthlib import authorization_codes
from allauth.idp.oidc.models import Client, Token
from django.core.cache import cache
from django.db import transaction

from onecity.kernel.core.clock import now
from onecity.kernel.people import strength
from onecity.kernel.people.models import Account, ClientSession

MEMBER = "onecity"  # of the code's entry: the claims of this sign-in


def opened(client_id: str, code: str, account: Account, session: str, found: strength.SignedIn | None) -> None:
    """Note that an account reaches a system from a sign-in, and keep with the code what its ID token will say."""
    at = dt.datetime.fromtimestamp(found.at, dt.UTC) if found is not None else now()
    said = {"authenticated_at": at, "methods": list(strength.methods_of(found))}
    with transaction.atomic():
        row, _made = ClientSession.objects.update_or_create(
            client_id=client_id, account=account, session=session, ended_at=None, defaults=said
        )
    entry = authorization_codes.lookup(client_id, code)
    if entry is not None:
        entry[MEMBER] = {"sid": str(row.id)} | strength.claims(found, account.assurance_level)
        key = authorization_codes.cache_key(client_id, code)
        cache.set(key, entry, timeout=app_settings.AUTHORIZATION_CODE_EXPIRES_IN)


def claims_of_code(client: Client) -> dict[str, Any]:
    """What was kept with the code that a token is being made for; nothing for a token that is renewed."""
    code = context.request.POST.get("code", "")
    entry = authorization_codes.lookup(client.id, code) if code else None
    found = entry.get(MEMBER, {}) if entry is not None else {}
    return dict(found)


def ended(account_id: UUID, session: str) -> Sequence[ClientSession]:
    """End what was reached from this sign-in; tokens of systems that no other sign-in reaches end with it."""
    open_rows = ClientSession.objects.filter(account_id=account_id, ended_at=None)
    rows = list(open_rows.filter(session=session))
    if not rows:
        return []
    ClientSession.objects.filter(id__in=[row.id for row in rows]).update(ended_at=now())
    still = set(open_rows.values_list("client_id", flat=True))
    over = {row.client_id for row in rows} - still
    Token.objects.filter(user_id=account_id, client_id__in=over).delete()
    return rows
