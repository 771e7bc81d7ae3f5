"""What a file really is, by its own bytes: nothing is believed about its name or the type its sender claims.

Only what evidence needs is taken: photographs and PDF. The size of a picture is read from its header and bounded, so that
a small file that unpacks into a huge picture (a decompression bomb) never reaches a decoder.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 20_000

# start-of-frame markers of JPEG (ISO/IEC 10918-1, table B.1), without DHT (C4), JPG (C8) and DAC (CC)
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Checked:
    """An accepted file: its type, the ending it gets, and for pictures their size in pixels."""

    media_type: str
    ending: str
    width: int | None = None
    height: int | None = None


class RejectedError(ValueError):
    """The file is not taken; `reason` is a word for the page's message: empty, too_big, unknown_type, broken, too_large."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(content: bytes) -> Checked:
    """Look at the whole content of a file; raises RejectedError."""
    if not content:
        raise RejectedError("empty")
    if len(content) > MOST_BYTES:
        raise RejectedError("too_big")
    for begins, media_type, ending, measure in KINDS:
        if content.startswith(begins):
            try:
                size = measure(content)
            except (struct.error, IndexError, ValueError) as error:
                raise RejectedError("broken") from error
            return _bounded(media_type, ending, size)
    raise RejectedError("unknown_type")


def _bounded(media_type: str, ending: str, size: tuple[int, int] | None) -> Checked:
    if size is None:
        return Checked(media_type, ending)
    width, height = size
    if width < 1 or height < 1:
        raise RejectedError("broken")
    if max(size) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise RejectedError("too_large")
    return Checked(media_type, ending, width, height)


def _png(content: bytes) -> tuple[int, int]:
    length, kind, width, height = struct.unpack(">I4sII", content[8:24])
    if (length, kind) != (13, b"IHDR") or b"IEND" not in content[-16:]:
        raise ValueError("no header or no end")
    return width, height


def _jpeg(content: bytes) -> tuple[int, int]:
    """Walk the segments up to the first frame header (ISO/IEC 10918-1, B.2.2)."""
    place = 2
    while True:
        if content[place] != 0xFF:
            raise ValueError("no marker where one must stand")
        marker = content[place + 1]
        if marker == 0xFF or marker in JPEG_ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack(">H", content[place + 2 : place + 4])
        if marker in JPEG_FRAMES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        if marker == 0xDA or length < 2:
            raise ValueError("the picture begins before its size is said")
        place += 2 + length


def _webp(content: bytes) -> tuple[int, int]:
    """The three forms of WebP (RFC 9649): lossy, lossless, extended."""
    if content[8:12] != b"WEBP":
        raise ValueError("another RIFF file")
    form = content[12:16]
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L":
        (bits,) = struct.unpack("<I", content[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8X":
        width, height = (int.from_bytes(content[i : i + 3], "little") + 1 for i in (24, 27))
        return width, height
    raise ValueError("an unknown form")


def _pdf(content: bytes) -> None:
    if b"%%EOF" not in content[-2048:]:
        raise ValueError("no end")


KINDS: tuple[tuple[bytes, str, str, Callable[[bytes], tuple[int, int] | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", "png", _png),
    (b"\xff\xd8\xff", "image/jpeg", "jpg", _jpeg),
    (b"RIFF", "image/webp", "webp", _webp),
    (b"%PDF-", "application/pdf", "pdf", _pdf),
)
ENDINGS = {media_type: ending for _begins, media_type, ending, _measure in KINDS}
