"""LoRaWAN: follows the MQTT broker of a ChirpStack network server; what is acknowledged there is kept here.

The session outlives the connection (MQTT 3.1.1, 3.1.2.4) and messages are acknowledged only when they are in the log, so
that the broker holds for us whatever comes while we are away, and sends again what we did not finish.
"""

import asyncio
import ssl
from functools import partial
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry import chirpstack
from onecity.kernel.telemetry.chirpstack import Told
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.fieldbus import forms, lorawan_orders, sealing
from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError
from onecity.kernel.telemetry.fieldbus.orders import LOOK_S, ask
from onecity.kernel.telemetry.fieldbus.runner import Context
from onecity.kernel.telemetry.logic.readings import Refusals
from onecity.kernel.telemetry.uplinks import Uplink

WAY = "lorawan"
KEEP_ALIVE_S = 30
# messages taken together, and not yet acknowledged
AT_ONCE = 500
PATIENCE_S = 10.0


class ChirpStackDriver:
    """Follows one network server's broker."""

    follows = True

    def __init__(self, context: Context) -> None:
        form = forms.check("chirpstack", context.source.settings)
        if not isinstance(form, forms.ChirpStack):
            raise SourceError(Fault.SETTINGS)
        self._context = context
        self._form = form
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[mqtt.MQTTMessage | SourceError] = asyncio.Queue()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._sending: asyncio.Task[None] | None = None
        self._client = self._make(sealing.unseal(context.source.id, context.source.sealed))

    def _make(self, credentials: dict[str, str]) -> mqtt.Client:
        # the name is the session's: always the same for one source
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"onecity-{self._context.source.id}",
            clean_session=False,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if username := credentials.get("username"):
            client.username_pw_set(username, credentials.get("password", ""))
        if self._form.tls:
            authority = credentials.get("ca") or None
            client.tls_set_context(ssl.create_default_context(cadata=authority))
        client.max_inflight_messages_set(AT_ONCE)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._heard
        return client

    async def open(self) -> None:
        """Connect and subscribe."""
        form = self._form
        await asyncio.to_thread(self._client.connect, form.host, form.port, KEEP_ALIVE_S)
        self._client.loop_start()
        async with asyncio.timeout(PATIENCE_S):
            await self._ready
        self._context.state.succeeded(0)
        self._sending = self._loop.create_task(self._send())

    async def close(self) -> None:
        """Give the connection back; the broker keeps the session."""
        if self._sending is not None:
            self._sending.cancel()
        self._client.on_disconnect = None
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        if self._ready.done() and not self._ready.cancelled():
            self._ready.exception()

    async def round(self) -> None:
        """Wait for messages, take them, acknowledge them."""
        first = await self._news.get()
        messages: list[mqtt.MQTTMessage] = []
        item: mqtt.MQTTMessage | SourceError | None = first
        while item is not None:
            if isinstance(item, SourceError):
                raise item
            messages.append(item)
            item = None if len(messages) >= AT_ONCE or self._news.empty() else self._news.get_nowait()
        count = await self._take(messages)
        for message in messages:
            self._client.ack(message.mid, message.qos)
        self._context.state.succeeded(count)

    async def _take(self, messages: list[mqtt.MQTTMessage]) -> int:
        refusals, heard, told = Refusals(), list[tuple[Uplink, str]](), list[Told]()
        for message in messages:
            try:
                self._read(message, heard, told)
            except CodecError as error:
                refusals.add("codec", [one_line(message)], count=1, detail=f"{message.topic}: {error}")
        entry, count = self._context.entry, 0
        for answer in told:
            await ask(entry.database, partial(lorawan_orders.settle, answer, self._context.source.division_path))
        if refusals.readings:
            await entry.refused(WAY, refusals)
        if len(heard) == 1:
            # the key lets the log recognise a message that comes twice
            count, _refused = await entry.uplinks(WAY, [heard[0][0]], heard[0][1])
        elif heard:
            count, _refused = await entry.uplinks(WAY, _once(heard))
        return count

    async def _send(self) -> None:
        """Bring commands to the network server; what it has not taken is brought again."""
        source, database = self._context.source, self._context.entry.database
        while True:
            waiting = await ask(database, partial(lorawan_orders.orders, source.id, source.division_path)) or []
            sent = [(order.due.id, self._client.publish(order.topic, order.body, 1)) for order in waiting]
            taken = []
            for identity, publishing in sent:
                try:
                    await asyncio.to_thread(publishing.wait_for_publish, PATIENCE_S)
                except (RuntimeError, ValueError):
                    # the connection is gone: the lease ends and the command is claimed again
                    continue
                if publishing.is_published():
                    taken.append(identity)
            if taken:
                await ask(database, partial(lorawan_orders.handed, taken))
            await asyncio.sleep(LOOK_S)

    def _read(self, message: mqtt.MQTTMessage, uplinks: list[tuple[Uplink, str]], told: list[Told]) -> None:
        kind = message.topic.rpartition("/")[2]
        if (answer := chirpstack.told(bytes(message.payload), kind)) is not None:
            told.append(answer)
            return
        heard = chirpstack.read(bytes(message.payload), kind, now_us(), self._context.source.division_path)
        if heard is None:
            return
        self._context.entry.hearing.note(
            chirpstack.NETWORK,
            heard.address,
            self._context.source.division_path,
            {**heard.signal, "source": str(self._context.source.id)},
        )
        if heard.uplink is not None:
            uplinks.append((heard.uplink, heard.key))

    def _connected(
        self, client: mqtt.Client, _data: object, _flags: Any, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            fault = Fault.REFUSED if reason.value in {4, 5, 0x86, 0x87} else Fault.PROTOCOL
            self._fail(SourceError(fault, str(reason)))
        else:
            client.subscribe(self._form.topic, 1)

    def _subscribed(self, _client: mqtt.Client, _data: object, _mid: int, reasons: Any, _properties: object) -> None:
        if any(reason.is_failure for reason in reasons):
            self._fail(SourceError(Fault.REFUSED, f"{self._form.topic}: {reasons[0]}"))
        else:
            self._loop.call_soon_threadsafe(self._set_ready)

    def _disconnected(self, *arguments: Any) -> None:
        self._fail(SourceError(Fault.UNREACHABLE, str(arguments[3]) if len(arguments) > 3 else ""))

    def _heard(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._news.put_nowait, message)

    def _set_ready(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    def _fail(self, error: SourceError) -> None:
        self._loop.call_soon_threadsafe(self._fail_here, error)

    def _fail_here(self, error: SourceError) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)
        self._news.put_nowait(error)


def one_line(message: mqtt.MQTTMessage) -> bytes:
    """A message as quarantine keeps it."""
    return bytes(message.payload).replace(b"\n", b" ")


def _once(uplinks: list[tuple[Uplink, str]]) -> list[Uplink]:
    """Messages without those that several brokers or gateways brought twice."""
    found: dict[str, Uplink] = {}
    for number, (uplink, key) in enumerate(uplinks):
        found.setdefault(key or str(number), uplink)
    return list(found.values())
