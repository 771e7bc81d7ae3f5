"""Which types and attributes there are, and how many entities have them: from the numbers kept with every write."""

from collections.abc import Iterable
from dataclasses import dataclass

from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.principal import Principal
from onecity.kernel.twin.ngsild.store.search import ask

ALL = """
SELECT type, attribute, kind, sum(entities)::int8 FROM twin_census WHERE tenant = %s
GROUP BY type, attribute, kind HAVING sum(entities) > 0 ORDER BY type, attribute, kind
"""
ENTITY = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many entities of a type have an attribute of a kind; `attribute` "" counts the entities themselves."""

    type: str
    attribute: str
    kind: str
    entities: int


async def counts(database: Database, principal: Principal, tenant: str) -> list[Count]:
    """All counts over the entities that the principal may see, by type, attribute and kind."""
    async with database.connection() as connection, connection.pipeline():
        return [Count(*row) for row in await ask(connection, principal, ALL, (tenant,))]


def types(counted: Iterable[Count]) -> dict[str, int]:
    """Type → number of its entities."""
    return {one.type: one.entities for one in counted if one.attribute == ENTITY}
