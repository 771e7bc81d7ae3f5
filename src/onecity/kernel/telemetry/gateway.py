"""The gateway process: signs devices in at the broker, collects their QoS 0 messages, and shows out who floods."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection

from onecity.kernel.core.clock import now, now_us
from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.capture import Capture
from onecity.kernel.telemetry.catalogue import Watcher, database_parameters
from onecity.kernel.telemetry.collector import Collector
from onecity.kernel.telemetry.commanding.sender import Sender
from onecity.kernel.telemetry.doorkeeper import Doorkeeper
from onecity.kernel.telemetry.link import Link, LinkError, Message
from onecity.kernel.telemetry.logic import wire
from onecity.kernel.telemetry.logic.catalogue import Catalogue
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys
from onecity.kernel.telemetry.models import Heartbeat
from onecity.kernel.telemetry.violations import Violations

SOURCE = "mqtt0"
SUBJECT = f"log.telemetry.{SOURCE}"
QUEUE = "gateway"
SUBJECT_START = len("telemetry.")
# copies of messages that the broker keeps itself (QoS 1 and 2): the pipeline reads those from the log
KEPT_BY_BROKER = (b"Nmqtt-Pub:1", b"Nmqtt-Pub:2", b"Nmqtt-Pub: 1", b"Nmqtt-Pub: 2")
FLUSH_S = 0.04
MOST_MESSAGES = 50_000
RETRY_S = 0.3
HEARTBEAT_S = 5.0

log = logging.getLogger(__name__)


class Companion(Protocol):
    """What works beside the gateway, in a thread of its own: it takes messages to topics of another standard."""

    @property
    def ready(self) -> bool:
        """Whether it hears what is sent now."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End."""


MakeCompanion = Callable[[str, BrokerKeys, Watcher], Companion]


@dataclass
class Gateway:
    """One gateway; several share the work, since they subscribe as a group. `beside`: who works beside it."""

    url: str
    keys: BrokerKeys
    beside: Sequence[MakeCompanion] = ()
    _ending: threading.Event = field(default_factory=threading.Event)
    _collector: Collector = field(default_factory=Collector)
    _capture: Capture = field(default_factory=Capture)
    _lost: int = 0
    _beat: float = 0.0
    _collecting: bool = False

    def __post_init__(self) -> None:
        self._parameters = database_parameters()
        self._watcher = Watcher(self._parameters)
        self._doorkeeper = Doorkeeper(self.url, self.keys, self._watcher, violations=Violations(broker_log()))
        self._commands = Sender(self.url, self.keys)
        self._doorkeeper.came_in = self._commands.came_in
        self._companions = [make(self.url, self.keys, self._watcher) for make in self.beside]

    @property
    def ready(self) -> bool:
        """Whether devices can come in and send now."""
        return self._collecting and self._doorkeeper.open and all(one.ready for one in self._companions)

    @property
    def connected(self) -> int:
        """How many devices are inside now."""
        return self._doorkeeper.connected

    @property
    def catalogue(self) -> Catalogue:
        """The series and devices this gateway knows now."""
        return self._watcher.current

    def stop(self, *_: object) -> None:
        """Let `run` end; safe in a signal handler."""
        self._ending.set()

    def run(self) -> None:
        """Collect until stopped; connections that break are made again."""
        self._watcher.start()
        self._watcher.wait(30)
        for companion in self._companions:
            companion.start()
        self._doorkeeper.start()
        self._commands.start()
        while not self._ending.is_set():
            link = Link(self.url, broker.USER, self.keys.password, "onecity-gateway")
            try:
                link.open()
                link.subscribe(broker.DEVICE_SUBJECTS, QUEUE)
                self._collecting = True
                self._collect(link)
            except LinkError as error:
                log.warning("the broker cannot be reached, trying again: %s", error)
                self._ending.wait(RETRY_S)
            finally:
                self._collecting = False
                link.close()
        self._commands.stop()
        self._doorkeeper.stop()
        for companion in self._companions:
            companion.stop()
        self._doorkeeper.turned.write(self._parameters)
        self._watcher.stop()

    def _collect(self, link: Link) -> None:
        while not self._ending.is_set():
            messages = link.take(0.5)
            deadline = time.monotonic() + FLUSH_S
            while messages and len(messages) < MOST_MESSAGES and (left := deadline - time.monotonic()) > 0:
                messages += link.take(left)
            if messages:
                self._flush(link, messages)
            self._sign_of_life()

    def _flush(self, link: Link, messages: list[Message]) -> None:
        """Put one round of messages into the log; of QoS 0 nobody was promised anything, but what is lost is counted."""
        self._note(messages)
        mine = [
            (message.subject[SUBJECT_START:].decode(errors="replace"), message.payload)
            for message in messages
            if not message.header or not any(mark in message.header for mark in KEPT_BY_BROKER)
        ]
        self._watch_kept(messages, len(messages) - len(mine))
        if not mine:
            return
        received_at = now_us()
        batch, refusals, floods = self._collector.collect(self._watcher.current, mine, received_at)
        for device in floods:
            self._doorkeeper.flooded(device)
        for text in wire.messages(SOURCE, received_at, batch, refusals.finish()):
            answer = msgspec.json.decode(link.request(SUBJECT, text, 10))
            if "error" in answer:
                self._lost += len(batch) + refusals.readings
                log.error("the log takes nothing: %s", answer["error"].get("description"))

    def _note(self, messages: list[Message]) -> None:
        """Note the first messages as they came: all of them while few come."""
        devices = self._watcher.current.devices
        for message in messages[: self._capture.room()]:
            name = message.subject[SUBJECT_START:].decode(errors="replace")
            if name in devices:
                self._capture.note("mqtt", name, message.payload)

    def _watch_kept(self, messages: list[Message], kept: int) -> None:
        """A device that floods with QoS 1 is shown out as well; its messages are judged where they are read."""
        if not kept:
            return
        counts: dict[bytes, int] = {}
        for message in messages:
            if message.header and any(mark in message.header for mark in KEPT_BY_BROKER):
                counts[message.subject] = counts.get(message.subject, 0) + 1
        devices = self._watcher.current.devices
        moment = time.monotonic()
        for subject, count in counts.items():
            name = subject[SUBJECT_START:].decode(errors="replace")
            if name in devices:
                bucket = self._collector.buckets.of(f"{name}/kept", devices[name].readings_per_second, moment)
                if bucket.take_up_to(count, moment) < count:
                    self._doorkeeper.flooded(name)

    def _sign_of_life(self) -> None:
        if time.monotonic() < self._beat:
            return
        self._beat = time.monotonic() + HEARTBEAT_S
        self._doorkeeper.turned.write(self._parameters)
        self._capture.write(self._parameters)
        detail = {"lost": self._lost, "connected": self._doorkeeper.connected, "banned": self._doorkeeper.banned}
        try:
            Heartbeat.objects.update_or_create(process="gateway", defaults={"at": now(), "detail": detail})
        except DatabaseError as error:
            # devices are served from memory while the database is away
            log.warning("the database cannot be reached: %s", str(error).strip())
            connection.close()


def broker_log() -> Path:
    """The broker's log file: of the embedded one, or that of ONECITY_NATS_LOG."""
    return Path(os.environ.get("ONECITY_NATS_LOG") or Path(settings.ONECITY_HOME) / "log" / "nats.log")


def run(beside: Sequence[MakeCompanion] = ()) -> None:
    """Run the gateway until the process is told to end."""
    gateway = Gateway(settings.ONECITY_NATS_URL, BrokerKeys.derive(settings.ONECITY_BROKER_SECRET), beside)
    signal.signal(signal.SIGTERM, gateway.stop)
    signal.signal(signal.SIGINT, gateway.stop)
    gateway.run()
