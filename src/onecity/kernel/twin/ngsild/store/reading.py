"""Reading entities as a principal may see them: by id, many requests in one query, and by selection, a page at a time."""

import time
from collections.abc import Sequence
from typing import Any

from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import Order
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.store import problems
from onecity.kernel.twin.ngsild.store.asked import Asked
from onecity.kernel.twin.ngsild.store.database import Connection, Database, together
from onecity.kernel.twin.ngsild.store.principal import Principal
from onecity.kernel.twin.ngsild.store.search import COLUMNS, Page, Record, Search, ask, entity, size_of
from onecity.kernel.twin.ngsild.store.series import SeriesNames
from onecity.kernel.twin.ngsild.store.sharing import Lane, Together

MOST_LANES = 1000
BY_URN = f"SELECT {COLUMNS} FROM twin_seen e WHERE e.tenant = %s AND e.urn = ANY (%s)"  # noqa: S608 - our own columns


class Reader:
    """Reads for one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together = Together(database)
        self._lanes: dict[tuple[Principal, str], Lane] = {}
        self._series = SeriesNames()
        self._asked = Asked()

    async def get(self, principal: Principal, tenant: str, urn: str) -> StoredEntity | None:
        """The entity, None where there is none that the principal may see. Requests of a moment share one query."""
        record = await self.record(principal, tenant, urn)
        return None if record is None else entity(record)

    async def record(self, principal: Principal, tenant: str, urn: str) -> Record | None:
        """Like `get`, as the database gave it."""
        lane = self._lanes.get((principal, tenant))
        if lane is None:
            if len(self._lanes) > MOST_LANES:
                self._lanes = {key: lane for key, lane in self._lanes.items() if lane.busy}

            async def fetch(urns: Sequence[str]) -> dict[str, Record]:
                records = await self._fetch(principal, BY_URN, (tenant, list(urns)))
                return {record[0]: record for record in records}

            lane = self._lanes[principal, tenant] = Lane(fetch)
        return await lane.get(urn)

    async def get_many(self, principal: Principal, tenant: str, urns: Sequence[str]) -> dict[str, StoredEntity]:
        """The entities of these ids that the principal may see."""
        records = await self._fetch(principal, BY_URN, (tenant, list(urns)))
        return {found.urn: found for record in records if (found := entity(record)) is not None}

    async def _fetch(self, principal: Principal, statement: str, parameters: Sequence[Any]) -> list[Record]:
        async with self._database.connection() as connection, together(connection, size_of(parameters)):
            return await ask(connection, principal, statement, parameters)

    async def page_of_types(
        self, principal: Principal, tenant: str, selection: Selection, limit: int, offset: int
    ) -> tuple[list[Record], bool]:
        """The rows of a page and whether there are more, for a selection that `is_plain`; many share a round trip."""

        async def asked(statement: str, parameters: Sequence[Any]) -> list[Record]:
            return await self._together.ask(principal, statement, parameters)

        return await Search(asked, tenant, [selection], {}).records(limit, offset)

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
            begun = time.perf_counter()
            if order is not None:
                page = await search.ordered(order, limit, offset, count=count)
            else:
                page = await search.page(limit, offset, count=count)
            await self._asked.note(connection, selections, time.perf_counter() - begun)
            return page

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

        async def asked(statement: str, parameters: Sequence[Any]) -> list[Record]:
            async with together(connection, size_of(parameters)):
                return await ask(connection, principal, statement, parameters, prepare=False)

        return Search(asked, tenant, selections, series, await self._asked.prefilter(connection, selections))


def is_plain(selection: Selection) -> bool:
    """Whether an index answers the selection at once: types only."""
    return selection.types is not None and not (
        selection.ids
        or selection.attrs
        or selection.id_pattern is not None
        or selection.q is not None
        or selection.geo is not None
        or selection.scope is not None
    )
