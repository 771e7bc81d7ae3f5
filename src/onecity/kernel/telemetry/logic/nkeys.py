"""The broker's identities and tokens: NATS keys (nkeys) and the Ed25519-signed tokens of its authorisation call-out.

Source: nats-io/nkeys (prefix byte, key, CRC-16/XMODEM little-endian, base 32) and NATS ADR-26 (authorisation call-out).
"""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ACCOUNT_PREFIX = 0
HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class BrokerKeys:
    """What broker and platform share: two passwords and the key that signs devices' rights, all from one secret."""

    password: str
    system_password: str
    issuer: Ed25519PrivateKey

    @staticmethod
    def derive(secret: str) -> "BrokerKeys":
        """The keys that belong to an installation's one secret (HKDF-SHA256, RFC 5869)."""
        return BrokerKeys(
            password=_derive(secret, "client").hex(),
            system_password=_derive(secret, "system").hex(),
            issuer=Ed25519PrivateKey.from_private_bytes(_derive(secret, "issuer")),
        )

    @property
    def issuer_name(self) -> str:
        """The public account key, as the broker's configuration names it (starts with A)."""
        return public_name(self.issuer, ACCOUNT_PREFIX)


@dataclass(frozen=True, slots=True)
class Request:
    """A client that wants to connect, as the broker describes it."""

    server: str
    user_key: str
    user: str
    password: str
    client: int
    kind: str
    mqtt_id: str
    host: str = ""


def public_name(key: Ed25519PrivateKey, prefix: int) -> str:
    """The text form of a public key; `prefix` tells its kind (account 0)."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    body = bytes([prefix]) + raw
    return base64.b32encode(body + binascii.crc_hqx(body, 0).to_bytes(2, "little")).rstrip(b"=").decode()


def read_request(token: bytes) -> Request:
    """The request inside the broker's token (it came over the broker's own connection, so it is not verified again).

    Raises ValueError when the text is no such token.
    """
    try:
        claims = msgspec.json.decode(_unbase64(token.split(b".")[1]))
        nats, options = claims["nats"], claims["nats"]["connect_opts"]
        info = nats["client_info"]
        return Request(
            server=nats["server_id"]["id"],
            user_key=nats["user_nkey"],
            user=options.get("user", ""),
            password=options.get("pass", ""),
            client=int(info.get("id", 0)),
            kind=info.get("type", ""),
            mqtt_id=info.get("mqtt_id", ""),
            host=info.get("host", ""),
        )
    except (KeyError, IndexError, TypeError, AttributeError, msgspec.DecodeError) as error:
        raise ValueError(f"not an authorisation request: {error}") from error


def allow(
    keys: BrokerKeys, request: Request, *, account: str, publish: Sequence[str], subscribe: Sequence[str], at: int
) -> bytes:
    """The signed answer that lets a client in with these subjects; `at` is the time in seconds."""
    user = {
        "type": "user",
        "version": 2,
        "pub": {"allow": list(publish)},
        "sub": {"allow": list(subscribe)},
        "subs": UNLIMITED,
        "data": UNLIMITED,
        "payload": UNLIMITED,
    }
    token = _sign(keys, {"sub": request.user_key, "aud": account, "name": request.user, "nats": user}, at)
    return _answer(keys, request, {"jwt": token}, at)


def refuse(keys: BrokerKeys, request: Request, reason: str, at: int) -> bytes:
    """The signed answer that keeps a client out; `reason` goes to the broker's log."""
    return _answer(keys, request, {"error": reason}, at)


def _answer(keys: BrokerKeys, request: Request, result: Mapping[str, str], at: int) -> bytes:
    claims = {
        "sub": request.user_key,
        "aud": request.server,
        "nats": {"type": "authorization_response", "version": 2} | dict(result),
    }
    return _sign(keys, claims, at).encode()


def _sign(keys: BrokerKeys, claims: Mapping[str, Any], at: int) -> str:
    body = dict(claims) | {"iss": keys.issuer_name, "iat": at, "jti": secrets.token_hex(12)}
    text = f"{_base64(msgspec.json.encode(HEADER))}.{_base64(msgspec.json.encode(body))}"
    return f"{text}.{_base64(keys.issuer.sign(text.encode()))}"


def _derive(secret: str, purpose: str) -> bytes:
    material = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"onecity nats {purpose}".encode())
    return material.derive(secret.encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64") from error
