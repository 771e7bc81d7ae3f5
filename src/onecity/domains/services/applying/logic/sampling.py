"""Which automatic decisions a person looks at afterwards: drawn by a keyed hash, so that nobody can foresee or steer the draw."""

import hashlib
import hmac

SPAN = 1 << 32


def drawn(key: bytes, application: bytes, share: float) -> bool:
    """Whether this application is in a sample of this share (0 to 1); the same each time it is asked."""
    place = int.from_bytes(hmac.digest(key, b"audit sample" + application, hashlib.sha256)[:4], "big")
    return place < share * SPAN
