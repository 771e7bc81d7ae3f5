"""The way in for everything the field process hears: checked as all readings are, then in the log or on disk, never lost."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import uplinks
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.capture import Capture
from onecity.kernel.telemetry.catalogue import Watcher
from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError
from onecity.kernel.telemetry.fieldbus.samples import Samples
from onecity.kernel.telemetry.fieldbus.spool import Spool, SpoolFullError
from onecity.kernel.telemetry.hearing import Hearing
from onecity.kernel.telemetry.ingest.formats import window
from onecity.kernel.telemetry.ingest.log import Log
from onecity.kernel.telemetry.logic import admission, wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.readings import Refusal, Refusals
from onecity.kernel.telemetry.uplinks import Shelf, Uplink

FORWARD_S = 0.5

log = logging.getLogger(__name__)


@dataclass
class Entry:
    """Catalogue, log and spool of the field process; used within one event loop. `database` is the thread that asks it."""

    watcher: Watcher
    log: Log
    spool: Spool
    database: Executor
    shelf: Shelf = field(default_factory=Shelf)
    hearing: Hearing = field(default_factory=Hearing)
    capture: Capture = field(default_factory=Capture)
    _forwarding: asyncio.Task[None] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def start(self) -> None:
        """Follow the catalogue, connect to the log, and send what an earlier process could not."""
        self.watcher.start()
        self.spool.open()
        self.log.open()
        if self._forwarding is None:
            self._forwarding = asyncio.get_running_loop().create_task(self._forward())

    async def stop(self) -> None:
        """Give everything back; what waits on disk waits there for the next start."""
        if self._forwarding is not None:
            self._forwarding.cancel()
        await self.log.close()
        await asyncio.to_thread(self.watcher.stop)

    async def samples(self, way: str, device: str, samples: Samples) -> tuple[int, list[Refusal]]:
        """Take readings that a device of ours sent or was asked for: how many may enter, and the refusals.

        When it returns, everything is in the log or on the disk. Raises SourceError (full, unreachable).
        """
        catalogue = await self._catalogue()
        refusals = Refusals()
        readings, units = samples.readings()
        known = catalogue.devices.get(device)
        if known is None or not known.active:
            texts = (
                admission.render(*point[:2], value, at, point[2])
                for point, value, at in zip(samples.points, samples.values, samples.observed_at, strict=True)
            )
            refusals.add("unknown_device", texts, count=len(samples), device=device)
            batch = Batch.empty()
        else:
            sender = np.full(len(readings), known.number, np.int32)
            foreign = uplinks.foreign_units(readings, units, catalogue)
            batch = admission.admit(catalogue, readings, sender, window(now_us()), refusals, foreign)
        return await self.keep(way, batch, refusals)

    async def uplinks(self, way: str, messages: Sequence[Uplink], key: str = "") -> tuple[int, list[Refusal]]:
        """Take devices' own messages, read by their codecs; `key` names them, so that a repetition is recognised."""
        catalogue = await self._catalogue()
        await asyncio.get_running_loop().run_in_executor(self.database, self.shelf.refresh)
        refusals = Refusals()
        batch = uplinks.take(messages, self.shelf, catalogue, refusals, now_us())
        count, refused = await self.keep(way, batch, refusals, key)
        uplinks.note(self.capture, way, messages, self.shelf, refused)
        return count, refused

    async def refused(self, way: str, refusals: Refusals) -> None:
        """Keep what could not be read at all."""
        await self.keep(way, Batch.empty(), refusals)

    async def _catalogue(self) -> Catalogue:
        if not self.watcher.loaded and not await asyncio.to_thread(self.watcher.wait, 10.0):
            raise SourceError(Fault.FULL, "the database has not been reached since the start")
        return self.watcher.current

    async def keep(self, way: str, batch: Batch, refusals: Refusals, key: str = "") -> tuple[int, list[Refusal]]:
        """Have a batch and what was refused in the log, or on the disk; raises SourceError for neither."""
        refused = refusals.finish()
        if len(batch) or refused:
            await self.append(way, list(wire.messages(way, now_us(), batch, refused)), key or str(new_id()))
        return len(batch), refused

    async def append(self, way: str, messages: Sequence[bytes], key: str) -> None:
        """Have messages in the log, or on the disk where the log does not take them; raises SourceError for neither."""
        try:
            await self.log.append(way, messages, key)
        except Problem:
            await self._spool(way, messages, key)

    async def _spool(self, way: str, messages: Sequence[bytes], key: str) -> None:
        async with self._lock:
            for number, message in enumerate(messages):
                try:
                    await asyncio.to_thread(self.spool.put, way, key, number, message)
                except (SpoolFullError, OSError) as error:
                    raise SourceError(Fault.FULL, str(error)) from error

    async def _forward(self) -> None:
        while True:
            if not self.spool.waiting or not self.log.connected or not await self._forward_some():
                await asyncio.sleep(FORWARD_S)

    async def _forward_some(self) -> bool:
        """Send the oldest messages; whether the log takes them."""
        for kept in list(self.spool.oldest()):
            try:
                # the log numbers the messages of a key itself; here each has its number in its key already
                key, _slash, number = kept.key.rpartition("/")
                message = await asyncio.to_thread(kept.path.read_bytes)
                await self.log.append(kept.way, [message], key if number == "0" else kept.key)
            except Problem:
                return False
            async with self._lock:
                self.spool.drop(kept)
        return True
