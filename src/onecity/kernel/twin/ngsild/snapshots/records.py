"""Snapshots in the database, as the door writes and reads them: on behalf of a principal, behind the wall of rows."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import IsolationLevel, errors

from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.snapshots import limits, reading
from onecity.kernel.twin.ngsild.store.database import Connection, Database
from onecity.kernel.twin.ngsild.store.names import SNAPSHOT
from onecity.kernel.twin.ngsild.store.principal import SET, Principal
from onecity.kernel.twin.ngsild.subscriptions.records import SUBSCRIBER, owner_of

COLUMNS: Final = """s.id, s.tenant, s.urn, s.document::text, s.context::text, s.status, s.details::text,
s.temporal_details::text, s.priority, s.created_at, s.changed_at, s.expires_at, s.last_used_at"""
LIVING: Final = "s.expires_at > statement_timestamp()"
ONE: Final = f"SELECT {COLUMNS} FROM twin_snapshot s WHERE s.tenant = %s AND s.urn = %s AND {LIVING}"  # noqa: S608 - our own columns
ALL: Final = f"SELECT {COLUMNS} FROM twin_snapshot s WHERE s.tenant = %s AND {LIVING} ORDER BY s.created_at, s.id"  # noqa: S608 - same
OVER: Final = "DELETE FROM twin_snapshot WHERE tenant = %s AND urn = %s AND expires_at <= statement_timestamp()"
INSERT: Final = """
INSERT INTO twin_snapshot (id, tenant, urn, owner, division_path, document, context, priority, expires_at, created_at,
    changed_at, last_used_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
# the least important of one's own goes first, of these the one that was not used for the longest time
CROWDED: Final = """
DELETE FROM twin_snapshot WHERE id IN (SELECT id FROM twin_snapshot WHERE owner = %s AND id <> %s
    ORDER BY priority DESC, last_used_at DESC, id OFFSET %s)
"""
UPDATE: Final = """
UPDATE twin_snapshot SET document = %s, priority = %s, expires_at = %s, changed_at = %s WHERE id = %s
"""
USED: Final = """
UPDATE twin_snapshot SET last_used_at = statement_timestamp()
WHERE id = %s AND last_used_at < statement_timestamp() - interval '10 s'
"""
DELETE: Final = "DELETE FROM twin_snapshot WHERE id = ANY (%s)"
TENANT: Final = "INSERT INTO twin_tenant (name) VALUES (%s) ON CONFLICT DO NOTHING"
FINISHED: Final = """
UPDATE twin_snapshot SET status = %s, details = %s, temporal_details = %s, changed_at = statement_timestamp() WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One snapshot."""

    id: UUID
    tenant: str
    urn: str
    document: dict[str, Any]
    context: Any
    status: str
    details: Any
    temporal_details: Any
    priority: int
    created_at: dt.datetime
    changed_at: dt.datetime
    expires_at: dt.datetime
    last_used_at: dt.datetime

    @property
    def space(self) -> str:
        """The tenant under which what it holds is kept; it can stand in no request."""
        return f"{SNAPSHOT}{self.id}"


class Records:
    """The snapshots as principals may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def acting(self, principal: Principal) -> AsyncIterator[Connection]:
        """A transaction of the principal."""
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SET, principal.settings())
            await connection.execute(SUBSCRIBER, (owner_of(principal),))
            yield connection

    @asynccontextmanager
    async def frozen(self, principal: Principal) -> AsyncIterator[Connection]:
        """A transaction of the principal that sees one moment."""
        async with self._database.connection() as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            try:
                async with connection.transaction():
                    await connection.execute(SET, principal.settings())
                    await connection.execute(SUBSCRIBER, (owner_of(principal),))
                    yield connection
            finally:
                await connection.set_isolation_level(None)

    async def add(
        self, principal: Principal, tenant: str, urn: str, document: dict[str, Any], context: object
    ) -> Record:
        """Add one that is being prepared; raises Problem 409 where the id is taken."""
        moment, identifier, owner = clock.now(), new_id(), owner_of(principal)
        until = moment + dt.timedelta(seconds=reading.lifetime(document))
        priority = document.get("snapshotPriority", limits.PRIORITY)
        values = (identifier, tenant, urn, owner, principal.division, text(document), text(context), priority, until)
        try:
            async with self.acting(principal) as connection:
                await connection.execute(OVER, (tenant, urn))
                if tenant:
                    await connection.execute(TENANT, (tenant,))
                await connection.execute(INSERT, (*values, moment, moment, moment))
                await connection.execute(CROWDED, (owner, identifier, limits.OF_ONE_OWNER - 1))
        except errors.UniqueViolation as error:
            raise problems.problem("AlreadyExists", _("There already is a snapshot {urn}.", urn=urn)) from error
        return await self.one(principal, tenant, urn)

    async def one(self, principal: Principal, tenant: str, urn: str) -> Record:
        """One by its id; raises Problem 404."""
        async with self.acting(principal) as connection:
            row = await (await connection.execute(ONE, (tenant, urn))).fetchone()
        if row is None:
            raise unknown(urn)
        return _record(row)

    async def all(self, principal: Principal, tenant: str) -> list[Record]:
        """All of a tenant."""
        async with self.acting(principal) as connection:
            return [_record(row) for row in await (await connection.execute(ALL, (tenant,))).fetchall()]

    async def change(self, principal: Principal, record: Record, document: dict[str, Any]) -> None:
        """Give one another document; a lifetime counts from now."""
        moment = clock.now()
        until = record.expires_at
        if document.get("snapshotLifetime") != record.document.get("snapshotLifetime"):
            until = moment + dt.timedelta(seconds=reading.lifetime(document))
        priority = document.get("snapshotPriority", limits.PRIORITY)
        async with self.acting(principal) as connection:
            await connection.execute(UPDATE, (text(document), priority, until, moment, record.id))

    async def use(self, principal: Principal, tenant: str, urn: str) -> Record:
        """One that is about to be read or written; raises Problem 404, or 409 while it is being prepared."""
        async with self.acting(principal) as connection:
            row = await (await connection.execute(ONE, (tenant, urn))).fetchone()
            if row is None:
                raise unknown(urn)
            record = _record(row)
            if record.status == "preparing":
                raise problems.problem("Conflict", _("The snapshot {urn} is still being prepared.", urn=urn))
            await connection.execute(USED, (record.id,))
        return record

    async def delete(self, principal: Principal, identifiers: Sequence[UUID]) -> int:
        """Delete some with all that they hold; returns how many there were."""
        async with self.acting(principal) as connection:
            return (await connection.execute(DELETE, (list(identifiers),))).rowcount


def unknown(urn: str) -> problems.NgsiProblem:
    """No snapshot has this id."""
    return problems.problem("ResourceNotFound", _("There is no snapshot {urn}.", urn=urn))


def text(value: object) -> str:
    """JSON for a parameter."""
    return msgspec.json.encode(value).decode()


def _record(row: tuple[Any, ...]) -> Record:
    id_, tenant, urn, document, context, status, details, temporal, *rest = row
    decoded = (msgspec.json.decode(one or "null") for one in (document, context, details, temporal))
    document, context, details, temporal = decoded
    return Record(id_, tenant, urn, document, context, status, details, temporal, *rest)
