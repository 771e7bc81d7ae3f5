"""Credentials of sources, sealed before they reach the database: whoever reads a row or a backup learns nothing."""

import secrets
from collections.abc import Mapping
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError

NONCE = 12
PURPOSE = b"onecity field sources 1"


def seal(source: UUID, credentials: Mapping[str, str]) -> bytes:
    """Encrypt credentials so that they open for this source alone; nothing for none."""
    if not credentials:
        return b""
    nonce = secrets.token_bytes(NONCE)
    return nonce + _cipher().encrypt(nonce, msgspec.json.encode(dict(credentials)), source.bytes)


def unseal(source: UUID, sealed: bytes) -> dict[str, str]:
    """The credentials of a source; raises SourceError where they were sealed by another installation or for another."""
    if not sealed:
        return {}
    try:
        text = _cipher().decrypt(sealed[:NONCE], sealed[NONCE:], source.bytes)
    except (InvalidTag, ValueError) as error:
        raise SourceError(Fault.SETTINGS, "the credentials were sealed with another key") from error
    return msgspec.json.decode(text, type=dict[str, str])


def _cipher() -> ChaCha20Poly1305:
    secret = settings.SECRET_KEY.encode()
    return ChaCha20Poly1305(HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret))
