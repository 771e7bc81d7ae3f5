"""The field process: runs every source in operation, notices new and changed ones, and costs nothing where there is none."""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.catalogue import Watcher, database_parameters
from onecity.kernel.telemetry.fieldbus import runner
from onecity.kernel.telemetry.fieldbus.board import Board
from onecity.kernel.telemetry.fieldbus.drivers import DRIVERS
from onecity.kernel.telemetry.fieldbus.entry import Entry
from onecity.kernel.telemetry.fieldbus.listener import CoapDoor
from onecity.kernel.telemetry.fieldbus.runner import Context, Source
from onecity.kernel.telemetry.fieldbus.spool import Spool
from onecity.kernel.telemetry.ingest.log import Log
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.models import FieldSource, Heartbeat

LOOK_S = 2.0
WRITE_S = 1.0
SPOOL_BYTES = 1024**3
# how long sources are given to leave when the process ends (s)
LEAVE_S = 5.0

Result = TypeVar("Result")
log = logging.getLogger(__name__)


@dataclass
class FieldProcess:
    """The sources at work; `look_s` is how often it looks for changed ones."""

    url: str
    keys: BrokerKeys
    spool: Path
    spool_bytes: int = SPOOL_BYTES
    look_s: float = LOOK_S
    coap: CoapDoor | None = None
    board: Board = field(default_factory=Board)
    entry: Entry | None = None
    _tasks: dict[UUID, tuple[Source, asyncio.Task[None]]] = field(default_factory=dict)
    _database: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="fieldbus-database")
    )
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Let `run` end; called within the loop."""
        self._ending.set()

    async def run(self) -> None:
        """Work until stopped."""
        if self.coap is not None:
            await self.coap.open(self._way_in())
        writing = asyncio.get_running_loop().create_task(self._write())
        try:
            while not self._ending.is_set():
                found = await self._in_database(_sources)
                if found is not None:
                    await self._follow(found)
                await self._wait(self.look_s)
        finally:
            await self._leave(writing)

    async def _follow(self, found: Mapping[UUID, tuple[Source, dict[str, Any]]]) -> None:
        """Start what is new or changed, end what is gone."""
        for identity, (source, task) in list(self._tasks.items()):
            if found.get(identity, (None,))[0] != source:
                task.cancel()
                await asyncio.wait([task], timeout=LEAVE_S)
                del self._tasks[identity]
                if identity not in found:
                    self.board.states.pop(identity, None)
        for identity, (source, position) in found.items():
            if identity in self._tasks:
                continue
            context = Context(source, self.board.of(identity, position), self._way_in())
            work = runner.run(context, DRIVERS[source.protocol])
            self._tasks[identity] = (source, asyncio.get_running_loop().create_task(work, name=source.name))

    def _way_in(self) -> Entry:
        """Catalogue, log and spool: begun with the first source."""
        if self.entry is None:
            watcher = Watcher(database_parameters())
            self.entry = Entry(watcher, Log(self.url, self.keys), Spool(self.spool, self.spool_bytes), self._database)
            self.entry.start()
        return self.entry

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(WRITE_S)
            await self._in_database(self._say)

    def _say(self) -> None:
        self.board.write()
        if self.entry is not None:
            self.entry.hearing.write()
            self.entry.capture.write(database_parameters())
        detail = {
            "sources": len(self._tasks),
            "failing": sum(bool(state.failures) for state in self.board.states.values()),
            "waiting": self.entry.spool.waiting if self.entry is not None else 0,
        }
        Heartbeat.objects.update_or_create(process="fieldbus", defaults={"at": now(), "detail": detail})

    async def _leave(self, writing: asyncio.Task[None]) -> None:
        tasks = [task for _source, task in self._tasks.values()]
        for task in [*tasks, writing]:
            task.cancel()
        await asyncio.wait([*tasks, writing], timeout=LEAVE_S)
        if self.coap is not None:
            await self.coap.close()
        await self._in_database(self.board.write)
        if self.entry is not None:
            await self.entry.stop()
        await self._in_database(_close)
        self._database.shutdown()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _in_database(self, act: Callable[[], Result]) -> Result | None:
        """Run in the thread that holds the connection; None while the database is away."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._database, act)
        except DatabaseError as error:
            log.warning("the database cannot be reached: %s", str(error).strip())
            await asyncio.get_running_loop().run_in_executor(self._database, _close)
            return None


def _sources() -> dict[UUID, tuple[Source, dict[str, Any]]]:
    """All sources in operation, with their positions."""
    rows = FieldSource.objects.filter(enabled=True).select_related("state")
    return {
        row.id: (
            Source(
                row.id,
                row.name,
                row.protocol,
                row.settings,
                bytes(row.sealed),
                row.interval_s,
                str(row.device_id),
                row.division_path,
                row.changed_at.isoformat(),
            ),
            row.state.position if hasattr(row, "state") else {},
        )
        for row in rows
    }


def _close() -> None:
    """Give this thread's connection back."""
    connection.close()


def quiet() -> None:
    """Let the libraries report what is wrong, not what they do."""
    for name in ("asyncua", "pymodbus", "pysnmp", "coap-server", "coap"):
        logging.getLogger(name).setLevel(logging.ERROR)


async def _main() -> None:
    port = int(getattr(settings, "ONECITY_COAP_PORT", 0))
    process = FieldProcess(
        settings.ONECITY_NATS_URL,
        BrokerKeys.derive(settings.ONECITY_BROKER_SECRET),
        Path(settings.ONECITY_HOME) / "spool" / "fieldbus",
        coap=CoapDoor(getattr(settings, "ONECITY_COAP_HOST", "127.0.0.1"), port) if port else None,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, partial(process.stop))
    await process.run()


def run() -> None:
    """Run the field process until it is told to end."""
    quiet()
    asyncio.run(_main())
