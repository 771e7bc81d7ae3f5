"""The mailbox: a folder in the form of a Maildir, into which a mail server delivers and from which each letter is taken once.

A letter is moved out of `new` only after its case is committed; if the worker dies in between, it is read again and found to
be known. What a program wrote lies in `.refused` and what could not be filed in `.broken`, where people can look at it.
"""

import logging
import os
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from onecity.kernel.cases.intake.mail import filing
from onecity.kernel.core.errors import Problem

logger = logging.getLogger(__name__)

MOST: Final = 200
LARGEST: Final = 40 * 1024 * 1024
# what is in `cur` carries its flags behind a colon: seen
SEEN: Final = ":2,S"


def folder() -> Path:
    """Where letters are delivered: `mail` in the installation's home."""
    home: Path = settings.ONECITY_HOME
    return home / "mail"


def empty(box: Path | None = None, most: int = MOST) -> dict[str, int]:
    """File what was delivered, oldest first; returns how many letters met which fate. Nothing is ever deleted."""
    box = box or folder()
    new = box / "new"
    if not new.is_dir():
        return {}
    counts: dict[str, int] = {}
    waiting = sorted(
        (one for one in new.iterdir() if one.is_file()), key=lambda one: (one.stat().st_mtime_ns, one.name)
    )
    for path in waiting[:most]:
        fate = _file(path)
        counts[fate] = counts.get(fate, 0) + 1
        _move(path, box, {"refused": ".refused", "broken": ".broken"}.get(fate, ""))
    return counts


def _file(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        return "broken"
    try:
        return filing.take(path.read_bytes())
    except DatabaseError:
        # the database is away, or the letter is at fault: it stays, and the next turn tries again
        raise
    except Problem as problem:
        logger.warning("the letter %s could not be filed: %s", path.name, problem)
    except Exception:  # one letter that nobody foresaw must not keep all others from being read
        logger.exception("the letter %s could not be read", path.name)
    return "broken"


def _move(path: Path, box: Path, inside: str) -> None:
    target = box / inside / "cur"
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.replace(target / (path.name.partition(":")[0] + SEEN))


def deliver(raw: bytes, name: str, box: Path | None = None) -> None:
    """Put a letter into the mailbox as a mail server does: written whole, then named."""
    box = box or folder()
    for part in ("tmp", "new", "cur"):
        (box / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = box / "tmp" / name
    with temporary.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(box / "new" / name)
