"""Reading entities as a principal may see them: by id, many requests in one query, and by selection, a page at a time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import Order
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.store import problems
from onecity.kernel.twin.ngsild.store.database import Connection, Database, together
from onecity.kernel.twin.ngsild.store.principal import Principal
from onecity.kernel.twin.ngsild.store.search import COLUMNS, Page, Search, ask, entity, size_of
from onecity.kernel.twin.ngsild.store.series import SeriesNames

# queries under way for one principal: with one, all who ask meanwhile share the next
LANES = 1
BY_URN = f"SELECT {COLUMNS} FROM twin_seen e WHERE e.tenant = %s AND e.urn = ANY (%s)"  # noqa: S608 - our own columns


@dataclass(slots=True)
class _Lane:
    waiting: dict[str, "asyncio.Future[StoredEntity | None]"] = field(default_factory=dict)
    running: int = 0


class Reader:
    """Reads for one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes: dict[tuple[Principal, str], _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._series = SeriesNames()

    async def get(self, principal: Principal, tenant: str, urn: str) -> StoredEntity | None:
        """The entity, None where there is none that the principal may see. Requests of a moment share one query."""
        lane = self._lanes.setdefault((principal, tenant), _Lane())
        answer = lane.waiting.get(urn)
        if answer is None:
            answer = lane.waiting[urn] = asyncio.get_running_loop().create_future()
            if lane.running < LANES:
                lane.running += 1
                task = asyncio.get_running_loop().create_task(self._run(principal, tenant, lane))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(answer)

    async def get_many(self, principal: Principal, tenant: str, urns: Sequence[str]) -> dict[str, StoredEntity]:
        """The entities of these ids that the principal may see."""
        records = await self._fetch(principal, BY_URN, (tenant, list(urns)))
        return {found.urn: found for record in records if (found := entity(record)) is not None}

    async def _run(self, principal: Principal, tenant: str, lane: _Lane) -> None:
        await asyncio.sleep(0)  # let the other requests of this moment join
        while lane.waiting:
            wanted, lane.waiting = lane.waiting, {}
            try:
                found = await self.get_many(principal, tenant, list(wanted))
            except Exception as error:
                for answer in wanted.values():
                    answer.set_exception(error)
                continue
            for urn, answer in wanted.items():
                answer.set_result(found.get(urn))
        lane.running -= 1
        if not lane.running:
            self._lanes.pop((principal, tenant), None)

    async def _fetch(self, principal: Principal, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        async with self._database.connection() as connection, together(connection, size_of(parameters)):
            return await ask(connection, principal, statement, parameters)

    async def find(
        self,
        principal: Principal,
        tenant: str,
        selections: Sequence[Selection],
        *,
        limit: int,
        offset: int = 0,
        count: bool = False,
        order: Order | None = None,
    ) -> Page:
        """A page of the entities that match one of the selections, by id where no order is given.

        Raises Problem 403 where that is too much work.
        """
        async with self._database.connection() as connection:
            search = await self._search(connection, principal, tenant, selections)
            if order is not None:
                return await search.ordered(order, limit, offset, count=count)
            return await search.page(limit, offset, count=count)

    async def all(
        self, principal: Principal, tenant: str, selections: Sequence[Selection], most: int
    ) -> list[StoredEntity]:
        """Every entity that matches, by id; raises Problem 403 (TooManyResults) where there are more than `most`."""
        page = await self.find(principal, tenant, selections, limit=most)
        if page.more:
            raise problems.too_many(most)
        return page.entities

    async def urns(
        self, principal: Principal, tenant: str, selections: Sequence[Selection], *, after: str, most: int
    ) -> list[str]:
        """The next ids behind `after` that match, at most `most`, in order; for walking through all of them."""
        async with self._database.connection() as connection:
            search = await self._search(connection, principal, tenant, selections)
            return [entity.urn for entity in await search.following(after, most)]

    async def _search(
        self, connection: Connection, principal: Principal, tenant: str, selections: Sequence[Selection]
    ) -> Search:
        series = await self._series.current(connection)
        return Search(connection, principal, tenant, selections, series)
