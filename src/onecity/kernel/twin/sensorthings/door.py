"""Writing SensorThings: devices post observations, one or as a data array, and they go the way of all readings."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
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
from onecity.kernel.telemetry.logic import admission, times, wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue, KnownDevice
from onecity.kernel.telemetry.logic.readings import Readings, Refusal, Refusals
from onecity.kernel.twin.sensorthings.observations import identify

WAY = "sta"
BASE = "/sta/v1.1"
MOST = 100_000
MOST_REFUSED = 64 * 1024 * 1024
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Wanted = tuple[int, object, object]
"""Datastream, time and result of one observation."""


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
        given = take(path, body, await self._catalogue(watcher, wanted(path, body)), device)
        await log.append(WAY, list(wire.messages(WAY, now_us(), given.batch, given.refused)))
        return told(given)

    async def _catalogue(self, watcher: Watcher, found: Sequence[Wanted]) -> Catalogue:
        """The catalogue, read again where a datastream is not in it: it may have been made a moment ago."""
        numbers = {number for number, _time, _result in found}
        if all(watcher.current.describe(number)[0] for number in numbers):
            return watcher.current
        async with self._one_at_a_time:
            if not all(watcher.current.describe(number)[0] for number in numbers):
                await asyncio.to_thread(watcher.refresh)
        return watcher.current


@dataclass(frozen=True, slots=True)
class Given:
    """Observations of one request, with what may enter and what is refused; `many` as a data array."""

    wanted: Sequence[Wanted]
    batch: Batch
    refused: Sequence[Refusal]
    many: bool


def take(path: str, body: bytes, catalogue: Catalogue, device: KnownDevice) -> Given:
    """Read a request's observations; nothing is sent yet. Raises Problem 400 and 413."""
    found = wanted(path, body)
    batch, refusals = admitted(found, catalogue, device)
    return Given(found, batch, refusals.finish(), path.endswith("/CreateObservations"))


def wanted(path: str, body: bytes) -> Sequence[Wanted]:
    """The observations that a request gives. Raises Problem 400 and 413."""
    many = path.endswith("/CreateObservations")
    return _array(_document(body)) if many else [_single(_document(body), path)]


def told(given: Given) -> Answer:
    """The answer when they are in the log; raises Problem 422 where all went to quarantine."""
    batch = given.batch
    kept = set(zip(batch.series_id.tolist(), batch.observed_at.tolist(), strict=True))
    if given.many:
        links = [
            f"{BASE}/Observations('{identify(s, at)}')" if (s, at) in kept else "error"
            for s, at in ((series, _moment(time)) for series, time, _result in given.wanted)
        ]
        return Answer(201, {"Content-Type": "application/json"}, msgspec.json.encode(links))
    if not kept:
        reasons = {refusal.reason: refusal.detail for refusal in given.refused}
        title = _("The observation was put into quarantine")
        raise Problem("all_refused", title, status=422, extra={"reasons": reasons})
    series, at = next(iter(kept))
    return Answer(201, {"Location": f"{BASE}/Observations('{identify(series, at)}')"}, b"")


def admitted(given: Sequence[Wanted], catalogue: Catalogue, device: KnownDevice) -> tuple[Batch, Refusals]:
    """What may enter of observations, and the refusals of the others."""
    refusals = Refusals(MOST_REFUSED)
    entities, attributes, rows = dict[str, int](), dict[str, int](), list[tuple[int, int, int, float]]()
    for line, (series, time, result) in enumerate(given):
        urn, attribute = catalogue.describe(series)
        at = _moment(time)
        number = isinstance(result, int | float) and not isinstance(result, bool)
        if at == NEVER or not number or not urn:
            reason = "unknown_entity" if not urn else "wrong_type" if not number else "bad_time"
            text = msgspec.json.encode({"datastream": series, "phenomenonTime": time, "result": result})
            refusals.add(reason, [text], count=1, detail=f"Datastreams({series})", line=line, device=device.id)
            continue
        entity = entities.setdefault(urn, len(entities))
        rows.append((entity, attributes.setdefault(attribute, len(attributes)), at, _number(result)))
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
    return admission.admit(catalogue, readings, sender, window(now_us()), refusals), refusals


def _number(result: object) -> float:
    try:
        return float(result) if isinstance(result, int | float) else float("nan")
    except OverflowError:
        return float("inf")


def _moment(time: object) -> int:
    """The time of an observation in µs; of an interval its end; now where there is none."""
    if time is None:
        return now_us()
    found = times.from_one(time.partition("/")[2] or time) if isinstance(time, str) else None
    return NEVER if found is None else found


def _document(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(str(error)[:200]) from error


def _wrong(detail: str) -> Problem:
    return Problem("sensorthings-body", _("The observation cannot be read"), status=400, detail=detail)


def _single(document: object, path: str) -> Wanted:
    if not isinstance(document, dict) or "result" not in document:
        raise _wrong("result")
    parent = path.removeprefix(BASE).removesuffix("/Observations").strip("/")
    series = parent.removeprefix("Datastreams(").removesuffix(")") if parent.startswith("Datastreams(") else ""
    if parent and not series.isdigit():
        raise _wrong(parent[:100])
    number = int(series[:10]) if series else _stream(document.get("Datastream"))
    return number, document.get("phenomenonTime"), document["result"]


def _stream(link: object) -> int:
    key = link.get("@iot.id") if isinstance(link, dict) else None
    if isinstance(key, str) and key.isdigit():
        key = int(key[:10])
    if not isinstance(key, int) or isinstance(key, bool) or not 0 < key < 2**31:
        raise _wrong("Datastream/@iot.id")
    return key


def _array(document: object) -> list[Wanted]:
    """The observations of a data array (OGC 18-088, 13.3)."""
    found: list[Wanted] = []
    for group in document if isinstance(document, list) else [None]:
        if not isinstance(group, dict):
            raise _wrong("components, dataArray")
        series, names, rows = _stream(group.get("Datastream")), group.get("components"), group.get("dataArray")
        if not isinstance(names, list) or not isinstance(rows, list) or "result" not in names:
            raise _wrong("components, dataArray")
        if len(found) + len(rows) > MOST:
            raise Problem("too_large", _("The request is too large"), status=413)
        for row in rows:
            if not isinstance(row, list) or len(row) != len(names):
                raise _wrong("dataArray")
            facts = dict(zip(map(str, names), row, strict=True))
            found.append((series, facts.get("phenomenonTime"), facts["result"]))
    return found


app = ObservationsDoor(readings_door)
