"""Photos of a report whose kind asks something more: kept on the disk until its second step, since a page cannot send a file
again that was chosen on the one before."""

import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.conf import settings

WAITS_S: Final = 3600.0


def keep(key: uuid.UUID, photos: Sequence[tuple[str, bytes]]) -> None:
    """Keep photos for this form, in place of those kept before; what waited too long goes."""
    _tidy()
    if not photos:
        return
    folder = _folder(key)
    forget(key)
    folder.mkdir(parents=True, mode=0o700)
    for number, (_name, content) in enumerate(photos):
        (folder / str(number)).write_bytes(content)


def kept(key: uuid.UUID) -> list[tuple[str, bytes]]:
    """The photos that wait for this form, each with a name."""
    return [(f"photo-{path.name}", path.read_bytes()) for path in _files(key)]


def count(key: uuid.UUID) -> int:
    """How many photos wait for this form."""
    return len(_files(key))


def forget(key: uuid.UUID) -> None:
    """They were taken, or others come in their place."""
    _remove(_folder(key))


def _tidy() -> None:
    root = _folder(uuid.UUID(int=0)).parent
    if root.is_dir():
        for folder in root.iterdir():
            if time.time() - folder.stat().st_mtime > WAITS_S:
                _remove(folder)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()


def _files(key: uuid.UUID) -> list[Path]:
    folder = _folder(key)
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _folder(key: uuid.UUID) -> Path:
    root: Path = settings.ONECITY_UPLOADS
    return root / "pending-reports" / str(key)
