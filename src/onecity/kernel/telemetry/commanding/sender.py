"""Brings commands to devices that listen at the broker (MQTT, NATS), hears what they answer, and ends what is too late.

A device listens to `commands/<device id>` and answers to `commands/<device id>/ack`; the broker lets it do neither for
another. Whether somebody listens the broker says itself, so that nothing counts as sent that nobody heard.
"""

import datetime as dt
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import DatabaseError, connection

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.commanding import answering, store
from onecity.kernel.telemetry.commanding.store import Due
from onecity.kernel.telemetry.link import NO_RESPONDERS, Link, LinkError, Message
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys

PREFIX = "commands."
ACKNOWLEDGEMENTS = "commands.*.ack"
QUEUE = "commands"
LOOK_S = 0.25
EXPIRE_S = 1.0
RETRY_S = 0.5
LEASE = dt.timedelta(seconds=10)
# a device that is not there is asked for again after so long, or when it comes in
ABSENT = dt.timedelta(seconds=60)
# after coming in a device subscribes; it may take its time
HURRY_S = (0.2, 1.0, 3.0)
NOT_THERE = "_INBOX.onecity-commands."

log = logging.getLogger(__name__)


@dataclass
class Sender:
    """Works in a thread of its own; of several, one sends, and all hear answers."""

    url: str
    keys: BrokerKeys
    absent: dt.timedelta = ABSENT
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _arrivals: deque[tuple[float, str, dt.datetime]] = field(default_factory=deque)
    _expired: float = 0.0
    _leads: bool = False

    def start(self) -> None:
        """Begin to send."""
        self._thread = threading.Thread(target=self._run, name="telemetry-commands", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(10)

    def came_in(self, device: str) -> None:
        """A device has come in: what waits for it is sent as soon as it listens. Called by the door's thread."""
        moment, came_at = time.monotonic(), now()
        self._arrivals.extend((moment + later, device, came_at) for later in HURRY_S)

    def _run(self) -> None:
        while not self._ending.is_set():
            link = Link(self.url, broker.USER, self.keys.password, "onecity-commands")
            try:
                link.open()
                link.subscribe(ACKNOWLEDGEMENTS, QUEUE)
                inbox = f"{NOT_THERE}{uuid.uuid4().hex}"
                link.subscribe(f"{inbox}.*")
                while not self._ending.is_set():
                    self._work(link, inbox)
            except LinkError as error:
                log.warning("the broker cannot be reached, trying again: %s", error)
                self._ending.wait(RETRY_S)
            except DatabaseError as error:
                log.warning("the database cannot be reached: %s", str(error).strip())
                connection.close()
                self._leads = False
                self._ending.wait(RETRY_S)
            finally:
                link.close()
        connection.close()

    def _work(self, link: Link, inbox: str) -> None:
        """One turn: answers first, since they end what would otherwise be sent again."""
        for message in link.take(LOOK_S):
            self._hear(message)
        self._hurry()
        if not self._leads:
            self._leads = store.lead()
        if not self._leads:
            return
        if time.monotonic() - self._expired > EXPIRE_S:
            self._expired = time.monotonic()
            store.expire(now())
        if due := store.claim("direct", now(), LEASE):
            self._send(link, inbox, due)

    def _hurry(self) -> None:
        moment, came = time.monotonic(), dict[uuid.UUID, dt.datetime]()
        for _number in range(len(self._arrivals)):
            at, device, came_at = self._arrivals.popleft()
            if at <= moment:
                came[uuid.UUID(device)] = came_at
            else:
                self._arrivals.append((at, device, came_at))
        if came:
            store.arrived(came, now())

    def _send(self, link: Link, inbox: str, due: Sequence[Due]) -> None:
        """Send in order; the broker answers at once for each message that nobody heard."""
        for number, one in enumerate(due):
            link.publish(f"{PREFIX}{one.device_id}", one.message(), f"{inbox}.{number}")
        # what the broker has to say of them it says before it answers this
        link.request("$JS.API.INFO", b"", 5)
        unheard: set[int] = set()
        for message in link.take(0):
            if message.subject.startswith(NOT_THERE.encode()):
                if message.header.startswith(NO_RESPONDERS):
                    unheard.add(int(message.subject.rpartition(b".")[2]))
            else:
                self._hear(message)
        heard = [one.id for number, one in enumerate(due) if number not in unheard]
        away = [one.id for number, one in enumerate(due) if number in unheard]
        if heard:
            store.handed(heard, now())
        if away:
            store.postponed(away, now() + self.absent)

    def _hear(self, message: Message) -> None:
        """Take what a device says of its command; the subject tells which device, and the broker vouches for that."""
        parts = message.subject.decode(errors="replace").split(".")
        if len(parts) != 3 or parts[2] != "ack":
            return
        try:
            device, said = uuid.UUID(parts[1]), answering.read(message.payload)
        except (ValueError, Problem) as error:
            log.info("an answer of device %s cannot be read: %s", parts[1], error)
            return
        store.settle(device, said.command_id, said.outcome, said.result, now())
