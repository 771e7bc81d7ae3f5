"""Numbers that are written through NGSI-LD onto a measured attribute also go the way of every reading: into the log."""

import datetime as dt
import logging
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.ingest import app as ingest
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.twin.ngsild.store.database import Database
from onecity.kernel.twin.ngsild.store.operation import Result
from onecity.kernel.twin.ngsild.store.principal import Principal
from onecity.kernel.twin.ngsild.store.series import SeriesNames
from onecity.kernel.twin.ngsild.store.times import EPOCH, read

SOURCE = "ngsi-ld"
MICROSECOND = dt.timedelta(microseconds=1)

log = logging.getLogger(__name__)


class Forwarder:
    """Called after each commit; what belongs to no series costs one look into a table."""

    def __init__(self, catalogue: Callable[[], Awaitable[Catalogue]], database: Database) -> None:
        self._catalogue = catalogue
        self._database = database
        self._names = SeriesNames()

    async def after_commit(self, principal: Principal, tenant: str, results: Sequence[Result]) -> None:
        """Send the numbers of measured attributes to the log; the default tenant's only, since series know no other."""
        del principal
        if tenant:
            return
        catalogue = await self._catalogue()
        measured = [result for result in results if result.urn in catalogue.entity_of]
        if not measured:
            return
        async with self._database.connection() as connection:
            names = await self._names.current(connection)
        found = [reading for result in measured for reading in readings(catalogue, names, result)]
        if not found:
            return
        batch = Batch(
            np.array([series for series, _at, _value in found], np.int32),
            np.array([at for _series, at, _value in found], np.int64),
            np.array([value for _series, _at, value in found], np.float64),
        )
        _watcher, door = ingest.start()
        try:
            await door.append(SOURCE, list(wire.messages(SOURCE, clock.now_us(), batch, [])))
        except Problem as problem:
            log.warning("%d readings written through NGSI-LD could not be passed on: %s", len(found), problem)


def readings(
    catalogue: Catalogue, names: Mapping[str, Sequence[str]], result: Result
) -> Iterator[tuple[int, int, float]]:
    """Series, moment (µs since 1970 UTC) and value of each changed number that is a series' own.

    `names`: stored name → the series' own names, where a data model calls them otherwise.
    """
    outcome = result.outcome
    if outcome is None or outcome.unchanged:
        return
    entity = catalogue.entity_of.get(result.urn, -1)
    if entity < 0:
        return
    for name, instances in outcome.changed.items():
        own = (name, *names.get(name, ()))
        series = next((s for one in own if (s := _series(catalogue, entity, one)) is not None), None)
        for instance in instances or () if series is not None else ():
            if (value := _number(instance)) is not None and series is not None:
                at = instance.get("observedAt") or outcome.entity.modified_at
                yield series, (read(at) - EPOCH) // MICROSECOND, value


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
