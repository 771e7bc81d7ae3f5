"""Loads the history of entities as a principal may see it: the change log, the entity now, and what clients wrote."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from onecity.kernel.core.clock import from_us
from onecity.kernel.twin.ngsild.query import sql as query_sql
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.store import problems
from onecity.kernel.twin.ngsild.store.database import Connection, Database
from onecity.kernel.twin.ngsild.store.principal import SET, Principal
from onecity.kernel.twin.ngsild.store.rows import decode
from onecity.kernel.twin.ngsild.store.statements import TIME
from onecity.kernel.twin.ngsild.temporal.evolution import Erasure, Evolution, Gathering, Series
from onecity.kernel.twin.ngsild.temporal.readings import Ask
from onecity.kernel.twin.ngsild.temporal.span import ALWAYS, Span, micros

MOST_ROWS: Final = 200_000
NO_UNIT: Final = "1"
NOW: Final = f"""
SELECT e.urn, e.id::text, e.types, e.scopes, CASE WHEN %s::text[] IS NULL THEN e.attributes::text ELSE (
    SELECT coalesce(jsonb_object_agg(n, e.attributes -> n), '{{}}')::text FROM unnest(%s::text[]) n WHERE e.attributes ? n) END,
    {TIME.format("e.created_at")}, {TIME.format("e.changed_at")},
    CASE WHEN e.expires_at IS NOT NULL THEN {TIME.format("e.expires_at")} END, e.measured
FROM twin_seen e WHERE e.tenant = %s AND e.urn = ANY (%s)
"""  # noqa: S608 - nothing in it comes from outside
KEPT: Final = f"""
SELECT urn, types, past::text[], {TIME.format("created_at")}, {TIME.format("modified_at")},
    CASE WHEN deleted_at IS NOT NULL THEN {TIME.format("deleted_at")} END
FROM twin_evolution_seen WHERE tenant = %s AND urn = ANY (%s)
"""  # noqa: S608 - same
SERIES: Final = "SELECT urn, id, name, unit, latest FROM twin_series_seen WHERE tenant = %s AND urn = ANY (%s)"
WRITTEN: Final = """
SELECT urn, attribute, instance_id, instance::text FROM twin_instance_seen
WHERE tenant = %s AND urn = ANY (%s) AND (%s::text[] IS NULL OR attribute = ANY (%s))
    AND (corrects OR observed_at IS NULL OR ((observed_at >= %s OR attribute = 'scope') AND observed_at < %s))
ORDER BY urn, observed_at {order} NULLS FIRST, instance_id LIMIT %s
"""
ERASED: Final = """
SELECT urn, attribute, dataset_id, (extract(epoch FROM at) * 1000000)::int8 FROM twin_erasure_seen
WHERE tenant = %s AND urn = ANY (%s)
"""
MEASURED: Final = 5
CHANGES: Final = f"""
SELECT urn, {TIME.format("at")}, operation, changes::text, previous::text FROM twin_changes_seen
WHERE entity_id = ANY (%s::uuid[]) AND operation <> {MEASURED} AND at >= %s AND at < %s
    AND (%s::text[] IS NULL OR changes ?| %s OR operation = 3)
ORDER BY at, id LIMIT %s
"""  # noqa: S608 - same
CANDIDATES: Final = """
SELECT urn, types FROM (
    (SELECT e.urn, e.types FROM twin_seen e WHERE e.tenant = %s AND {where} AND e.urn > %s ORDER BY e.urn LIMIT %s)
    UNION ALL
    (SELECT e.urn, e.types FROM twin_evolution_seen e WHERE e.tenant = %s AND {where} AND e.urn > %s ORDER BY e.urn LIMIT %s)
) c ORDER BY urn LIMIT %s
"""
# before this nothing was written anywhere
FIRST_WRITE: Final = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a selection by id and type is decided on."""

    urn: str
    types: tuple[str, ...]


@asynccontextmanager
async def asking(database: Database, principal: Principal) -> AsyncIterator[Ask]:
    """Asks statements as the principal, all within one transaction that sees one moment."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        await connection.execute(SET, principal.settings())
        yield _ask(connection)


def _ask(connection: Connection) -> Ask:
    async def ask(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        async with connection.cursor(binary="twin_readings(" in statement or "twin_gathered(" in statement) as cursor:
            await cursor.execute(statement, parameters)
            return await cursor.fetchall()

    return ask


async def candidates(ask: Ask, tenant: str, selection: Selection, after: str, most: int) -> list[Candidate]:
    """The next entities behind `after` by id that are or were of the types and ids of the selection."""
    where = query_sql.compile(Selection(ids=selection.ids, id_pattern=selection.id_pattern, types=selection.types))
    branch = [tenant, *where.params, after, most * 2]
    rows = await ask(CANDIDATES.format(where=where.sql), [*branch, *branch, most * 2])
    found: dict[str, set[str]] = {}
    for urn, types in rows:
        found.setdefault(urn, set()).update(types)
    return [Candidate(urn, tuple(sorted(types))) for urn, types in list(found.items())[:most]]


async def evolutions(
    ask: Ask, tenant: str, urns: Sequence[str], span: Span, names: Sequence[str] | None = None, *, newest: bool = False
) -> dict[str, Evolution]:
    """The histories of these entities by id, of the attributes `names` only where given (series as well).

    Instances outside the span may be among them. Raises Problem 403 (TooComplexQuery) where these are too many rows.
    """
    wanted = None if names is None else list(names)
    now = {row[0]: row for row in await ask(NOW, (wanted, wanted, tenant, list(urns)))}
    kept = {row[0]: row for row in await ask(KEPT, (tenant, list(urns)))}
    erased = _by_urn(await ask(ERASED, (tenant, list(urns))))
    written = _by_urn(await _written(ask, tenant, urns, span, wanted, newest=newest))
    found = {
        urn: _gathering(urn, now.get(urn), kept.get(urn), erased, written) for urn in urns if urn in now or urn in kept
    }
    ids = [row[1] for row in now.values()] + [one for row in kept.values() for one in row[2]]
    for urn, at, operation, changes, previous in await _changes(ask, ids, span, wanted):
        if urn in found:
            before = None if previous is None else _chosen(decode(previous), wanted)
            found[urn].change(at, operation, _chosen(decode(changes), wanted), before)
    measured = [urn for urn, row in now.items() if row[8]]
    for urn, number, name, unit, latest in await ask(SERIES, (tenant, measured)) if measured else ():
        if wanted is None or name in wanted:
            found[urn].evolution.series[name] = Series(number, "" if unit == NO_UNIT else unit, latest)
    for urn, row in now.items():
        found[urn].current(decode(row[4]), row[3], row[5])
    return {urn: gathering.finish() for urn, gathering in found.items()}


async def _written(
    ask: Ask, tenant: str, urns: Sequence[str], span: Span, names: list[str] | None, *, newest: bool
) -> list[tuple[Any, ...]]:
    """What clients wrote; where the span is one of observedAt the database leaves out what lies outside."""
    inside = span if span.timeproperty == "observedAt" else Span()
    first, last = from_us(max(inside.first, ALWAYS[0])), from_us(min(inside.last, ALWAYS[1] - 1))
    statement = WRITTEN.format(order="DESC" if newest else "ASC")
    rows = await ask(statement, (tenant, list(urns), names, names, first, last, MOST_ROWS + 1))
    return _checked(rows)


async def _changes(ask: Ask, ids: Sequence[str], span: Span, names: list[str] | None) -> list[tuple[Any, ...]]:
    """What the log holds; it cannot have been written after the span where that is one of writing, nor before it."""
    first, last = FIRST_WRITE, ALWAYS[1] - 1
    if span.timeproperty in {"modifiedAt", "deletedAt"}:
        first, last = max(span.first, first), min(span.last, last)
    elif span.timeproperty == "createdAt":
        first = max(span.first, first)
    if not ids or first >= last:
        return []
    scoped = None if names is None else [*names, "scope"]
    return _checked(await ask(CHANGES, (list(ids), from_us(first), from_us(last), scoped, scoped, MOST_ROWS + 1)))


def _checked(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if len(rows) > MOST_ROWS:
        raise problems.too_complex()
    return rows


def _by_urn(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for urn, *rest in rows:
        found.setdefault(urn, []).append(tuple(rest))
    return found


def _gathering(
    urn: str,
    now: tuple[Any, ...] | None,
    kept: tuple[Any, ...] | None,
    erased: Mapping[str, Sequence[tuple[Any, ...]]],
    written: Mapping[str, Sequence[tuple[Any, ...]]],
) -> Gathering:
    evolution = Evolution(urn, ())
    if kept is not None:
        evolution = Evolution(urn, tuple(kept[1]), kept[3], kept[4], kept[5] if now is None else None)
    if now is not None:
        evolution.types = tuple(dict.fromkeys((*now[2], *evolution.types)))
        evolution.created_at = min(now[5], evolution.created_at or now[5], key=micros)
        evolution.modified_at = max(now[6], evolution.modified_at or now[6], key=micros)
        evolution.expires_at = now[7]
    instances = [
        (name, {"instanceId": number} if text is None else decode(text) | {"instanceId": number})
        for name, number, text in written.get(urn, ())
    ]
    return Gathering(evolution, [Erasure(*row) for row in erased.get(urn, ())], instances)


def _chosen(changes: Mapping[str, Any], names: list[str] | None) -> Mapping[str, Any]:
    if names is None:
        return changes
    return {name: value for name, value in changes.items() if name in names or name == "scope"}
