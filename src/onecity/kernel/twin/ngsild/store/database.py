"""Connections of the event loop to the database, beside Django's own, which belong to threads."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from onecity.kernel.twin.ngsild.store import problems

Connection = AsyncConnection[tuple[Any, ...]]
MOST, WAIT_S = 8, 10.0
# a query that takes longer is ended: it answers nobody any more
STATEMENT_TIMEOUT_MS = 30_000
SMALL = 48 * 1024

log = logging.getLogger(__name__)


@asynccontextmanager
async def together(connection: Connection, size: int) -> AsyncIterator[None]:
    """Statements that are one transaction; where they are small they go out at once and come back together.

    The driver's pipeline does not send on what the socket did not take at once and would then wait for ever, so that
    statements of more than SMALL bytes in all go one after another.
    """
    if size <= SMALL:
        async with connection.pipeline():
            yield
    else:
        async with connection.transaction():
            yield


class Database:
    """A pool for one event loop; opened at first use, in autocommit mode (a pipeline is one transaction)."""

    def __init__(self, parameters: dict[str, Any], *, most: int = MOST) -> None:
        self._parameters = parameters
        self._most = most
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def pool(self) -> "AsyncConnectionPool[Connection]":
        """The open pool of the running loop."""
        loop = asyncio.get_running_loop()
        if self._pool is None or self._loop is not loop:
            self._loop = loop
            self._pool = AsyncConnectionPool(
                kwargs=self._parameters | {"autocommit": True, "prepare_threshold": 3},
                min_size=1,
                max_size=self._most,
                timeout=WAIT_S,
                open=False,
                configure=_configure,
                name="ngsild",
            )
            await self._pool.open()
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection; raises Problem 503 (InternalError) where the database cannot be reached."""
        pool = await self.pool()
        try:
            async with pool.connection() as connection:
                yield connection
        except (PoolTimeout, psycopg.OperationalError) as error:
            if isinstance(error, psycopg.errors.QueryCanceled):
                raise problems.too_complex() from error
            log.warning("the database cannot be reached: %s", error)
            raise problems.unavailable() from error

    async def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            await self._pool.close()
        self._pool = None


async def _configure(connection: Connection) -> None:
    await connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
