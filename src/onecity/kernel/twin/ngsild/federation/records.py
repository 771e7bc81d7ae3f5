"""Registrations in the database, as the door writes and reads them: on behalf of a principal, behind the wall of rows."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import errors

from onecity.kernel.core.ids import new_id
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.compiling import compiled
from onecity.kernel.twin.ngsild.federation.conflicts import PROXIED, conflicting
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store.database import Connection, Database
from onecity.kernel.twin.ngsild.store.principal import SET, SYSTEM, Principal

# any number that nobody else locks: registrations are written one after another, so that of two that conflict one is
# refused, and so that `changed_at` grows in the order of commit, by which every process sees that something changed
LOCK: Final = "SELECT pg_advisory_xact_lock(7365411209)"
COLUMNS: Final = """r.id, r.urn, r.document::text, r.expires_at, r.created_at, r.changed_at, r.times_sent, r.times_failed,
r.last_success, r.last_failure, r.status"""
LIVING: Final = "(r.expires_at IS NULL OR r.expires_at > statement_timestamp())"
ONE: Final = f"SELECT {COLUMNS} FROM twin_sourceregistration r WHERE r.tenant = %s AND r.urn = %s AND {LIVING}"  # noqa: S608 - our own columns
MANY: Final = f"SELECT {COLUMNS} FROM twin_sourceregistration r WHERE r.tenant = %s AND r.urn = ANY (%s) AND {LIVING}"  # noqa: S608 - same
RIVALS: Final = f"""
SELECT r.urn, r.document::text FROM twin_sourceregistration r WHERE r.tenant = %s AND r.urn <> %s AND {LIVING}
AND r.document ->> 'mode' = ANY (%s) AND (%s::text[] IS NULL OR r.document ->> 'mode' <> 'exclusive' OR EXISTS (
    SELECT 1 FROM jsonb_path_query(r.document, '$.information[*].entities[*].id') v WHERE v #>> '{{}}' = ANY (%s)))
"""  # noqa: S608 - same
# an id is free again once its registration is over
OVER: Final = (
    "DELETE FROM twin_sourceregistration WHERE tenant = %s AND urn = %s AND expires_at <= statement_timestamp()"
)
INSERT: Final = """
INSERT INTO twin_sourceregistration (id, tenant, urn, division_path, document, expires_at, created_at, changed_at)
SELECT %s, %s, %s, %s, %s, %s, c, c FROM clock_timestamp() c
"""
UPDATE: Final = """
UPDATE twin_sourceregistration SET document = %s, expires_at = %s, changed_at = clock_timestamp()
WHERE id = %s AND changed_at = %s
"""
DELETE: Final = """
DELETE FROM twin_sourceregistration WHERE tenant = %s AND urn = %s
AND (expires_at IS NULL OR expires_at > statement_timestamp())
"""
TENANT: Final = "INSERT INTO twin_tenant (name) VALUES (%s) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Record:
    """One registration with how exchanges with its source went (5.2.9)."""

    id: UUID
    urn: str
    document: dict[str, Any]
    expires_at: dt.datetime | None
    created_at: dt.datetime
    changed_at: dt.datetime
    times_sent: int
    times_failed: int
    last_success: dt.datetime | None
    last_failure: dt.datetime | None
    status: str


class Records:
    """The registrations as principals may see them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def _acting(self, principal: Principal) -> AsyncIterator[Connection]:
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SET, principal.settings())
            yield connection

    async def add(self, principal: Principal, registration: Registration, document: dict[str, Any], root: str) -> None:
        """Add one; raises Problem 409 where its id is taken or another one has what it claims for itself."""
        tenant, urn = registration.tenant, registration.id
        values = (new_id(), tenant, urn, root, _text(document), registration.expires_at)
        try:
            async with self._acting(principal) as connection:
                await connection.execute(LOCK)
                await _check_rivals(connection, registration, principal)
                await connection.execute(OVER, (tenant, urn))
                if tenant:
                    await connection.execute(TENANT, (tenant,))
                await connection.execute(INSERT, values)
        except errors.UniqueViolation as error:
            raise problems.problem("AlreadyExists", _("There already is a registration {urn}.", urn=urn)) from error

    async def one(self, principal: Principal, tenant: str, urn: str) -> Record:
        """One by its id; raises Problem 404."""
        async with self._acting(principal) as connection:
            row = await (await connection.execute(ONE, (tenant, urn))).fetchone()
        if row is None:
            raise unknown(urn)
        return _record(row)

    async def many(self, principal: Principal, tenant: str, urns: Sequence[str]) -> dict[str, Record]:
        """Those of the ids that there are."""
        async with self._acting(principal) as connection:
            rows = await (await connection.execute(MANY, (tenant, list(urns)))).fetchall()
        return {row[1]: _record(row) for row in rows}

    async def replace(
        self, principal: Principal, record: Record, registration: Registration, document: dict[str, Any]
    ) -> bool:
        """Give one that was read another document; False where somebody changed it meanwhile. Raises Problem 409."""
        values = (_text(document), registration.expires_at, record.id, record.changed_at)
        async with self._acting(principal) as connection:
            await connection.execute(LOCK)
            await _check_rivals(connection, registration, principal)
            return (await connection.execute(UPDATE, values)).rowcount == 1

    async def delete(self, principal: Principal, tenant: str, urn: str) -> None:
        """Delete one; raises Problem 404."""
        async with self._acting(principal) as connection:
            await connection.execute(LOCK)
            if not (await connection.execute(DELETE, (tenant, urn))).rowcount:
                raise unknown(urn)


def unknown(urn: str) -> problems.NgsiProblem:
    """No registration has this id."""
    return problems.problem("ResourceNotFound", _("There is no registration {urn}.", urn=urn))


async def _check_rivals(connection: Connection, registration: Registration, principal: Principal) -> None:
    """Raises Problem 409 where the registration and another one claim the same for themselves (4.3.6.3)."""
    if registration.mode not in PROXIED:
        return
    await connection.execute(SET, SYSTEM.settings())
    modes, ids = list(PROXIED[registration.mode]), _ids(registration)
    rows = await (await connection.execute(RIVALS, (registration.tenant, registration.id, modes, ids, ids))).fetchall()
    await connection.execute(SET, principal.settings())
    for urn, text in rows:
        if conflicting(registration, compiled(registration.tenant, urn, msgspec.json.decode(text))):
            raise problems.problem(
                "Conflict", _("The registration {urn} already has some of these attributes for itself.", urn=urn)
            )


def _ids(registration: Registration) -> list[str] | None:
    """The ids that the registration speaks of; None where it does not say them all."""
    infos = [info for information in registration.information for info in information.entities]
    known = [info.id for info in infos if info.id is not None]
    whole = len(known) == len(infos) and all(information.entities for information in registration.information)
    return sorted(set(known)) if whole else None


def _text(document: dict[str, Any]) -> str:
    return msgspec.json.encode(document).decode()


def _record(row: tuple[Any, ...]) -> Record:
    id_, urn, document, *rest = row
    return Record(id_, urn, msgspec.json.decode(document), *rest)
