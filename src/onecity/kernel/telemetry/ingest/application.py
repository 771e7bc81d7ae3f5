"""The ASGI application of the door: routes, order of the checks, and the answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.capture import Capture
from onecity.kernel.telemetry.catalogue import Watcher, database_parameters
from onecity.kernel.telemetry.ingest import body as bodies
from onecity.kernel.telemetry.ingest import formats, sign_in
from onecity.kernel.telemetry.ingest.answers import Answer, accepted, kept_but, language, refused_or, too_fast
from onecity.kernel.telemetry.ingest.body import UnreadableError
from onecity.kernel.telemetry.ingest.log import Log, unavailable
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.bucket import Buckets
from onecity.kernel.telemetry.logic.catalogue import KnownDevice
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.logic.readings import Refusal
from onecity.kernel.telemetry.turned_away import Turned, caller

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LINE_PATHS = frozenset({"/write", "/api/v2/write"})
METHODS = {"/ping": ("GET", "HEAD"), "/health": ("GET", "HEAD")}
INGEST_PATHS = frozenset({"/ingest", "/ping", "/health", *LINE_PATHS})
# bodies above this are read in a thread, so that the loop keeps answering others
INLINE_BYTES = 32 * 1024
PARALLEL = 2
# who was turned away is written down so long (s) after
WRITE_S = 1.0


class Ingest:
    """The application with what it holds: the catalogue, the log and the senders' allowances."""

    def __init__(self) -> None:
        self._watcher: Watcher | None = None
        self._log: Log | None = None
        self._buckets = Buckets()
        self._working: asyncio.Semaphore | None = None
        self._turned = Turned()
        self._capture = Capture()
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await (await self._answer(scope, receive)).send(send, head_only=scope["method"] == "HEAD")

    def start(self) -> tuple[Watcher, Log]:
        """Catalogue and log, begun at first use: a server that is not told of its start works as well."""
        if self._watcher is None or self._log is None:
            self._watcher = Watcher(database_parameters())
            self._watcher.start()
            self._log = Log(settings.ONECITY_NATS_URL, BrokerKeys.derive(settings.ONECITY_BROKER_SECRET))
            self._working = asyncio.Semaphore(PARALLEL)
        self._log.open()
        return self._watcher, self._log

    async def stop(self) -> None:
        """Give everything back."""
        if self._writing is not None:
            self._writing.cancel()
        if self._turned.waiting:
            await asyncio.to_thread(self._turned.write, database_parameters())
        if self._log is not None:
            await self._log.close()
        if self._watcher is not None:
            await asyncio.to_thread(self._watcher.stop)
        self._watcher = self._log = None

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        with translation.override(language(headers.get("accept-language", ""))):
            try:
                return await self._route(scope, headers, receive)
            except Problem as problem:
                return Answer.of_problem(problem, scope["path"])
            except ConnectionResetError:
                return Answer(499, {}, b"")

    async def _route(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        allowed = METHODS.get(path, ("POST",))
        if method not in allowed:
            title = _("This address does not offer that method")
            raise Problem("method_not_allowed", title, status=405, extra={"allow": allowed})
        if path == "/ping":
            return Answer(204, {"X-Influxdb-Version": "OneCity"}, b"")
        if path == "/health":
            return self._health()
        try:
            return await self._readings(path, scope.get("query_string", b""), headers, receive)
        except sign_in.UnknownError as problem:
            self._turn_away(problem.claimed, scope)
            raise

    async def _readings(self, path: str, address: bytes, headers: Mapping[str, str], receive: Receive) -> Answer:
        """Take a request's readings: who sends, may it send now, what is in it, is it in the log."""
        watcher, log = self.start()
        if not watcher.loaded and not await asyncio.to_thread(watcher.wait, 5.0):
            raise unavailable()
        query = parse_qs(address.decode("latin-1"))
        device = sign_in.device(watcher.current, headers.get("authorization", "") or _from_query(query))
        bucket = self._buckets.of(device.id, device.readings_per_second, time.monotonic())
        if (wait := bucket.wait(time.monotonic())) > 0:
            raise too_fast(wait, device.readings_per_second)
        try:
            raw = await self._body(headers, receive)
            taken = await self._take(path, headers, query, raw, device)
        except UnreadableError as problem:
            raw = problem.head
            taken = formats.unreadable(_way(path, headers), raw, problem, device.id)
        bucket.take(_weight(taken), time.monotonic())
        refused = taken.refusals.finish()
        self._capture.note(_way(path, headers), device.id, raw, outcome=refused[0].reason if refused else "")
        self._write_soon()
        messages = list(wire.messages(taken.source, clock.now_us(), taken.batch, refused))
        key = headers.get("idempotency-key", "")[:200]
        await log.append(taken.source, messages, f"{device.id}/{key}" if key else "")
        return _told(path, taken, refused)

    def _turn_away(self, claimed: str, scope: Scope) -> None:
        """Count who was turned away, and write the counts down a moment later."""
        address, watcher = scope.get("client"), self._watcher
        known = watcher.current.devices.get(claimed.lower()) if watcher is not None else None
        self._turned.count(caller(known, claimed, formats.HTTP, str(address[0]) if address else ""))
        self._write_soon()

    def _write_soon(self) -> None:
        if (self._writing is None or self._writing.done()) and (self._turned.waiting or self._capture.waiting):
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        parameters = database_parameters()
        while self._turned.waiting or self._capture.waiting:
            await asyncio.sleep(WRITE_S)
            await asyncio.to_thread(self._turned.write, parameters)
            await asyncio.to_thread(self._capture.write, parameters)

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        declared = headers.get("content-length", "")
        return await bodies.read(receive, int(declared) if declared.isdigit() else None)

    async def _take(
        self, path: str, headers: Mapping[str, str], query: Mapping[str, list[str]], raw: bytes, device: KnownDevice
    ) -> formats.Taken:
        if self._watcher is None or self._working is None:
            raise unavailable()
        catalogue, encoding = self._watcher.current, headers.get("content-encoding", "")
        now_us = clock.now_us()

        def work() -> formats.Taken:
            try:
                text = bodies.inflate(raw, encoding)
            except UnreadableError as problem:
                return formats.unreadable(_way(path, headers), raw, problem, device.id)
            if path in LINE_PATHS:
                return formats.take_lines(text, query.get("precision", [""])[0], catalogue, device, now_us)
            return formats.take(text, _kind(headers), catalogue, device, now_us)

        if len(raw) <= INLINE_BYTES and not encoding:
            return work()
        async with self._working:
            return await asyncio.to_thread(work)

    def _health(self) -> Answer:
        watcher, log = self.start()
        parts = {"catalogue": watcher.loaded, "log": log.connected}
        ready = all(parts.values())
        text = {"name": "onecity", "status": "pass" if ready else "fail", "checks": parts}
        return Answer(200 if ready else 503, {"Content-Type": "application/json"}, msgspec.json.encode(text))


def _told(path: str, taken: formats.Taken, refused: Sequence[Refusal]) -> Answer:
    if taken.problem is not None:
        return Answer.of_problem(kept_but(taken, refused), path)
    if path in LINE_PATHS:
        return Answer(204, {}, b"") if not refused else Answer.of_problem(refused_or(taken, refused), path)
    return accepted(taken, refused) if len(taken.batch) else Answer.of_problem(refused_or(taken, refused), path)


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _way(path: str, headers: Mapping[str, str]) -> str:
    return formats.INFLUX if path in LINE_PATHS else formats.way(_kind(headers))


def _weight(taken: formats.Taken) -> int:
    """What a request counts against its sender's allowance: its readings, or what is kept of it in KiB."""
    if taken.problem is not None:
        return 1 + sum(len(refusal.raw) for refusal in taken.refusals.finish()) // 1024
    return len(taken.batch) + taken.refusals.readings


def _from_query(query: Mapping[str, list[str]]) -> str:
    """InfluxDB 1 clients may name themselves in the address (`u`, `p`)."""
    if "u" in query and "p" in query:
        return f"Token {query['u'][0]}.{query['p'][0]}"
    return ""


app = Ingest()
