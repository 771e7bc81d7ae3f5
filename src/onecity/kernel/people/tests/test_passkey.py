"""Passkeys after the W3C's Web Authentication: a key made and used by an authenticator that this file computes itself."""

import hashlib
import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache
from django.test import Client
from fido2 import cbor
from fido2.utils import websafe_encode

from onecity.kernel.people import service
from onecity.kernel.people.models import Account

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
USER_PRESENT_AND_VERIFIED = 0x05
WITH_KEY = 0x40


class SoftwareAuthenticator:
    """What a phone's secure element does: one ES256 key, user presence and verification (WebAuthn Level 2, 6)."""

    def __init__(self, host: str = "testserver") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = b"credential-0001!"
        self.host = host
        self.uses = 0

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        point = self.key.public_key().public_numbers()
        # COSE_Key of an EC2 key on P-256 for ES256 (RFC 9053, 7.1): kty 2, alg -7, crv 1, x, y
        key = cbor.encode({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + key
        data = self._authenticator_data(WITH_KEY) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options["challenge"])
        return self._credential({"clientDataJSON": client_data, "attestationObject": attestation}) | {
            "clientExtensionResults": {"credProps": {"rk": True}}
        }

    def get(self, options: dict[str, Any], account: Account) -> dict[str, Any]:
        data = self._authenticator_data(0)
        client_data = self._client_data("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        handle = str(account.pk).encode()
        parts = {"clientDataJSON": client_data, "authenticatorData": data, "signature": signature, "userHandle": handle}
        return self._credential(parts) | {"clientExtensionResults": {}}

    def _authenticator_data(self, flags: int) -> bytes:
        self.uses += 1
        rp = hashlib.sha256(self.host.encode()).digest()
        return rp + bytes([USER_PRESENT_AND_VERIFIED | flags]) + self.uses.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": f"https://{self.host}"}).encode()

    def _credential(self, parts: dict[str, bytes]) -> dict[str, Any]:
        encoded = websafe_encode(self.credential_id)
        response = {name: websafe_encode(part) for name, part in parts.items()}
        return {"id": encoded, "rawId": encoded, "type": "public-key", "response": response}


@pytest.fixture
def account(db: None) -> Account:
    cache.clear()
    return service.create_account("sun.li", display_name="孙丽", password=PASSWORD)


@pytest.fixture
def authenticator(account: Account) -> SoftwareAuthenticator:
    """An authenticator that is registered as the account's passkey."""
    client = Client()
    client.post("/accounts/login/", {"login": "sun.li", "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/webauthn/add/")
    made = SoftwareAuthenticator()
    credential = made.create(page.context["js_data"]["creation_options"]["publicKey"])
    form = {"name": "手机", "passwordless": "on", "credential": json.dumps(credential)}
    response = client.post("/accounts/2fa/webauthn/add/", form)
    assert response.status_code == 302, response.content.decode()
    assert "手机" in client.get("/accounts/2fa/webauthn/").content.decode()
    return made


def options(client: Client) -> dict[str, Any]:
    answer = client.get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"}).json()
    found: dict[str, Any] = answer["request_options"]["publicKey"]
    return found


def use(client: Client, credential: dict[str, Any]) -> str | None:
    client.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(credential)})
    return client.session.get("_auth_user_id")


def test_a_passkey_signs_in_without_a_password(authenticator: SoftwareAuthenticator, account: Account) -> None:
    assert Authenticator.objects.get(user=account, type="webauthn").wrap().name == "手机"
    client = Client()
    assert use(client, authenticator.get(options(client), account)) == str(account.id)


def test_an_old_answer_another_site_and_another_key_do_not_sign_in(
    authenticator: SoftwareAuthenticator, account: Account
) -> None:
    client = Client()
    old = authenticator.get(options(client), account)
    options(client)  # a new challenge takes the old one's place
    assert use(client, old) is None
    authenticator.host = "evil.example.org"
    assert use(client, authenticator.get(options(client), account)) is None
    stranger = SoftwareAuthenticator()
    assert use(client, stranger.get(options(client), account)) is None


def test_a_closed_account_keeps_no_back_door(authenticator: SoftwareAuthenticator, account: Account) -> None:
    service.deactivate(account)
    client = Client()
    assert use(client, authenticator.get(options(client), account)) is None
