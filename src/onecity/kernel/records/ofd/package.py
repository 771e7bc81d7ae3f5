"""Opens OFD packages from strangers: a ZIP that lies about its size, its names or its links is refused before it is unpacked."""

import posixpath
import stat
import zipfile
import zlib
from io import BytesIO
from typing import Final

LARGEST_FILE: Final = 64 * 1024 * 1024
LARGEST_TOTAL: Final = 192 * 1024 * 1024
MOST_ENTRIES: Final = 4000
LARGEST_UPLOAD: Final = 64 * 1024 * 1024
LONGEST_NAME: Final = 240
ENCRYPTED: Final = 0x1
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class RefusedPackageError(ValueError):
    """The package is not opened; the text says why."""


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of the package by name; RefusedPackageError for whatever an honest writer never makes."""
    if len(data) > LARGEST_UPLOAD:
        raise RefusedPackageError(f"larger than {LARGEST_UPLOAD // 1024 // 1024} MB")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check(entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise RefusedPackageError(f"no readable ZIP: {error}") from None


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise RefusedPackageError(f"more than {MOST_ENTRIES} files")
    if sum(entry.file_size for entry in entries) > LARGEST_TOTAL:
        raise RefusedPackageError(f"more than {LARGEST_TOTAL // 1024 // 1024} MB when unpacked")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name.casefold() in seen:
            raise RefusedPackageError(f"the name {name[:80]!r} occurs twice")
        seen.add(name.casefold())
        _check_entry(entry)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if not is_inside(name):
        raise RefusedPackageError(f"the name {name[:80]!r} leads outside the package")
    if entry.flag_bits & ENCRYPTED:
        raise RefusedPackageError(f"{name!r} is encrypted")
    if entry.compress_type not in METHODS:
        raise RefusedPackageError(f"{name!r} is packed in an unusual way")
    if entry.file_size > LARGEST_FILE:
        raise RefusedPackageError(f"{name!r} is larger than {LARGEST_FILE // 1024 // 1024} MB")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise RefusedPackageError(f"{name!r} is a link")


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
