"""The door by HTTP: a device fetches its commands, waiting for them where there are none yet, and acknowledges them.

`GET /api/telemetry/commands?wait=<seconds>` and `POST /api/telemetry/commands/<id>/ack`. A thousand devices that wait
cost one question to the database each half second.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec
from django.db import DatabaseError, connection
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.commanding import answering, service, store
from onecity.kernel.telemetry.ingest import Ingest, sign_in
from onecity.kernel.telemetry.ingest import app as readings_door
from onecity.kernel.telemetry.ingest import body as bodies
from onecity.kernel.telemetry.ingest.answers import Answer, language
from onecity.kernel.telemetry.ingest.log import unavailable
from onecity.kernel.telemetry.logic.catalogue import KnownDevice

PATH = "/api/telemetry/commands"
ACK = re.compile(rf"{PATH}/([0-9a-fA-F-]{{36}})/ack\Z")
LONGEST_WAIT_S = 60.0
LOOK_S = 0.5
JSON = {"Content-Type": "application/json"}

logger = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Result = TypeVar("Result")


def takes(scope: Scope) -> bool:
    """Whether a request is for this door."""
    path = scope.get("path", "")
    return scope["type"] == "http" and (path == PATH or ACK.match(path) is not None)


class CommandDoor:
    """The application; it knows devices by the catalogue of the door for readings."""

    def __init__(self, readings: Ingest) -> None:
        self._readings = readings
        self._database = ThreadPoolExecutor(1, thread_name_prefix="command-door")
        self._waiting: dict[uuid.UUID, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        with translation.override(language(headers.get("accept-language", ""))):
            try:
                answer = await self._answer(scope, headers, receive)
            except Problem as problem:
                answer = Answer.of_problem(problem, scope["path"])
            except ConnectionResetError:
                return
            await answer.send(send)

    async def _answer(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> Answer:
        acknowledged = ACK.match(scope["path"])
        allowed = "POST" if acknowledged else "GET"
        if scope["method"] != allowed:
            title = _("This address does not offer that method")
            raise Problem("method_not_allowed", title, status=405, extra={"allow": (allowed,)})
        watcher, _log = self._readings.start()
        if not watcher.loaded and not await asyncio.to_thread(watcher.wait, 5.0):
            raise unavailable()
        device = sign_in.device(watcher.current, headers.get("authorization", ""))
        if acknowledged:
            return await self._settle(device, acknowledged[1], await _body(headers, receive))
        return await self._give(device, _seconds(scope), receive)

    async def _settle(self, device: KnownDevice, command: str, body: bytes) -> Answer:
        said = answering.read(body, command)
        take = partial(store.settle, uuid.UUID(device.id), said.command_id, said.outcome, said.result, now())
        state = await self._in_database(take)
        if not state:
            raise service.missing()
        return Answer(200, JSON, msgspec.json.encode({"id": str(said.command_id), "state": state}))

    async def _give(self, device: KnownDevice, seconds: float, receive: Receive) -> Answer:
        """All open commands; with a time to wait, as soon as one of them is due."""
        identity = uuid.UUID(device.id)
        if seconds:
            await self._wait(identity, seconds, receive)
        found = await self._in_database(lambda: store.give(identity, now()))
        body = {"commands": [store.shown(due) for due in found]}
        return Answer(200, JSON, msgspec.json.encode(body))

    async def _wait(self, device: uuid.UUID, seconds: float, receive: Receive) -> None:
        """Until something is due for the device, or the time is over; raises ConnectionResetError where it has left."""
        due = asyncio.Event()
        self._waiting.setdefault(device, set()).add(due)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
        coming, leaving = asyncio.ensure_future(due.wait()), asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({coming, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and not due.is_set():
                raise ConnectionResetError
        finally:
            coming.cancel()
            leaving.cancel()
            self._waiting[device].discard(due)
            if not self._waiting[device]:
                del self._waiting[device]

    async def _look(self) -> None:
        """Ask for all who wait, as long as somebody does."""
        while self._waiting:
            devices = list(self._waiting)
            try:
                found = await self._in_database(lambda names: store.waiting(names, now()), devices)
            except Problem:
                found = set()
            for device in found:
                for event in self._waiting.get(device, ()):
                    event.set()
            await asyncio.sleep(LOOK_S)

    async def _in_database(self, act: Callable[..., Result], *arguments: object) -> Result:
        """Run in the thread that holds the connection; raises Problem 503 while the database is away."""

        def work() -> Result:
            try:
                return act(*arguments)
            except DatabaseError:
                connection.close()
                raise

        try:
            return await asyncio.get_running_loop().run_in_executor(self._database, work)
        except DatabaseError as error:
            logger.warning("the database cannot be reached: %s", str(error).strip())
            title = _("Commands cannot be read or acknowledged just now")
            raise Problem("commands-unavailable", title, status=503, extra={"retry_after": 2}) from error

    def close(self) -> None:
        """Give the connection back."""
        self._database.submit(_close).result()
        self._database.shutdown()


def _close() -> None:
    """Give this thread's connection back."""
    connection.close()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes:
    declared = headers.get("content-length", "")
    return await bodies.read(receive, int(declared) if declared.isdigit() else None)


def _seconds(scope: Scope) -> float:
    """How long a device would wait."""
    text = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("wait", ["0"])[0]
    return min(float(text), LONGEST_WAIT_S) if text.isdigit() and len(text) < 6 else 0.0


app = CommandDoor(readings_door)
