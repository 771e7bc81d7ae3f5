"""What an Arrow IPC stream will become in memory, read from its message heads before anything is unpacked.

A compressed stream of a few kilobytes can claim gigabytes; so rows and uncompressed sizes are summed up first.
Source: Apache Arrow, "Arrow Columnar Format", encapsulated message format and Message.fbs; FlatBuffers internals.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONTINUATION = 0xFFFFFFFF
DICTIONARY_BATCH, RECORD_BATCH = 2, 3
MAX_MESSAGES = 100_000


class TooLargeError(ValueError):
    """The stream holds more than may be unpacked."""


class DamagedError(ValueError):
    """The stream's heads contradict themselves."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A FlatBuffers table: where it begins in `data`."""

    data: bytes
    at: int

    def field(self, number: int) -> int | None:
        """The position of a field's value, or None where it is left out."""
        vtable = self.at - struct.unpack_from("<i", self.data, self.at)[0]
        if vtable < 0 or 4 + 2 * number >= struct.unpack_from("<H", self.data, vtable)[0]:
            return None
        offset: int = struct.unpack_from("<H", self.data, vtable + 4 + 2 * number)[0]
        return self.at + offset if offset else None

    def long(self, number: int) -> int:
        """A 64-bit field, 0 where it is left out."""
        at = self.field(number)
        return 0 if at is None else int(struct.unpack_from("<q", self.data, at)[0])

    def table(self, number: int) -> "_Table | None":
        """A table the field points to."""
        at = self.field(number)
        return None if at is None else _Table(self.data, at + struct.unpack_from("<I", self.data, at)[0])

    def pairs(self, number: int) -> Iterator[tuple[int, int]]:
        """A vector of structs of two 64-bit numbers."""
        at = self.field(number)
        if at is None:
            return
        start = at + struct.unpack_from("<I", self.data, at)[0]
        (count,) = struct.unpack_from("<I", self.data, start)
        if count * 16 > len(self.data):
            raise DamagedError("a vector is longer than its message")
        yield from struct.iter_unpack("<qq", self.data[start + 4 : start + 4 + 16 * count])


def check(stream: bytes, max_rows: int, max_bytes: int) -> None:
    """Raise TooLargeError when a stream holds more rows or, uncompressed, more bytes; a damaged one is left to the reader."""
    rows = size = 0
    try:
        for head, body in _messages(stream):
            batch = _batch(head)
            if batch is None:
                continue
            length = batch.long(0)
            rows += max(length, 0)
            size += _unpacked(batch, body) if batch.field(3) is not None else len(body)
            if rows > max_rows or size > max_bytes or length < 0:
                raise TooLargeError(f"more than {max_rows} rows or {max_bytes} bytes")
    except (struct.error, DamagedError):
        # the reader itself says what is wrong; nothing beyond the limits was found up to here, and it stops there too
        return


def _messages(stream: bytes) -> Iterator[tuple[_Table, bytes]]:
    at = 0
    for _number in range(MAX_MESSAGES):
        if at + 4 > len(stream):
            return
        (size,) = struct.unpack_from("<I", stream, at)
        at += 4
        if size == CONTINUATION:
            (size,) = struct.unpack_from("<I", stream, at)
            at += 4
        if size == 0 or at + size > len(stream):
            return
        metadata = stream[at : at + size]
        head = _Table(metadata, struct.unpack_from("<I", metadata, 0)[0])
        length = head.long(3)
        at += size
        if length < 0 or at + length > len(stream):
            raise DamagedError("a body is longer than the stream")
        yield head, stream[at : at + length]
        at += length
    raise TooLargeError(f"more than {MAX_MESSAGES} messages")


def _batch(head: _Table) -> _Table | None:
    kind_at = head.field(1)
    kind = head.data[kind_at] if kind_at is not None and kind_at < len(head.data) else 0
    header = head.table(2)
    if header is None or kind not in (DICTIONARY_BATCH, RECORD_BATCH):
        return None
    return header.table(1) if kind == DICTIONARY_BATCH else header


def _unpacked(batch: _Table, body: bytes) -> int:
    """The uncompressed size of a compressed batch: each buffer begins with it (int64, -1 where it is not compressed)."""
    total = 0
    for offset, length in batch.pairs(2):
        if length < 8 or offset < 0:
            continue
        (size,) = struct.unpack_from("<q", body, offset)
        total += length if size < 0 else size
    return total
