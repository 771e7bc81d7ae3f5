"""Removes transient entities and attributes whose time is over (4.22), as changes like any other."""

from collections.abc import Sequence

from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.operation import Operation
from onecity.kernel.twin.ngsild.store.principal import SYSTEM
from onecity.kernel.twin.ngsild.store.writer import Writer

AT_ONCE = 500
OVER = "SELECT tenant, urn FROM twin_entity WHERE perishes_at <= statement_timestamp() ORDER BY perishes_at LIMIT %s"


async def sweep(database: Database) -> int:
    """Remove everything that is over by now; returns how many entities were touched."""
    writer = Writer(database, _nowhere)
    touched = 0
    while True:
        async with database.connection() as connection:
            cursor = await connection.execute(OVER, (AT_ONCE,))
            found = await cursor.fetchall()
        for tenant in sorted({tenant for tenant, _urn in found}):
            operations = [Operation(urn, _left_alone) for of, urn in found if of == tenant]
            await writer.submit(SYSTEM, tenant, operations)
        touched += len(found)
        if len(found) < AT_ONCE:
            return touched


def _left_alone(current: StoredEntity | None, _now: str) -> Outcome | None:
    """Under the lock the writer takes away what is over before any change; there is nothing more to do."""
    return None if current is None else Outcome(current, {}, {}, [], unchanged=True)


async def _nowhere(points: Sequence[tuple[float, float] | None]) -> Sequence[str]:
    return [""] * len(points)
