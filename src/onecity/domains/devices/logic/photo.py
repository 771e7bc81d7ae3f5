"""Photos written anew without what a camera adds: place, time, maker and thumbnails stay with whoever took them.

The compressed picture itself is carried over untouched, so nothing is lost and no decoder runs on a stranger's file. The
caller has checked before what the bytes are (kernel cases, logic of uploads).
"""

import struct
from collections.abc import Callable, Iterator, Mapping

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
# JFIF header and Adobe's colour transform are needed to show the colours (ISO/IEC 10918-5, -6); all else is metadata
JPEG_KEPT = frozenset({0xE0, 0xEE})
JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"})
WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
# flags of the extended header VP8X for Exif and XMP (RFC 9649, 2.7)
WEBP_FLAGS = 0b0000_1100
ORIENTATION = 0x0112


def stripped(content: bytes, media_type: str) -> bytes:
    """The picture without metadata; only which way is up is kept. Raises ValueError where it is cut short."""
    try:
        return KINDS[media_type](content)
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError("not a whole picture") from error


def _jpeg(content: bytes) -> bytes:
    parts: list[bytes] = []
    turned = b""
    for at, end, marker in _segments(content):
        if marker == 0xDA:
            return b"".join([content[:2], turned, *parts, content[at : content.rindex(b"\xff\xd9") + 2]])
        if marker == 0xE1:
            turned = turned or _upright(content[at + 4 : end])
        elif marker in JPEG_KEPT or ((marker < 0xE0 or marker > 0xEF) and marker != 0xFE):
            parts.append(content[at:end])
    raise ValueError("no picture")


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Begin, end and marker of each segment up to the compressed picture (ISO/IEC 10918-1, B.1.1)."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise ValueError("no marker where one must be")
        marker = content[at + 1]
        if marker == 0xFF or marker in JPEG_ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if end < at + 4 or end > len(content):
            raise ValueError("a segment is longer than the file")
        yield at, end, marker
        at = end


def _upright(exif: bytes) -> bytes:
    """An APP1 segment that says the orientation alone, or nothing where it is upright or cannot be read."""
    if not exif.startswith(b"Exif\0\0"):
        return b""
    tiff = exif[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "")
    if not order:
        return b""
    try:
        (start,) = struct.unpack(order + "I", tiff[4:8])
        (count,) = struct.unpack(order + "H", tiff[start : start + 2])
        for number in range(count):
            entry = start + 2 + 12 * number
            tag, _kind, _count, value = struct.unpack(order + "HHIH", tiff[entry : entry + 10])
            if tag == ORIENTATION and 2 <= value <= 8:
                body = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, value, 0, 0)
                return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    except struct.error:
        return b""
    return b""


def _png(content: bytes) -> bytes:
    parts, at = [content[:8]], 8
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        end = at + 12 + length
        if end > len(content):
            raise ValueError("a chunk is longer than the file")
        if kind in PNG_KEPT:
            parts.append(content[at:end])
        at = end
        if kind == b"IEND":
            return b"".join(parts)
    raise ValueError("no end")


def _webp(content: bytes) -> bytes:
    parts, at = [], 12
    while at + 8 <= len(content):
        kind, length = struct.unpack("<4sI", content[at : at + 8])
        end = at + 8 + length + length % 2
        if at + 8 + length > len(content):
            raise ValueError("a chunk is longer than the file")
        piece = content[at:end]
        if kind == b"VP8X":
            piece = piece[:8] + bytes([piece[8] & ~WEBP_FLAGS]) + piece[9:]
        if kind not in WEBP_DROPPED:
            parts.append(piece)
        at = end
    body = b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


KINDS: Mapping[str, Callable[[bytes], bytes]] = {JPEG: _jpeg, PNG: _png, WEBP: _webp}
