"""Keeps @context documents in the database, for all processes: the Shelf of resolving, and what 5.13 does with them."""

import datetime as dt
import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from onecity.kernel.core import clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.outbound import Network
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.fetching import fetcher
from onecity.kernel.twin.ngsild.context.resolving import ContextStore, Document
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model.problems import NgsiProblem, problem
from onecity.kernel.twin.ngsild.store.database import Database

CACHED, HOSTED, IMPLICIT = "Cached", "Hosted", "ImplicitlyCreated"
KINDS: Final = (CACHED, HOSTED, IMPLICIT)
PATH: Final = "/ngsi-ld/v1/jsonldContexts/"
OURS: Final = re.compile(r"https?://[^/]+" + re.escape(PATH) + r"([0-9a-f-]{36})/?")
MOST: Final = (
    10_000  # copies that are kept, beyond which the one used longest ago goes; and documents a tenant may host
)
TENANTS: Final = 64  # whose processed contexts a process keeps beside the default tenant's
LISTED: Final = 1_000

COLUMNS = "id, kind, url, body, created_at, expires_at, last_used_at, hits"
# what a tenant deals with: its own, and copies of public documents (5.5.10, 5.13.1)
THEIRS = "(tenant = %s OR kind = 'Cached')"
# what it may read: also what the platform made to be read by whoever is sent its address, which nobody can guess
READABLE = "(tenant = %s OR kind <> 'Hosted')"


@dataclass(frozen=True, slots=True)
class Kept:
    """One document with what is known of it."""

    id: UUID
    kind: str
    url: str
    body: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    last_used_at: dt.datetime | None
    hits: int


class ContextShelf:
    """The documents of the table twin_context, as one tenant sees them."""

    def __init__(self, database: Database, tenant: str = "") -> None:
        self._database = database
        self._tenant = tenant

    async def find(self, url: str) -> Document | None:
        """The document under an address of ours, or cached from there."""
        ours = OURS.fullmatch(url)
        where = ("id = %s", _uuid(ours[1])) if ours and _uuid(ours[1]) else ("url = %s", url)
        statement = f"SELECT {COLUMNS} FROM twin_context WHERE {where[0]} AND {READABLE}"  # noqa: S608 - constants
        rows = await self._rows(statement, [where[1], self._tenant])
        if not rows:
            return None
        expires = rows[0].expires_at
        return Document(msgspec.json.decode(rows[0].body), None if expires is None else expires.timestamp())

    async def keep(self, url: str, document: Document) -> None:
        """Keep a fetched document, in place of the one that was there."""
        expires = None if document.expires_at is None else dt.datetime.fromtimestamp(document.expires_at, dt.UTC)
        async with self._database.connection() as connection:
            await connection.execute(
                """INSERT INTO twin_context (id, kind, url, digest, body, created_at, changed_at, expires_at, hits)
                VALUES (%s, %s, %s, '', %s, %s, clock_timestamp(), %s, 0) ON CONFLICT (url) WHERE NOT url = ''
                DO UPDATE SET body = excluded.body, created_at = excluded.created_at,
                changed_at = excluded.changed_at, expires_at = excluded.expires_at""",
                [new_id(), CACHED, url, _text(document.body), clock.now(), expires],
            )
            await connection.execute(
                """DELETE FROM twin_context WHERE kind = %s AND id IN (SELECT id FROM twin_context WHERE kind = %s
                ORDER BY coalesce(last_used_at, created_at) DESC OFFSET %s)""",
                [CACHED, CACHED, MOST],
            )

    async def stamp(self) -> object:
        """How many documents there are and when one last changed."""
        async with self._database.connection() as connection:
            cursor = await connection.execute("SELECT count(*), max(changed_at), max(id::text) FROM twin_context")
            return await cursor.fetchone()

    async def used(self, hits: Mapping[str, int]) -> None:
        """Add uses to the count of each address."""
        counted: dict[str, int] = {}
        for url, count in hits.items():
            ours = OURS.fullmatch(url)
            key = ours[1] if ours else url
            counted[key] = counted.get(key, 0) + count
        async with self._database.connection() as connection:
            await connection.execute(
                """UPDATE twin_context c SET hits = c.hits + u.n, last_used_at = %s
                FROM unnest(%s::text[], %s::bigint[]) AS u(key, n)
                WHERE (c.url <> '' AND c.url = u.key) OR (c.url = '' AND c.id::text = u.key)""",
                [clock.now(), list(counted), list(counted.values())],
            )

    async def add(self, body: Mapping[str, Any], kind: str = HOSTED) -> UUID:
        """Keep a document of a client, or one made for a subscription (the same is made only once)."""
        text = _text(body)
        digest = hashlib.sha256(text.encode()).hexdigest() if kind == IMPLICIT else ""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT count(*) FROM twin_context WHERE kind <> %s AND tenant = %s", [CACHED, self._tenant]
            )
            if ((await cursor.fetchone()) or (0,))[0] >= MOST:
                raise problem("TooManyResults", _("At most {most} contexts are hosted; delete some first.", most=MOST))
            cursor = await connection.execute(
                """INSERT INTO twin_context (id, kind, tenant, url, digest, body, created_at, changed_at, hits)
                VALUES (%s, %s, %s, '', %s, %s, %s, clock_timestamp(), 0) ON CONFLICT (tenant, digest)
                WHERE NOT digest = '' DO UPDATE SET digest = excluded.digest RETURNING id""",
                [new_id(), kind, self._tenant, digest, text, clock.now()],
            )
            row = await cursor.fetchone()
        if row is None:
            raise RuntimeError("a context was neither added nor found")
        return UUID(str(row[0]))

    async def one(self, key: str, *, to_read: bool = False) -> Kept:
        """The document of a local identifier, or of the address a cached one comes from; raises Problem 404.

        `to_read`: its content alone is wanted, which may be read under more addresses than may be dealt with.
        """
        if "\x00" in key:
            raise unknown(key.replace("\x00", ""))
        local = _uuid(key)
        where, value = ("id = %s", local) if local else ("url = %s AND url <> ''", key)
        scope = READABLE if to_read else THEIRS
        rows = await self._rows(f"SELECT {COLUMNS} FROM twin_context WHERE {where} AND {scope}", [value, self._tenant])  # noqa: S608 - constants
        if not rows:
            raise unknown(key)
        return rows[0]

    async def all(self, kind: str | None) -> Sequence[Kept]:
        """Documents of a kind (None: of all), oldest first."""
        return await self._rows(
            f"SELECT {COLUMNS} FROM twin_context WHERE kind = ANY (%s) AND {THEIRS} ORDER BY created_at, id LIMIT %s",  # noqa: S608 - constants
            [list(KINDS) if kind is None else [kind], self._tenant, LISTED],
        )

    async def remove(self, identifier: UUID) -> None:
        """Delete a document."""
        async with self._database.connection() as connection:
            await connection.execute(f"DELETE FROM twin_context WHERE id = %s AND {THEIRS}", [identifier, self._tenant])  # noqa: S608 - constants

    async def _rows(self, statement: str, parameters: Sequence[object]) -> list[Kept]:
        async with self._database.connection() as connection:
            cursor = await connection.execute(statement.encode(), parameters)
            return [Kept(UUID(str(row[0])), *row[1:]) for row in await cursor.fetchall()]


class Contexts(ContextStore):
    """The contexts of a process, as one tenant sees them: resolves them, and hosts documents."""

    def __init__(self, database: Database, allow: Sequence[Network] = (), tenant: str = "") -> None:
        self._database = database
        self._allow = allow
        self._tenant = tenant
        self._others: OrderedDict[str, Contexts] = OrderedDict()
        self.shelf = ContextShelf(database, tenant)
        super().__init__(self.shelf, fetcher(allow))

    def of(self, tenant: str) -> "Contexts":
        """The contexts of a tenant; only those of the default tenant are asked."""
        if tenant == self._tenant:
            return self
        found = self._others.get(tenant)
        if found is None:
            found = self._others[tenant] = Contexts(self._database, self._allow, tenant)
            if len(self._others) > TENANTS:
                self._others.popitem(last=False)
        else:
            self._others.move_to_end(tenant)
        return found

    async def address(self, context: Context, base: str) -> str:
        """An address under which the @context can be had: the client's own, else one that is made for it (5.13.1).

        `base`: scheme and host of this platform, as clients reach it.
        """
        source = context.source
        if source is None or isinstance(source, str):
            return context.link
        return f"{base}{PATH}{await self.shelf.add({'@context': source}, IMPLICIT)}"


def unknown(key: str) -> NgsiProblem:
    """No document has this identifier."""
    return problem("ResourceNotFound", _("There is no @context {key}.", key=key[:200]))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _text(body: Mapping[str, Any]) -> str:
    return msgspec.json.encode(body).decode()
