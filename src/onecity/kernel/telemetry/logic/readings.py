"""Readings as they come from a sender, before they are known to belong anywhere; and readings refused, with the reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.telemetry.batch import Floats, Int32s, Int64s

# how many bytes of refused readings one refusal keeps; what is beyond is counted
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
    """Readings refused for one reason: how many, the first `raw` texts of them, and what exactly was wrong with the first.

    `line` is the first line (from 0) it concerns, -1 where there are no lines. `device` is the text form of the sender's
    id. A refusal's `raw` holds `kept` readings, one a line.
    """

    reason: str
    detail: str = ""
    readings: int = 0
    kept: int = 0
    raw: bytes = b""
    line: int = -1
    device: str = ""


@dataclass(slots=True)
class Refusals:
    """Gathers refusals by sender and reason."""

    groups: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    _parts: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)
    _sizes: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(
        self, reason: str, raws: Iterable[bytes], *, count: int, detail: str = "", line: int = -1, device: str = ""
    ) -> None:
        """Refuse `count` readings; `raws` are their texts, read only as far as they are kept."""
        key = (device, reason)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Refusal(reason, _storable(detail), line=line, device=_storable(device))
        group.readings += count
        parts, size = self._parts.setdefault(key, []), self._sizes.get(key, 0)
        for raw in raws:
            if size + len(raw) > KEPT_BYTES:
                break
            parts.append(raw)
            size += len(raw) + 1
            group.kept += 1
        self._sizes[key] = size

    def finish(self) -> list[Refusal]:
        """The refusals gathered, in the order of the lines they concern."""
        for key, group in self.groups.items():
            group.raw = b"\n".join(self._parts[key])
        return sorted(self.groups.values(), key=lambda group: group.line)

    @property
    def readings(self) -> int:
        """How many readings were refused so far."""
        return sum(group.readings for group in self.groups.values())


def _storable(text: str) -> str:
    """A text a database takes: of bounded length, without zero bytes and halves of characters."""
    return text[:DETAIL_LENGTH].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
