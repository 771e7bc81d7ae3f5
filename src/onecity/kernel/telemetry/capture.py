"""Catches devices' messages as they arrive, the last of each device; under load a sample, so that it never costs much."""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from onecity.kernel.core.clock import from_us, now_us
from onecity.kernel.core.ids import new_id

# messages kept of each device, bytes kept of each message, and for how long (days)
KEPT = 20
MOST_BYTES = 16 * 1024
DAYS = 7
# so many are noted a second in one process
A_SECOND = 100.0
WRITE = "SELECT telemetry_capture(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"

log = logging.getLogger(__name__)
Noted = tuple[str, str, int, int, bytes, int, bytes, str]


@dataclass(slots=True)
class Capture:
    """What was noted and is not yet written; notes come from any thread."""

    rate: float = A_SECOND
    _noted: dict[str, deque[Noted]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _room: float = A_SECOND
    _filled: float = 0.0

    @property
    def waiting(self) -> bool:
        """Whether there is something to write."""
        return bool(self._noted)

    def room(self) -> int:
        """How many messages may be noted now."""
        moment = time.monotonic()
        with self._lock:
            self._room = min(self.rate, self._room + (moment - self._filled) * self.rate)
            self._filled = moment
            return int(self._room)

    def note(
        self, way: str, device: str, payload: bytes, *, port: int = 0, document: bytes = b"", outcome: str = ""
    ) -> None:
        """Note a message of a device that proved itself; beyond the process's allowance it is left out."""
        if self.room() < 1:
            return
        one: Noted = (
            device, way, now_us(), port, bytes(payload[:MOST_BYTES]), len(payload), bytes(document[:MOST_BYTES]), outcome,
        )  # fmt: skip
        with self._lock:
            self._room -= 1
            self._noted.setdefault(device, deque(maxlen=KEPT)).append(one)

    def write(self, parameters: Mapping[str, Any]) -> None:
        """Write what was noted; where the database cannot be reached it is forgotten, being a convenience."""
        with self._lock:
            noted, self._noted = self._noted, {}
        rows = [one for listed in noted.values() for one in listed]
        if not rows:
            return
        devices, ways, times, ports, payloads, sizes, documents, outcomes = zip(*rows, strict=True)
        facts = [
            [new_id() for _row in rows],
            list(devices),
            list(ways),
            [from_us(at) for at in times],
            list(ports),
            list(payloads),
            list(sizes),
            list(documents),
            list(outcomes),
            KEPT,
            DAYS,
        ]
        try:
            with psycopg.connect(**parameters) as database:
                database.execute(WRITE, facts)
        except psycopg.Error as error:
            log.warning("messages as they came cannot be written down: %s", str(error).strip())
