"""Parts of messages that are laid out alike, as the evaluation sees them: values, conditions and times, column by column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.batch import NEVER, Bools, Floats, Int64s
from onecity.kernel.telemetry.codecs import clocks, numbers, paths
from onecity.kernel.telemetry.codecs.declaration import CodecError, Condition, Field, Moment, Path, Where
from onecity.kernel.telemetry.codecs.numbers import Bytes

# what became of a value: it is there; the device says that it has none; it is not there; it is no number
THERE, NONE, MISSING, BAD = 0, 1, 2, 3
States = NDArray[np.int8]


class Block(Protocol):
    """k parts of messages: `rows` int64[k] says of which message each is, `number` int64[k] which of its records (from 1)."""

    @property
    def rows(self) -> Int64s:
        """Of which message each part is."""
        ...

    @property
    def number(self) -> Int64s:
        """Which of its message's records each part is."""
        ...

    def values(self, field: Field) -> tuple[Floats, States]:
        """The field's value in each part, looked up where it has a table, and what became of it."""
        ...

    def matches(self, condition: Condition) -> Bools:
        """Where the value of a condition is one of its values."""
        ...

    def moments(self, moment: Moment, received: Int64s) -> Int64s:
        """The time of each part in µs; NEVER where it cannot be read. `received` int64[k] is when the messages came."""
        ...

    def names(self, path: Path) -> Sequence[object]:
        """What stands at the path where the attribute's name is expected."""
        ...


@dataclass(frozen=True, slots=True)
class BytesBlock:
    """Parts of the same number of bytes: `content` uint8[k, length]."""

    content: Bytes
    rows: Int64s
    number: Int64s

    def values(self, field: Field) -> tuple[Floats, States]:
        """See Block."""
        if field.at.number is None:
            raise CodecError(field.attribute, _("Say at which byte it begins"))
        try:
            found, good = numbers.extract(self.content, field.at.number)
        except CodecError:
            if not field.optional:
                raise
            return np.zeros(len(self.rows)), np.full(len(self.rows), MISSING, np.int8)
        states = np.where(good, THERE, BAD).astype(np.int8)
        if field.lookup is None:
            return found, states
        distinct, inverse = np.unique(found, return_inverse=True)
        table = np.array([field.lookup.get(f"{value:.15g}", np.nan) for value in distinct.tolist()])
        found = table[inverse]
        return found, np.where(np.isnan(found), BAD, states).astype(np.int8)

    def matches(self, condition: Condition) -> Bools:
        """See Block; a message too short for the value does not match."""
        if condition.at.number is None:
            return np.zeros(len(self.rows), np.bool_)
        try:
            found, good = numbers.extract(self.content, condition.at.number)
        except CodecError:
            return np.zeros(len(self.rows), np.bool_)
        if condition.mask != -1:
            found = (found.astype(np.int64) & condition.mask).astype(np.float64)
        wanted = [float(value) for value in condition.values if not isinstance(value, str)]
        return good & np.isin(found, wanted)

    def moments(self, moment: Moment, received: Int64s) -> Int64s:
        """See Block."""
        if moment.at is None or moment.at.number is None:
            return received
        found, good = numbers.extract(self.content, moment.at.number)
        if moment.layout == clocks.CALENDAR:
            times = clocks.from_calendar(found, moment.zone)
        else:
            times = clocks.from_count(found, moment, received)
        return np.where(good, times, NEVER)

    def names(self, path: Path) -> Sequence[object]:
        """Bytes hold no names."""
        del path
        return [None] * len(self.rows)


@dataclass(frozen=True, slots=True)
class DocumentBlock:
    """Parts of documents (from JSON, CBOR or pairs), k of them."""

    parts: Sequence[object]
    rows: Int64s
    number: Int64s

    def values(self, field: Field) -> tuple[Floats, States]:
        """See Block. `true` is 1, a number written as text is a number, null means that the device has none."""
        pairs = [_value(raw, field) for raw in self._raw(field.at)]
        return (
            np.array([value for value, _state in pairs], np.float64),
            np.array([state for _value, state in pairs], np.int8),
        )

    def matches(self, condition: Condition) -> Bools:
        """See Block."""
        wanted = condition.values
        return np.array([_same(raw, wanted, condition.mask) for raw in self._raw(condition.at)], np.bool_)

    def moments(self, moment: Moment, received: Int64s) -> Int64s:
        """See Block."""
        if moment.at is None:
            return received
        pairs = zip(self._raw(moment.at), received.tolist(), strict=True)
        return np.array([clocks.from_document(raw, moment, came) for raw, came in pairs], np.int64)

    def names(self, path: Path) -> Sequence[object]:
        """See Block."""
        return [paths.follow(part, path) for part in self.parts]

    def _raw(self, at: Where) -> Sequence[object]:
        return [paths.MISSING if at.path is None else paths.follow(part, at.path) for part in self.parts]


def _value(raw: object, field: Field) -> tuple[float, int]:
    if raw is paths.MISSING:
        return 0.0, MISSING
    if raw is None:
        return 0.0, NONE
    if field.lookup is not None:
        found = field.lookup.get(key_of(raw))
        return (0.0, BAD) if found is None else (found, THERE)
    number = number_of(raw)
    return (0.0, BAD) if number is None else (number, THERE)


def number_of(raw: object) -> float | None:
    """A value of a document as a number, None where it is none."""
    if isinstance(raw, str):
        if len(raw) > 40 or not raw.strip() or "_" in raw:
            return None
        raw = raw.strip()
    if not isinstance(raw, int | float | str):
        return None
    try:
        return float(raw)
    except (ValueError, OverflowError):
        return None


def key_of(raw: object) -> str:
    """A value of a document as the key of a look-up table."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return f"{raw:.15g}" if abs(raw) < 1e300 else str(raw)
    return raw if isinstance(raw, str) else ""


def _same(raw: object, wanted: Sequence[float | str | bool], mask: int) -> bool:
    if mask != -1 and isinstance(raw, int):
        raw = raw & mask
    if isinstance(raw, str | bool):
        return any(type(raw) is type(value) and raw == value for value in wanted)
    return isinstance(raw, int | float) and any(not isinstance(value, str | bool) and raw == value for value in wanted)


def explain(state: int, field: Field) -> Text:
    """Why a field's value could not be taken, for people."""
    if state == MISSING:
        return _("“{name}” is not in the message", name=field.attribute)
    if field.lookup is not None:
        return _("The look-up table of “{name}” has no such value", name=field.attribute)
    return _("“{name}” is not a number", name=field.attribute)


def place(at: Where) -> str:
    """Where a value stands, as shown to people."""
    return f"byte {at.number.offset}" if at.number is not None else paths.render(at.path or ())
