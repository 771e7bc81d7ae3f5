"""Numbers that are written through NGSI-LD onto a measured attribute also go the way of every reading: into the log.

They are taken from the change log, which is written in the same transaction, so that none is lost whichever process
ends when. What is about to be sent is noted before, and what was sent after: whoever takes over after an end in between
sends the very same again under the same name, which the log keeps once; so does the store, when that comes later.
"""

import asyncio
import datetime as dt
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.conf import settings

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.catalogue import Watcher, database_parameters
from onecity.kernel.telemetry.ingest.log import Log
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.twin.models.change import Operation
from onecity.kernel.twin.ngsild.store import rows
from onecity.kernel.twin.ngsild.store.database import Connection
from onecity.kernel.twin.ngsild.store.principal import SET, SYSTEM
from onecity.kernel.twin.ngsild.store.series import SeriesNames
from onecity.kernel.twin.ngsild.store.times import EPOCH, read

SOURCE: Final = "ngsi-ld"
MICROSECOND: Final = dt.timedelta(microseconds=1)
SENT, SENDING = "readings", "readings.sending"
MOST: Final = 4_000  # changes that are sent at once: each time costs two commits and an answer of the log
# a transaction may have begun, and dated its changes, this long before others that the position has passed
OVERLAP: Final = dt.timedelta(hours=1)
# a series may be younger than what this process knows of series; the database has told of it within this time
LEARNED: Final = dt.timedelta(seconds=3)
SAVE: Final = dt.timedelta(seconds=1)  # the position is written this often where nothing is sent
AGAIN_S: Final = 0.5
WAIT_S: Final = 5.0
APART_S: Final = 0.02

POSITIONS: Final = "SELECT name, txid, number, at FROM twin_position WHERE name IN (%s, %s)"
HORIZON: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
MOVE: Final = """
INSERT INTO twin_position (name, txid, number, at) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO UPDATE SET txid = excluded.txid, number = excluded.number, at = excluded.at
"""
# series belong to the default tenant; what stages wrote into the log of changes came from the readings' log itself
SINCE: Final = f"""
SELECT c.txid::text, c.id, c.at, c.urn, c.changes::text, c.previous::text FROM twin_change c
WHERE (c.txid, c.id) > (%s::xid8, %s) AND (c.txid, c.id) <= (%s::xid8, %s) AND c.at >= %s
    AND c.tenant = '' AND c.operation IN ({Operation.CREATED}, {Operation.UPDATED})
    AND EXISTS (SELECT FROM telemetry_series s WHERE s.entity_id = c.entity_id)
ORDER BY c.txid, c.id LIMIT %s
"""  # noqa: S608 - our own numbers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """How far the log of changes is read: everything up to (txid, number); nothing before `at` waits any more."""

    txid: str
    number: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Written:
    """One write to one entity: stored attribute name → its instances afterwards, and before."""

    place: Place
    urn: str
    changes: Mapping[str, Any]
    previous: Mapping[str, Any]


class Forwarding:
    """Follows the log of changes on a connection of its own; one of all processes does at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._watcher: Watcher | None = None
        self._log = Log(settings.ONECITY_NATS_URL, BrokerKeys.derive(settings.ONECITY_BROKER_SECRET))
        self._names = SeriesNames()
        self._place: Place | None = None
        self._sending: Place | None = None
        self._saved = dt.datetime.min.replace(tzinfo=dt.UTC)

    async def run(self, woken: asyncio.Event) -> None:
        """Send until cancelled; what cannot be sent now waits in its place."""
        while True:
            try:
                more = await self.step()
            except Problem as problem:
                log.warning("readings written through NGSI-LD wait: %s", problem)
                await asyncio.sleep(AGAIN_S)
                continue
            if more:
                continue
            try:
                await asyncio.wait_for(woken.wait(), AGAIN_S)
            except TimeoutError:
                continue  # what was hidden by a transaction that still ran
            await asyncio.sleep(APART_S)
            woken.clear()

    async def step(self) -> bool:
        """One pass; whether more may wait already. Raises Problem 503 where the log does not take readings now."""
        moment = clock.now()
        place, until = await self._begin(moment)
        written, names = await self._read(place, until)
        catalogue = await self._known() if written else None
        if catalogue is not None and any(
            one.urn not in catalogue.entity_of and moment - one.place.at < LEARNED for one in written
        ):
            await asyncio.sleep(APART_S)
            return True
        full = len(written) == MOST
        reached = written[-1].place if full else until
        found = [] if catalogue is None else [one for w in written for one in readings(catalogue, names, w)]
        if found:
            await self._move(SENDING, reached)
            self._sending = reached
            await self._send(found, f"{SOURCE}/{reached.txid}-{reached.number}")
        if found or moment - self._saved > SAVE:
            await self._move(SENT, reached)
            self._saved = moment
        self._place = reached
        return full

    async def _begin(self, moment: dt.datetime) -> tuple[Place, Place]:
        """From where to where to read: to what was to be sent when the one before ended, else as far as can be seen."""
        place, sending = self._place, self._sending
        if place is None:
            cursor = await self._connection.execute(POSITIONS, (SENT, SENDING))
            known = {name: Place(*rest) for name, *rest in await cursor.fetchall()}
            place, sending = known.get(SENT, Place("0", 0, moment)), known.get(SENDING)
        if sending is not None and _order(sending) > _order(place):
            return place, sending
        row = await (await self._connection.execute(HORIZON)).fetchone()
        horizon = Place("0" if row is None else row[0], -1, moment)
        return place, max(place, horizon, key=_order)

    async def _read(self, place: Place, until: Place) -> tuple[list[Written], Mapping[str, Sequence[str]]]:
        values = (place.txid, place.number, until.txid, until.number, place.at - OVERLAP, MOST)
        async with self._connection.transaction():
            await self._connection.execute(SET, SYSTEM.settings())
            cursor = await self._connection.execute(SINCE, values)
            written = [
                Written(Place(txid, number, at), urn, rows.decode(changes), _previous(before))
                for txid, number, at, urn, changes, before in await cursor.fetchall()
            ]
            return written, await self._names.current(self._connection) if written else {}

    async def _known(self) -> Catalogue:
        """The series as they are known now; they are followed from the first time on that something may be one's."""
        if self._watcher is None:
            self._watcher = Watcher(database_parameters())
            self._watcher.start()
        if not self._watcher.loaded:
            await asyncio.to_thread(self._watcher.wait, WAIT_S)
        return self._watcher.current

    async def _send(self, found: Sequence[tuple[int, int, float]], key: str) -> None:
        batch = Batch(
            np.array([series for series, _at, _value in found], np.int32),
            np.array([at for _series, at, _value in found], np.int64),
            np.array([value for _series, _at, value in found], np.float64),
        )
        await self._log.append(SOURCE, list(wire.messages(SOURCE, clock.now_us(), batch, [])), key)

    async def close(self) -> None:
        """Give the broker's connection and the thread back."""
        await self._log.close()
        if self._watcher is not None:
            await asyncio.to_thread(self._watcher.stop)

    async def _move(self, name: str, place: Place) -> None:
        await self._connection.execute(MOVE, (name, place.txid, place.number, place.at))


def _order(place: Place) -> tuple[int, int]:
    return int(place.txid), place.number


def _previous(text: str | None) -> Mapping[str, Any]:
    return (rows.decode(text) if text else None) or {}


def readings(
    catalogue: Catalogue, names: Mapping[str, Sequence[str]], written: Written
) -> Iterator[tuple[int, int, float]]:
    """Series, moment (µs since 1970 UTC) and value of each written number that is a series' own.

    `names`: stored name → the series' own names, where a data model calls them otherwise.
    """
    entity = catalogue.entity_of.get(written.urn, -1)
    if entity < 0:
        return
    for name, instances in written.changes.items():
        own = (name, *names.get(name, ()))
        series = next((s for one in own if (s := _series(catalogue, entity, one)) is not None), None)
        before = written.previous.get(name) or ()
        # the others of the attribute's instances stand there as they were
        for instance in [one for one in instances or () if one not in before] if series is not None else ():
            if (value := _number(instance)) is not None and series is not None:
                observed = instance.get("observedAt")
                at = written.place.at if observed is None else read(observed)
                yield series, (at - EPOCH) // MICROSECOND, value


def _series(catalogue: Catalogue, entity: int, name: str) -> int | None:
    attribute = catalogue.attribute_of.get(name)
    if attribute is None:
        return None
    place = catalogue.place[catalogue.type_of[entity], attribute]
    series = int(catalogue.slots[catalogue.first_slot[entity] + place]) if place >= 0 else -1
    return series if series >= 0 else None


def _number(instance: Any) -> float | None:
    """The value of a default Property that is a finite number."""
    if not isinstance(instance, dict) or instance.get("type") != "Property" or "datasetId" in instance:
        return None
    value = instance.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
