"""One query under way: what SQL decides alone, what is refined here, in which order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from onecity.kernel.core import clock
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query import matching, ordering
from onecity.kernel.twin.ngsild.query import sql as query_sql
from onecity.kernel.twin.ngsild.query.language import Order, TypeExpr
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.query.sql import Prefilter
from onecity.kernel.twin.ngsild.store import expiry, problems, rows, times
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import SET, Principal
from onecity.kernel.twin.ngsild.store.statements import TIME

# the condition of the partial index of entities with several types
SEVERAL = "cardinality(e.types) > 1"
# candidates looked at for one page where SQL cannot decide alone
MOST_CANDIDATES = 200_000
CHUNK = 2000
# an area that holds more is walked through in the order of ids
MOST_NEAR = 20_000
# entities that may be sorted by an attribute
MOST_SORTED = 20_000

# where they stand in a row of COLUMNS
URN, CHANGED, PERISHES, MEASURED = 0, 5, 7, 8
COLUMNS = f"""e.urn, e.types, e.scopes, e.attributes::text, {TIME.format("e.created_at")}, {TIME.format("e.changed_at")},
CASE WHEN e.expires_at IS NOT NULL THEN {TIME.format("e.expires_at")} END, e.perishes_at IS NOT NULL,
CASE WHEN e.measured THEN e.readings::text END"""


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


@dataclass(frozen=True, slots=True)
class Page:
    """Entities of a page in their order, whether there are more behind, and how many match in all (where asked)."""

    entities: list[StoredEntity]
    more: bool
    total: int | None = None


async def ask(
    connection: Connection,
    principal: Principal,
    statement: str,
    parameters: Sequence[Any],
    *,
    prepare: bool | None = None,
) -> list[tuple[Any, ...]]:
    """The rows of one statement as the principal; inside a pipeline, so that both go out and come back together.

    `prepare` False: planned anew for these parameters. A prepared query by place is after five times planned for any place,
    which took four times as long at a million entities.
    """
    await connection.execute(SET, principal.settings())
    cursor = await connection.execute(statement, parameters, prepare=prepare)
    return await cursor.fetchall()


Record = tuple[Any, ...]
# the rows of a statement, as the principal of the query sees them
Ask = Callable[[str, Sequence[Any]], Awaitable[list[Record]]]


class Search:
    """One query under way."""

    def __init__(
        self,
        ask: Ask,
        tenant: str,
        selections: Sequence[Selection],
        series: Mapping[str, Sequence[str]],
        prefilter: Prefilter | None = None,
    ) -> None:
        self._ask = ask
        self._branches: list[Branch] = [("TRUE", [])]
        if len(selections) == 1:
            self._branches = _branches(selections[0].types)
            selections = [replace(selections[0], types=None)]
        wheres = [query_sql.compile(selection, series, prefilter=prefilter) for selection in selections]
        self._exact = all(where.exact for where in wheres)
        self._near = wheres[0].near if len(wheres) == 1 else None
        # of one selection only what SQL left open is looked at again; of several it is not known which one let a row in
        alone = wheres[0].rest if len(wheres) == 1 else None
        self._tests = [matching.matcher(one) for one in ([alone] if alone is not None else selections)]
        written = [where.sql if where.near is None else where.near.walked for where in wheres]
        self._where = "e.tenant = %s AND (" + " OR ".join(f"({sql})" for sql in written) + ")"
        self._parameters = [tenant, *(value for where in wheres for value in where.params)]

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

    async def records(self, limit: int, offset: int) -> tuple[list[Record], bool]:
        """The rows of a page as the database gave them, and whether there are more; for queries that SQL decides alone."""
        records = await self._rows(limit + 1, offset)
        return records[:limit], len(records) > limit

    async def ordered(self, order: Order, limit: int, offset: int, *, count: bool) -> Page:
        """See Reader.find: everything that matches is read and sorted here, within MOST_SORTED."""
        found = await self.following("", MOST_SORTED + 1)
        if len(found) > MOST_SORTED:
            raise problems.too_many(MOST_SORTED)
        places = ordering.sort(order, found)[offset : offset + limit]
        more = len(found) > offset + limit
        return Page([found[place] for place in places], more, len(found) if count else None)

    async def following(self, after: str, most: int) -> list[StoredEntity]:
        """At most `most` matching entities behind an id, by id."""
        found: list[StoredEntity] = []
        last = after or None
        while len(found) < most:
            chunk = min(most - len(found) if self._exact else CHUNK, CHUNK)
            records = await self._rows(chunk, after=last)
            found += [one for record in records if (one := entity(record)) is not None and self._matches(one)]
            if len(records) < chunk:
                break
            last = records[-1][0]
        return found[:most]

    def _matches(self, one: StoredEntity) -> bool:
        return self._exact or any(test(one, matching.nothing_linked) for test in self._tests)

    async def _count(self) -> int:
        condition, parameters = _any_branch(self._branches)
        statement = f"SELECT count(*) FROM twin_seen e WHERE {self._where} AND {condition}"  # noqa: S608 - compiled
        rows_ = await self._ask(statement, [*self._parameters, *parameters])
        return int(rows_[0][0])

    async def _rows(self, limit: int, offset: int = 0, after: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of COLUMNS by URN, no offset where they are refined here."""
        if self._near is not None:
            records = await self._rows_near(self._near, limit, after)
            if records is not None:
                return records
        return await self._rows_in_order(limit, offset, after)

    async def _rows_near(self, near: query_sql.Near, limit: int, after: str | None) -> list[Record] | None:
        """Rows by URN of what lies in an area; None where that is more than MOST_NEAR.

        The area is read from its index alone; what is left of the condition needs the rows themselves, which lie scattered: they
        are visited in order, and only until there are enough.
        """
        condition, values = _any_branch(self._branches)
        following, position = ("", []) if after is None else (" AND e.urn > %s", [after])
        inside = f"e.tenant = %s AND {near.sql} AND {condition}{following} LIMIT {MOST_NEAR + 1}"
        known = [self._parameters[0], *near.params, *values, *position]
        found = f"SELECT {COLUMNS} FROM twin_seen e WHERE e.id = n.id AND {near.left} OFFSET 0"  # noqa: S608 - compiled
        statement = f"""WITH near AS MATERIALIZED (SELECT e.id, e.urn FROM twin_seen e WHERE {inside})
SELECT found.* FROM (SELECT id, urn FROM near WHERE (SELECT count(*) FROM near) <= {MOST_NEAR} ORDER BY urn) n
CROSS JOIN LATERAL ({found}) found ORDER BY n.urn LIMIT %s"""  # noqa: S608 - same
        records = await self._ask(statement, [*known, *near.left_params, limit])
        if not records:
            ((number,),) = await self._ask(
                f"SELECT count(*) FROM (SELECT 1 FROM twin_seen e WHERE {inside}) n",  # noqa: S608 - same
                known,
            )
            if number > MOST_NEAR:
                self._near = None
                return None
        return records

    async def _rows_in_order(self, limit: int, offset: int, after: str | None) -> list[Record]:
        """Rows by URN; each branch of the types is read along its own index and they are merged."""
        following, position = ("", []) if after is None else (" AND e.urn > %s", [after])
        parts, parameters = [], []
        for condition, values in self._branches:
            found = f"SELECT e.id, e.urn FROM twin_seen e WHERE {self._where} AND {condition}{following}"  # noqa: S608 - compiled
            if condition.startswith(SEVERAL):
                # few: found through their own index and sorted, where the planner would walk through everything in order
                found = f"WITH several AS MATERIALIZED ({found}) SELECT id, urn FROM several e"  # noqa: S608 - same
            parts.append(f"SELECT * FROM ({found} ORDER BY e.urn LIMIT %s) branch")  # noqa: S608 - same
            parameters += [*self._parameters, *values, *position, limit + offset]
        # what the offset passes over is not put together
        places = " UNION ALL ".join(parts) + " ORDER BY urn LIMIT %s OFFSET %s"
        statement = f"SELECT {COLUMNS} FROM ({places}) p JOIN twin_seen e ON e.id = p.id ORDER BY p.urn"  # noqa: S608 - same
        return await self._ask(statement, [*parameters, limit, offset])

    async def _refined(self, limit: int, offset: int, *, count: bool) -> Page:
        """Walk through the candidates in order and keep what really matches."""
        wanted = offset + limit + 1
        # SQL leaves little to refine of a circle
        chunk = min(wanted + wanted // (2 if self._near is None else 8) + 20, CHUNK)
        kept: list[StoredEntity] = []
        seen, number, last = 0, 0, None
        while True:
            records = await self._rows(chunk, after=last)
            candidates = [one for record in records if (one := entity(record)) is not None]
            for one in candidates:
                if self._matches(one):
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


def size_of(parameters: Sequence[Any]) -> int:
    """About how many bytes the parameters are on the wire."""
    return sum(
        sum(len(item) + 4 if isinstance(item, str) else 20 for item in value)
        if isinstance(value, list)
        else len(str(value))
        for value in parameters
    )


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
    also = f"{SEVERAL} AND ({' OR '.join(several)})"
    if single:
        also += " AND e.types[1] <> ALL (%s::text[])"
        parameters.append(single)
    return [*branches, (also, parameters)]


def _any_branch(branches: Sequence[Branch]) -> Branch:
    """All branches as one condition."""
    parameters = [value for _sql, values in branches for value in values]
    return "(" + " OR ".join(f"({sql})" for sql, _values in branches) + ")", parameters
