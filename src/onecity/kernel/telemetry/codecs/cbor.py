"""CBOR (RFC 8949) to plain values, within limits: what CoAP devices and some LoRaWAN devices send instead of JSON."""

import math
import struct
from dataclasses import dataclass

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs.declaration import CodecError

DEEPEST = 24
MOST_ITEMS = 200_000
BREAK = object()
FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
SIMPLE = {20: False, 21: True, 22: None, 23: None}
# tags whose content is kept as it is, since what it means is known from its place; 2 and 3 are big integers (3.4.3)
BIG_POSITIVE, BIG_NEGATIVE = 2, 3


def loads(data: bytes) -> object:
    """The one value that `data` holds; raises CodecError with the byte where it goes wrong."""
    reader = _Reader(data)
    value = reader.value(0)
    if value is BREAK or reader.at != len(data):
        raise reader.wrong()
    return value


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int = 0
    items: int = 0

    def wrong(self) -> CodecError:
        return CodecError(f"byte {self.at}", _("This is not CBOR"))

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise self.wrong()
        part = self.data[self.at : self.at + count]
        self.at += count
        return part

    def value(self, depth: int) -> object:
        self.items += 1
        if depth > DEEPEST or self.items > MOST_ITEMS:
            raise CodecError(f"byte {self.at}", _("The CBOR is too deep or too long"))
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        length = self._length(info, major)
        if major < 2:
            if length is None:
                raise self.wrong()
            return length if major == 0 else -1 - length
        return self._compound(major, length, depth)

    def _compound(self, major: int, length: int | None, depth: int) -> object:
        if major in (2, 3):
            return self._text(major, length)
        if major == 4:
            return self._array(length, depth)
        if major == 5:
            return self._map(length, depth)
        content = self.value(depth + 1)
        if length in (BIG_POSITIVE, BIG_NEGATIVE) and isinstance(content, bytes) and len(content) <= 32:
            number = int.from_bytes(content, "big")
            return number if length == BIG_POSITIVE else -1 - number
        return content

    def _length(self, info: int, major: int) -> int | None:
        if info < 24:
            return info
        if info <= 27:
            return int.from_bytes(self.take(1 << (info - 24)), "big")
        if info == 31 and major in (2, 3, 4, 5):
            return None
        raise self.wrong()

    def _simple(self, info: int) -> object:
        if info in FLOATS:
            layout, size = FLOATS[info]
            number: float = struct.unpack(layout, self.take(size))[0]
            return number if math.isfinite(number) else None
        if info == 31:
            return BREAK
        if info == 24:
            info = self.take(1)[0]
        if info not in SIMPLE:
            raise self.wrong()
        return SIMPLE[info]

    def _text(self, major: int, length: int | None) -> object:
        if length is not None:
            return self._piece(major, length)
        parts: list[bytes] = []
        while (first := self.take(1)[0]) != 0xFF:
            size = self._length(first & 31, major)
            if first >> 5 != major or size is None:
                raise self.wrong()
            parts.append(self.take(size))
        return self._decoded(major, b"".join(parts))

    def _piece(self, major: int, length: int) -> object:
        return self._decoded(major, self.take(length))

    def _decoded(self, major: int, part: bytes) -> object:
        if major == 2:
            return part
        try:
            return part.decode()
        except UnicodeDecodeError as error:
            raise self.wrong() from error

    def _array(self, length: int | None, depth: int) -> list[object]:
        found: list[object] = []
        while length is None or len(found) < length:
            item = self.value(depth + 1)
            if item is BREAK:
                if length is None:
                    break
                raise self.wrong()
            found.append(item)
        return found

    def _map(self, length: int | None, depth: int) -> dict[str, object]:
        """A map with its keys as text: integers are how constrained devices shorten names (RFC 8428 does)."""
        found: dict[str, object] = {}
        count = 0
        while length is None or count < length:
            key = self.value(depth + 1)
            if key is BREAK and length is None:
                break
            if isinstance(key, bool) or not isinstance(key, str | int):
                raise self.wrong()
            item = self.value(depth + 1)
            if item is BREAK or str(key) in found:
                raise self.wrong()
            found[str(key)] = item
            count += 1
        return found
