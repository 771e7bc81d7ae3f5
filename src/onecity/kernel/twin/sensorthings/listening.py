"""SensorThings over MQTT (OGC 18-088, 14.2): devices publish observations to `v1.1/Datastreams(<id>)/Observations`.

Whose message it is follows from the topic: the broker lets nobody but the device of a series send to its topic. Messages of
QoS 1 are taken from the broker's own store and acknowledged there once they are in the database and the log.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from django.db import DatabaseError

from onecity.kernel.core.clock import now_us
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import broker, limits
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.catalogue import Watcher
from onecity.kernel.telemetry.gateway import KEPT_BY_BROKER
from onecity.kernel.telemetry.link import Link, LinkError, Message
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.bucket import Buckets
from onecity.kernel.telemetry.logic.catalogue import Catalogue, KnownDevice
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.logic.readings import Refusal
from onecity.kernel.twin.sensorthings import door, observed
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.keeping import Plans

NAME = "sensorthings"
KEPT = f"$MQTT.msgs.{broker.OBSERVED_SUBJECTS}"
ACKNOWLEDGED = b"$JS.ACK."
AT_ONCE, WAIT_S, RETRY_S, LOG_S = 500, 2.0, 0.3, 10.0

log = logging.getLogger(__name__)


@dataclass
class Listener:
    """Works in a thread of its own; of several each message goes to one."""

    url: str
    keys: BrokerKeys
    watcher: Watcher
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _buckets: Buckets = field(default_factory=Buckets)
    _ready: bool = False
    _asked_at: float = 0.0

    @property
    def ready(self) -> bool:
        """Whether it hears what is sent now."""
        return self._ready

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._run, name="sensorthings-mqtt", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(10)

    def _run(self) -> None:
        while not self._ending.is_set():
            link = Link(self.url, broker.USER, self.keys.password, "onecity-sensorthings")
            try:
                link.open()
                _prepare(link)
                link.subscribe(broker.OBSERVED_SUBJECTS, NAME)
                inbox = f"_INBOX.sta{time.monotonic_ns():x}"
                link.subscribe(inbox)
                self._ready, self._asked_at = True, 0.0
                while not self._ending.is_set():
                    self._work(link, inbox)
            except (LinkError, DatabaseError, msgspec.DecodeError) as error:
                log.warning("observations over MQTT wait, trying again: %s", str(error).strip())
                self._ending.wait(RETRY_S)
            finally:
                self._ready = False
                link.close()

    def _work(self, link: Link, inbox: str) -> None:
        if time.monotonic() - self._asked_at > WAIT_S:
            self._ask(link, inbox)
        messages = link.take(WAIT_S / 4)
        if not messages:
            return
        mine = [message for message in messages if _is_observation(message)]
        for message in mine:
            self._take(link, message)
        if any(message.reply.startswith(ACKNOWLEDGED) for message in mine):
            self._ask(link, inbox)

    def _ask(self, link: Link, inbox: str) -> None:
        """Have the broker hand over what it keeps for us, for the next moments."""
        self._asked_at = time.monotonic()
        wish = {"batch": AT_ONCE, "expires": int(WAIT_S * 1e9)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{broker.MQTT_STREAM}.{NAME}"
        link.publish(subject, msgspec.json.encode(wish), inbox)

    def _take(self, link: Link, message: Message) -> None:
        """Have one message in database and log; then the broker may forget it. Raises LinkError and DatabaseError."""
        batch, refused = self._read(message)
        for text in wire.messages(door.WAY, now_us(), batch, refused):
            answer = msgspec.json.decode(link.request(f"log.telemetry.{door.WAY}", text, LOG_S))
            if "error" in answer:
                raise LinkError(f"the log takes nothing: {answer['error'].get('description')}")
        if message.reply.startswith(ACKNOWLEDGED):
            link.publish(message.reply.decode(), b"+ACK")

    def _read(self, message: Message) -> tuple[Batch, Sequence[Refusal]]:
        """What of a message may enter; what is more than a reading is in the database when this returns."""
        parent = message.subject.decode(errors="replace").split(".")[-2]
        number = parent.removeprefix("Datastreams(").removesuffix(")")
        catalogue = self.watcher.current
        owner = catalogue.device_of(int(number)) if number.isdigit() and len(number) < 10 else ""
        device = catalogue.devices.get(owner)
        if device is None or not device.active:
            return Batch.empty(), [_refusal("unknown_device", message.payload, parent, owner)]
        moment = now_us() / limits.SECOND
        if not self._buckets.of(device.id, device.readings_per_second, moment).take_up_to(1, moment):
            return Batch.empty(), [_refusal("flood", message.payload, parent, device.id)]
        try:
            found = observed.read(f"{parent}/Observations", message.payload)
            given = _taken(found, catalogue, device)
        except Problem as problem:
            return Batch.empty(), [_refusal("malformed", message.payload, f"{parent} {problem.detail}", device.id)]
        return given.batch, given.refused


def _taken(found: Sequence[observed.Wanted], catalogue: Catalogue, device: KnownDevice) -> door.Given:
    if not door.special(found, catalogue):
        return door.take(found, catalogue, device, Plans())
    return door.kept_by(Asker(None, device.division_path, writes=True, device=device), found, catalogue, device)


def _is_observation(message: Message) -> bool:
    """Whether it is for us to take: copies of messages that the broker keeps come from there."""
    if message.reply.startswith(ACKNOWLEDGED):
        return True
    return message.subject.startswith(b"v1//1.") and not any(mark in message.header for mark in KEPT_BY_BROKER)


def _refusal(reason: str, payload: bytes, detail: str, device: str) -> Refusal:
    line = payload.replace(b"\n", b" ")[: observed.LARGEST]
    return Refusal(reason, detail[:200], 1, 1, line, 0, device)


def _prepare(link: Link) -> None:
    """Have what is sent with QoS 1 kept for us before anybody sends it. Raises LinkError."""
    answer = msgspec.json.decode(link.request(f"$JS.API.STREAM.INFO.{broker.MQTT_STREAM}", b"{}"))
    if "error" in answer:
        settings = msgspec.json.encode(broker.mqtt_stream_settings())
        link.request(f"$JS.API.STREAM.CREATE.{broker.MQTT_STREAM}", settings)
    config = {"durable_name": NAME, "ack_policy": "explicit", "deliver_policy": "all", "filter_subject": KEPT}
    body = msgspec.json.encode({"stream_name": broker.MQTT_STREAM, "config": config | {"ack_wait": 30_000_000_000}})
    answer = msgspec.json.decode(link.request(f"$JS.API.CONSUMER.DURABLE.CREATE.{broker.MQTT_STREAM}.{NAME}", body))
    if "error" in answer:
        raise LinkError(f"{broker.MQTT_STREAM} cannot be followed: {answer['error']}")
