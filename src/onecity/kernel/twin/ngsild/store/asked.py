"""By which attributes queries ask, told to the database from time to time, and which of them have an index already."""

import time
from collections.abc import Sequence
from typing import Final

from onecity.kernel.twin.ngsild.query import indexing
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.sql import Prefilter
from onecity.kernel.twin.ngsild.store.database import Connection

SLOW_S: Final = 0.2
REMEMBER_S: Final = 10.0
TELL_S: Final = 10.0
MOST_NAMES: Final = 1_000  # attributes that are counted, in all and of one time
READY: Final = "SELECT attribute FROM twin_queryindex WHERE state = 'ready'"
TELL: Final = "SELECT twin_index_asked(%s, %s, %s)"


class Asked:
    """What one process knows of indexes for queries, and what was asked for here since it last told."""

    def __init__(self) -> None:
        self._ready: frozenset[str] = frozenset()
        self._read_again = self._tell_again = 0.0
        self._slow: dict[str, int] = {}

    async def prefilter(self, connection: Connection, selections: Sequence[Selection]) -> Prefilter | None:
        """What lets the compiler of conditions use the indexes that are there; None where no condition could."""
        if not any(indexing.advise(one) for one in selections):
            return None
        if time.monotonic() >= self._read_again:
            self._ready = frozenset(name for (name,) in await (await connection.execute(READY)).fetchall())
            self._read_again = time.monotonic() + REMEMBER_S
        return indexing.prefilter(self._ready) if self._ready else None

    async def note(self, connection: Connection, selections: Sequence[Selection], seconds: float) -> None:
        """Take in that a query with these conditions took so long."""
        for name in {advice.attribute for one in selections for advice in indexing.advise(one)}:
            if name in self._slow or len(self._slow) < MOST_NAMES:
                self._slow[name] = self._slow.get(name, 0) + (seconds >= SLOW_S)
        if self._slow and time.monotonic() >= self._tell_again:
            told, self._slow = self._slow, {}
            self._tell_again = time.monotonic() + TELL_S
            await connection.execute(TELL, (list(told), list(told.values()), MOST_NAMES))
