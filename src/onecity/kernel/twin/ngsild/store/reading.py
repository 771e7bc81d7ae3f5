"""Reading entities as a principal may see them: by id, many requests in one query, and by selection, a page at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from onecity.kernel.core import clock
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query import matching
from onecity.kernel.twin.ngsild.query import sql as query_sql
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.store import expiry, problems, rows, times
from onecity.kernel.twin.ngsild.store.database import Connection, Database
from onecity.kernel.twin.ngsild.store.principal import SET, Principal
from onecity.kernel.twin.ngsild.store.series import SeriesNames
from onecity.kernel.twin.ngsild.store.statements import TIME

# two queries under way: while the one is computed the other is read
LANES = 2
MOST_AT_ONCE = 500
# candidates looked at for one page where SQL cannot decide alone
MOST_CANDIDATES = 200_000
CHUNK = 2000
# entities that may be sorted by an attribute
MOST_SORTED = 50_000

COLUMNS = f"""e.urn, e.types, e.scopes, e.attributes::text, {TIME.format("e.created_at")}, {TIME.format("e.changed_at")},
CASE WHEN e.expires_at IS NOT NULL THEN {TIME.format("e.expires_at")} END, e.perishes_at IS NOT NULL,
CASE WHEN e.measured THEN e.readings::text END"""
BY_URN = f"SELECT {COLUMNS} FROM twin_seen e WHERE e.tenant = %s AND e.urn = ANY (%s)"  # noqa: S608 - our own columns


def entity(record: Sequence[Any]) -> StoredEntity | None:
    """A row of COLUMNS, with measured values laid over it; None where it has expired since."""
    urn, types, scopes, attributes, created, modified, expires, perishes, readings = record
    found: StoredEntity | None = StoredEntity(
        urn, tuple(types), tuple(scopes), rows.decode(attributes), created, modified, expires
    )
    if readings is not None and found is not None:
        found = rows.overlaid(found, rows.decode(readings))
    if perishes and found is not None:
        found = expiry.living(found, times.text_of(clock.now_us()))
    return found


@dataclass(slots=True)
class _Lane:
    waiting: dict[str, "asyncio.Future[StoredEntity | None]"] = field(default_factory=dict)
    running: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Entities of a page in their order, whether there are more behind, and how many match in all (where asked)."""

    entities: list[StoredEntity]
    more: bool
    total: int | None = None


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
            except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must hear of it
                for answer in wanted.values():
                    answer.set_exception(error)
                continue
            for urn, answer in wanted.items():
                answer.set_result(found.get(urn))
        lane.running -= 1
        if not lane.running:
            self._lanes.pop((principal, tenant), None)

    async def _fetch(self, principal: Principal, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        async with self._database.connection() as connection, connection.pipeline():
            return await ask(connection, principal, statement, parameters)

    async def find(  # noqa: PLR0913 - a query has these parts
        self,
        principal: Principal,
        tenant: str,
        selection: Selection,
        *,
        limit: int,
        offset: int = 0,
        count: bool = False,
    ) -> Page:
        """A page of the entities that match, in the order of their ids; raises Problem 403 where that is too much work."""
        async with self._database.connection() as connection:
            series = await self._series.current(connection)
            search = _Search(connection, principal, tenant, selection, series)
            return await search.page(limit, offset, count=count)

    async def all(self, principal: Principal, tenant: str, selection: Selection, most: int) -> list[StoredEntity]:
        """Every entity that matches, by id; raises Problem 403 (TooManyResults) where there are more than `most`."""
        page = await self.find(principal, tenant, selection, limit=most)
        if page.more:
            raise problems.too_many(most)
        return page.entities


async def ask(
    connection: Connection, principal: Principal, statement: str, parameters: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """The rows of one statement as the principal; inside a pipeline, so that both go out and come back together."""
    await connection.execute(SET, principal.settings())
    cursor = await connection.execute(statement, parameters)
    return await cursor.fetchall()


class _Search:
    """One query under way."""

    def __init__(  # its parts
        self,
        connection: Connection,
        principal: Principal,
        tenant: str,
        selection: Selection,
        series: Mapping[str, Sequence[str]],
    ) -> None:
        self._connection = connection
        self._principal = principal
        self._selection = selection
        rest = replace(selection, types=None)
        where = query_sql.compile(rest, series)
        self._exact = where.exact and not selection.follows_links()
        self._where = f"e.tenant = %s AND {where.sql}"
        self._parameters = [tenant, *where.params]
        self._branches = _branches(selection.types)

    async def page(self, limit: int, offset: int, *, count: bool) -> Page:
        """See Reader.find."""
        if not self._exact:
            return await self._refined(limit, offset, count=count)
        total = await self._count() if count else None
        if not limit:
            return Page([], more=bool(total), total=total)
        records = await self._rows(limit + 1, offset)
        found = [one for record in records[:limit] if (one := entity(record)) is not None]
        return Page(found, len(records) > limit, total)

    async def _count(self) -> int:
        condition, parameters = _any_branch(self._branches)
        statement = f"SELECT count(*) FROM twin_seen e WHERE {self._where} AND {condition}"  # noqa: S608 - compiled
        rows_ = await self._ask(statement, [*self._parameters, *parameters])
        return int(rows_[0][0])

    async def _rows(self, limit: int, offset: int = 0, after: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of COLUMNS by URN; each branch of the types is read along its own index and they are merged."""
        following, position = ("", []) if after is None else (" AND e.urn > %s", [after])
        parts, parameters = [], []
        for condition, values in self._branches:
            parts.append(
                f"(SELECT {COLUMNS} FROM twin_seen e WHERE {self._where} AND {condition}{following}"  # noqa: S608 - compiled
                " ORDER BY e.urn LIMIT %s)"
            )
            parameters += [*self._parameters, *values, *position, limit + offset]
        if len(parts) == 1:
            statement = f"{parts[0]} OFFSET %s" if offset else parts[0]
            return await self._ask(statement, [*parameters, offset] if offset else parameters)
        statement = " UNION ALL ".join(parts) + " ORDER BY urn LIMIT %s OFFSET %s"
        return await self._ask(statement, [*parameters, limit, offset])

    async def _refined(self, limit: int, offset: int, *, count: bool) -> Page:
        """Walk through the candidates in order and keep what really matches."""
        matches = matching.matcher(self._selection)
        wanted = offset + limit + 1
        chunk = min(wanted + wanted // 2 + 20, CHUNK)
        kept: list[StoredEntity] = []
        seen, number, last = 0, 0, None
        while True:
            records = await self._rows(chunk, after=last)
            candidates = [one for record in records if (one := entity(record)) is not None]
            for one in candidates:
                if matches(one, matching.nothing_linked):
                    number += 1
                    if offset < number <= offset + limit:
                        kept.append(one)
            seen += len(records)
            if len(records) < chunk or (number >= wanted and not count):
                break
            if seen > MOST_CANDIDATES:
                raise problems.too_complex()
            last, chunk = records[-1][0], CHUNK
        return Page(kept, number > offset + limit, number if count else None)

    async def _ask(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        async with self._connection.pipeline():
            return await ask(self._connection, self._principal, statement, parameters)


Branch = tuple[str, list[Any]]


def _branches(types: TypeExpr | None) -> list[Branch]:
    """Conditions that exclude one another and together are the type selection, each served by an index of its own."""
    if types is None:
        return [("TRUE", [])]
    single = list(dict.fromkeys(group[0] for group in types.any_of if len(group) == 1))
    branches: list[Branch] = [("e.types[1] = %s", [name]) for name in single]
    several, parameters = [], []
    if single:
        several.append("e.types && %s::text[]")
        parameters.append(single)
    for group in types.any_of:
        if len(group) > 1:
            several.append("e.types @> %s::text[]")
            parameters.append(list(group))
    also = f"cardinality(e.types) > 1 AND ({' OR '.join(several)})"
    if single:
        also += " AND e.types[1] <> ALL (%s::text[])"
        parameters.append(single)
    return [*branches, (also, parameters)]


def _any_branch(branches: Sequence[Branch]) -> Branch:
    """All branches as one condition."""
    parameters = [value for _sql, values in branches for value in values]
    return "(" + " OR ".join(f"({sql})" for sql, _values in branches) + ")", parameters
