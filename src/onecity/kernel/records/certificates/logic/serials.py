"""Serial numbers that nobody can guess from another, made of a counter that never gives one twice.

A Feistel network (balanced, six rounds, keyed BLAKE2b) permutes the numbers below 10^12: different counts give different
serials, whoever does not know the key cannot tell which serials exist.
"""

import hashlib
from typing import Final

HALF: Final = 1_000_000
SPACE: Final = HALF * HALF
ROUNDS: Final = 6


def serial(count: int, year: int, key: bytes) -> str:
    """The serial of the `count`-th certificate: the year and twelve digits; raises ValueError beyond 10^12."""
    if not 0 <= count < SPACE:
        raise ValueError(f"no serial for the {count}th certificate")
    left, right = divmod(count, HALF)
    for place in range(ROUNDS):
        left, right = right, (left + _mix(right, place, key)) % HALF
    return f"{year:04d}{left:06d}{right:06d}"


def _mix(half: int, place: int, key: bytes) -> int:
    data = half.to_bytes(4, "big") + bytes((place,))
    return int.from_bytes(hashlib.blake2b(data, digest_size=8, key=key).digest(), "big")
