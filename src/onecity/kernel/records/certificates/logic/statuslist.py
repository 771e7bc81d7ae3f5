"""IETF Token Status List (draft 18): the states of many certificates in two bits each, published without naming any."""

import base64
import zlib
from typing import Any, Final

# draft 18, 7.1
VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2
BITS: Final = 2
PER_BYTE: Final = 8 // BITS
SIZE: Final = 65_536
"""States in one list: 16 KiB, a few dozen bytes when compressed and nothing is revoked."""
MOST_BYTES: Final = 1_000_000


def empty(size: int = SIZE) -> bytes:
    """A list in which everything is valid."""
    return bytes(size // PER_BYTE)


def put(bits: bytes, index: int, status: int) -> bytes:
    """The list with one state changed; raises IndexError outside, ValueError for a state that has no two bits."""
    if not 0 <= status < 1 << BITS:
        raise ValueError(f"{status} does not fit into {BITS} bits")
    changed = bytearray(bits)
    shift = index % PER_BYTE * BITS
    changed[index // PER_BYTE] = changed[index // PER_BYTE] & ~(0b11 << shift) & 0xFF | status << shift
    return bytes(changed)


def get(bits: bytes, index: int, width: int = BITS) -> int:
    """One state of a list whose states have `width` bits, the lowest bits of a byte first; raises IndexError outside."""
    per_byte = 8 // width
    if index < 0:
        raise IndexError(index)
    return bits[index // per_byte] >> index % per_byte * width & (1 << width) - 1


def claim(bits: bytes, width: int = BITS) -> dict[str, Any]:
    """The list as it stands in a status list token (draft 18, 4.2)."""
    packed = base64.urlsafe_b64encode(zlib.compress(bits, 9)).rstrip(b"=").decode()
    return {"bits": width, "lst": packed}


def read(claimed: dict[str, Any]) -> tuple[bytes, int]:
    """The list and the bits of a state; raises ValueError where it is malformed or would unpack to more than a megabyte."""
    width, packed = claimed.get("bits"), claimed.get("lst")
    if width not in {1, 2, 4, 8} or not isinstance(packed, str):
        raise ValueError("a status list has bits (1, 2, 4, 8) and lst")
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), MOST_BYTES)
    except zlib.error as error:
        raise ValueError("the status list is not compressed as it should be") from error
    if unpacking.unconsumed_tail:
        raise ValueError("the status list is too long")
    return data, int(width)
