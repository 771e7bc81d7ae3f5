"""Readings as they come from a sender, before they are known to belong anywhere; and readings refused, with the reason."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.telemetry.batch import Floats, Int32s, Int64s

# how many bytes of refused readings one refusal keeps; what is beyond goes into the next
KEPT_BYTES = 256 * 1024
DETAIL_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Readings:
    """n readings: `entity` and `attribute` int32[n] point into `entities` and `attributes`; `line` int32[n] says which
    line (or row, or element) of the message each came from; `observed_at` int64[n] in µs, `value` float64[n]."""

    entities: Sequence[str]
    attributes: Sequence[str]
    entity: Int32s
    attribute: Int32s
    observed_at: Int64s
    value: Floats
    line: Int32s

    def __len__(self) -> int:
        return len(self.value)

    @staticmethod
    def empty() -> "Readings":
        """No readings."""
        none = np.empty(0, np.int32)
        return Readings((), (), none, none, np.empty(0, np.int64), np.empty(0, np.float64), none)


@dataclass(slots=True)
class Refusal:
    """Readings refused for one reason: how many, the texts of them, and what exactly was wrong with the first.

    `line` is the first line (from 0) it concerns, -1 where there are no lines. `device` is the text form of the sender's
    id. A refusal's `raw` holds `kept` readings, one a line; of a flood only a sample, so `kept` is less than `readings`.
    What does not fit into one refusal goes on in the next of the same reason; 0 readings: the rest of a text too long
    for one.
    """

    reason: str
    detail: str = ""
    readings: int = 0
    kept: int = 0
    raw: bytes = b""
    line: int = -1
    device: str = ""


class TooMuchRefusedError(ValueError):
    """More would be refused than may be kept of one request, so that nothing of it is taken."""


@dataclass(slots=True)
class _Group:
    """What one sender had refused for one reason, and how much of it is more than its texts say."""

    reason: str
    detail: str
    line: int
    device: str
    texts: list[bytes] = field(default_factory=list)
    readings: int = 0

    def pieces(self) -> Iterator[Refusal]:
        """Everything kept, in pieces of up to KEPT_BYTES; what is only counted goes with the first."""
        beyond = self.readings - len(self.texts)
        for kept, raw in _pieces(self.texts):
            yield Refusal(self.reason, self.detail, kept + beyond, kept, raw, self.line, self.device)
            beyond = 0


@dataclass(slots=True)
class Refusals:
    """Gathers refusals by sender and reason, whole; beyond `most` bytes (0: no bound) it raises TooMuchRefusedError."""

    most: int = 0
    _groups: dict[tuple[str, str], _Group] = field(default_factory=dict)
    _size: int = 0

    def add(
        self, reason: str, raws: Iterable[bytes], *, count: int, detail: str = "", line: int = -1, device: str = ""
    ) -> None:
        """Refuse `count` readings; `raws` are their texts, all of them except of a flood."""
        key = (device, reason)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(reason, _storable(detail), line, _storable(device))
        group.readings += count
        for raw in raws:
            group.texts.append(raw)
            self._size += len(raw) + 1
            if 0 < self.most < self._size:
                raise TooMuchRefusedError(f"more than {self.most} bytes of refused readings")

    def finish(self) -> list[Refusal]:
        """The refusals gathered, in the order of the lines they concern."""
        groups = sorted(self._groups.values(), key=lambda group: group.line)
        return [piece for group in groups for piece in group.pieces()]

    @property
    def readings(self) -> int:
        """How many readings were refused so far."""
        return sum(group.readings for group in self._groups.values())


def by_reason(refusals: Iterable[Refusal]) -> dict[str, int]:
    """How many readings were refused for each reason."""
    found: dict[str, int] = {}
    for refusal in refusals:
        found[refusal.reason] = found.get(refusal.reason, 0) + refusal.readings
    return found


def _pieces(texts: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Texts joined to lines in pieces of up to KEPT_BYTES, with how many begin in each; at least one piece."""
    part: list[bytes] = []
    size = 0
    for text in texts:
        if part and size + len(text) > KEPT_BYTES:
            yield len(part), b"\n".join(part)
            part, size = [], 0
        if len(text) > KEPT_BYTES:
            for start in range(0, len(text), KEPT_BYTES):
                yield int(start == 0), text[start : start + KEPT_BYTES]
            continue
        part.append(text)
        size += len(text) + 1
    if part or not texts:
        yield len(part), b"\n".join(part)


def _storable(text: str) -> str:
    """A text a database takes: of bounded length, without zero bytes and halves of characters."""
    return text[:DETAIL_LENGTH].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
