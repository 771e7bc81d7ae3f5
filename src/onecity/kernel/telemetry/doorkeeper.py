"""The broker's door: answers its question whether a device may connect, and shows out revoked and flooding devices."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from onecity.kernel.core.clock import now_us
from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.catalogue import Watcher
from onecity.kernel.telemetry.ingest.sign_in import verify
from onecity.kernel.telemetry.inside import connections, secrets_changed
from onecity.kernel.telemetry.link import Link, LinkError, Message, NobodyAnswersError
from onecity.kernel.telemetry.logic import nkeys
from onecity.kernel.telemetry.logic.catalogue import KnownDevice
from onecity.kernel.telemetry.logic.nkeys import BrokerKeys, Request
from onecity.kernel.telemetry.pipeline.source import MQTT as MQTT_LOG
from onecity.kernel.telemetry.pipeline.source import prepare
from onecity.kernel.telemetry.service import hash_secret
from onecity.kernel.telemetry.turned_away import Turned, caller
from onecity.kernel.telemetry.violations import Violations

MQTT, WEBSOCKET = "mqtt", "websocket"
RETRY_S = 0.3
CHECK_S = 0.5
# how long the broker is waited for when it is asked whether a connection is still there
ASK_S = 0.5
DISCONNECTED = f"$SYS.ACCOUNT.{broker.ACCOUNT}.DISCONNECT"
# a device that floods for so long is shown out, and kept out for so long
PATIENCE_S = 1.0
FORGET_S = 5.0
BAN_S = 60.0
# connections a device may hold at once; the oldest gives way
CONNECTIONS = 4
# where the broker itself brings an MQTT client what it subscribed to with QoS 1; it lets no client subscribe there
MQTT_OWN = ("$MQTT.sub.>",)
# so many messages a second to other topics are nobody's mistake any more
LEAST_FLOOD = 100
# what a device may do stands in the token of its connection: so many series have a topic of their own in it
MOST_OBSERVED = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """A connection of a device: whose, at which server, its number there, and the secret it came with."""

    device: str
    server: str
    client: int
    secret_hash: bytes
    mqtt_id: str


@dataclass(slots=True)
class _Flood:
    since: float
    last: float


@dataclass
class Doorkeeper:
    """Answers the broker in a thread of its own, so that a flood of messages keeps nobody waiting at the door."""

    url: str
    keys: BrokerKeys
    watcher: Watcher
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _visits: dict[str, deque[Visit]] = field(default_factory=dict)
    # by server and number there, and by the name of the MQTT session
    _connections: dict[tuple[str, int], Visit] = field(default_factory=dict)
    _sessions: dict[str, Visit] = field(default_factory=dict)
    _bans: dict[str, float] = field(default_factory=dict)
    _floods: dict[str, _Flood] = field(default_factory=dict)
    _leaving: deque[Visit] = field(default_factory=deque)
    _serving: bool = False
    turned: Turned = field(default_factory=Turned)
    violations: Violations | None = None
    # told of every device that comes in
    came_in: Callable[[str], None] | None = None

    @property
    def open(self) -> bool:
        """Whether somebody stands at the door."""
        return self._serving

    @property
    def connected(self) -> int:
        """How many devices are inside: they came in, have not left and were not shown out."""
        return len(self._visits)

    @property
    def banned(self) -> int:
        """How many devices are kept out now."""
        moment = time.monotonic()
        return sum(until > moment for until in list(self._bans.values()))

    def start(self) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(target=self._run, name="telemetry-door", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(10)
        if self.violations is not None:
            self.violations.close()

    def flooded(self, device: str) -> None:
        """A device sent more than it may; if that lasts it is shown out. Called by the collecting thread."""
        moment = time.monotonic()
        flood = self._floods.get(device)
        if flood is None or moment - flood.last > FORGET_S:
            flood = self._floods[device] = _Flood(moment, moment)
        flood.last = moment
        if moment - flood.since >= PATIENCE_S and device in self.watcher.current.devices:
            self._bans[device] = moment + BAN_S
            self._show_out(device)
            del self._floods[device]
            log.warning("device %s floods and is kept out for %.0f s", device, BAN_S)

    def _run(self) -> None:
        while not self._ending.is_set():
            link = Link(self.url, broker.USER, self.keys.password, "onecity-door")
            system = Link(self.url, broker.SYSTEM_USER, self.keys.system_password, "onecity-door-system")
            try:
                link.open()
                system.open()
                # nobody comes in before what they send with QoS 1 is kept
                prepare(link, MQTT_LOG)
                system.subscribe(DISCONNECTED)
                self._learn(system)
                link.subscribe(broker.AUTH_SUBJECT, "door")
                self._serving = True
                self._serve(link, system)
            except LinkError as error:
                log.warning("the broker cannot be reached, trying again: %s", error)
                self._ending.wait(RETRY_S)
            finally:
                self._serving = False
                link.close()
                system.close()

    def _serve(self, link: Link, system: Link) -> None:
        checked = 0.0
        while not self._ending.is_set():
            for message in link.take(CHECK_S / 2):
                link.publish(message.reply.decode(), self._answer(message, system))
            self._hear(system)
            if time.monotonic() - checked > CHECK_S:
                checked = time.monotonic()
                self._check_visits()
                self._count_violations()
            while self._leaving:
                visit = self._leaving.popleft()
                body = msgspec.json.encode({"cid": visit.client})
                # a server leaves requests aside that name nowhere to answer to, though it answers this one to nobody
                system.publish(f"$SYS.REQ.SERVER.{visit.server}.KICK", body, "_INBOX.nobody")

    def _hear(self, system: Link) -> None:
        """Forget whoever has left since the last look."""
        while messages := system.take(0):
            for message in messages:
                try:
                    event = msgspec.json.decode(message.payload)
                    key = event["server"]["id"], int(event["client"]["id"])
                except (msgspec.DecodeError, KeyError, TypeError, ValueError):
                    continue
                if (visit := self._connections.get(key)) is not None:
                    self._forget(visit)

    def _forget(self, visit: Visit) -> None:
        self._connections.pop((visit.server, visit.client), None)
        if self._sessions.get(visit.mqtt_id) is visit:
            del self._sessions[visit.mqtt_id]
        visits = self._visits.get(visit.device)
        if visits is not None and visit in visits:
            visits.remove(visit)
            if not visits:
                self._visits.pop(visit.device, None)

    def _is_there(self, visit: Visit, system: Link) -> bool:
        """Whether a connection is still open, by the broker's word: a message that somebody left may have been lost."""
        body = msgspec.json.encode({"cid": visit.client})
        try:
            answer = msgspec.json.decode(system.request(f"$SYS.REQ.SERVER.{visit.server}.CONNZ", body, ASK_S))
            return bool(answer["data"]["connections"])
        except NobodyAnswersError:
            # the server itself is gone
            return False
        except (LinkError, msgspec.DecodeError, KeyError, TypeError):
            return True

    def _answer(self, message: Message, system: Link) -> bytes:
        at = int(time.time())
        request = nkeys.read_request(message.payload)
        device = verify(self.watcher.current, request.user, request.password)
        refusal = self._refusal(request, device, system)
        if device is None or refusal:
            self._count_refused(request, device)
            return nkeys.refuse(self.keys, request, refusal, at)
        self._welcome(device, request)
        if self.came_in is not None:
            self.came_in(device.id)
        return nkeys.allow(
            self.keys,
            request,
            account=broker.ACCOUNT,
            publish=[f"telemetry.{device.id}", f"commands.{device.id}.ack", *self._observed(device)],
            subscribe=[f"commands.{device.id}", *(MQTT_OWN if request.mqtt_id else ())],
            at=at,
        )

    def _observed(self, device: KnownDevice) -> list[str]:
        """The topics of SensorThings to which a device may send: those of its own series, of which nobody else's are."""
        own = np.flatnonzero(self.watcher.current.owner == device.number)[:MOST_OBSERVED]
        return [broker.observations(number) for number in own.tolist()]

    def _count_refused(self, request: Request, device: KnownDevice | None) -> None:
        named = device or self.watcher.current.devices.get(request.user.lower())
        self.turned.count(caller(named, request.user, MQTT, request.host, admitted=device is not None))

    def _count_violations(self) -> None:
        """Count messages to topics that are not their sender's; who sends many of them is shown out like any flood."""
        if self.violations is None:
            return
        devices = self.watcher.current.devices
        counts: dict[tuple[str, str], int] = {}
        visits = {client: visit for (_server, client), visit in self._connections.items()}
        for one in self.violations.look():
            visit = visits.get(one.client)
            name = visit.device if visit is not None else one.session
            counts[name, one.topic] = counts.get((name, one.topic), 0) + 1
        for (name, topic), times in counts.items():
            device = devices.get(name)
            self.turned.count(caller(device, name, MQTT, "", topic=topic), times)
            if device is not None and times > max(device.readings_per_second, LEAST_FLOOD) * CHECK_S:
                self.flooded(name)

    def _learn(self, system: Link) -> None:
        """Know who came in before this process began: the broker tells; who has another secret by now must come anew."""
        devices = self.watcher.current.devices
        changed = secrets_changed()
        self._visits.clear()
        self._connections.clear()
        self._sessions.clear()
        for found in connections(system):
            device = devices.get(found.user)
            if device is None or not device.active or changed.get(device.id, found.since) > found.since:
                self._leaving.append(Visit(found.user, found.server, found.client, b"", found.session))
                continue
            visit = Visit(device.id, found.server, found.client, device.secret_hash, found.session)
            self._visits.setdefault(device.id, deque()).append(visit)
            self._connections[visit.server, visit.client] = self._sessions[visit.mqtt_id] = visit

    def _refusal(self, request: Request, device: KnownDevice | None, system: Link) -> str:
        """Why a client may not come in, or "". A session's name may not be another device's: it would end that session."""
        if device is None:
            return "unknown device or wrong secret"
        if request.kind not in {MQTT, WEBSOCKET}:
            return "devices connect by MQTT or WebSocket"
        if self._bans.get(device.id, 0.0) > time.monotonic():
            return "device was shown out"
        if request.kind == WEBSOCKET:
            return ""
        names = self.watcher.current.devices
        if request.mqtt_id != device.id and request.mqtt_id[:36].lower() in names and request.mqtt_id[:36] != device.id:
            return "client id belongs to another device"
        holder = self._sessions.get(request.mqtt_id)
        if holder is not None and holder.device != device.id:
            if self._is_there(holder, system):
                return "client id is in use by another device"
            self._forget(holder)
        return ""

    def _welcome(self, device: KnownDevice, request: Request) -> None:
        visits = self._visits.setdefault(device.id, deque())
        visit = Visit(device.id, request.server, request.client, hash_secret(request.password), request.mqtt_id)
        visits.append(visit)
        self._connections[visit.server, visit.client] = visit
        if visit.mqtt_id:
            self._sessions[visit.mqtt_id] = visit
        while len(visits) > CONNECTIONS:
            self._leaving.append(visits.popleft())

    def _check_visits(self) -> None:
        """Show out whoever was revoked or given a new secret since coming in."""
        devices, at = self.watcher.current.devices, now_us()
        for name, visits in list(self._visits.items()):
            known = devices.get(name)
            if known is None or not known.active or not all(known.accepts(v.secret_hash, at) for v in visits):
                self._show_out(name)

    def _show_out(self, device: str) -> None:
        self._leaving.extend(self._visits.pop(device, ()))
