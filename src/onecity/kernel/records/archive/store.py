"""Where the bytes of packages lie: a file named by its digest, whole or absent, read back only if they are still the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.files import keep_whole
from onecity.kernel.records.archive.logic.package import digests

ENDING: Final = ".zip"


def folder() -> Path:
    """The folder of all packages; part of every backup of the installation."""
    return Path(settings.ONECITY_HOME) / "archive"


def path_of(sha256: str) -> Path:
    """Where the package with this digest lies."""
    return folder() / sha256[:2] / f"{sha256}{ENDING}"


def keep(content: bytes) -> dict[str, str]:
    """Write a package so that it is on the disk when this returns; its two digests."""
    marks = digests(content)
    keep_whole(path_of(marks["sha256"]), content)
    return marks


def read(sha256: str, sm3: str) -> bytes:
    """The bytes of a package; raises a problem (500) where they are gone or no longer the same."""
    content = raw(sha256)
    if content is None or digests(content) != {"sha256": sha256, "sm3": sm3}:
        raise Problem(
            "archive-damaged",
            _("This archived matter is damaged."),
            status=500,
            detail=_(
                "Its bytes are not those that were taken in. Whoever keeps the archive restores it from the backup."
            ),
        )
    return content


def raw(sha256: str) -> bytes | None:
    """Whatever lies there now; None for nothing."""
    try:
        return path_of(sha256).read_bytes()
    except FileNotFoundError:
        return None


def remove(sha256: str) -> None:
    """Remove a package for good; gone already is gone."""
    path_of(sha256).unlink(missing_ok=True)


def lying() -> Iterator[Path]:
    """Every file of a package that lies here."""
    yield from folder().glob(f"??/*{ENDING}")
