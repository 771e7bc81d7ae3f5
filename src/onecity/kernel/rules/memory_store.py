"""The engine's memory in the database: a record for every batch that changed something, now and then a whole one."""

from collections.abc import Mapping

import numpy as np
import psycopg
from django.db import connection
from numpy.typing import DTypeLike

from onecity.kernel.rules.logic.arrays import Records
from onecity.kernel.rules.logic.journal import LIVE, STATE, Memory
from onecity.kernel.rules.logic.windows import READING
from onecity.kernel.rules.models import MemoryRecord

Kind = MemoryRecord.Kind
TYPES: Mapping[str, DTypeLike] = {Kind.RUNS: STATE, Kind.TAILS: READING, Kind.LIVE: LIVE}
# a payload is kept well below what one value may hold (1 GB) and what a driver copies at ease
CHUNK_RECORDS = 500_000
# a whole record is written once the records since the last one outweigh it, but not for trifles
LEAST_RECORDS = 200_000
# and in any case before there are so many rows that reading them takes a start noticeably longer
MOST_ROWS = 5_000


class MemoryStore:
    """Appends to the journal and knows how long it has grown since the last whole record, by kind."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._rows = 0

    def load(self) -> Memory:
        """Read everything back, in the order written."""
        found: dict[str, list[Records]] = {kind: [np.empty(0, TYPES[kind])] for kind in Kind.values}
        self._since, self._whole, self._rows = dict.fromkeys(Kind.values, 0), dict.fromkeys(Kind.values, 0), 0
        for kind, whole, payload in MemoryRecord.objects.order_by("id").values_list("kind", "whole", "payload"):
            records = np.frombuffer(bytes(payload), TYPES[kind])
            found[kind].append(records)
            self._rows += not whole
            (self._whole if whole else self._since)[kind] += len(records)
        return Memory(*(np.concatenate(found[kind]) for kind in (Kind.RUNS, Kind.TAILS, Kind.LIVE)))

    def append(self, memory: Memory) -> None:
        """Write what a batch changed."""
        for kind, records in _parts(memory).items():
            self._since[kind] = self._since.get(kind, 0) + len(records)
            self._rows += len(records) > 0
            _insert(kind, records, whole=False)

    @property
    def overgrown(self) -> bool:
        """Whether the journal has outgrown what a whole record would say."""
        return self._rows > MOST_ROWS or any(
            grown > max(LEAST_RECORDS, 2 * self._whole.get(kind, 0)) for kind, grown in self._since.items()
        )

    def rewrite(self, memory: Memory) -> None:
        """Write everything once more and remove what was written before."""
        MemoryRecord.objects.all().delete()
        self._rows = 0
        for kind, records in _parts(memory).items():
            _insert(kind, records, whole=True)
            self._since[kind], self._whole[kind] = 0, len(records)


def _parts(memory: Memory) -> dict[str, Records]:
    return {Kind.RUNS: memory.runs, Kind.TAILS: memory.tails, Kind.LIVE: memory.live}


def _insert(kind: str, records: Records, *, whole: bool) -> None:
    if not len(records):
        return
    connection.ensure_connection()
    # Django's own cursor would write the bytes into the statement as text; this one sends them as they are
    with psycopg.Cursor(connection.connection) as cursor:
        for start in range(0, len(records), CHUNK_RECORDS):
            part = records[start : start + CHUNK_RECORDS]
            cursor.execute(
                "INSERT INTO rules_memoryrecord (kind, whole, records, payload, written_at)"
                " VALUES (%s, %s, %s, %b, now())",
                [kind, whole, len(part), part.tobytes()],
            )
