"""Sends notifications over MQTT (7.2): one connection for each broker and user, made when it is needed."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from onecity.kernel.access.outbound import judge
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.core.outbound import Network
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.http.links import context_header
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.endpoints import JSON, MQTT, VERSIONS, Endpoint
from onecity.kernel.twin.ngsild.subscriptions.sending import RefusedError, space

KEEPALIVE_S: Final = 30
Key = tuple[str, str | None, str | None, str]


class _Client(paho.Client):
    """Connects to an address that was judged, and still checks the certificate against the broker's name."""

    address = ""

    def _create_socket_connection(self) -> socket.socket:
        return socket.create_connection((self.address, self._port), timeout=self._connect_timeout)


class _Link:
    """One connection to a broker; the library works in a thread of its own and tells the event loop."""

    def __init__(self, endpoint: Endpoint, address: str) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.broken = False
        self._waiting: dict[int, asyncio.Future[None]] = {}
        version = paho.MQTTv311 if endpoint.version == VERSIONS[0] else paho.MQTTv5
        self._client = _Client(CallbackAPIVersion.VERSION2, client_id=f"onecity-{new_id().hex}", protocol=version)
        self._client.address = address
        self._client.connect_timeout = endpoint.timeout
        if endpoint.user is not None:
            self._client.username_pw_set(endpoint.user, endpoint.password)
        if endpoint.scheme == "mqtts":
            self._client.tls_set()
        self._client.on_connect = self._connected
        self._client.on_connect_fail = lambda *_args: self._tell(self._break, "the broker cannot be reached")
        self._client.on_disconnect = lambda *_args: self._tell(self._break, "the broker ended the connection")
        self._client.on_publish = lambda _c, _u, number, *_rest: self._tell(self._taken, number)
        self._client.connect_async(endpoint.host, endpoint.port, KEEPALIVE_S)
        self._client.loop_start()

    async def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Publish; returns when the broker has taken it, as far as the quality of service tells."""
        await asyncio.shield(self.ready)
        sent = self._client.publish(topic, payload, qos)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise RefusedError(paho.error_string(sent.rc))
        if sent.is_published():
            return
        taken = self._waiting.setdefault(sent.mid, self._loop.create_future())
        try:
            await taken
        finally:
            self._waiting.pop(sent.mid, None)

    def close(self) -> None:
        """End the connection; the thread ends by itself."""
        self.broken = True
        self._client.on_disconnect = None
        self._client.disconnect()
        self._loop.run_in_executor(None, self._client.loop_stop)

    def _tell(self, what: Any, *args: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *args)

    def _connected(self, _client: object, _user: object, _flags: object, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            self._tell(self._break, str(reason))
        else:
            self._tell(self._open)

    def _open(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)

    def _taken(self, number: int) -> None:
        taken = self._waiting.get(number)
        if taken is not None and not taken.done():
            taken.set_result(None)

    def _break(self, reason: str) -> None:
        self.broken = True
        for waiting in (self.ready, *self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(RefusedError(reason))
        if self.ready.done() and not self.ready.cancelled():
            self.ready.exception()  # whether or not anybody waits for it


class MqttSender:
    """Sends to any number of brokers."""

    def __init__(self, allow: Sequence[Network]) -> None:
        self._allow = allow
        self._links: dict[Key, _Link] = {}

    async def send(self, one: Compiled, body: bytes) -> None:
        """Send one notification; raises RefusedError."""
        endpoint = one.endpoint
        key = (endpoint.origin, endpoint.user, endpoint.password, endpoint.version)
        try:
            async with asyncio.timeout(endpoint.timeout):
                link = await self._link(key, endpoint)
                await link.publish(endpoint.topic, envelope(one, body), endpoint.qos)
        except TimeoutError as error:
            self._close(key)
            raise RefusedError(_("no answer within {seconds} s", seconds=f"{endpoint.timeout:g}")) from error
        except Problem as problem:
            raise RefusedError(str(problem.detail or problem.title)) from problem
        except RefusedError:
            self._close(key)
            raise
        except (OSError, ValueError) as error:
            self._close(key)
            raise RefusedError(str(error)[:200] or type(error).__name__) from error

    async def _link(self, key: Key, endpoint: Endpoint) -> _Link:
        link = self._links.get(key)
        if link is None or link.broken:
            addresses = await judge(endpoint.bare, self._allow, tuple(MQTT))
            link = self._links.get(key)  # somebody else may have made one meanwhile
        if link is None or link.broken:
            self._close(key)
            link = self._links[key] = _Link(endpoint, addresses[0])
        return link

    def _close(self, key: Key) -> None:
        link = self._links.pop(key, None)
        if link is not None:
            link.close()

    async def close(self) -> None:
        """End all connections."""
        for key in list(self._links):
            self._close(key)


def envelope(one: Compiled, body: bytes) -> bytes:
    """The message: what HTTP has in headers as `metadata`, the notification as `body` (7.2)."""
    metadata = {"Content-Type": one.endpoint.accept}
    if one.endpoint.accept == JSON:
        metadata["Link"] = context_header(one.view.link)[1]
    metadata |= {name: value for name, value in space(one).items() if value}
    metadata = dict(one.endpoint.receiver) | metadata
    return msgspec.json.encode({"metadata": metadata, "body": msgspec.Raw(body)})
