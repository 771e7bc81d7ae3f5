"""Keeps a file so that at its name it is whole or absent, whatever happens meanwhile."""

import os
import tempfile
from pathlib import Path


def keep_whole(target: Path, content: bytes) -> None:
    """Write under a temporary name, sync, rename; a file that is there already stays, since its name is made of its bytes."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(target)
