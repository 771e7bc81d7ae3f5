"""The active subscriptions in memory, in step with the database, and what their subscribers may see."""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.store import Contexts
from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.subscriptions import compiled
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.endpoints import read_endpoint
from onecity.kernel.twin.ngsild.subscriptions.events import Event
from onecity.kernel.twin.ngsild.subscriptions.index import Index
from onecity.kernel.twin.ngsild.subscriptions.records import ENTITY

LOAD: Final = """
SELECT s.id, s.urn, s.tenant, s.account_id, s.seen, s.division_path, s.document::text, s.context::text, s.is_active,
    s.expires_at, s.created_at, s.txid::text, d.made_at, d.next_at, n.tenant, n.urn
FROM twin_subscription s LEFT JOIN twin_delivery d ON d.subscription_id = s.id
    LEFT JOIN twin_snapshot n ON s.tenant = 'snapshot:' || n.id
WHERE s.kind = %s AND s.txid >= %s::xid8
"""
GRANTS: Final = """
SELECT account_id, path FROM access_grant WHERE permission IN ('entities.view', '*') AND account_id = ANY (%s)
AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp())
"""

log = logging.getLogger(__name__)


class Roster:
    """Subscriptions by id, and the index of those that wait for changes."""

    kind = ENTITY

    def __init__(self, contexts: Contexts) -> None:
        self.active: dict[UUID, Compiled] = {}
        self.periodic: dict[UUID, Compiled] = {}
        self.index = Index()
        self._contexts = contexts
        self._versions: dict[UUID, str] = {}
        self._grants: dict[UUID, tuple[str, ...]] = {}
        self._from = "0"

    async def refresh(self, connection: Connection, horizon: str, newest: str | None) -> set[UUID]:
        """Take in what changed since the last time, inside a transaction whose oldest running one is `horizon`.

        `newest`: the last transaction that changed any. Returns the subscriptions that changed.
        """
        if newest is None or int(newest) < int(self._from):
            self._from = horizon
            return set()
        cursor = await connection.execute(LOAD, (self.kind, self._from))
        changed = {row[0]: row for row in await cursor.fetchall() if self._versions.get(row[0]) != row[11]}
        for identifier, row in changed.items():
            await self._take(row)
            self._versions[identifier] = row[11]
        self._from = horizon
        if changed:
            await self.learn_grants(connection)
        return set(changed)

    def drop(self, identifier: UUID) -> None:
        """Forget a subscription that was deleted or paused."""
        self.active.pop(identifier, None)
        self.periodic.pop(identifier, None)
        self._versions.pop(identifier, None)
        self.index.drop(identifier)

    async def learn_grants(self, connection: Connection) -> None:
        """Read again what the subscribers that are accounts may see."""
        accounts = {one.account_id for one in self.active.values() if one.account_id is not None}
        found: dict[UUID, tuple[str, ...]] = {}
        if accounts:
            cursor = await connection.execute(GRANTS, (list(accounts),))
            for account, path in await cursor.fetchall():
                found[account] = (*found.get(account, ()), path)
        self._grants = found

    def may_see(self, one: Compiled, event: Event) -> bool:
        """Whether the subscriber may see the entity."""
        if event.public or any(event.division.startswith(path) for path in one.seen):
            return True
        if one.account_id is None:
            return False
        return any(event.division.startswith(path) for path in self._grants.get(one.account_id, ()))

    async def _take(self, row: Sequence[Any]) -> None:
        identifier, is_active = row[0], row[8]
        one = await self._understood(row) if is_active else None
        # at once: whoever looks meanwhile finds the old one or the new one
        self.drop(identifier)
        if one is None:
            return
        self.active[identifier] = one
        if one.interval is None:
            self.index.put(one)
        else:
            self.periodic[identifier] = one

    async def _understood(self, row: Sequence[Any]) -> Compiled | None:
        try:
            return await self._compiled(row)
        except Problem as problem:
            # it was checked when it was made: what is not understood now is not worth stopping all others
            log.warning("the subscription %s cannot be followed: %s", row[1], problem)
            return None

    async def _compiled(self, row: Sequence[Any]) -> Compiled:
        id_, urn, tenant, account, seen, division, text, source, _active, until, since, _txid, made_at, next_at = row[
            :14
        ]
        home, snapshot = (tenant, "") if row[15] is None else row[14:]
        document: Mapping[str, Any] = msgspec.json.decode(text)
        context = msgspec.json.decode(source) if source else None
        endpoint = read_endpoint(document["notification"]["endpoint"])
        interval = document.get("timeInterval")
        return Compiled(
            id=id_,
            urn=urn,
            tenant=tenant,
            account_id=account,
            seen=tuple(seen),
            division=division,
            selections=compiled.selections(document, await self._context(home, context)),
            key=compiled.conditions(document, context),
            watched=frozenset(document.get("watchedAttributes", ())),
            triggers=compiled.triggers(document),
            view=compiled.view(document, await self._context(home, document.get("jsonldContext")), endpoint),
            endpoint=endpoint,
            since=since,
            until=until,
            interval=interval,
            throttling=document.get("throttling"),
            made_at=made_at,
            split=document.get("splitEntities") is True,
            home=home,
            snapshot=snapshot,
            next_at=next_at or (since + dt.timedelta(seconds=interval) if interval else None),
        )

    async def _context(self, tenant: str, source: object) -> Context:
        """The processed @context; the core's where a document cannot be had any more, so that the rest goes on."""
        try:
            return await self._contexts.of(tenant).resolve(None, source)
        except Problem as problem:
            log.warning("the @context of a subscription cannot be had, whole names are used: %s", problem)
            return CORE
