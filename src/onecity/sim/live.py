"""The simulated present: stations that report in turn, over MQTT with quality of service 1 and over HTTP."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import msgspec
import numpy as np
from django.conf import settings
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from onecity.kernel.core.errors import Problem
from onecity.sim.answering import Unit
from onecity.sim.client import GatewayClient
from onecity.sim.devices import Credentials
from onecity.sim.station import Member, lines

log = logging.getLogger(__name__)

REPORT_SECONDS = 60.0
"""How often each station reports at speed 1."""
BEAT_SECONDS = 2.0
"""How often the loop looks who is due, so that somewhere something changes every few seconds."""
HTTP_EVERY = 3
"""Every third station reports over HTTP, the others over MQTT."""

HANDS = 4
"""Commands that are carried out at once, of all devices."""
INSTALLING_SECONDS = 60.0
"""How long a device takes to install an update at speed 1; one at a time, so that a roll-out can be watched."""
LONGEST_QUEUE = 5_000
"""Messages a device keeps while the broker is away; the oldest readings are the ones that are lost beyond it."""


class Publisher:
    """The MQTT connections of all devices; paho keeps what it could not deliver and sends it after a reconnect.

    Each device listens to its commands and carries them out beside, since fetching a file takes a while and installing
    it `installing` seconds.
    """

    def __init__(self, senders: Mapping[UUID, Credentials], installing: float = INSTALLING_SECONDS) -> None:
        self._clients: dict[UUID, mqtt.Client] = {}
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="sim-commands")
        self._installers = ThreadPoolExecutor(1, thread_name_prefix="sim-updates")
        self._installing, self._leaving = installing, threading.Event()
        for device_id, sender in senders.items():
            client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"onecity-sim-{device_id}", clean_session=True)
            client.username_pw_set(str(device_id), sender.secret)
            client.reconnect_delay_set(1, 15)
            client.max_queued_messages_set(LONGEST_QUEUE)
            client.on_connect = partial(_listen, device_id)
            client.on_message = partial(self._hear, Unit(sender))
            client.connect_async("127.0.0.1", settings.ONECITY_MQTT_PORT, keepalive=60)
            client.loop_start()
            self._clients[device_id] = client

    def publish(self, device_id: UUID, payload: bytes) -> None:
        """Hand one message to the device's connection, at least once."""
        self._clients[device_id].publish(f"telemetry/{device_id}", payload, qos=1)

    def _hear(self, unit: Unit, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        """Have a command carried out and acknowledged."""
        content = bytes(message.payload)
        if b'"update"' in content:
            self._installers.submit(self._install, unit, client, content)
        else:
            self._hands.submit(_carry_out, unit, client, content)

    def _install(self, unit: Unit, client: mqtt.Client, content: bytes) -> None:
        """Take the time that installing takes; who leaves meanwhile has not answered and is told again."""
        if not self._leaving.wait(self._installing):
            _carry_out(unit, client, content)

    def close(self) -> None:
        """Send what is under way and leave."""
        self._leaving.set()
        self._installers.shutdown(cancel_futures=True)
        self._hands.shutdown(cancel_futures=True)
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()


def _listen(device_id: UUID, client: mqtt.Client, *_facts: object) -> None:
    client.subscribe(f"commands/{device_id}", 1)


def _carry_out(unit: Unit, client: mqtt.Client, message: bytes) -> None:
    try:
        client.publish(f"commands/{unit.sender.device_id}/ack", unit.answer(message), qos=1)
    except (msgspec.DecodeError, KeyError) as error:
        log.warning("a command cannot be read: %s", error)


def run(members: Sequence[Member], client: GatewayClient, speed: float, stop: threading.Event) -> None:
    """Report until told to stop; an unreachable gateway costs readings over HTTP, never the loop."""
    publisher = Publisher({member.sender.device_id: member.sender for member in members}, INSTALLING_SECONDS / speed)
    period = REPORT_SECONDS / speed
    slots = max(1, round(period / BEAT_SECONDS))
    beat = 0
    try:
        while not stop.is_set():
            due = [(rank, member) for rank, member in enumerate(members) if rank % slots == beat % slots]
            _report(due, publisher, client)
            beat += 1
            stop.wait(BEAT_SECONDS)
    finally:
        publisher.close()


def _report(due: Sequence[tuple[int, Member]], publisher: Publisher, client: GatewayClient) -> None:
    second = np.array([int(time.time())], dtype=np.int64)
    readings = {
        key: values
        for simulation in {id(member.simulation): member.simulation for _rank, member in due}.values()
        for key, values in simulation.read(second).items()
    }
    for rank, member in due:
        for payload in lines(member.entity.urn, second, readings[member.planned.key]):
            if rank % HTTP_EVERY:
                publisher.publish(member.sender.device_id, payload)
                continue
            try:
                client.send(payload, member.sender)
            except Problem as problem:
                log.warning("%s did not report: %s", member.planned.name, problem)
