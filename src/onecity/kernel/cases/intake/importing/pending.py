"""A table that waits on the disk until whoever brought it has confirmed what its columns mean."""

import secrets
import time
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem

WAITS_S: Final = 3600.0
TOKEN_LENGTH: Final = 32


def keep(account: UUID, file: bytes) -> str:
    """Keep a file for its owner; returns the word by which he finds it. What waited too long goes."""
    token = secrets.token_hex(TOKEN_LENGTH // 2)
    path = _path(account, token)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in path.parent.iterdir():
        if time.time() - old.stat().st_mtime > WAITS_S:
            old.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(file)
    return token


def kept(account: UUID, token: str) -> bytes:
    """The file; raises Problem 410 where it is gone or another's."""
    try:
        return _path(account, token).read_bytes()
    except OSError as error:
        raise _gone() from error


def forget(account: UUID, token: str) -> None:
    """The file was taken."""
    _path(account, token).unlink(missing_ok=True)


def _path(account: UUID, token: str) -> Path:
    if len(token) != TOKEN_LENGTH or not (token.isascii() and token.isalnum()):
        raise _gone()
    return Path(settings.ONECITY_HOME) / "uploads" / "pending-cases" / f"{account}~{token}"


def _gone() -> Problem:
    return Problem("upload-gone", _("The file is not here any more; choose it again"), status=410)
