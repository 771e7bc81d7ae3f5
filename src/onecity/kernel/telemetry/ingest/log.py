"""The way into the durable log: an answer is given only when the broker has acknowledged that it keeps the message."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
import nats
from django.utils.translation import gettext_lazy as _
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import PubAck
from nats.js.errors import APIError, NotFoundError

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import broker, limits
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys

RETRY_S = 0.5
STREAM_FULL = {10077, 10122}

log = logging.getLogger(__name__)


class Log:
    """One connection to the broker for a process's event loop, made again whenever it breaks."""

    def __init__(self, url: str, keys: BrokerKeys) -> None:
        self._url = url
        self._keys = keys
        self._client: Client | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._broken = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""
        return self._client is not None and self._client.is_connected

    def open(self) -> None:
        """Begin to connect; does not wait and does not fail."""
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def close(self) -> None:
        """Give the connection back."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._client is not None:
            await self._client.close()

    async def append(self, way: str, messages: Sequence[bytes], key: str = "") -> None:
        """Append messages and wait until all are kept; raises Problem 503 when that is not certain.

        `key` names the request, so that a repetition within two minutes is recognised and kept once.
        """
        self.open()
        if not self.connected or self._client is None:
            raise unavailable()
        stream = self._client.jetstream(timeout=limits.LOG_TIMEOUT_S)
        for number, message in enumerate(messages):
            headers = {"Nats-Msg-Id": f"{key}/{number}"} if key else None
            publishing = stream.publish(f"log.telemetry.{way}", message, stream=broker.LOG_STREAM, headers=headers)
            try:
                await self._unless_broken(publishing)
            except APIError as error:
                raise (full() if error.err_code in STREAM_FULL else unavailable()) from error
            except (NatsError, TimeoutError, OSError) as error:
                raise unavailable() from error

    async def _unless_broken(self, publishing: Coroutine[Any, Any, PubAck]) -> None:
        """Wait for an acknowledgement, but no longer than the connection lasts: on another it will not come."""
        task, broken = asyncio.ensure_future(publishing), asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait({task, broken}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise unavailable()
            task.result()
        finally:
            broken.cancel()
            task.cancel()

    async def _lost(self) -> None:
        self._broken.set()
        self._broken = asyncio.Event()

    async def _connect(self) -> None:
        while self._client is None:
            try:
                self._client = await nats.connect(
                    self._url,
                    user=broker.USER,
                    password=self._keys.password,
                    name="onecity-ingest",
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RETRY_S,
                    error_cb=_noted,
                    disconnected_cb=self._lost,
                    connect_timeout=3,
                )
                await ensure_log(self._client)
            except (NatsError, OSError, TimeoutError) as error:
                log.warning("the broker cannot be reached, trying again: %s", error)
                if self._client is not None:
                    await self._client.close()
                    self._client = None
                await asyncio.sleep(RETRY_S)


async def ensure_log(client: Client) -> None:
    """Create the log's stream where it does not exist yet."""
    stream = client.jetstream()
    try:
        await stream.stream_info(broker.LOG_STREAM)
    except NotFoundError:
        body = msgspec.json.encode(broker.log_stream_settings())
        answer = await client.request(f"$JS.API.STREAM.CREATE.{broker.LOG_STREAM}", body, timeout=5)
        problem = msgspec.json.decode(answer.data).get("error")
        if problem:
            raise NatsError(problem.get("description", "the log could not be created")) from None


def unavailable() -> Problem:
    """The answer while the log cannot be reached: nothing is certain, so the sender keeps its readings and tries again."""
    return Problem(
        "log_unavailable",
        _("The readings could not be stored safely just now"),
        status=503,
        detail=_("Keep them and send the same request again; what arrived twice is recognised."),
        extra={"retry_after": 1},
    )


def full() -> Problem:
    """The answer while the log is full: what is stored must be worked off first."""
    return Problem(
        "log_full",
        _("The store of incoming readings is full"),
        status=503,
        detail=_("Keep the readings and send them again later."),
        extra={"retry_after": 10},
    )


async def _noted(error: Exception) -> None:
    log.info("broker: %s", error)
