"""Photos lose what the camera wrote beside the picture, and keep the picture to the last byte."""

import struct
import zlib

import pytest

from onecity.domains.devices.logic import photo
from onecity.kernel.cases.logic import upload


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(orientation: int) -> bytes:
    entries = struct.pack("<HHII", 0x0112, 3, 1, orientation) + struct.pack("<HHII", 0x8825, 4, 1, 60)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 0) + b"31.0N 121.5E"


FRAME = segment(0xC0, struct.pack(">BHHB", 8, 30, 40, 1) + b"\x01\x11\x00")
SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"pixels\xff\x00more\xff\xd9"
JFIF = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")


def jpeg(orientation: int) -> bytes:
    tables = segment(0xDB, bytes(65))
    return b"\xff\xd8" + JFIF + segment(0xE1, exif(orientation)) + segment(0xFE, b"my home") + tables + FRAME + SCAN


def test_a_jpeg_keeps_its_picture_and_loses_where_it_was_taken() -> None:
    clean = photo.stripped(jpeg(1) + b"trailer with 121.5E", photo.JPEG)
    assert clean == b"\xff\xd8" + JFIF + segment(0xDB, bytes(65)) + FRAME + SCAN
    assert upload.check(clean) == upload.check(jpeg(1))


def test_which_way_is_up_is_kept() -> None:
    clean = photo.stripped(jpeg(6), photo.JPEG)
    assert b"121.5E" not in clean
    assert clean[2:4] == b"\xff\xe1"
    assert struct.pack(">HHIH", 0x0112, 3, 1, 6) in clean
    assert photo.stripped(clean, photo.JPEG) == clean


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_png_loses_its_texts() -> None:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    data, end = chunk(b"IDAT", zlib.compress(b"\0\0")), chunk(b"IEND", b"")
    whole = b"\x89PNG\r\n\x1a\n" + head + chunk(b"tEXt", b"Where\0home") + chunk(b"eXIf", b"MM") + data + end
    assert photo.stripped(whole, photo.PNG) == b"\x89PNG\r\n\x1a\n" + head + data + end


def test_a_webp_loses_exif_and_says_so_in_its_header() -> None:
    def riff(*chunks: bytes) -> bytes:
        body = b"WEBP" + b"".join(chunks)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    def piece(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    size, picture = bytes(9), piece(b"VP8L", b"\x2fabcd")
    whole = riff(piece(b"VP8X", b"\x0c" + size), picture, piece(b"EXIF", b"home"), piece(b"XMP ", b"<x/>"))
    assert photo.stripped(whole, photo.WEBP) == riff(piece(b"VP8X", b"\0" + size), picture)


@pytest.mark.parametrize("cut", [3, 10, 30, 60])
def test_a_picture_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match=r"not a whole picture|subsection not found|longer|marker|picture"):
        photo.stripped(jpeg(1)[:cut], photo.JPEG)
