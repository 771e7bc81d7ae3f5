"""Follows registrations and writes the notifications that subscribers to them are due, durable like all others (5.11.7).

Every change of a registration leaves a row with what it was and what it is; a row goes in the transaction that writes
the notifications that follow from it. Changes of one pass are told together where their reason is the same.
"""

import asyncio
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.errors import SerializationFailure

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.federation import presenting
from onecity.kernel.twin.ngsild.federation.compiling import compiled
from onecity.kernel.twin.ngsild.federation.records import LOCK
from onecity.kernel.twin.ngsild.federation.subscribing.watching import Watches, entries, newcomers
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import SET, SYSTEM
from onecity.kernel.twin.ngsild.subscriptions import limits, outbox, telling
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.delivering import Deliverer
from onecity.kernel.twin.ngsild.subscriptions.matching import principal_of
from onecity.kernel.twin.ngsild.subscriptions.outbox import Item, Made
from onecity.kernel.twin.ngsild.subscriptions.periodic import following

CHANNEL: Final = "twin_source"
NEW, UPDATED, GONE = "newlyMatching", "updated", "noLongerMatching"
LOOK_S: Final = 2.0
LEAST_S: Final = 0.02
HORIZON: Final = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
    (SELECT s.txid::text FROM twin_subscription s ORDER BY s.txid DESC LIMIT 1)
"""
OVER: Final = "DELETE FROM twin_sourceregistration WHERE expires_at <= statement_timestamp()"
ANY_OVER: Final = "SELECT 1 FROM twin_sourceregistration WHERE expires_at <= statement_timestamp() LIMIT 1"
TAKE: Final = """
WITH gone AS (DELETE FROM twin_sourcechange RETURNING id, tenant, urn, before, after)
SELECT tenant, urn, before::text, after::text FROM gone ORDER BY id
"""
ALL: Final = """
SELECT urn, document::text FROM twin_sourceregistration
WHERE tenant = %s AND (expires_at IS NULL OR expires_at > statement_timestamp()) ORDER BY created_at, id
"""

Document = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Change:
    """A registration before and after it was changed."""

    tenant: str
    urn: str
    before: Document
    after: Document


@dataclass(slots=True)
class Pass:
    """What one pass found."""

    items: list[Item] = field(default_factory=list)
    changed: set[UUID] = field(default_factory=set)


class SourceFollower:
    """Follows registrations for one notifier."""

    def __init__(self, services: Services) -> None:
        self.watches = Watches(services.contexts)
        self.woken = asyncio.Event()
        self._services = services

    async def run(self, deliverer: Deliverer) -> None:
        """Work until cancelled."""
        while True:
            try:
                found = await self.step()
            except Problem as error:
                if not isinstance(error.__cause__, SerializationFailure):
                    raise
                # somebody changed a subscription meanwhile; nothing was written, so it is looked at anew
                await asyncio.sleep(LEAST_S)
                continue
            deliverer.add(found.items)
            deliverer.changed(found.changed)
            await asyncio.sleep(LEAST_S)
            try:
                async with asyncio.timeout(self._pause()):
                    await self.woken.wait()
            except TimeoutError:
                continue
            self.woken.clear()

    async def step(self) -> Pass:
        """One pass; what it found is committed when it returns."""
        found = Pass()
        async with self._services.database.connection() as connection:
            await _remove_over(connection)
            async with connection.transaction():
                await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                await connection.execute(SET, SYSTEM.settings())
                row = await (await connection.execute(HORIZON)).fetchone()
                horizon, newest = ("0", None) if row is None else row
                found.changed = await self.watches.refresh(connection, horizon, newest)
                changes = [_change(row) for row in await (await connection.execute(TAKE)).fetchall()]
                items, made = await self._due(connection, changes)
                found.items = await outbox.write(connection, items, made)
        self.watches.altered.clear()
        for one in made:
            known = self.watches.active.get(one.subscription_id)
            if known is not None:
                known.made_at, known.next_at = one.at, one.next_at
        return found

    def _pause(self) -> float:
        """Seconds until somebody is due."""
        moment = clock.now()
        due = [one.next_at for one in self.watches.periodic.values() if one.next_at is not None and one.live(moment)]
        return min([LOOK_S, *((at - moment).total_seconds() for at in due)])

    async def _due(self, connection: Connection, changes: Sequence[Change]) -> tuple[list[Item], list[Made]]:
        moment = clock.now()
        items: list[Item] = []
        made: list[Made] = []
        new = {one.id for one in newcomers(self.watches)}
        for one in list(self.watches.active.values()):
            periodic = one.interval is not None
            first = one.id in new
            if not one.live(moment) or not await self._trusted(one):
                continue
            if first or (periodic and one.next_at is not None and one.next_at <= moment):
                reason = NEW if first else UPDATED
                items += _told(one, moment, [(reason, body) for body in await self._all(connection, one)])
                made.append(Made(one.id, moment, following(one, moment) if periodic else None))
            elif not periodic:
                items += _told(one, moment, self._of(one, changes))
        return items, made

    async def _trusted(self, one: Compiled) -> bool:
        """Whether the subscriber may see registrations: who sees the entities of the whole district."""
        root = await self._services.root()
        return await self._services.rights.may(principal_of(one), "read", root)

    async def _all(self, connection: Connection, one: Compiled) -> list[dict[str, Any]]:
        rows = await (await connection.execute(ALL, (one.tenant,))).fetchall()
        found = (self._body(one, urn, msgspec.json.decode(text)) for urn, text in rows)
        return [body for body in found if body is not None]

    def _of(self, one: Compiled, changes: Iterable[Change]) -> Iterator[tuple[str, dict[str, Any]]]:
        for change in changes:
            if change.tenant != one.tenant:
                continue
            before = None if change.before is None else self._body(one, change.urn, change.before)
            after = None if change.after is None else self._body(one, change.urn, change.after)
            if after is not None:
                yield (NEW if before is None else UPDATED), after
            elif before is not None:
                yield GONE, before

    def _body(self, one: Compiled, urn: str, document: dict[str, Any]) -> dict[str, Any] | None:
        """What is told of a registration: the entries of its information that match; None where none does."""
        # who deleted the subscription while this pass was under way is told nothing more
        found = entries(self.watches.asked.get(one.id, ()), compiled(one.tenant, urn, document))
        if not found:
            return None
        shown = presenting.narrowed(document, found)
        return presenting.document_of(urn, shown, one.view.context, trusted=False)


def _told(one: Compiled, moment: dt.datetime, bodies: Iterable[tuple[str, dict[str, Any]]]) -> list[Item]:
    """Notifications of registrations in their order: each once in one notification, all for the same reason."""
    items: list[Item] = []
    group: dict[str, dict[str, Any]] = {}
    reason = ""
    for why, body in bodies:
        if group and (why != reason or body["id"] in group or len(group) >= limits.ENTITIES):
            items.append(outbox.item(one.id, moment, telling.sources(list(group.values()), reason)))
            group = {}
        reason = why
        group[body["id"]] = body
    if group:
        items.append(outbox.item(one.id, moment, telling.sources(list(group.values()), reason)))
    return items


def _change(row: tuple[str, str, str | None, str | None]) -> Change:
    tenant, urn, before, after = row
    return Change(tenant, urn, msgspec.json.decode(before or "null"), msgspec.json.decode(after or "null"))


async def _remove_over(connection: Connection) -> None:
    """Delete registrations whose time is over (5.9.2.4), as a change that is told like any other."""
    if await (await connection.execute(ANY_OVER)).fetchone() is None:
        return
    async with connection.transaction():
        await connection.execute(LOCK)
        await connection.execute(OVER)
