"""Writing SensorThings: devices post observations, one or as a data array, and they go the way of all readings."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry.batch import NEVER, Batch
from onecity.kernel.telemetry.catalogue import Watcher
from onecity.kernel.telemetry.ingest import Ingest, sign_in
from onecity.kernel.telemetry.ingest import app as readings_door
from onecity.kernel.telemetry.ingest import body as bodies
from onecity.kernel.telemetry.ingest.answers import Answer, language
from onecity.kernel.telemetry.ingest.formats import window
from onecity.kernel.telemetry.ingest.log import unavailable
from onecity.kernel.telemetry.logic import admission, wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue, KnownDevice
from onecity.kernel.telemetry.logic.readings import Readings, Refusal, Refusals
from onecity.kernel.twin.sensorthings import keeping, observed
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.keeping import Plans
from onecity.kernel.twin.sensorthings.observations import identify
from onecity.kernel.twin.sensorthings.observed import Wanted
from onecity.kernel.twin.sensorthings.understanding import understood

WAY = "sta"
BASE = "/sta/v1.1"
MOST_REFUSED = 64 * 1024 * 1024
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def takes(scope: Mapping[str, Any]) -> bool:
    """Whether a request is for this door: observations that a device posts. Those of others go the longer way."""
    path = str(scope.get("path", ""))
    if (
        scope.get("method") != "POST"
        or not path.startswith(BASE)
        or not path.rstrip("/").endswith(("/Observations", "/CreateObservations"))
    ):
        return False
    given = next((value for name, value in scope.get("headers", ()) if name == b"authorization"), b"")
    return parse_id(sign_in.credentials(given.decode("latin-1"))[0]) is not None


@dataclass(frozen=True, slots=True)
class Given:
    """Observations of one request: what enters as readings (`batch`), what is kept beside them (`rows`), what is refused.

    `taken`: series and time (µs) of all that were not refused.
    """

    wanted: Sequence[Wanted]
    batch: Batch
    refused: Sequence[Refusal]
    rows: Sequence[Wanted]
    taken: frozenset[tuple[int, int]]


class ObservationsDoor:
    """The application; catalogue and log are those of the door for readings."""

    def __init__(self, readings: Ingest) -> None:
        self._readings = readings
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        with translation.override(language(headers.get("accept-language", ""))):
            try:
                answer = await self._answer(scope["path"].rstrip("/"), headers, receive)
            except Problem as problem:
                answer = Answer.of_problem(problem, scope["path"])
            except ConnectionResetError:
                return
            await answer.send(send)

    async def _answer(self, path: str, headers: Mapping[str, str], receive: Receive) -> Answer:
        watcher, log = self._readings.start()
        if not watcher.loaded and not await asyncio.to_thread(watcher.wait, 5.0):
            raise unavailable()
        device = sign_in.device(watcher.current, headers.get("authorization", ""))
        declared = headers.get("content-length", "")
        body = await bodies.read(receive, int(declared) if declared.isdigit() else None)
        found = observed.read(path.removeprefix(BASE), body)
        catalogue = await self._catalogue(watcher, found)
        given = await self._taken(found, catalogue, device)
        await log.append(WAY, list(wire.messages(WAY, now_us(), given.batch, given.refused)))
        return told(given, many=path.endswith("/CreateObservations"))

    async def _taken(self, found: Sequence[Wanted], catalogue: Catalogue, device: KnownDevice) -> Given:
        """What may enter. What is more than a reading is in the database when this returns."""
        numbers = special(found, catalogue)
        if not numbers:
            return take(found, catalogue, device, Plans())
        asker = Asker(None, device.division_path, writes=True, device=device)
        return await asyncio.to_thread(kept_by, asker, found, catalogue, device)

    async def _catalogue(self, watcher: Watcher, found: Sequence[Wanted]) -> Catalogue:
        """The catalogue, read again where a datastream is not in it: it may have been made a moment ago."""
        numbers = {one.series for one in found}
        if all(watcher.current.describe(number)[0] for number in numbers):
            return watcher.current
        async with self._one_at_a_time:
            if not all(watcher.current.describe(number)[0] for number in numbers):
                await asyncio.to_thread(watcher.refresh)
        return watcher.current


def special(found: Sequence[Wanted], catalogue: Catalogue) -> set[int]:
    """The datastreams that have to be looked up: those that SensorThings made, and where more than a reading came."""
    urns = {number: catalogue.describe(number)[0] for number in {one.series for one in found}}
    own = {number for number, urn in urns.items() if urn.startswith(keeping.OWN)}
    return own | {one.series for one in found if urns[one.series] and not one.plain}


def kept_by(asker: Asker, found: Sequence[Wanted], catalogue: Catalogue, device: KnownDevice) -> Given:
    """Take observations, and keep in one transaction what is more than a reading. Raises Problem 400, 401 and 403."""
    try:
        with understood(), asker.acting():
            plans = keeping.plan(special(found, catalogue))
            given = take(found, catalogue, device, plans)
            keeping.keep(asker, given.rows, sorted(given.taken), plans)
        return given
    finally:
        # the thread goes back to a pool that knows nothing of it
        connection.close()


def take(found: Sequence[Wanted], catalogue: Catalogue, device: KnownDevice, plans: Plans) -> Given:
    """What of observations may enter; nothing is kept yet."""
    refusals = Refusals(MOST_REFUSED)
    numbers = [observed.number_of(plans.kind(one.series), one.result) for one in found]
    batch = _admitted(found, numbers, catalogue, device, refusals)
    taken = frozenset(zip(batch.series_id.tolist(), batch.observed_at.tolist(), strict=True))
    whole = [plans.whole(one) if (one.series, one.at) in taken else one for one in found]
    rows = {
        (one.series, one.at): one
        for one, number in zip(whole, numbers, strict=True)
        if (one.series, one.at) in taken and (number is None or not one.plain)
    }
    aside = {(one.series, one.at) for one, number in zip(found, numbers, strict=True) if number is None}
    keys = zip(batch.series_id.tolist(), batch.observed_at.tolist(), strict=True)
    readings = batch.take(np.array([key not in aside for key in keys], np.bool_)) if aside else batch
    return Given(found, readings, refusals.finish(), list(rows.values()), taken)


def told(given: Given, *, many: bool) -> Answer:
    """The answer when they are in the log; raises Problem 422 where all went to quarantine."""
    if many:
        links = [
            f"{BASE}/Observations('{identify(one.series, one.at)}')" if (one.series, one.at) in given.taken else "error"
            for one in given.wanted
        ]
        return Answer(201, {"Content-Type": "application/json"}, msgspec.json.encode(links))
    if not given.taken:
        reasons = {refusal.reason: refusal.detail for refusal in given.refused}
        title = _("The observation was put into quarantine")
        raise Problem("all_refused", title, status=422, extra={"reasons": reasons})
    series, at = next(iter(given.taken))
    return Answer(201, {"Location": f"{BASE}/Observations('{identify(series, at)}')"}, b"")


def _admitted(
    given: Sequence[Wanted],
    numbers: Sequence[float | None],
    catalogue: Catalogue,
    device: KnownDevice,
    refusals: Refusals,
) -> Batch:
    """The observations that may enter; what is no reading stands there with the value 0."""
    entities, attributes, rows = dict[str, int](), dict[str, int](), list[tuple[int, int, int, float]]()
    for line, (one, number) in enumerate(zip(given, numbers, strict=True)):
        urn, attribute = catalogue.describe(one.series)
        wrong = number is not None and math.isnan(number)
        if one.at == NEVER or wrong or not urn:
            reason = "unknown_entity" if not urn else "wrong_type" if wrong else "bad_time"
            facts = {"datastream": one.series, "phenomenonTime": one.time, "result": one.result}
            detail = f"Datastreams({one.series})"
            refusals.add(reason, [msgspec.json.encode(facts)], count=1, detail=detail, line=line, device=device.id)
            continue
        entity = entities.setdefault(urn, len(entities))
        rows.append((entity, attributes.setdefault(attribute, len(attributes)), one.at, number or 0.0))
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    readings = Readings(
        list(entities),
        list(attributes),
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int64),
        np.array(columns[3], np.float64),
        np.arange(len(rows), dtype=np.int32),
    )
    sender = np.full(len(rows), device.number, np.int32)
    return admission.admit(catalogue, readings, sender, window(now_us()), refusals)


app = ObservationsDoor(readings_door)
