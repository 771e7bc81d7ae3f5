"""Wakes the live streams of one web process: one LISTEN connection and one reading thread, however many pages are open.

Readers see only changes whose transaction is older than every running one (`notify.feed`), so a change can become
readable a little after its notification. The hub therefore ticks again after each one, and streams read at most once a
tick: a burst of changes costs every account one query, not a hundred.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.db import close_old_connections, connections
from psycopg import sql

from onecity.kernel.access.session import acting_as
from onecity.kernel.notify import feed
from onecity.kernel.web.ending import call_at_end
from onecity.kernel.web.stream import Batch, Key, batch_of

logger = logging.getLogger(__name__)
SPACING = 0.4  # seconds between two ticks at least
ECHOES = (0.4, 0.8, 1.6, 3.2)  # ticks after a notification, for changes that become readable late
RECONNECT = 2.0
Read = Callable[[Key], Batch]


def read(key: Key) -> Batch:
    """Read on from a cursor as one account, in a transaction of its own; runs in the thread of the hub."""
    account_id, cursor = key
    close_old_connections()
    with acting_as(account_id):
        if not cursor:
            return Batch(feed.head(), (), gap=False)
        return batch_of(feed.since(cursor))


class Hub:
    """The heart of one event loop's streams; `wait` returns at the next tick, `fetch` shares equal reads."""

    def __init__(self, reading: Read = read) -> None:
        self._reading = reading
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live")
        self._tick = asyncio.Event()
        self._notified = asyncio.Event()
        self._running: dict[Key, asyncio.Future[Batch]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.streams = 0
        self.ended = False

    def join(self) -> None:
        """Count a stream in; the first one starts the listener."""
        self.streams += 1
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]

    def leave(self) -> None:
        """Count a stream out; the last one ends the listener and its connection."""
        self.streams -= 1
        if self.streams == 0:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def end(self) -> None:
        """Let every stream end now, and those that come later at once: the process is about to stop."""
        self.ended = True
        self._wake()

    async def wait(self, seconds: float) -> None:
        """Return at the next tick, or after `seconds`; at once where the streams are to end."""
        if self.ended:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tick.wait(), seconds)

    async def fetch(self, account_id: UUID | None, cursor: str) -> Batch:
        """What the account may see after the cursor; equal questions asked at the same time are asked once."""
        key = (account_id, cursor)
        running = self._running.get(key)
        if running is None:
            running = asyncio.get_running_loop().run_in_executor(self._thread, self._reading, key)
            self._running[key] = running
            running.add_done_callback(lambda _done: self._running.pop(key, None))
        return await asyncio.shield(running)

    async def close(self) -> None:
        """Give the reading thread and its database connection back; for the end of a process or a test."""
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    def notify(self) -> None:
        """Something was published: tick now and, for what becomes readable late, a few times more."""
        self._notified.set()

    async def _beat(self) -> None:
        while True:
            await self._notified.wait()
            self._notified.clear()
            self._wake()
            for pause in ECHOES:
                await asyncio.sleep(SPACING)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._notified.wait(), pause - SPACING + 0.001)
                if self._notified.is_set():
                    break
                self._wake()

    def _wake(self) -> None:
        self._tick.set()
        self._tick = asyncio.Event()

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (psycopg.Error, OSError) as error:
                logger.warning("the change feed cannot be heard, trying again: %s", error)
            await asyncio.sleep(RECONNECT)

    async def _listen_once(self) -> None:
        connection = await psycopg.AsyncConnection.connect(**_parameters(), autocommit=True)
        async with connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(feed.CHANNEL)))
            self.notify()
            async for _notification in connection.notifies():
                self.notify()


def _parameters() -> dict[str, Any]:
    parameters = connections["default"].get_connection_params()
    kept = {"host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey"}
    return {name: value for name, value in parameters.items() if name in kept}


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        call_at_end(loop, _hubs[loop].end)
    return _hubs[loop]
