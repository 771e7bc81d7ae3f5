"""Secrets at rest: sealed so that a row or a backup tells nothing, and fingerprinted so that an equal one is found.

Both keys are derived from the installation's secret for one purpose each, so that what was sealed for one purpose opens for
no other (HKDF, RFC 5869; ChaCha20-Poly1305, RFC 8439; HMAC, RFC 2104).
"""

import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE: Final = 12


class SealBrokenError(ValueError):
    """What should be opened was sealed with another key, for another row, or was altered."""


class Sealer:
    """Seals and fingerprints for one purpose; `secret` is the installation's, `purpose` names the use and its version."""

    __slots__ = ("_cipher", "_finger")

    def __init__(self, secret: str, purpose: str) -> None:
        self._cipher = ChaCha20Poly1305(_derive(secret, purpose))
        self._finger = _derive(secret, f"{purpose} fingerprint")

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """`plain` encrypted so that it opens for `bound_to` (the row's identifier, say) alone."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """What was sealed; raises SealBrokenError where key, binding or bytes are not the same."""
        try:
            return self._cipher.decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError("sealed with another key, for another row, or altered") from error

    def fingerprint(self, plain: str) -> str:
        """64 hexadecimal digits, equal for equal texts; without the installation's secret nobody can try texts out."""
        return hmac.digest(self._finger, plain.encode(), "sha256").hex()


def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())
