"""One flush of the writer: many operations of one principal in one transaction, all durable before any is answered."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec
from psycopg.types.json import Json

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.model.problems import already_exists
from onecity.kernel.twin.ngsild.model.problems import problem as problem_of
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.store import expiry, problems, rows, statements, times
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.operation import Operation, Result
from onecity.kernel.twin.ngsild.store.principal import SET, Principal
from onecity.kernel.twin.ngsild.store.rows import Census, Row

# longitude and latitude of each new entity (None: it has no place) → the division of each
Locate = Callable[[Sequence[tuple[float, float] | None]], Awaitable[Sequence[str]]]
encode = msgspec.json.Encoder().encode

log = logging.getLogger(__name__)
NOT_FOUND = 404
# an index of PostgreSQL holds entries up to 2,704 bytes
LONGEST = 1024


class ConflictError(Exception):
    """Somebody else created an entity between our look and our insert; nothing was written, the flush is repeated."""


class Executes(Protocol):
    """What the flush needs of a connection."""

    async def execute(self, query: str, params: Sequence[Any] | None = None) -> Any:
        """Send one statement."""
        ...


async def flush(
    connection: Connection,
    principal: Principal,
    tenant: str,
    operations: Sequence[Operation],
    locate: Locate,
    *,
    again: bool = False,
) -> list[Result]:
    """Do the operations in their order and commit; a problem of one does not touch the others.

    `again`: an earlier attempt met a name that is taken. Raises ConflictError, or psycopg.Error where the database
    refused; nothing is written then.
    """
    async with connection.pipeline() as pipeline, connection.transaction():
        await connection.execute(SET, principal.settings())
        scopes = await connection.execute(statements.SCOPES)
        urns = sorted({operation.urn for operation in operations})
        locked = await connection.execute(statements.LOCK, (tenant, urns))
        found = {row.urn: row for row in map(rows.read, await locked.fetchall())}
        allowed = (*principal.written, *(path for (path,) in await scopes.fetchall()))
        table = {urn: found.get(urn) or Row(urn) for urn in urns}
        await _overlay(connection, [row for row in found.values() if row.measured])
        if again:
            await _mark_hidden(connection, tenant, [row for row in table.values() if not row.exists])
        results = _apply(table, operations, tenant)
        await _place(table, principal.division, allowed, locate)
        refused = {row.urn for row in table.values() if row.changed and not covers(allowed, row.division)}
        refused |= await _seen(connection, tenant, [r for r in results if not table[r.urn].exists])
        inserted = await _write(
            connection, tenant, [row for row in table.values() if row.changed and row.urn not in refused]
        )
        if inserted is not None:
            await pipeline.sync()
            if inserted[0].rowcount != inserted[1]:
                raise ConflictError
    return [_forbidden(result) if result.urn in refused else result for result in results]


def covers(scopes: Sequence[str], division: str) -> bool:
    """Whether one of the scopes holds over the division."""
    return any(division.startswith(scope) for scope in scopes)


def _apply(table: dict[str, Row], operations: Sequence[Operation], tenant: str) -> list[Result]:
    moment = clock.now_us()
    now = times.text_of(moment)
    for row in table.values():
        if row.entity is not None:
            row.entity = expiry.living(row.entity, now)
            if row.entity is None:
                row.entity = row.before
                rows.note(row, None, now, tenant)
    results = []
    for operation in operations:
        row = table[operation.urn]
        # every version of an entity has a moment of its own
        at = now if row.steps == 0 else times.text_of(moment + row.steps)
        results.append(_one(row, operation, at, tenant))
    return results


def _one(row: Row, operation: Operation, at: str, tenant: str) -> Result:
    created = row.entity is None
    try:
        outcome = operation.change(row.entity, at)
    except Problem as problem:
        return Result(operation.urn, problem=problem)
    except Exception:  # our own fault in one operation must not undo those of others
        log.exception("changing %s", operation.urn)
        return Result(operation.urn, problem=problem_of("InternalError"))
    if created and outcome is not None and row.hidden:
        return Result(operation.urn, problem=already_exists(operation.urn))
    if outcome is not None and created and any(len(n.encode()) > LONGEST for n in (row.urn, *outcome.entity.types)):
        return Result(operation.urn, problem=problems.long_name(LONGEST))
    if outcome is None or not outcome.unchanged:
        rows.note(row, outcome, at, tenant)
    return Result(operation.urn, outcome, created=created and outcome is not None, deleted=outcome is None)


async def _overlay(connection: Executes, measured: Sequence[Row]) -> None:
    """Let changes see the newest measured values, as every reader does."""
    if not measured:
        return
    cursor = await connection.execute(statements.READINGS, ([row.id for row in measured],))
    readings = dict(await cursor.fetchall())
    for row in measured:
        if row.before is not None and (text := readings.get(row.id)):
            row.entity = rows.overlaid(row.before, rows.decode(text))


async def _mark_hidden(connection: Executes, tenant: str, absent: Sequence[Row]) -> None:
    """Find what exists where this principal may not look: such a name cannot be given again."""
    cursor = await connection.execute(statements.TAKEN, (tenant, [row.urn for row in absent]))
    hidden = {urn for (urn,) in await cursor.fetchall()}
    for row in absent:
        row.hidden = row.urn in hidden


async def _seen(connection: Executes, tenant: str, results: Sequence[Result]) -> set[str]:
    """Of what was not found to be written: what this principal can see and must not change, rather than is not there."""
    missing = [r.urn for r in results if r.problem is not None and r.problem.status == NOT_FOUND]
    if not missing:
        return set()
    cursor = await connection.execute(statements.SEEN, (tenant, missing))
    return {urn for (urn,) in await cursor.fetchall()}


async def _place(table: dict[str, Row], division: str, allowed: Sequence[str], locate: Locate) -> None:
    """Give every new entity the division in which it lies, else the principal's own, else the first it may write in."""
    new = [row for row in table.values() if row.changed and not row.exists and row.entity is not None]
    if new:
        points = [rows.location(row.entity) if row.entity is not None else None for row in new]
        paths = await locate(points) if any(points) else [""] * len(new)
        own = division if covers(allowed, division) else min(allowed, default=division)
        for row, path in zip(new, paths, strict=True):
            row.division = path or own


async def _write(connection: Executes, tenant: str, changed: Sequence[Row]) -> tuple[Any, int] | None:
    """Send everything that is to be written; returns the cursor of the insert and how many rows it must say."""
    if not changed:
        return None
    census: Census = Counter()
    records: dict[str, list[Any]] = {statements.UPDATE_VALUES: [], statements.UPDATE_ALL: [], statements.INSERT: []}
    deletes = [row.id for row in changed if row.entity is None and row.exists]
    for row in changed:
        rows.count(census, row)
        if row.entity is not None:
            statement, record = _record(row, row.entity, tenant)
            records[statement].append(record)
    new = records[statements.INSERT]
    if tenant and new:
        await connection.execute(statements.TENANT, (tenant,))
    if deletes:
        await connection.execute(statements.DELETE, (deletes,))
    cursors = {
        statement: await connection.execute(statement, (Json(values, dumps=encode),))
        for statement, values in records.items()
        if values
    }
    changes = [record | {"division_path": row.division, "public": row.public} for row in changed for record in row.log]
    await connection.execute(statements.CHANGES, (Json(changes, dumps=encode),))
    if counted := rows.census_records(census, tenant):
        await connection.execute(statements.CENSUS, (Json(counted, dumps=encode),))
    await connection.execute(statements.NOTIFY)
    return (cursors[statements.INSERT], len(new)) if new else None


def _record(row: Row, entity: StoredEntity, tenant: str) -> tuple[str, rows.Record]:
    """By which statement the row is written, and its values."""
    if not row.exists:
        return statements.INSERT, rows.whole(row, entity, tenant)
    if row.before is not None and rows.only_values(row.before, entity):
        return statements.UPDATE_VALUES, rows.values(row, entity)
    return statements.UPDATE_ALL, rows.whole(row, entity, tenant)


def _forbidden(result: Result) -> Result:
    if result.problem is not None and result.problem.status != NOT_FOUND:
        return result
    return Result(result.urn, problem=problems.forbidden())
