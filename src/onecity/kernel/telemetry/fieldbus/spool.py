"""Store and forward: messages that the log could not take, kept on disk within bounds until it can."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

NAME = re.compile(r"(\d{20})~([a-z0-9]{1,16})~([0-9A-Za-z-]{1,80})~(\d{1,6})\.msg\Z")
UNFINISHED = ".part"


class SpoolFullError(RuntimeError):
    """There is no room for more; whoever has readings must keep them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message on disk: where, which way it came, and its key, by which the log recognises a repetition."""

    path: Path
    way: str
    key: str


@dataclass
class Spool:
    """A folder of messages, oldest first; never more than `most` bytes. Every message is on the disk when `put` returns."""

    folder: Path
    most: int
    size: int = 0
    _count: int = 0
    _last: int = field(default=0)

    def open(self) -> None:
        """See what an earlier process left; what it did not finish writing was never promised and goes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.size = self._count = 0
        for path in self.folder.iterdir():
            if path.name.endswith(UNFINISHED):
                path.unlink()
            elif NAME.match(path.name):
                self.size += path.stat().st_size
                self._count += 1

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return self._count

    def put(self, way: str, key: str, number: int, message: bytes) -> None:
        """Keep a message; raises SpoolFullError or OSError, and then nothing was kept."""
        if self.size + len(message) > self.most:
            raise SpoolFullError(f"{self.size} of {self.most} bytes are taken")
        self._last = max(self._last + 1, time.time_ns())
        path = self.folder / f"{self._last:020d}~{way}~{key}~{number}.msg"
        part = path.with_suffix(UNFINISHED)
        try:
            with part.open("wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._sync()
        self.size += len(message)
        self._count += 1

    def oldest(self, most: int = 100) -> Iterator[Kept]:
        """The messages that wait longest, in order."""
        for name in sorted(path.name for path in self.folder.glob("*.msg"))[:most]:
            if found := NAME.match(name):
                yield Kept(self.folder / name, found[2], f"{found[3]}/{found[4]}")

    def drop(self, kept: Kept) -> None:
        """Forget a message that the log has."""
        self.size -= kept.path.stat().st_size
        kept.path.unlink()
        self._count -= 1

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
