"""One flush of the writer: many operations of one principal in one transaction, all durable before any is answered."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

import msgspec
from psycopg.pq import TransactionStatus
from psycopg.types.json import Json

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.model.problems import already_exists
from onecity.kernel.twin.ngsild.model.problems import problem as problem_of
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.store import expiry, problems, rows, statements, times
from onecity.kernel.twin.ngsild.store.database import SMALL, Connection
from onecity.kernel.twin.ngsild.store.names import SNAPSHOT
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


def _json(text: bytes) -> Json:
    """What is JSON already, as a parameter."""
    return Json(text, dumps=bytes)


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
    urns = sorted({operation.urn for operation in operations})
    try:
        table, allowed = await _begin(connection, principal, tenant, urns)
        await _overlay(connection, [row for row in table.values() if row.measured])
        if again:
            await _mark_hidden(connection, tenant, [row for row in table.values() if not row.exists])
        results = _apply(table, operations, tenant)
        await _place(table, principal.division, allowed, locate)
        refused = {row.urn for row in table.values() if row.changed and not covers(allowed, row.division)}
        refused |= await _seen(connection, tenant, [r for r in results if not table[r.urn].exists])
        await _write(connection, tenant, [row for row in table.values() if row.changed and row.urn not in refused])
    except BaseException:
        await _give_up(connection)
        raise
    return [_forbidden(result) if result.urn in refused else result for result in results]


async def _begin(
    connection: Connection, principal: Principal, tenant: str, urns: Sequence[str]
) -> tuple[dict[str, Row], tuple[str, ...]]:
    """Begin the transaction and lock what is there; returns a row for each URN, and where the principal may write."""
    async with _at_once(connection, sum(map(len, urns))):
        await connection.execute("BEGIN")
        await connection.execute(SET, principal.settings())
        if tenant.startswith(SNAPSHOT):
            await connection.execute(statements.KEPT_HERE)
        scopes = await connection.execute(statements.SCOPES)
        locked = await connection.execute(statements.LOCK, (tenant, urns))
        found = {row.urn: row for row in map(rows.read, await locked.fetchall())}
        allowed = (*principal.written, *(path for (path,) in await scopes.fetchall()))
    return {urn: found.get(urn) or Row(urn) for urn in urns}, allowed


async def _give_up(connection: Connection) -> None:
    """Undo what was begun; a connection that is broken has undone it by itself."""
    if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
        await connection.execute("ROLLBACK")


def _at_once(connection: Connection, size: int) -> AbstractAsyncContextManager[object]:
    """A pipeline where the statements are small (see database.together)."""
    return connection.pipeline() if size <= SMALL else nullcontext()


def covers(scopes: Sequence[str], division: str) -> bool:
    """Whether one of the scopes holds over the division."""
    return any(division.startswith(scope) for scope in scopes)


def _apply(table: dict[str, Row], operations: Sequence[Operation], tenant: str) -> list[Result]:
    moment = clock.now_us()
    now = times.text_of(moment)
    for row in table.values():
        if row.entity is not None:
            over = expiry.expired(row.entity, now)
            if over is not None:
                rows.note(row, over.outcome, now, tenant)
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
    if (outcome is None and not created) or (outcome is not None and not outcome.unchanged):
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
    hidden = sorted(urn for (urn,) in await cursor.fetchall())
    if not hidden:
        return
    lately = await connection.execute(statements.LOCK, (tenant, hidden))
    if await lately.fetchall():
        raise ConflictError  # not hidden, only newer than our look
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
    new = [row for row in table.values() if row.changed and not row.exists]
    if new:
        entities = [row.entity or row.passing for row in new]
        points = [rows.location(entity) if entity is not None else None for entity in entities]
        paths = await locate(points) if any(points) else [""] * len(new)
        own = division if covers(allowed, division) else min(allowed, default=division)
        for row, path in zip(new, paths, strict=True):
            row.division = path or own


async def _write(connection: Connection, tenant: str, changed: Sequence[Row]) -> None:
    """Send everything that is to be written, and commit."""
    if not changed:
        await connection.execute("COMMIT")
        return
    records = _sorted(changed, tenant)
    deletes = [row.id for row in changed if row.entity is None and row.exists]
    passing = [row.id for row in changed if row.passing is not None]
    sent = {statement: encode(values) for statement, values in records.items() if values}
    new = len(records[statements.CREATE])
    async with _at_once(connection, sum(map(len, sent.values()))):
        if tenant and new:
            await connection.execute(statements.TENANT, (tenant,))
        if deletes:
            await connection.execute(statements.DELETE, (deletes,))
        if new:
            await _insert(connection, sent.pop(statements.CREATE), new)
        if passing:
            await connection.execute(statements.DELETE, (passing,))
        for statement, text in sent.items():
            await connection.execute(statement, (_json(text),))
        await connection.execute(statements.NOTIFY)
        await connection.execute("COMMIT")


async def _insert(connection: Connection, text: bytes, number: int) -> None:
    """Insert new entities; raises ConflictError where one of their names was taken meanwhile."""
    inserted = await connection.execute(statements.CREATE, (_json(text),))
    done = await connection.execute("SELECT 1")
    await done.fetchone()  # what came before has its row count now
    if inserted.rowcount != number:
        raise ConflictError


def _sorted(changed: Sequence[Row], tenant: str) -> dict[str, list[Any]]:
    """The records by the statement that writes them; those for CREATE come first."""
    records: dict[str, list[Any]] = {statements.CREATE: [], statements.UPDATE_VALUES: [], statements.UPDATE_ALL: []}
    census: Census = Counter()
    for row in changed:
        rows.count(census, row)
        written = row.entity or row.passing
        if written is not None:
            statement, record = _record(row, written, tenant)
            records[statement].append(record)
    records[statements.CHANGES] = [
        record | {"division_path": row.division, "public": row.public}
        for row in changed
        for record in rows.logged_apart(row)
    ]
    records[statements.CENSUS] = rows.census_records(census, tenant)
    return records


def _record(row: Row, entity: StoredEntity, tenant: str) -> tuple[str, rows.Record]:
    """By which statement the row is written, and its values."""
    if not row.exists:
        return statements.CREATE, rows.begun(row, entity, tenant)
    if row.before is not None and rows.only_values(row.before, entity):
        return statements.UPDATE_VALUES, rows.values(row, entity)
    return statements.UPDATE_ALL, rows.whole(row, entity, tenant)


def _forbidden(result: Result) -> Result:
    if result.problem is not None and result.problem.status != NOT_FOUND:
        return result
    return Result(result.urn, problem=problems.forbidden())
