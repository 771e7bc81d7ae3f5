"""Group commit: operations that arrive while a transaction is under way share the next one.

Each principal and tenant has a lane of its own, so that a transaction acts for one principal alone; lanes run side by
side. An operation is answered when its transaction is durable. Several processes may write the same entities: rows are
locked in one order, the stored entity is read under the lock, and a flush that met a deadlock or a simultaneous creation
is repeated as a whole.
"""

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import errors

from onecity.kernel.core import clock
from onecity.kernel.twin.ngsild.store import problems, statements
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.flush import ConflictError, Locate, flush
from onecity.kernel.twin.ngsild.store.operation import Operation, Result
from onecity.kernel.twin.ngsild.store.principal import Principal

MOST_OPERATIONS = 1000
ATTEMPTS = 12
AGAIN = (ConflictError, errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation)

log = logging.getLogger(__name__)
# called after the commit with the tenant and what was done
AfterCommit = Callable[[Principal, str, Sequence[Result]], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Submission:
    operations: Sequence[Operation]
    answer: "asyncio.Future[list[Result]]"


@dataclass(slots=True)
class _Lane:
    waiting: deque[_Submission] = field(default_factory=deque)


class Writer:
    """The one door through which entities change in a process; see the module."""

    def __init__(self, database: Database, locate: Locate, after_commit: AfterCommit | None = None) -> None:
        self._database = database
        self._locate = locate
        self._after_commit = after_commit
        self._lanes: dict[tuple[Principal, str], _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._days: set[dt.date] = set()

    async def submit(self, principal: Principal, tenant: str, operations: Sequence[Operation]) -> list[Result]:
        """Do the operations in their order, each for itself; returns their results when they are durable.

        Raises Problem 503 where the database cannot be reached: nothing was done then.
        """
        if not operations:
            return []
        answer: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        key = (principal, tenant)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane()
            task = asyncio.get_running_loop().create_task(self._run(key, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        lane.waiting.append(_Submission(operations, answer))
        return await answer

    async def one(self, principal: Principal, tenant: str, operation: Operation) -> Result:
        """Do one operation; raises its problem."""
        (result,) = await self.submit(principal, tenant, [operation])
        if result.problem is not None:
            raise result.problem
        return result

    async def _run(self, key: tuple[Principal, str], lane: _Lane) -> None:
        principal, tenant = key
        while lane.waiting:
            group = [lane.waiting.popleft()]
            size = len(group[0].operations)
            while lane.waiting and size + len(lane.waiting[0].operations) <= MOST_OPERATIONS:
                group.append(lane.waiting.popleft())
                size += len(group[-1].operations)
            try:
                await self._group(principal, tenant, group)
            except Exception as error:
                for submission in group:
                    if not submission.answer.done():
                        submission.answer.set_exception(error)
        del self._lanes[key]

    async def _group(self, principal: Principal, tenant: str, group: Sequence[_Submission]) -> None:
        operations = [operation for submission in group for operation in submission.operations]
        try:
            results = await self._durable(principal, tenant, operations)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
            if len(operations) > 1:
                await self._apart(principal, tenant, group)
                return
            log.warning("the database refused %s: %s", operations[0].urn, error)
            results = [Result(operations[0].urn, problem=problems.refused(str(error.diag.message_primary or "")))]
        start = 0
        for submission in group:
            end = start + len(submission.operations)
            if not submission.answer.done():
                submission.answer.set_result(results[start:end])
            start = end
        if self._after_commit is not None:
            await self._after_commit(principal, tenant, results)

    async def _apart(self, principal: Principal, tenant: str, group: Sequence[_Submission]) -> None:
        """Something among them the database cannot store: do each alone, so that it harms no other."""
        loop = asyncio.get_running_loop()
        for submission in group:
            results: list[Result] = []
            for operation in submission.operations:
                alone = _Submission([operation], loop.create_future())
                await self._group(principal, tenant, [alone])
                results += alone.answer.result()
            if not submission.answer.done():
                submission.answer.set_result(results)

    async def _durable(self, principal: Principal, tenant: str, operations: Sequence[Operation]) -> list[Result]:
        again = False
        for attempt in range(ATTEMPTS):
            async with self._database.connection() as connection:
                await self._ensure_day(connection)
                try:
                    return await flush(connection, principal, tenant, operations, self._locate, again=again)
                except AGAIN as error:
                    log.info("writing again (%d): %s", attempt + 1, type(error).__name__)
                    again = True
                except errors.CheckViolation as error:
                    if "partition" not in str(error):
                        raise
                    self._days.clear()
        raise problems.unavailable()

    async def _ensure_day(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Have the change log's partition of today: the worker makes it ahead, but may have been away."""
        day = clock.now().date()
        if day not in self._days:
            await connection.execute(statements.DAY, (day,))
            self._days = {day}
