"""Messages to topics that are not their sender's: the broker acknowledges and drops them, and tells only its log file."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# as nats-server writes it (server/client.go, pubPermissionViolation): connection number, MQTT session, subject
VIOLATION = re.compile(rb'mid:(\d+) - "([^"]*)" - Publish Violation - .*Subject "([^"]*)"')
MOST_BYTES = 1 << 20
LONGEST_LINE = 16_384


@dataclass(frozen=True, slots=True)
class Violation:
    """One message: the number of its sender's connection, the name of the session, the topic."""

    client: int
    session: str
    topic: str


@dataclass
class Violations:
    """Follows the broker's log file from where it ends at the first look; a file that is not there says nothing."""

    path: Path
    _file: BinaryIO | None = None
    _rest: bytes = b""

    def look(self) -> Iterator[Violation]:
        """What was written since the last look, up to a bound; the rest is for the next look."""
        if self._file is None:
            if not self.path.is_file():
                return
            self._file = self.path.open("rb")
            self._file.seek(0, 2)
        elif self._replaced():
            self.close()
            self._file = self.path.open("rb")
        lines = (self._rest + self._file.read(MOST_BYTES)).split(b"\n")
        self._rest = lines.pop()[-LONGEST_LINE:]
        for line in lines:
            if found := VIOLATION.search(line):
                yield Violation(int(found[1]), found[2].decode(errors="replace"), topic_of(found[3]))

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
        self._file, self._rest = None, b""

    def _replaced(self) -> bool:
        """Whether the file was begun anew: another file, or shorter than what was read."""
        try:
            there = self.path.stat()
        except OSError:
            return False
        if self._file is None:
            return False
        return there.st_size < self._file.tell() or not os.path.samestat(there, os.fstat(self._file.fileno()))


def topic_of(subject: bytes) -> str:
    """The topic that the broker made a subject of: "/" became ".", "." became "//"."""
    text = subject.decode(errors="replace")
    return text.replace("//", "\0").replace(".", "/").replace("\0", ".")
