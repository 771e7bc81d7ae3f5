"""The door for network servers over HTTP: ChirpStack's HTTP integration posts its events here, beside the door for readings."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec
from django.db import DatabaseError, connection
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import chirpstack, uplinks
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.capture import Capture
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.hearing import Hearing
from onecity.kernel.telemetry.ingest import Ingest, sign_in
from onecity.kernel.telemetry.ingest import app as readings_door
from onecity.kernel.telemetry.ingest import body as bodies
from onecity.kernel.telemetry.ingest.answers import Answer, language
from onecity.kernel.telemetry.ingest.log import unavailable
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.catalogue import KnownDevice
from onecity.kernel.telemetry.logic.readings import Refusals, by_reason

CHIRPSTACK_PATH = "/ingest/chirpstack"
NETWORK_PATHS = frozenset({CHIRPSTACK_PATH})
WAY = "lorawan"

logger = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class NetworkDoor:
    """The application; catalogue and log are those of the door for readings."""

    def __init__(self, readings: Ingest) -> None:
        self._readings = readings
        self._shelf = uplinks.Shelf()
        self._hearing = Hearing()
        self._capture = Capture()
        self._database = ThreadPoolExecutor(1, thread_name_prefix="network-door")

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
        if scope["method"] != "POST":
            title = _("This address does not offer that method")
            raise Problem("method_not_allowed", title, status=405, extra={"allow": ("POST",)})
        watcher, log = self._readings.start()
        if not watcher.loaded and not await asyncio.to_thread(watcher.wait, 5.0):
            raise unavailable()
        server = sign_in.device(watcher.current, headers.get("authorization", ""))
        declared = headers.get("content-length", "")
        body = await bodies.read(receive, int(declared) if declared.isdigit() else None)
        kind = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("event", [""])[0]
        heard, refusals = self._heard(body, kind, server)
        batch = Batch.empty()
        if heard is not None:
            await asyncio.get_running_loop().run_in_executor(self._database, partial(self._look, heard, server))
            if heard.uplink is not None:
                batch = uplinks.take([heard.uplink], self._shelf, watcher.current, refusals, now_us())
        refused = refusals.finish()
        if heard is not None and heard.uplink is not None:
            uplinks.note(self._capture, WAY, [heard.uplink], self._shelf, refused)
        if len(batch) or refused:
            messages = list(wire.messages(WAY, now_us(), batch, refused))
            await log.append(WAY, messages, heard.key if heard is not None else "")
        counts = {"accepted": len(batch), "reasons": by_reason(refused)}
        # what was refused is kept, so the network server must not send it again
        return Answer(200, {"Content-Type": "application/json"}, msgspec.json.encode(counts))

    def _heard(self, body: bytes, kind: str, server: KnownDevice) -> tuple[chirpstack.Heard | None, Refusals]:
        refusals = Refusals()
        try:
            return chirpstack.read(body, kind, now_us(), server.division_path), refusals
        except CodecError as error:
            refusals.add("codec", [body.replace(b"\n", b" ")], count=1, detail=str(error), device=server.id)
            return None, refusals

    def _look(self, heard: chirpstack.Heard, server: KnownDevice) -> None:
        """Know codecs and addresses; note how the device was heard."""
        self._hearing.note(chirpstack.NETWORK, heard.address, server.division_path, heard.signal)
        try:
            self._shelf.refresh()
            self._hearing.write()
            self._capture.write(database_parameters())
        except DatabaseError as error:
            # how the device was heard is written with the next message; readings do not wait for that
            logger.warning("the database cannot be reached: %s", str(error).strip())
        finally:
            connection.close()


app = NetworkDoor(readings_door)
