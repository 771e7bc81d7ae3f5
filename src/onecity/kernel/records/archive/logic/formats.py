"""Formats that the archive keeps: told by their bytes, opened to the end, and free of anything that acts by itself."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree
from PIL import Image, UnidentifiedImageError

from onecity.kernel.records.archive.logic.metadata import SAFE

# long-term formats: ending to the bytes that such a file begins with (DA/T 47-2009, DA/T 85-2019: OFD, PDF, JPEG, PNG, TIFF, XML, TXT)
BEGINNINGS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "pdf": (b"%PDF-",),
    "ofd": (b"PK\x03\x04",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "tif": (b"II*\x00", b"MM\x00*"),
    "tiff": (b"II*\x00", b"MM\x00*"),
    "xml": (b"<",),
}
TEXTS: Final = ("txt", "json", "csv", "jwt")
EXECUTABLE: Final = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
# what a PDF may do when it is opened: actions, scripts, files within, forms that send themselves (ISO 32000-1, 12.6)
PDF_ACTS: Final = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|SubmitForm|ImportData|XFA)\b")
OFD_ACTS: Final = re.compile(r"(?i)\.(js|exe|dll|bat|sh|vbs|jar)\Z")
MOST_PIXELS: Final = 200_000_000


def kind_of(path: str, content: bytes) -> str | None:
    """The format that ending and bytes agree on; None for one that is not kept here."""
    ending = path.rpartition(".")[2].lower()
    if ending in TEXTS:
        return ending if _text(content) else None
    begins = BEGINNINGS.get(ending, ())
    head = content.lstrip(b"\xef\xbb\xbf \r\n\t") if ending == "xml" else content
    return ending if any(head.startswith(mark) for mark in begins) else None


def opens(path: str, content: bytes) -> bool:
    """Whether a file of a known format can be read to its end."""
    opener = OPENERS.get(kind_of(path, content) or "")
    return opener is None or opener(content)


def active(path: str, content: bytes) -> str:
    """What in a file acts by itself; empty where nothing does."""
    if content.startswith(EXECUTABLE):
        return "program"
    kind = kind_of(path, content)
    if kind == "pdf":
        found = PDF_ACTS.search(content)
        return found.group(1).decode() if found else ""
    if kind == "ofd":
        return next((name for name in _names(content) if OFD_ACTS.search(name)), "")
    if kind == "xml" and (b"<!ENTITY" in content or b"<!DOCTYPE" in content):
        return "DOCTYPE"
    return ""


def locked(path: str, content: bytes) -> bool:
    """Whether a password stands before the content."""
    kind = kind_of(path, content)
    if kind == "pdf":
        return b"/Encrypt" in content
    return kind == "ofd" and any(name.endswith("Encryptions.xml") for name in _names(content))


def _text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False


def _pdf(content: bytes) -> bool:
    return b"%%EOF" in content[-1024:] and b"startxref" in content[-2048:]


def _ofd(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return "OFD.xml" in file.namelist() and file.testzip() is None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        return False


def _names(content: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return file.namelist()
    except zipfile.BadZipFile:
        return []


def _image(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                return False
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True


def _xml(content: bytes) -> bool:
    try:
        etree.fromstring(content, SAFE)
    except etree.XMLSyntaxError:
        return False
    return True


def _json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


OPENERS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    "pdf": _pdf,
    "ofd": _ofd,
    "jpg": _image,
    "jpeg": _image,
    "png": _image,
    "tif": _image,
    "tiff": _image,
    "xml": _xml,
    "json": _json,
}
