"""Passes subscriptions on to sources and keeps them there in step, until every source knows what it should (5.8.1.4-5.8.5).

What is to be is written down first, then carried out: whatever ends in between, the next process goes on from there. A
subscription bears a name of our making at the source, so that telling it twice makes no second one.
"""

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.conf import settings

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.federation.describing import description
from onecity.kernel.twin.ngsild.federation.distributing import planning, via
from onecity.kernel.twin.ngsild.federation.distributing.asking import Origin, Reply
from onecity.kernel.twin.ngsild.federation.distributing.subscribing import limits, records, speaking
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.records import Passed, Wanted
from onecity.kernel.twin.ngsild.federation.distributing.subscribing.reducing import reduced
from onecity.kernel.twin.ngsild.federation.index import Index
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.query.matching import nothing_linked
from onecity.kernel.twin.ngsild.query.parsing import parse_q, parse_types
from onecity.kernel.twin.ngsild.query.q_matching import q_test
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import SET, SYSTEM

CREATE, UPDATE, DELETE = "createSubscription", "updateSubscription", "deleteSubscription"
LOOK_S: Final = 5.0
LEAST_S: Final = 0.1
NOT_FOUND, EXISTS = 404, 409


class Passing:
    """Passes on for the process that notifies."""

    def __init__(self, services: Services) -> None:
        self.woken = asyncio.Event()
        self._services = services
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._all = asyncio.Semaphore(limits.AT_ONCE)
        self._each: dict[tuple[str, str], asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(limits.AT_ONE_SOURCE)
        )

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self.woken.clear()
                pause = await self.step()
                await asyncio.sleep(LEAST_S)
                try:
                    async with asyncio.timeout(pause):
                        await self.woken.wait()
                except TimeoutError:
                    continue
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def step(self) -> float:
        """Write down what sources should know, and begin to tell them; returns seconds until there is something to do."""
        registrations = self._services.registrations
        registrations.forget()
        await registrations.active("")
        indexes = {tenant: index for tenant, index in registrations.tenants().items() if _any_follows(index)}
        async with self._services.database.connection() as connection, connection.transaction():
            await connection.execute(SET, SYSTEM.settings())
            known = await records.load(connection)
            wanted = await records.wanted(connection, list(indexes)) if indexes else []
            if not known and not wanted:
                return LOOK_S
            parts = await self._parts(wanted, indexes)
            known = await _settled(connection, known, parts)
        moment = clock.now()
        pause = LOOK_S
        for one in known:
            if not one.pending or one.id in self._tasks:
                continue
            if one.due_at is not None and one.due_at > moment:
                pause = min(pause, (one.due_at - moment).total_seconds())
            else:
                self._tasks[one.id] = asyncio.get_running_loop().create_task(self._carry_out(one))
        return pause

    async def _parts(
        self, wanted: Sequence[Wanted], indexes: dict[str, Index]
    ) -> dict[tuple[UUID, str], tuple[Wanted, Registration, dict[str, object]]]:
        """By subscription and source: what each source should know."""
        found = {}
        root = await self._services.root()
        for one in wanted:
            sources = _candidates(one, indexes[one.tenant])
            if not sources or not await self._services.rights.may(one.principal, "read", root):
                continue
            for registration in sources:
                document = reduced(one.document, registration)
                if document is not None:
                    found[one.id, registration.id] = (one, registration, document)
        return found

    async def _carry_out(self, one: Passed) -> None:
        try:
            async with self._each[one.tenant, one.source], self._all:
                await (self._leave(one) if one.gone else self._tell(one))
        finally:
            self._tasks.pop(one.id, None)
            self.woken.set()

    async def _tell(self, one: Passed) -> None:
        if one.sent is None:
            reply = await self._ask(one, speaking.creating)
            if reply.ok:
                await self._done(one, speaking.name_of(reply) or one.remote)
                return
            if not (reply.fault == "error" and reply.status == EXISTS):
                await self._failed(one, reply)
                return
        reply = await self._ask(one, speaking.updating)
        if reply.ok:
            await self._done(one, one.remote)
        else:
            # a source that has lost it is given it anew
            await self._failed(replace(one, sent=None) if reply.missing else one, reply)

    async def _leave(self, one: Passed) -> None:
        old = one.created_at is not None and (clock.now() - one.created_at).total_seconds() > limits.FORGET_S
        reply = None
        if DELETE in one.registration.operations and not old:
            reply = await self._ask(one, speaking.deleting)
        if reply is None or reply.ok or reply.missing:
            async with self._services.database.connection() as connection:
                await records.forget(connection, one)
        else:
            await self._failed(one, reply)

    async def _ask(self, one: Passed, speak: speaking.Make) -> Reply:
        context = await self._context(one)
        own = via.alias_of(self._services.alias, one.tenant)
        origin = Origin({}, context, via.extended(one.via, own))
        # the source is told in the body, where the standard has it, that the subscription is its own affair
        registration = replace(one.registration, local_only=False)
        made = speak(one, context, settings.ONECITY_BASE_URL)
        return await self._services.sources.one(origin, registration, made, body=speak is not speaking.deleting)

    async def _context(self, one: Passed) -> Context:
        try:
            return await self._services.contexts.of(one.tenant).resolve(None, one.context)
        except Problem:
            return CORE

    async def _done(self, one: Passed, remote: str) -> None:
        async with self._services.database.connection() as connection:
            await records.done(connection, one, remote)

    async def _failed(self, one: Passed, reply: Reply) -> None:
        moment = clock.now()
        pause = limits.RETRY_S[min(one.failures, len(limits.RETRY_S) - 1)]
        due_at = moment + dt.timedelta(seconds=pause)
        async with self._services.database.connection() as connection:
            await records.failed(connection, one, str(_reason(reply)), moment, due_at)


def _any_follows(index: Index) -> bool:
    return any(_follows(one) for one in index.registrations)


def _follows(registration: Registration) -> bool:
    """Whether the source takes subscriptions that are passed on (5.8.1.4)."""
    return registration.mode != planning.AUXILIARY and CREATE in registration.operations


def _candidates(one: Wanted, index: Index) -> list[Registration]:
    """The sources that may have part in a subscription, but those through which it came."""
    ids: list[str] = []
    types: set[str] = set()
    for selector in one.document.get("entities", ()):
        given = selector.get("id", [])
        expression = parse_types(selector["type"], CORE)
        types |= set() if expression is None else expression.names()
        ids += [given] if isinstance(given, str) else given
    everywhere = any("id" not in selector for selector in one.document.get("entities", ()))
    found = index.candidates(() if everywhere else ids, types)
    csf = one.document.get("csf")
    test = q_test(parse_q(csf, CORE, parameter="csf")) if csf else None
    return [
        registration
        for registration in planning.encountered(found, via.hops(one.via))
        if _follows(registration) and (test is None or test(description(registration), nothing_linked))
    ]


async def _settled(
    connection: Connection,
    known: Sequence[Passed],
    parts: dict[tuple[UUID, str], tuple[Wanted, Registration, dict[str, object]]],
) -> list[Passed]:
    """Write down how what is known becomes what should be; returns all that is known then."""
    kept, changed, left = [], [], []
    open_parts = dict(parts)
    for one in known:
        part = None if one.gone else open_parts.get((one.subscription_id, one.source))
        if one.gone or part is None or not _fits(one, part[1], part[2]):
            left += [] if one.gone else [one.id]
            kept.append(replace(one, gone=True, due_at=one.due_at if one.gone else None))
            continue
        del open_parts[one.subscription_id, one.source]
        if one.document == part[2] and one.registration == part[1]:
            kept.append(one)
        else:
            moved = replace(one, document=part[2], registration=part[1], failures=0, due_at=None)
            changed.append(moved)
            kept.append(moved)
    added = [records.new(wanted, registration, document) for wanted, registration, document in open_parts.values()]
    if added or changed or left:
        await records.settle(connection, added, changed, left)
    return kept + added


def _fits(one: Passed, registration: Registration, document: dict[str, object]) -> bool:
    """Whether what the source has can become what it should have; else it is left there and made anew."""
    before = one.registration
    places = [(each.endpoint, each.source_tenant, each.headers) for each in (before, registration)]
    if places[0] != places[1]:
        return False
    return one.sent is None or one.sent == document or UPDATE in registration.operations


def _reason(reply: Reply) -> Text | str:
    """Why the source does not know what it should, for people."""
    if reply.fault == "error" or reply.status:
        return _("answered with status {status}", status=reply.status)
    if reply.fault == "timeout":
        return _("The source did not answer in time.")
    return _("The source could not be reached.")
