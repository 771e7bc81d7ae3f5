"""Subscriptions in the database, as the door writes and reads them: on behalf of a principal, behind the wall of rows."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg import errors

from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store.database import Connection, Database
from onecity.kernel.twin.ngsild.store.principal import SET, Principal

ENTITY: Final = "entity"
SUBSCRIBER: Final = "SELECT set_config('onecity.subscriber', %s, true)"
COLUMNS: Final = """s.id, s.urn, s.document::text, s.context::text, s.is_active, s.expires_at, s.created_at, s.changed_at,
d.times_sent, d.times_failed, d.last_notification, d.last_success, greatest(d.last_failure, p.failed_at),
CASE WHEN p.failed_at IS NULL THEN d.status ELSE 'failed' END"""
# a source that does not follow what it should is a failure of the subscription
FROM: Final = """FROM twin_subscription s LEFT JOIN twin_delivery d ON d.subscription_id = s.id LEFT JOIN LATERAL (
    SELECT max(p.failed_at) AS failed_at FROM twin_passedsubscription p
    WHERE p.subscription_id = s.id AND NOT p.gone AND p.failures > 0) p ON true"""
ONE: Final = f"SELECT {COLUMNS} {FROM} WHERE s.kind = %s AND s.tenant = %s AND s.urn = %s"
PAGE: Final = (
    f"SELECT {COLUMNS} {FROM} WHERE s.kind = %s AND s.tenant = %s ORDER BY s.created_at, s.id LIMIT %s OFFSET %s"
)
COUNT: Final = "SELECT count(*) FROM twin_subscription WHERE kind = %s AND tenant = %s"
INSERT: Final = """
INSERT INTO twin_subscription (id, kind, tenant, urn, owner, account_id, seen, division_path, document, context, is_active,
    expires_at, created_at, changed_at, via) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
UPDATE: Final = """
UPDATE twin_subscription SET document = %s, context = %s, is_active = %s, expires_at = %s, changed_at = %s
WHERE id = %s AND changed_at = %s
"""
DELETE: Final = "DELETE FROM twin_subscription WHERE kind = %s AND tenant = %s AND urn = %s"
TENANT: Final = "INSERT INTO twin_tenant (name) VALUES (%s) ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class Record:
    """One subscription with how its deliveries fare."""

    id: UUID
    urn: str
    document: dict[str, Any]
    context: Any
    is_active: bool
    expires_at: dt.datetime | None
    created_at: dt.datetime
    changed_at: dt.datetime
    times_sent: int | None
    times_failed: int | None
    last_notification: dt.datetime | None
    last_success: dt.datetime | None
    last_failure: dt.datetime | None
    outcome: str | None


def owner_of(principal: Principal) -> str:
    """Whose the principal's subscriptions are."""
    return f"account {principal.account_id}" if principal.account_id is not None else principal.name


def text(value: object) -> str:
    """JSON for a parameter."""
    return msgspec.json.encode(value).decode()


class Records:
    """The subscriptions of one kind (`entity`: of 5.8) as principals may see them."""

    def __init__(self, database: Database, kind: str = ENTITY) -> None:
        self._database = database
        self._kind = kind

    @asynccontextmanager
    async def _acting(self, principal: Principal) -> AsyncIterator[Connection]:
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SET, principal.settings())
            await connection.execute(SUBSCRIBER, (owner_of(principal),))
            yield connection

    async def add(
        self,
        principal: Principal,
        tenant: str,
        urn: str,
        document: dict[str, Any],
        context: object,
        via: str = "",
    ) -> None:
        """Add one that came through the brokers of `via`; raises Problem 409 where the id is taken."""
        moment = clock.now()
        values = (
            *(new_id(), self._kind, tenant, urn, owner_of(principal), principal.account_id, list(principal.seen)),
            *(principal.division, text(document), text(context), document.get("isActive", True)),
            *(document.get("expiresAt"), moment, moment, via),
        )
        try:
            async with self._acting(principal) as connection:
                if tenant:
                    await connection.execute(TENANT, (tenant,))
                await connection.execute(INSERT, values)
        except errors.UniqueViolation as error:
            raise problems.problem("AlreadyExists", _("There already is a subscription {urn}.", urn=urn)) from error

    async def one(self, principal: Principal, tenant: str, urn: str) -> Record:
        """One by its id; raises Problem 404."""
        async with self._acting(principal) as connection:
            return await self._one(connection, tenant, urn)

    async def page(
        self, principal: Principal, tenant: str, limit: int, offset: int, *, count: bool
    ) -> tuple[list[Record], bool, int | None]:
        """Some in the order of their age, whether there are more, and how many in all where that is asked."""
        async with self._acting(principal) as connection:
            cursor = await connection.execute(PAGE, (self._kind, tenant, limit + 1, offset))
            found = [_record(row) for row in await cursor.fetchall()]
            total = None
            if count:
                counted = await (await connection.execute(COUNT, (self._kind, tenant))).fetchone()
                total = 0 if counted is None else int(counted[0])
        return found[:limit], len(found) > limit, total

    async def replace(self, principal: Principal, record: Record, document: dict[str, Any], context: object) -> bool:
        """Give one that was read another document; False where somebody changed it meanwhile."""
        active, until = document.get("isActive", True), document.get("expiresAt")
        values = (text(document), text(context), active, until, clock.now(), record.id, record.changed_at)
        async with self._acting(principal) as connection:
            return (await connection.execute(UPDATE, values)).rowcount == 1

    async def delete(self, principal: Principal, tenant: str, urn: str) -> None:
        """Delete one; raises Problem 404."""
        async with self._acting(principal) as connection:
            if not (await connection.execute(DELETE, (self._kind, tenant, urn))).rowcount:
                raise unknown(urn)

    async def _one(self, connection: Connection, tenant: str, urn: str) -> Record:
        row = await (await connection.execute(ONE, (self._kind, tenant, urn))).fetchone()
        if row is None:
            raise unknown(urn)
        return _record(row)


def unknown(urn: str) -> problems.NgsiProblem:
    """No subscription has this id."""
    return problems.problem("ResourceNotFound", _("There is no subscription {urn}.", urn=urn))


def _record(row: tuple[Any, ...]) -> Record:
    id_, urn, document, context, *rest = row
    return Record(id_, urn, msgspec.json.decode(document), msgspec.json.decode(context or "null"), *rest)
