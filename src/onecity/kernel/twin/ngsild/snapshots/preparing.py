"""Prepares snapshots behind the answer that they were created, and tells whoever asked for it how that went (5.16.6)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import httpx
import psycopg

from onecity.kernel.access.outbound import Bounds, async_client
from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.outbound import Network
from onecity.kernel.twin.ngsild.http.response import encode
from onecity.kernel.twin.ngsild.snapshots import presenting
from onecity.kernel.twin.ngsild.snapshots.filling import Filling, moment_of
from onecity.kernel.twin.ngsild.snapshots.records import Record, Records
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.principal import Principal

AT_ONCE: Final = 2
END_S: Final = 5.0
BOUNDS: Final = Bounds(10.0, 64 * 1024, 0)
ATTEMPTS_S: Final = (1.0, 5.0, 0.0)  # the pause after each attempt to tell; none after the last

log = logging.getLogger(__name__)


Fill = Callable[[Filling], Awaitable[None]]


class Snapshots:
    """The snapshots that one process prepares."""

    def __init__(self, database: Database, allow: Sequence[Network]) -> None:
        self.records = Records(database)
        self._allow = allow
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def fill(self, principal: Principal, record: Record, prepare: Callable[[], Awaitable[Fill]]) -> None:
        """Have a snapshot filled with what queries find; `prepare` asks sources, and gives the work that is left."""
        self._begin(self._prepare(principal, record, prepare))

    def clone(self, principal: Principal, record: Record, source: Record) -> None:
        """Have a snapshot filled with what another one holds."""

        async def work(filling: Filling) -> None:
            await filling.clone(source.space)

        async def prepare() -> Fill:
            return work

        self._begin(self._prepare(principal, record, prepare))

    def tell(self, record: Record) -> None:
        """Tell at the snapshot's endpoint, if it has one, how it is."""
        if "endpoint" in record.document:
            self._begin(self._tell(record))

    async def close(self) -> None:
        """Let what is under way come to its end, for a while."""
        if self._tasks:
            _done, left = await asyncio.wait(self._tasks, timeout=END_S)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _prepare(self, principal: Principal, record: Record, prepare: Callable[[], Awaitable[Fill]]) -> None:
        async with self._gate:
            try:
                work = await prepare()
                async with self.records.frozen(principal) as connection:
                    await work(Filling(connection, principal, record, moment_of(clock.now_us())))
            except (psycopg.Error, Problem):
                log.exception("preparing the snapshot %s", record.urn)
                await self._failed(principal, record)
        try:
            self.tell(await self.records.one(principal, record.tenant, record.urn))
        except Problem as problem:  # it was deleted meanwhile
            log.info("the snapshot %s is gone: %s", record.urn, problem)

    async def _failed(self, principal: Principal, record: Record) -> None:
        try:
            async with self.records.acting(principal) as connection:
                await Filling(connection, principal, record, "").finish("failure", None, None)
        except (psycopg.Error, Problem):
            log.exception("noting that the snapshot %s failed", record.urn)

    async def _tell(self, record: Record) -> None:
        body = encode(presenting.notification(record, clock.now()))
        headers = {pair["key"]: pair["value"] for pair in record.document.get("receiverInfo", ())}
        headers = {"Content-Type": "application/json"} | headers
        async with async_client(self._allow, BOUNDS) as client:
            for pause in ATTEMPTS_S:
                try:
                    answer = await client.post(record.document["endpoint"], content=body, headers=headers)
                except (httpx.HTTPError, httpx.InvalidURL, Problem) as error:
                    log.warning("the snapshot %s could not be told of: %s", record.urn, error)
                else:
                    if answer.is_success:
                        return
                    log.warning("the snapshot %s was told of, the answer was %d", record.urn, answer.status_code)
                await asyncio.sleep(pause)
