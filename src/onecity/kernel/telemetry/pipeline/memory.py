"""Keeps the memory of a batch's arrays for the next batch: to give it back and fetch it anew costs more than to fill it.

Source: mallopt(3) of the GNU C library. Where there is none, nothing is changed.
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
# free memory kept at most, and from which size on a piece is always given back: both bound what the process holds
KEPT_BYTES = 256 * 1024 * 1024
LARGE_BYTES = 32 * 1024 * 1024


def keep() -> None:
    """Set the allocator of this process; one pool for all threads, so that none keeps what another could use."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
