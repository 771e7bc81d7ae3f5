"""The keys by which towns are known: one for each place that the district's broker holds ready, from its one secret.

Source: nats-io/nkeys (seed: two prefix bytes, 32 bytes, CRC-16/XMODEM little-endian, base 32).
"""

import base64
import binascii

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from onecity.kernel.telemetry.logic.nkeys import public_name

SEED_PREFIX = 18 << 3
USER_PREFIX = 20 << 3
# the broker must know at its start whom it lets in without its call-out: so many places are held ready
SLOTS = 256


def key(secret: str, slot: int) -> Ed25519PrivateKey:
    """The key of a place; each place is given away once."""
    material = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"onecity tier {slot}".encode())
    return Ed25519PrivateKey.from_private_bytes(material.derive(secret.encode()))


def public(secret: str, slot: int) -> str:
    """The public name of a place's key (starts with U)."""
    return public_name(key(secret, slot), USER_PREFIX)


def seed(secret: str, slot: int) -> str:
    """The seed of a place's key as the town's broker needs it (starts with SU): handed over once, at enrolment."""
    raw = key(secret, slot).private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    body = bytes([SEED_PREFIX | (USER_PREFIX >> 5), (USER_PREFIX & 31) << 3]) + raw
    return base64.b32encode(body + binascii.crc_hqx(body, 0).to_bytes(2, "little")).rstrip(b"=").decode()
