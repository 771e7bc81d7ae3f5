"""Requests of a moment share a round trip to the database: while one is under way, those that come meanwhile gather."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import psycopg

from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.principal import SET, Principal

Record = tuple[Any, ...]
Fetch = Callable[[Sequence[str]], Awaitable[Mapping[str, Record]]]
MOST_AT_ONCE = 32
_Question = tuple[str, Sequence[Any], "asyncio.Future[list[Record]]"]


class Lane:
    """Rows by name: one query at a time, for all names that were asked for meanwhile."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._waiting: dict[str, asyncio.Future[Record | None]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether somebody waits."""
        return self._task is not None

    async def get(self, name: str) -> Record | None:
        """The row of this name, None where there is none; raises what the query raised."""
        answer = self._waiting.get(name)
        if answer is None:
            answer = self._waiting[name] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._run())
        return await asyncio.shield(answer)

    async def _run(self) -> None:
        await asyncio.sleep(0)  # let the other requests of this moment join
        while self._waiting:
            wanted, self._waiting = self._waiting, {}
            try:
                found = await self._fetch(list(wanted))
            except Exception as error:  # whatever it was, those who wait must hear of it
                for answer in wanted.values():
                    _fail(answer, error)
                continue
            for name, answer in wanted.items():
                if not answer.done():
                    answer.set_result(found.get(name))
        self._task = None


class Together:
    """Quick statements of one principal in one pipeline; a statement that fails harms no other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[Principal, list[_Question]] = {}
        self._tasks: dict[Principal, asyncio.Task[None]] = {}

    async def ask(self, principal: Principal, statement: str, parameters: Sequence[Any]) -> list[Record]:
        """The rows of a statement; raises what the database raised."""
        answer: asyncio.Future[list[Record]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(principal, []).append((statement, parameters, answer))
        if principal not in self._tasks:
            self._tasks[principal] = asyncio.get_running_loop().create_task(self._run(principal))
        return await answer

    async def _run(self, principal: Principal) -> None:
        await asyncio.sleep(0)
        while waiting := self._waiting.pop(principal, None):
            for start in range(0, len(waiting), MOST_AT_ONCE):
                await self._batch(principal, waiting[start : start + MOST_AT_ONCE])
        del self._tasks[principal]

    async def _batch(self, principal: Principal, batch: Sequence[_Question]) -> None:
        try:
            async with self._database.connection() as connection, connection.pipeline():
                await connection.execute(SET, principal.settings())
                cursors = [await connection.execute(statement, parameters) for statement, parameters, _a in batch]
                rows = [await cursor.fetchall() for cursor in cursors]
        except psycopg.Error as error:
            if len(batch) == 1:
                _fail_all(batch, error)
            for question in batch if len(batch) > 1 else ():
                await self._batch(principal, [question])
        except Exception as error:  # whatever it was, those who wait must hear of it
            _fail_all(batch, error)
        else:
            _succeed(batch, rows)


def _fail_all(batch: Sequence[_Question], error: Exception) -> None:
    for _statement, _parameters, answer in batch:
        _fail(answer, error)


def _succeed(batch: Sequence[_Question], rows: Sequence[list[Record]]) -> None:
    for (_statement, _parameters, answer), found in zip(batch, rows, strict=True):
        if not answer.done():
            answer.set_result(found)


def _fail(answer: "asyncio.Future[Any]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
