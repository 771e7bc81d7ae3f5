"""The bars of the time line: how many alerts began in each slot, by severity; pure."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

SEVERITIES = ("red", "orange", "yellow", "blue")


@dataclass(frozen=True)
class Slot:
    """The alerts that began in one span of time, the gravest first, as (severity, count)."""

    start: dt.datetime
    counts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(count for _severity, count in self.counts)


def slots(onsets: Iterable[tuple[dt.datetime, str]], end: dt.datetime, width: dt.timedelta, number: int) -> list[Slot]:
    """`number` slots of `width` up to `end`, oldest first; onsets outside of them do not count."""
    first = end - width * number
    table = [dict.fromkeys(SEVERITIES, 0) for _ in range(number)]
    for onset, severity in onsets:
        position = (onset - first) // width
        if 0 <= position < number and severity in table[position]:
            table[position][severity] += 1
    return [
        Slot(first + width * index, tuple((name, row[name]) for name in SEVERITIES if row[name]))
        for index, row in enumerate(table)
    ]
