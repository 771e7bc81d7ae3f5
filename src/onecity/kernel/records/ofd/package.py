"""Opens OFD packages from strangers: a ZIP that lies about its size, its names or its links is refused before it is unpacked."""

import posixpath
import stat
import zipfile
import zlib
from io import BytesIO
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onecity.kernel.records.seals.report import Sentence

MEGABYTE: Final = 1024 * 1024
LARGEST_FILE: Final = 64 * MEGABYTE
LARGEST_TOTAL: Final = 192 * MEGABYTE
MOST_ENTRIES: Final = 4000
LARGEST_UPLOAD: Final = 64 * MEGABYTE
LONGEST_NAME: Final = 240
ENCRYPTED: Final = 0x1
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class RefusedPackageError(ValueError):
    """The package is not opened; the sentence says why in the reader's language."""

    def __init__(self, text: Promise, **values: object) -> None:
        super().__init__(text)
        self.sentence = Sentence(text, values)

    def __str__(self) -> str:
        return str(self.sentence)


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of the package by name; RefusedPackageError for whatever an honest writer never makes."""
    if len(data) > LARGEST_UPLOAD:
        raise RefusedPackageError(_("it is larger than %(size)s MB"), size=LARGEST_UPLOAD // MEGABYTE)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check(entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise RefusedPackageError(_("it is no readable ZIP (%(detail)s)"), detail=error) from None


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise RefusedPackageError(_("it has more than %(count)s files"), count=MOST_ENTRIES)
    if sum(entry.file_size for entry in entries) > LARGEST_TOTAL:
        raise RefusedPackageError(_("it is larger than %(size)s MB when unpacked"), size=LARGEST_TOTAL // MEGABYTE)
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name.casefold() in seen:
            raise RefusedPackageError(_("the name %(name)s occurs twice"), name=name[:80])
        seen.add(name.casefold())
        _check_entry(entry)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if not is_inside(name):
        raise RefusedPackageError(_("the name %(name)s leads outside the package"), name=name[:80])
    if entry.flag_bits & ENCRYPTED:
        raise RefusedPackageError(_("%(name)s is encrypted"), name=name)
    if entry.compress_type not in METHODS:
        raise RefusedPackageError(_("%(name)s is packed in an unusual way"), name=name)
    if entry.file_size > LARGEST_FILE:
        raise RefusedPackageError(_("%(name)s is larger than %(size)s MB"), name=name, size=LARGEST_FILE // MEGABYTE)
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise RefusedPackageError(_("%(name)s is a link"), name=name)


def is_inside(name: str) -> bool:
    """Whether a name stays inside the package on every system."""
    if not name or len(name) > LONGEST_NAME or "\\" in name or "\0" in name or ":" in name or name.startswith("/"):
        return False
    return not any(part in {"", ".", ".."} for part in name.split("/"))


def resolve(location: str, base: str) -> str:
    """The package's name for ST_Loc `location` found in the file `base`: from the root with a slash, else from its folder.

    ValueError when it leads outside.
    """
    location = location.strip()
    joined = location.lstrip("/") if location.startswith("/") else posixpath.join(posixpath.dirname(base), location)
    normal = posixpath.normpath(joined)
    if not is_inside(normal):
        raise ValueError(f"{location!r} leads outside the package")
    return normal
