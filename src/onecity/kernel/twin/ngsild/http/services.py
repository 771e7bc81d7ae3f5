"""What the handlers of a process share: database, writer, reader, contexts, and what is known of devices and places."""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection

from onecity.kernel.core.outbound import networks
from onecity.kernel.places import service as places
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.ingest import app as ingest
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.twin.ngsild.context.store import Contexts
from onecity.kernel.twin.ngsild.federation.distributing.asking import Sources
from onecity.kernel.twin.ngsild.federation.distributing.rights import Rights
from onecity.kernel.twin.ngsild.federation.roster import Roster
from onecity.kernel.twin.ngsild.http.tenants import Tenants
from onecity.kernel.twin.ngsild.snapshots.preparing import Snapshots
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.reading import Reader
from onecity.kernel.twin.ngsild.store.writer import Writer

T = TypeVar("T")
THREADS = 4
WAIT_S = 5.0
# how long the district that was found is taken for granted
ROOT_S = 5.0


class Services:
    """Made at a process's first request; `close` gives everything back."""

    def __init__(self, parameters: dict[str, Any] | None = None) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ngsild")
        self._root = ""
        self._root_until = 0.0
        # the pseudonym by which this source is known to others and finds loops (5.2.40)
        self.alias = f"onecity-{uuid.uuid5(uuid.NAMESPACE_URL, settings.ONECITY_BASE_URL).hex[:12]}"
        self.anonymous: str = settings.ONECITY_NGSI_LD_ANONYMOUS
        self.database = Database(parameters or database_parameters())
        self.tenants = Tenants(self.database)
        self.writer = Writer(self.database, self.locate)
        self.reader = Reader(self.database)
        allow = networks(settings.ONECITY_OUTBOUND_ALLOW)
        self.contexts = Contexts(self.database, allow)
        self.registrations = Roster(self.database)
        self.sources = Sources(self.contexts, allow, self.registrations.record_outcome)
        self.rights = Rights(self.database)
        self.snapshots = Snapshots(self.database, allow)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run what needs Django's own connection in a thread, and give that connection back afterwards."""

        def run() -> T:
            try:
                return work()
            finally:
                connection.close()

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    async def catalogue(self) -> Catalogue:
        """The devices and series as they are known now."""
        watcher, _log = ingest.start()
        if not watcher.loaded:
            await asyncio.to_thread(watcher.wait, WAIT_S)
        return watcher.current

    async def root(self) -> str:
        """The path of the district; "" as long as none is loaded."""
        if time.monotonic() >= self._root_until:
            self._root = await self.in_thread(_root)
            self._root_until = time.monotonic() + ROOT_S
        return self._root

    async def locate(self, points: Sequence[tuple[float, float] | None]) -> Sequence[str]:
        """The division of each point, "" for what lies in none or has no place."""
        known = [point for point in points if point is not None]
        if not known:
            return [""] * len(points)
        found = iter(await self.in_thread(lambda: _locate(known)))
        return ["" if point is None else next(found) for point in points]

    async def close(self) -> None:
        """Give connections and threads back."""
        await self.snapshots.close()
        await self.sources.close()
        await self.registrations.close()
        await self.database.close()
        self._threads.shutdown(wait=False)


def _root() -> str:
    root = places.root()
    return "" if root is None else root.path


def _locate(points: Sequence[tuple[float, float]]) -> list[str]:
    return places.locate([lon for lon, _lat in points], [lat for _lon, lat in points])
