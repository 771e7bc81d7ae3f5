"""The message of the durable log: a head in MessagePack, then the columns of a batch as they lie in memory.

Bytes: `OCT1`, length of the head (uint32 little-endian), head, zeros up to a multiple of 8, then n × int64 observed_at,
n × float64 value, n × int32 series_id, all little-endian. 20 bytes a reading; read without copying.
"""

import struct
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.logic.readings import Refusal

MAGIC = b"OCT1"
PREFIX = struct.Struct("<4sI")
READING_BYTES = 20
# readings a message may hold, so that it stays well below the broker's limit of 8 MiB
MAX_READINGS = 200_000
MAX_REFUSAL_BYTES = 2 * 1024 * 1024


class Head(msgspec.Struct, array_like=True):
    """What a message says about its readings: the way they came, when (µs), how many, and those that were refused."""

    source: str
    received_at: int
    readings: int
    refusals: list[tuple[str, str, int, int, bytes, str]]


def encode(source: str, received_at: int, batch: Batch, refusals: Sequence[Refusal]) -> bytes:
    """One message; at most MAX_READINGS readings."""
    refused = [(r.reason, r.detail, r.readings, r.kept, r.raw, r.device) for r in refusals]
    head = msgspec.msgpack.encode(Head(source, received_at, len(batch), refused))
    start = PREFIX.pack(MAGIC, len(head)) + head
    return b"".join(
        [
            start,
            bytes(-len(start) % 8),
            np.ascontiguousarray(batch.observed_at, "<i8").tobytes(),
            np.ascontiguousarray(batch.value, "<f8").tobytes(),
            np.ascontiguousarray(batch.series_id, "<i4").tobytes(),
        ]
    )


def decode(message: bytes) -> tuple[Head, Batch]:
    """Head and readings of a message; raises ValueError when it is damaged or of another kind."""
    try:
        magic, length = PREFIX.unpack_from(message)
        if magic != MAGIC:
            raise ValueError(f"not a message of the log: it begins with {magic!r}")
        head = msgspec.msgpack.decode(message[PREFIX.size : PREFIX.size + length], type=Head)
        count, start = head.readings, PREFIX.size + length
        start += -start % 8
        if count < 0 or len(message) != start + count * READING_BYTES:
            raise ValueError(f"a message of {len(message)} bytes cannot hold {count} readings")
        batch = Batch(
            np.frombuffer(message, "<i4", count, start + 16 * count),
            np.frombuffer(message, "<i8", count, start),
            np.frombuffer(message, "<f8", count, start + 8 * count),
        )
    except (struct.error, msgspec.DecodeError) as error:
        raise ValueError(f"damaged message of the log: {error}") from error
    return head, batch


def messages(source: str, received_at: int, batch: Batch, refusals: Sequence[Refusal]) -> Iterator[bytes]:
    """A batch of any size as messages, none larger than the broker takes."""
    portions = list(_portions(refusals))
    for start in range(0, max(len(batch), 1), MAX_READINGS):
        rows = slice(start, start + MAX_READINGS)
        part = Batch(batch.series_id[rows], batch.observed_at[rows], batch.value[rows])
        yield encode(source, received_at, part, portions.pop(0) if portions else [])
    for portion in portions:
        yield encode(source, received_at, Batch.empty(), portion)


def _portions(refusals: Sequence[Refusal]) -> Iterator[list[Refusal]]:
    portion: list[Refusal] = []
    size = 0
    for refusal in refusals:
        if portion and size + len(refusal.raw) > MAX_REFUSAL_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(refusal)
        size += len(refusal.raw) + len(refusal.detail) + 100
    if portion:
        yield portion
