"""Signing out here signs out there: every system reached from a sign-in is told when that ends.

OpenID Connect Back-Channel Logout 1.0: a signed token is posted to the address that the system registered, until it was taken.
"""

import hashlib
from typing import Final
from uuid import UUID

import jwt
from allauth.core.internal import jwkkit
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.conf import settings

from onecity.kernel.access import outbound
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.outbound import networks
from onecity.kernel.people import client_sessions
from onecity.kernel.people.models import Account, ClientSession
from onecity.kernel.people.oidc import backchannel_address

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
SECONDS: Final = 120
NO_REDIRECT: Final = outbound.Bounds(redirects=0)  # the token is for this address alone


def ended(account: Account, session_key: str) -> list[UUID]:
    """End what was reached from this sign-in; returns the sign-ins whose systems are to be told."""
    session = hashlib.sha256(session_key.encode()).hexdigest()
    return [row.id for row in client_sessions.ended(account.id, session)]


def tell(session_id: UUID) -> bool:
    """Tell one system that a sign-in ended; says whether it took it. One without an address needs no telling.

    Raises OutboundRefused or OutboundFailed where the address is closed to us or does not answer.
    """
    row = ClientSession.objects.get(id=session_id)
    client = Client.objects.filter(pk=row.client_id).first()
    address = backchannel_address(client) if client is not None else ""
    if client is not None and address:
        allow = networks(settings.ONECITY_OUTBOUND_ALLOW)
        answer = outbound.fetch(address, allow, NO_REDIRECT, form={"logout_token": logout_token(client, row)})
        if answer.status not in {200, 204}:
            return False
    ClientSession.objects.filter(id=row.id).update(told_at=now())
    return True


def logout_token(client: Client, row: ClientSession) -> str:
    """The signed token of Back-Channel Logout 1.0, 2.4."""
    adapter = get_adapter()
    issued = int(now().timestamp())
    said = {
        "iss": adapter.get_issuer(),
        "aud": client.id,
        "iat": issued,
        "exp": issued + SECONDS,
        "jti": new_id().hex,
        "sub": adapter.get_user_sub(client, row.account),
        "sid": str(row.id),
        "events": {EVENT: {}},
    }
    jwk, key = jwkkit.load_jwk_from_pem(adapter.get_signing_key().pem)
    return jwt.encode(said, key, algorithm="RS256", headers={"kid": jwk["kid"], "typ": "logout+jwt"})
