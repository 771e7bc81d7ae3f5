"""Writes histories that clients bring or take back, each request in one transaction, durable before the answer."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.types.json import Json

from onecity.kernel.twin.ngsild.model import problems as kinds
from onecity.kernel.twin.ngsild.model.stored import Instance
from onecity.kernel.twin.ngsild.store import problems
from onecity.kernel.twin.ngsild.store.database import Connection, Database
from onecity.kernel.twin.ngsild.store.principal import SET, Principal
from onecity.kernel.twin.ngsild.store.statements import TAKEN, TENANT
from onecity.kernel.twin.ngsild.temporal.presenting import encode

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 77))"
PLACE: Final = """
SELECT division_path, public, types FROM twin_seen WHERE tenant = %s AND urn = %s
UNION ALL SELECT division_path, public, types FROM twin_evolution_seen WHERE tenant = %s AND urn = %s LIMIT 1
"""
EVOLUTION: Final = """
INSERT INTO twin_evolution AS e (tenant, urn, types, created_at, modified_at, division_path, public)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant, urn) DO UPDATE SET modified_at = excluded.modified_at,
    types = e.types || ARRAY(SELECT t FROM unnest(excluded.types) t WHERE t <> ALL (e.types))
"""
# what is sent again with the same moment is corrected, and keeps its name and when it was made
INSTANCES: Final = """
INSERT INTO twin_instance AS i (tenant, urn, attribute, instance_id, dataset_id, observed_at, created_at, modified_at,
    instance, division_path, public)
SELECT %s, %s, n.attribute, n.instance_id, n.dataset_id, n.observed_at, %s, %s, n.instance, %s, %s
FROM json_to_recordset(%s::json) AS n(attribute text, instance_id text, dataset_id text, observed_at timestamptz, instance jsonb)
ON CONFLICT (tenant, urn, attribute, dataset_id, observed_at) WHERE observed_at IS NOT NULL AND NOT corrects
DO UPDATE SET modified_at = excluded.modified_at,
    instance = excluded.instance || jsonb_build_object('createdAt', i.instance -> 'createdAt')
"""
CORRECT_OWN: Final = """
UPDATE twin_instance SET instance = %s, dataset_id = %s, observed_at = %s, modified_at = %s
WHERE tenant = %s AND urn = %s AND attribute = %s AND instance_id = %s AND NOT corrects
"""
CORRECT: Final = """
INSERT INTO twin_instance (tenant, urn, attribute, instance_id, dataset_id, observed_at, created_at, modified_at, instance,
    corrects, division_path, public)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, true, %s, %s)
ON CONFLICT (tenant, urn, attribute, instance_id) DO UPDATE SET instance = excluded.instance,
    dataset_id = excluded.dataset_id, observed_at = excluded.observed_at, modified_at = excluded.modified_at
"""
DELETE_OWN: Final = """
DELETE FROM twin_instance WHERE tenant = %s AND urn = %s AND attribute = %s AND instance_id = %s AND NOT corrects
"""
DELETE_ATTRIBUTE: Final = """
DELETE FROM twin_instance WHERE tenant = %s AND urn = %s AND (%s = '' OR attribute = %s) AND (%s = '*' OR dataset_id = %s)
"""
ERASE: Final = """
INSERT INTO twin_erasure (tenant, urn, attribute, dataset_id, at, division_path, public) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant, urn, attribute, dataset_id) DO UPDATE SET at = excluded.at
"""
FORGET: Final = "DELETE FROM twin_evolution WHERE tenant = %s AND urn = %s"
FORGET_ERASURES: Final = """
DELETE FROM twin_erasure WHERE tenant = %s AND urn = %s AND NOT EXISTS (
    SELECT 1 FROM twin_seen e WHERE e.tenant = twin_erasure.tenant AND e.urn = twin_erasure.urn)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a history belongs, and of which types it is."""

    division: str
    public: bool
    types: tuple[str, ...]


class History:
    """The history of one entity inside a transaction."""

    def __init__(self, connection: Connection, tenant: str, urn: str, now: str) -> None:
        self._connection = connection
        self.tenant, self.urn, self.now = tenant, urn, now

    async def ask(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        cursor = await self._connection.execute(statement, parameters)
        return await cursor.fetchall()

    async def place(self) -> Place | None:
        """Where it belongs; None where no such entity or history is seen."""
        rows = await self.ask(PLACE, (self.tenant, self.urn) * 2)
        return Place(rows[0][0], rows[0][1], tuple(rows[0][2])) if rows else None

    async def taken(self) -> bool:
        """Whether the name belongs to an entity that may not be seen."""
        return bool(await self.ask(TAKEN, (self.tenant, [self.urn])))

    async def add(self, place: Place, types: Sequence[str], attributes: Mapping[str, Sequence[Instance]]) -> None:
        """Add types and instances."""
        do = self._connection.execute
        if self.tenant:
            await do(TENANT, (self.tenant,))
        at = (self.now, self.now)
        await do(EVOLUTION, (self.tenant, self.urn, list(types), *at, place.division, place.public))
        records: dict[tuple[str, str, str | None], dict[str, Any]] = {}
        for name, instances in attributes.items():
            for instance in instances:
                key = (name, instance.get("datasetId", ""), instance.get("observedAt") or instance["instanceId"])
                records[key] = _record(name, instance)
        if records:
            text = Json(encode(list(records.values())), dumps=bytes)
            await do(INSTANCES, (self.tenant, self.urn, *at, place.division, place.public, text))

    async def correct(self, place: Place, name: str, instance: Instance) -> None:
        """Let an instance stand in place of the one of the same name."""
        record = _record(name, instance)
        values = (Json(record["instance"]), record["dataset_id"], record["observed_at"])
        key = (self.tenant, self.urn, name, instance["instanceId"])
        own = await self._connection.execute(CORRECT_OWN, (*values, self.now, *key))
        if not own.rowcount:
            text, dataset, observed = values
            made = (instance["createdAt"], self.now)
            await self._connection.execute(
                CORRECT, (*key, dataset, observed, *made, text, place.division, place.public)
            )

    async def take_back(self, place: Place, name: str, instance: Instance) -> None:
        """Let an instance be gone."""
        key = (self.tenant, self.urn, name, instance["instanceId"])
        own = await self._connection.execute(DELETE_OWN, key)
        if not own.rowcount:
            made = (instance.get("datasetId", ""), None, instance.get("createdAt", self.now), self.now, None)
            await self._connection.execute(CORRECT, (*key, *made, place.division, place.public))

    async def erase(self, place: Place, name: str, dataset: str) -> None:
        """Let everything of an attribute ("" all) and data set ("*" all) up to now be gone."""
        key = (self.tenant, self.urn)
        await self._connection.execute(DELETE_ATTRIBUTE, (*key, name, name, dataset, dataset))
        await self._connection.execute(ERASE, (*key, name, dataset, self.now, place.division, place.public))

    async def forget(self, place: Place) -> None:
        """Let the whole history up to now be gone."""
        await self.erase(place, "", "*")
        await self._connection.execute(FORGET, (self.tenant, self.urn))
        await self._connection.execute(FORGET_ERASURES, (self.tenant, self.urn))


def _record(name: str, instance: Instance) -> dict[str, Any]:
    kept = {key: value for key, value in instance.items() if key != "instanceId"}
    return {
        "attribute": name,
        "instance_id": instance["instanceId"],
        "dataset_id": instance.get("datasetId", ""),
        "observed_at": instance.get("observedAt"),
        "instance": kept,
    }


@asynccontextmanager
async def writing(database: Database, principal: Principal, tenant: str, urn: str, now: str) -> AsyncIterator[History]:
    """One transaction over the history of one entity, which no other writes meanwhile.

    Raises Problem 403 where the principal may not write there, 409 where two instances would have the same moment, 400 for
    values that cannot be stored.
    """
    async with database.connection() as connection:
        try:
            async with connection.transaction():
                await connection.execute(SET, principal.settings())
                await connection.execute(LOCK, (f"{tenant}\n{urn}",))
                yield History(connection, tenant, urn, now)
        except errors.InsufficientPrivilege as error:
            raise problems.forbidden() from error
        except errors.UniqueViolation as error:
            raise kinds.problem("Conflict") from error
        except psycopg.DataError as error:
            raise problems.refused(str(error.diag.message_primary or "")) from error
