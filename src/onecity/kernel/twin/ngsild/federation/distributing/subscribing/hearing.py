"""Passes on what sources tell: filtered, put together and shown as the subscriber wants it, by the outbox (5.8.6)."""

import asyncio
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.federation.distributing import retrieving, via
from onecity.kernel.twin.ngsild.federation.distributing.asking import Origin
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.subscribing import limits, listening
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.listening import Heard
from onecity.kernel.twin.ngsild.federation.index import Index
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.model import combining
from onecity.kernel.twin.ngsild.model.representing import represent
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import SET, SYSTEM
from onecity.kernel.twin.ngsild.store.times import text_of
from onecity.kernel.twin.ngsild.subscriptions import outbox, telling
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.delivering import Deliverer
from onecity.kernel.twin.ngsild.subscriptions.matching import Matching, principal_of
from onecity.kernel.twin.ngsild.subscriptions.outbox import Item, Made
from onecity.kernel.twin.ngsild.subscriptions.roster import Roster

CHANNEL: Final = "twin_heard"
LOOK_S: Final = 5.0
AGAIN_S: Final = 0.2
SWEEP_S: Final = 300.0
WAITING: Final = """
SELECT h.id, h.passed_id, h.link, h.body, h.at, p.subscription_id, p.registration::text, p.via, s.id IS NOT NULL
FROM twin_heardnotification h LEFT JOIN twin_passedsubscription p ON p.id = h.passed_id AND NOT p.gone
LEFT JOIN twin_subscription s ON s.id = p.subscription_id AND s.is_active ORDER BY h.id LIMIT %s
"""
REMOVE: Final = "DELETE FROM twin_heardnotification WHERE id = ANY (%s)"
REMEMBER: Final = """
INSERT INTO twin_toldnotification (owner_id, digest) SELECT * FROM unnest(%s::uuid[], %s::text[])
ON CONFLICT DO NOTHING RETURNING owner_id, digest
"""
SWEEP: Final = "DELETE FROM twin_toldnotification WHERE at < %s"

Body = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One notification that came in. `registration` None: it was passed on to a source that has to forget it."""

    id: int
    passed_id: UUID
    link: str
    body: Body
    at: dt.datetime
    subscription_id: UUID | None
    registration: Registration | None
    via: str
    known: bool


@dataclass(slots=True)
class Told:
    """What one notification leads to: entities as they are shown, each with the digest of its news."""

    one: Compiled
    bodies: list[tuple[str, Sequence[Body]]] = field(default_factory=list)


class Hearing:
    """Hears for the process that notifies."""

    def __init__(self, services: Services, roster: Roster, matching: Matching) -> None:
        self.woken = asyncio.Event()
        self._services = services
        self._roster = roster
        self._matching = matching
        self._swept = clock.now()
        self._split = asyncio.Semaphore(limits.MOST_SPLIT)

    async def run(self, deliverer: Deliverer) -> None:
        """Work until cancelled."""
        while True:
            self.woken.clear()
            items, left = await self.step()
            deliverer.add(items)
            if len(items) >= limits.MOST_HEARD:
                continue
            try:
                async with asyncio.timeout(AGAIN_S if left else LOOK_S):
                    await self.woken.wait()
            except TimeoutError:
                continue

    async def step(self) -> tuple[list[Item], bool]:
        """Pass on what waits; returns what was written, and whether something waits on."""
        await self._sweep()
        async with self._services.database.connection() as connection:
            await connection.execute(SET, SYSTEM.settings())
            rows = await (await connection.execute(WAITING, (limits.MOST_HEARD,))).fetchall()
        if not rows:
            return [], False
        waiting = [_waiting(row) for row in rows]
        made = await asyncio.gather(*(self._made(one) for one in waiting))
        told = [one for one in made if isinstance(one, Told)]
        over = [one.id for one, what in zip(waiting, made, strict=True) if what is not LATER]
        async with self._services.database.connection() as connection, connection.transaction():
            items, moments = await self._written(connection, told)
            await connection.execute(REMOVE, (over,))
            written = await outbox.write(connection, items, moments)
        return written, len(over) < len(waiting) or len(waiting) == limits.MOST_HEARD

    async def _sweep(self) -> None:
        moment = clock.now()
        if (moment - self._swept).total_seconds() < SWEEP_S:
            return
        self._swept = moment
        async with self._services.database.connection() as connection:
            await connection.execute(SWEEP, (moment - dt.timedelta(seconds=limits.REMEMBER_S),))

    async def _made(self, waiting: Waiting) -> "Told | object | None":
        """What a notification leads to; LATER where what it needs is not known yet, None where it leads to nothing."""
        if waiting.registration is None or waiting.subscription_id is None or not waiting.known:
            return None
        moment = clock.now()
        patient = (moment - waiting.at).total_seconds() < limits.PATIENCE_S
        one = self._roster.active.get(waiting.subscription_id)
        if one is None:
            return LATER if patient else None
        root = await self._services.root()
        if not one.live(moment) or not await self._services.rights.may(principal_of(one), "read", root):
            return None
        try:
            context = await self._context(one, waiting)
        except Problem as problem:
            log.warning("a notification for %s cannot be understood: %s", one.urn, problem)
            return LATER if patient else None
        try:
            return await self._told(one, waiting, waiting.registration, context)
        except (psycopg.Error, Problem):
            raise
        except Exception:  # one source's oddity must not stop the others
            log.exception("a notification for %s cannot be passed on", one.urn)
            return None

    async def _context(self, one: Compiled, waiting: Waiting) -> Context:
        inline = waiting.body.get("@context")
        if inline is None and not waiting.link:
            return CORE
        if inline is None and waiting.link == one.view.context.link:
            return one.view.context
        return await self._services.contexts.of(one.tenant).resolve(waiting.link or None, inline)

    async def _told(self, one: Compiled, waiting: Waiting, registration: Registration, context: Context) -> Told:
        now = text_of(clock.now_us())
        index = await self._services.registrations.active(one.tenant)
        told = Told(one)
        for body in waiting.body["data"]:
            urn = body.get("id") if isinstance(body, dict) else None
            others = index.candidates((urn,), ()) if isinstance(urn, str) else []
            found = listening.heard(body, registration, others, context, now)
            if found is None or not listening.concerns(one, found):
                continue
            shown = await self._shown(one, found, waiting, index, now)
            if shown:
                told.bodies.append((found.digest, shown))
        return told

    async def _shown(self, one: Compiled, found: Heard, waiting: Waiting, index: Index, now: str) -> Sequence[Body]:
        entity = listening.reduced(found)
        if found.deleted_at:
            body = represent(
                replace(entity, attributes={}, scopes=(), expires_at=None), one.view.context, one.view.shape
            )
            (body["properties"] if one.view.shape.geojson else body)["deletedAt"] = found.deleted_at
            return [telling.finished(body, one.view)]
        if one.split:
            async with self._split:
                entity = await self._whole(one, entity, waiting, index, now)
            living = listening.without_gone(entity)
            if not any(matches(selection, living) for selection in one.selections):
                return ()
        entity, bare = telling.bared(entity, one.view, listening.is_gone)
        if one.view.join.how:
            bodies = await self._matching.joined(one, [entity])
        else:
            bodies = [represent(entity, one.view.context, one.view.shape)]
        return [telling.finished(body, one.view, () if place else bare) for place, body in enumerate(bodies)]

    async def _whole(
        self, one: Compiled, entity: StoredEntity, waiting: Waiting, index: Index, now: str
    ) -> StoredEntity:
        """The entity with what is known of it here and at all other sources (split entities)."""
        services = self._services
        local = await services.reader.get(principal_of(one), one.tenant, entity.urn)
        source = waiting.registration.id if waiting.registration is not None else ""
        others = Index(each for each in index.registrations if each.id != source)
        own = via.alias_of(services.alias, one.tenant)
        origin = Origin({}, one.view.context, via.extended(waiting.via, own))
        federation = Federation(services.sources, others, origin, frozenset(via.hops(waiting.via)))
        known = await retrieving.retrieve(federation, entity.urn, local, now)
        if known.entity is None:
            return entity
        return combining.combined([entity, known.entity], now) or entity

    async def _written(self, connection: Connection, told: Sequence[Told]) -> tuple[list[Item], list[Made]]:
        """The notifications to be written, without what was told already and what comes too soon."""
        moment = clock.now()
        fresh = await _remember(connection, [(each.one.id, digest) for each in told for digest, _body in each.bodies])
        items: list[Item] = []
        throttled: dict[UUID, Made] = {}
        for each in told:
            one = each.one
            bodies = [
                body for digest, shown in each.bodies if not digest or (one.id, digest) in fresh for body in shown
            ]
            for digest, _shown in each.bodies:
                fresh.discard((one.id, digest))
            if not bodies or _too_soon(one, moment):
                continue
            items.append(outbox.item(one.id, moment, telling.data(bodies, one.view, one.endpoint)))
            if one.throttling is not None:
                one.made_at = moment
                throttled[one.id] = Made(one.id, moment)
        return items, [throttled[key] for key in sorted(throttled)]


LATER: Final = object()


async def _remember(connection: Connection, news: Sequence[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Those news that were not told before."""
    known = sorted({(owner, digest) for owner, digest in news if digest})
    if not known:
        return set()
    cursor = await connection.execute(REMEMBER, ([owner for owner, _d in known], [digest for _o, digest in known]))
    return {(owner, digest) for owner, digest in await cursor.fetchall()}


def _too_soon(one: Compiled, moment: dt.datetime) -> bool:
    if one.throttling is None or one.made_at is None:
        return False
    return (moment - one.made_at).total_seconds() < one.throttling


def _waiting(row: tuple[Any, ...]) -> Waiting:
    id_, passed, link, body, at, subscription, registration, way, known = row
    source = None if registration is None else msgspec.json.decode(registration, type=Registration)
    content: Mapping[str, Any] = msgspec.json.decode(body)
    return Waiting(id_, passed, link, dict(content), at, subscription, source, way or "", known)
