"""Tells live pages which entities were written, from the change log and not by the writer: a row a kind and second.

Whoever writes thousands of values a second shall neither wait for pages nor flood them. The rows name at most so many
entities, and where there would be too many rows one takes their place that names nothing: whoever hears it asks again
for what he may see, so it can be public. Such a row also stands at the beginning, for what came while nobody told.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from onecity.kernel.core import clock
from onecity.kernel.notify import feed
from onecity.kernel.twin.models.change import Operation
from onecity.kernel.twin.ngsild.store.database import Connection, Database

APART_S: Final = 1.0  # rows of one kind come at least this far apart
MOST_IDS: Final = 50  # that one row names
MOST_ROWS: Final = 100  # of one time
# a transaction may have begun, and dated its changes, this long before others that the position has passed
OVERLAP: Final = dt.timedelta(hours=1)

HORIZON: Final = """
SELECT pg_snapshot_xmin(s)::text,
    coalesce((SELECT txid FROM twin_change WHERE at >= %s ORDER BY txid DESC, id DESC LIMIT 1) >= pg_snapshot_xmin(s), false)
FROM pg_current_snapshot() s
"""
# pages show the default tenant; readings have a row of their own (twin.stage), and so has what was told where it was written
WRITTEN: Final = f"""
SELECT c.types[1], c.public, CASE WHEN c.public THEN '' ELSE c.division_path END,
    (array_agg(DISTINCT c.entity_id::text))[1:%s], count(DISTINCT c.entity_id)
FROM twin_change c
WHERE c.txid >= %s::xid8 AND c.txid < %s::xid8 AND c.at >= %s AND c.tenant = '' AND c.operation <> {Operation.MEASURED}
    AND NOT EXISTS (SELECT FROM notify_event e WHERE e.xid = c.txid AND e.kind = 'entity')
GROUP BY 1, 2, 3 ORDER BY 5 DESC, 1, 3 LIMIT %s
"""  # noqa: S608 - our own number
ASK_AGAIN: Final = feed.Change("entity", "", "", public=True)


class Announcing:
    """Follows the change log for live pages."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reached: str | None = None

    async def run(self, woken: asyncio.Event) -> None:
        """Announce until cancelled."""
        while True:
            woken.clear()
            if await self.step():
                woken.set()
            await asyncio.sleep(APART_S)
            await woken.wait()

    async def step(self) -> bool:
        """Announce what was written since the last time; whether more waits for a transaction that still runs."""
        oldest = clock.now() - OVERLAP
        async with self._database.connection() as connection, connection.transaction():
            row = await (await connection.execute(HORIZON, (oldest,))).fetchone()
            horizon, hidden = ("0", False) if row is None else row
            if self._reached is None:
                changes = [ASK_AGAIN]
            else:
                changes = await _written(connection, (MOST_IDS, self._reached, horizon, oldest, MOST_ROWS + 1))
            if changes:
                for statement, values in feed.statements(changes):
                    await connection.execute(statement.encode(), values)
        self._reached = horizon
        return bool(hidden)


async def _written(connection: Connection, values: Sequence[Any]) -> list[feed.Change]:
    found = await (await connection.execute(WRITTEN, values)).fetchall()
    if len(found) > MOST_ROWS:
        return [ASK_AGAIN]
    return [
        feed.Change("entity", division, "", {"type": kind, "ids": ids, "count": count}, public)
        for kind, public, division, ids, count in found
    ]
