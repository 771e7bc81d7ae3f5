"""Subscriptions with a timeInterval: at each one's time the entities that match then (5.8.6)."""

import asyncio
import datetime as dt
import logging
from typing import Final

import psycopg

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.subscriptions import limits, outbox, telling
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.delivering import Deliverer
from onecity.kernel.twin.ngsild.subscriptions.matching import Matching, principal_of
from onecity.kernel.twin.ngsild.subscriptions.outbox import Item, Made
from onecity.kernel.twin.ngsild.subscriptions.roster import Roster

LOOK_S: Final = 0.2

log = logging.getLogger(__name__)


class Periodic:
    """Makes the periodic notifications of the roster's subscriptions."""

    def __init__(self, services: Services, roster: Roster, matching: Matching, deliverer: Deliverer) -> None:
        self._services = services
        self._roster = roster
        self._matching = matching
        self._deliverer = deliverer

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            for one in self.due(clock.now()):
                try:
                    await self.tell(one)
                except (psycopg.Error, Problem) as error:
                    log.warning("the periodic notification of %s could not be made: %s", one.urn, error)

    def due(self, moment: dt.datetime) -> list[Compiled]:
        """Those whose time has come."""
        waiting = self._roster.periodic.values()
        return [one for one in waiting if one.next_at is not None and one.next_at <= moment and one.live(moment)]

    async def tell(self, one: Compiled) -> None:
        """Make one subscription's notification; none where nothing matches, or where the last one still waits."""
        moment = clock.now()
        one.next_at = following(one, moment)
        items = [] if self._deliverer.waits(one.id) else await self._items(one, moment)
        async with self._services.database.connection() as connection:
            written = await _write(connection, one, items, moment)
        self._deliverer.add(written)

    async def _items(self, one: Compiled, moment: dt.datetime) -> list[Item]:
        """The matching entities, limits.ENTITIES in each notification."""
        items: list[Item] = []
        offset, more = 0, True
        while more:
            page = await self._services.reader.find(
                principal_of(one), one.tenant, one.selections, limit=limits.ENTITIES, offset=offset
            )
            more, offset = page.more, offset + limits.ENTITIES
            if page.entities:
                bodies = [telling.finished(body, one.view) for body in await self._matching.joined(one, page.entities)]
                items.append(outbox.item(one.id, moment, telling.data(bodies, one.view, one.endpoint)))
        return items


def following(one: Compiled, moment: dt.datetime) -> dt.datetime:
    """The next time after `moment`, in step with the times before."""
    step = dt.timedelta(seconds=max(one.interval or 0.0, limits.LEAST_INTERVAL_S))
    last = one.next_at or moment
    missed = (moment - last) // step
    return last + step * (missed + 1)


async def _write(connection: Connection, one: Compiled, items: list[Item], moment: dt.datetime) -> list[Item]:
    async with connection.transaction():
        return await outbox.write(connection, items, [Made(one.id, moment, one.next_at)])
