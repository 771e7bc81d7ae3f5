"""The process of the tiers: publishes what waits, takes what comes, and says how each link stands."""

import logging
import signal
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.pipeline.source import Mailbox, Reader, Stream
from onecity.kernel.tiers import applying, documents, door, greeting, numbering, offering, peers, transfer, watching
from onecity.kernel.tiers.logic import names
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.tiers.publishing import FullError, Publisher

LOOK_S = 1.0
HELLO_S = 1.0
DOCUMENTS_S = 10.0
IDLE_S = 0.15
RETRY_S = 1.0
MOST = 200
MOST_BYTES = 8 * 1024 * 1024

log = logging.getLogger(__name__)


@dataclass
class Wire:
    """What one link needs at work: its publisher, and the reader of the other side's changes."""

    peer: Joined
    publisher: Publisher
    mailbox: Mailbox
    reader: Reader
    greeter: greeting.Greeter
    told: float = 0.0
    wrote: float = 0.0
    full: bool = False


@dataclass
class Tiers:
    """Keeps all links until stopped."""

    home: Path
    _ending: threading.Event = field(default_factory=threading.Event)
    _wires: dict[str, Wire] = field(default_factory=dict)
    _looked: float = 0.0

    def stop(self, *_: object) -> None:
        """Let `run` end; safe in a signal handler."""
        self._ending.set()

    def run(self) -> None:
        """Work until stopped; what fails is tried again."""
        complaint = ""
        files = transfer.Transfers()
        files.start()
        while not self._ending.is_set():
            link = peers.connect("onecity-tiers")
            try:
                watching.install()
                door.open_to_towns(self.home)
                link.open()
                listener = greeting.Listener(link) if settings.ONECITY_TIER == names.DISTRICT else None
                complaint = ""
                while not self._ending.is_set():
                    self._turn(link, listener)
            except (LinkError, DatabaseError, InterfaceError) as error:
                if str(error) != complaint:
                    log.warning("the links to other tiers wait: %s", str(error).strip())
                complaint = str(error)
                self._ending.wait(RETRY_S)
            finally:
                link.close()
                connection.close()
        files.end()
        self._close(list(self._wires))

    def _turn(self, link: Link, listener: greeting.Listener | None) -> None:
        self._look()
        busy = False
        for wire in self._wires.values():
            busy |= self._publish(wire, link)
            busy |= self._take(wire) > 0
            self._tell(wire, link)
        if listener is not None:
            listener.answer(link, {code: (wire.greeter, wire.publisher) for code, wire in self._wires.items()})
        if not busy:
            self._ending.wait(IDLE_S)

    @staticmethod
    def _publish(wire: Wire, link: Link) -> bool:
        """Publish what waits; where the stream is full it waits in the database, and everything else goes on."""
        try:
            return wire.publisher.publish(link) > 0
        except FullError as error:
            if not wire.full:
                log.warning("what goes to %s waits in the database: %s", wire.peer.other, error)
            wire.full = True
            return False

    def _look(self) -> None:
        """Take up links that are new, and end with those that are over."""
        if time.monotonic() - self._looked < LOOK_S:
            return
        self._looked = time.monotonic()
        door.open_to_towns(self.home)
        wanted = {peer.code: peer for peer in peers.joined()}
        self._close([code for code in self._wires if code not in wanted])
        for peer in wanted.values():
            known = self._wires.get(peer.code)
            if known is not None and known.peer != peer:
                self._close([peer.code])
                known = None
            if known is None:
                offering.offer(peer)
                self._wires[peer.code] = _wire(peer)
                self._wires[peer.code].reader.start()
                numbering.reserve(peer)

    def _close(self, codes: list[str]) -> None:
        for code in codes:
            self._wires.pop(code).reader.end()

    def _take(self, wire: Wire) -> int:
        entries = wire.mailbox.take(MOST, MOST_BYTES, 0.0)
        for entry in entries:
            if self._ending.is_set():
                break
            if entry.origin is not None:
                applying.take(wire.peer, entry)
        wire.greeter.took(len(entries))
        return len(entries)

    def _tell(self, wire: Wire, link: Link) -> None:
        moment = time.monotonic()
        if moment - wire.told >= HELLO_S:
            wire.told = moment
            if wire.peer.up:
                wire.greeter.greet(wire.publisher, link)
            wire.greeter.write()
        if moment - wire.wrote >= DOCUMENTS_S:
            wire.wrote = moment
            documents.send_changed(wire.peer)


def _wire(peer: Joined) -> Wire:
    mailbox = Mailbox()
    stream, inbox = _incoming(peer)
    connect = partial(peers.connect, f"onecity-changes-{peer.code}", inbox)
    reader = Reader(connect, (stream,), lambda _source: 0, mailbox, pause=RETRY_S)
    return Wire(peer, _publisher(peer), mailbox, reader, greeting.Greeter(peer))


def _publisher(peer: Joined) -> Publisher:
    if peer.up:
        subjects = {channel: names.up_subject(peer.code, channel) for channel in names.CHANNELS}
        return Publisher(peer, names.up_stream(peer.code), subjects)
    return Publisher(peer, names.down_stream(peer.code), {names.CHANGES: names.down_subject(peer.code)})


def _incoming(peer: Joined) -> tuple[Stream, str]:
    """The other side's stream of changes, which its broker keeps, and where its answers come in."""
    if peer.up:
        inbox, domain, stream = names.town_inbox(peer.code), names.DISTRICT_DOMAIN, names.down_stream(peer.code)
        subject = names.down_subject(peer.code)
    else:
        inbox, domain, stream = names.district_inbox(peer.code), names.domain(peer.code), names.up_stream(peer.code)
        subject = names.up_subject(peer.code, names.CHANGES)
    numbered = partial(greeting.numbered, peer)
    return Stream(
        "changes",
        stream,
        subject,
        api=names.api(domain),
        inbox=f"{inbox}.log",
        numbered=numbered,
        patience=names.PATIENCE_S,
    ), inbox


def run() -> None:
    """Run the process until it is told to end."""
    tiers = Tiers(settings.ONECITY_HOME)
    signal.signal(signal.SIGTERM, tiers.stop)
    signal.signal(signal.SIGINT, tiers.stop)
    tiers.run()
