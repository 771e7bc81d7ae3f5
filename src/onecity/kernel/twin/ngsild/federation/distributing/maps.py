"""Entity maps in the database: whose they are, what they hold, and until when (4.5.25, 5.14)."""

import datetime as dt
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing import limits
from onecity.kernel.twin.ngsild.http.router import PREFIX
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store.database import Connection, Database
from onecity.kernel.twin.ngsild.store.principal import SET, Principal
from onecity.kernel.twin.ngsild.subscriptions.records import SUBSCRIBER, owner_of

ENTITY, TEMPORAL = "entity", "temporal"
LOCAL: Final = "@none"
BEGINNING: Final = "urn:ngsi-ld:EntityMap:"
IDENTIFIER: Final = re.compile(
    r"(?:.*/)?" + BEGINNING + r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?\Z"
)
INSERT: Final = """
INSERT INTO twin_entitymap (id, tenant, owner, kind, entries, linked, expires_at, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
ONE: Final = """
SELECT kind, entries::text, removed, linked::text, expires_at FROM twin_entitymap
WHERE id = %s AND tenant = %s AND owner = %s AND expires_at > %s
"""
REMOVE: Final = "UPDATE twin_entitymap SET removed = removed || %s::text[] WHERE id = %s AND owner = %s"
EXTEND: Final = "UPDATE twin_entitymap SET expires_at = %s WHERE id = %s AND tenant = %s AND owner = %s"
DELETE: Final = "DELETE FROM twin_entitymap WHERE id = %s AND tenant = %s AND owner = %s AND expires_at > %s"
# what has ended, and the oldest of one owner where there are too many
SWEEP: Final = """
DELETE FROM twin_entitymap WHERE owner = %s AND (expires_at <= %s OR id IN
(SELECT id FROM twin_entitymap WHERE owner = %s AND tenant = %s ORDER BY created_at DESC, id DESC OFFSET %s))
"""


@dataclass(frozen=True, slots=True)
class EntityMap:
    """One map: id of an entity → registrations (LOCAL: held here) that know of it; registration → map of its source."""

    id: UUID
    kind: str
    entries: Mapping[str, Sequence[str]]
    linked: Mapping[str, str]
    expires_at: dt.datetime
    removed: frozenset[str] = frozenset()

    @property
    def urn(self) -> str:
        """Its identifier."""
        return f"{BEGINNING}{self.id}"

    @property
    def address(self) -> str:
        """Where it is to be had, for NGSILD-EntityMap."""
        return f"{PREFIX}/entityMaps/{self.urn}"

    def left(self) -> list[str]:
        """The entities that are still in it, by id."""
        return sorted(urn for urn in self.entries if urn not in self.removed)


class Maps:
    """The maps of one tenant that a principal may use: those made for him."""

    def __init__(self, database: Database, principal: Principal, tenant: str) -> None:
        self._database = database
        self._principal = principal
        self._tenant = tenant
        self._owner = owner_of(principal)

    async def add(
        self, kind: str, entries: Mapping[str, Sequence[str]], linked: Mapping[str, str], seconds: float
    ) -> EntityMap:
        """Keep a new map; raises Problem 403 where it is too large."""
        if len(entries) > limits.MOST_MAPPED:
            detail = _("An entity map holds at most {most} entities; narrow the query.", most=limits.MOST_MAPPED)
            raise problems.problem("TooManyResults", detail)
        now = clock.now()
        until = now + dt.timedelta(seconds=min(seconds, limits.LONGEST_LIFETIME_S))
        made = EntityMap(new_id(), kind, entries, linked, until)
        values = (made.id, self._tenant, self._owner, kind, _text(entries), _text(linked), until, now)
        async with self._acting() as connection:
            await connection.execute(SWEEP, (self._owner, now, self._owner, self._tenant, limits.MOST_MAPS - 1))
            await connection.execute(INSERT, values)
        return made

    async def find(self, reference: str) -> EntityMap | None:
        """The map under an identifier or address; None where there is none any more."""
        identifier = identifier_of(reference)
        if identifier is None:
            return None
        async with self._acting() as connection:
            cursor = await connection.execute(ONE, (identifier, self._tenant, self._owner, clock.now()))
            row = await cursor.fetchone()
        if row is None:
            return None
        kind, entries, removed, linked, until = row
        decode = msgspec.json.decode
        return EntityMap(identifier, kind, decode(entries), decode(linked), until, frozenset(removed))

    async def remove(self, one: EntityMap, urns: Sequence[str]) -> None:
        """Take entities out of a map: they do not meet the query any more (5.5.14)."""
        if urns:
            async with self._acting() as connection:
                await connection.execute(REMOVE, (list(urns), one.id, self._owner))

    async def extend(self, one: EntityMap, until: dt.datetime) -> None:
        """Let a map end at another time."""
        latest = clock.now() + dt.timedelta(seconds=limits.LONGEST_LIFETIME_S)
        async with self._acting() as connection:
            await connection.execute(EXTEND, (min(until, latest), one.id, self._tenant, self._owner))

    async def delete(self, one: EntityMap) -> None:
        """Delete a map."""
        async with self._acting() as connection:
            await connection.execute(DELETE, (one.id, self._tenant, self._owner, clock.now()))

    @asynccontextmanager
    async def _acting(self) -> AsyncIterator[Connection]:
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SET, self._principal.settings())
            await connection.execute(SUBSCRIBER, (self._owner,))
            yield connection


def identifier_of(reference: str) -> UUID | None:
    """The number of the map that an identifier or an address of ours names."""
    found = IDENTIFIER.match(reference.strip())
    return None if found is None else UUID(found[1])


def _text(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
