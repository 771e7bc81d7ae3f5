"""Reading the logs: messages in order from the position on, in a thread of its own, never more than memory allows."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from onecity.kernel.telemetry import broker
from onecity.kernel.telemetry.link import Link, LinkError, Message

BATCH = 5_000
BATCH_BYTES = 32 * 1024 * 1024
EXPIRES_S = 5.0
RETRY_S = 0.3
# messages wait for the pipeline up to this many bytes; then no more are asked for
BUFFER_BYTES = 96 * 1024 * 1024

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stream:
    """One log: its stream at the broker, the subjects of interest, the settings to create it with where it is ours.

    `hold`: the name of a consumer that is never read and keeps messages from being dropped (streams that only keep what
    somebody is interested in). `api` and `inbox`: where the broker that keeps it answers, and to which subjects; another
    installation's broker is asked through its domain. `numbered`: tells from a message whose it is and its number there,
    by which it is known again even where its stream was made anew. `patience`: how long (s) one request for messages stays
    with the broker; after three times as long without a word the connection counts as lost.
    """

    name: str
    stream: str
    subjects: str
    settings: object = None
    hold: str = ""
    api: str = "$JS.API"
    inbox: str = "_INBOX.log"
    numbered: Callable[[bytes], tuple[str, int] | None] | None = None
    patience: float = EXPIRES_S


LOG = Stream("log", broker.LOG_STREAM, broker.LOG_SUBJECTS, broker.log_stream_settings())
MQTT = Stream("mqtt", broker.MQTT_STREAM, broker.MQTT_SUBJECTS, broker.mqtt_stream_settings(), hold="onecity")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a log: which log (`source`, with the stream's birth), where in it, when the broker kept it (µs).

    `origin`: whose message it is and its number there, where the stream has its messages numbered.
    """

    source: str
    sequence: int
    stored_at: int
    subject: bytes
    payload: bytes
    origin: tuple[str, int] | None = None

    def follows(self, taken: Mapping[str, int]) -> bool:
        """Whether it comes after everything that `taken` tells of its source and its origin."""
        if self.sequence <= taken.get(self.source, 0):
            return False
        return self.origin is None or self.origin[1] > taken.get(self.origin[0], 0)

    @property
    def positions(self) -> dict[str, int]:
        """What has been taken when this has: by source and by origin."""
        own = {self.source: self.sequence}
        return own if self.origin is None else own | {self.origin[0]: self.origin[1]}


@dataclass(slots=True)
class _Cursor:
    """How far one log has been read."""

    stream: Stream
    source: str = ""
    next_sequence: int = 1
    consumer: str = ""
    inbox: str = ""
    delivered: int = 0
    wanted: int = 0
    asked_at: float = 0.0


@dataclass
class Mailbox:
    """What readers have read and the pipeline has not taken; several readers may share one."""

    queue: deque[Entry] = field(default_factory=deque)
    bytes: int = 0
    lock: threading.Condition = field(default_factory=threading.Condition)

    def put(self, entries: Sequence[Entry]) -> None:
        """Add entries at the end."""
        with self.lock:
            self.queue.extend(entries)
            self.bytes += sum(len(entry.payload) for entry in entries)
            self.lock.notify()

    def take(self, most: int, most_bytes: int, timeout: float) -> list[Entry]:
        """Up to `most` messages of together about `most_bytes`, in order, waiting up to `timeout` s for the first."""
        with self.lock:
            if not self.queue:
                self.lock.wait(timeout)
            entries: list[Entry] = []
            size = 0
            while self.queue and len(entries) < most and size < most_bytes:
                entry = self.queue.popleft()
                entries.append(entry)
                size += len(entry.payload)
            self.bytes -= size
        return entries

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            self.queue.clear()
            self.bytes = 0


@dataclass
class Reader:
    """Follows several logs; `positions` tells, for each source's name, the last sequence already stored."""

    connect: Callable[[], Link]
    streams: Sequence[Stream]
    positions: Callable[[str], int]
    mailbox: Mailbox = field(default_factory=Mailbox)
    pause: float = RETRY_S
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _cursors: dict[int, _Cursor] = field(default_factory=dict)
    _complaint: str = ""
    connected: bool = False

    def start(self) -> None:
        """Begin to read from the positions."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="telemetry-log", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End reading."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._cursors = {}

    def stop(self) -> None:
        """End reading; what was read and not stored is forgotten, and read again after the next start."""
        self.end()
        self.mailbox.clear()

    def take(self, most: int, most_bytes: int, timeout: float) -> list[Entry]:
        """Up to `most` messages of together about `most_bytes`, in order, waiting up to `timeout` s for the first."""
        return self.mailbox.take(most, most_bytes, timeout)

    @property
    def waiting(self) -> int:
        """How many messages have been read and not taken."""
        return len(self.mailbox.queue)

    @property
    def waiting_bytes(self) -> int:
        """How much has been read and not taken."""
        return self.mailbox.bytes

    def current(self, source: str) -> bool:
        """Whether a source is one that is read now (and not an earlier stream of the same name)."""
        return any(cursor.source == source for cursor in list(self._cursors.values()))

    def _run(self) -> None:
        while not self._stop.is_set():
            link = self.connect()
            try:
                link.open()
                self._begin(link)
                self.connected, self._complaint = True, ""
                self._follow(link)
            except (LinkError, msgspec.DecodeError) as error:
                if str(error) != self._complaint:
                    log.warning("the log cannot be read, trying again: %s", error)
                self._complaint = str(error)
                self._stop.wait(self.pause)
            finally:
                self.connected = False
                link.close()

    def _begin(self, link: Link) -> None:
        previous = {cursor.source: cursor.next_sequence for cursor in self._cursors.values()}
        self._cursors = {}
        for stream in self.streams:
            source = f"{stream.name}@{_birth(link, stream)}"
            start = previous.get(source) or self.positions(source) + 1
            cursor = _Cursor(stream, source, start)
            if stream.hold:
                _hold(link, stream)
            cursor.consumer = _consumer(link, stream, start)
            cursor.inbox = f"{stream.inbox}{time.monotonic_ns():x}"
            self._cursors[link.subscribe(cursor.inbox)] = cursor

    def _follow(self, link: Link) -> None:
        while not self._stop.is_set():
            for cursor in self._cursors.values():
                self._ask(link, cursor)
            messages = link.take(0.5)
            if messages:
                self._keep(messages)

    def _ask(self, link: Link, cursor: _Cursor) -> None:
        """Have one request under way at a time, unless too much waits already."""
        now = time.monotonic()
        if cursor.wanted > 0:
            if now - cursor.asked_at > 3 * cursor.stream.patience:
                raise LinkError(f"the stream {cursor.stream.stream} does not answer")
            return
        if self.mailbox.bytes > BUFFER_BYTES:
            return
        cursor.wanted, cursor.asked_at = BATCH, now
        wish = {"batch": BATCH, "max_bytes": BATCH_BYTES, "expires": int(cursor.stream.patience * 1e9)}
        subject = f"{cursor.stream.api}.CONSUMER.MSG.NEXT.{cursor.stream.stream}.{cursor.consumer}"
        link.publish(subject, msgspec.json.encode(wish), cursor.inbox)

    def _keep(self, messages: Sequence[Message]) -> None:
        entries = []
        for message in messages:
            cursor = self._cursors.get(message.sid)
            if cursor is None:
                continue
            if not message.reply.startswith(b"$JS.ACK."):
                _status(cursor, message)
                continue
            entries.append(_entry(cursor, message))
        self.mailbox.put(entries)


def _entry(cursor: _Cursor, message: Message) -> Entry:
    # $JS.ACK.<stream>.<consumer>.<times>.<stream sequence>.<consumer sequence>.<ns>.<pending>
    sequence, delivered, stamp = message.reply.rsplit(b".", 4)[1:4]
    cursor.delivered += 1
    if int(delivered) != cursor.delivered:
        raise LinkError(f"messages of {cursor.stream.stream} were lost on the way")
    cursor.wanted -= 1
    cursor.asked_at = time.monotonic()
    cursor.next_sequence = int(sequence) + 1
    origin = cursor.stream.numbered(message.payload) if cursor.stream.numbered else None
    return Entry(cursor.source, int(sequence), int(stamp) // 1000, message.subject, message.payload, origin)


def _status(cursor: _Cursor, message: Message) -> None:
    code = message.header[9:12]
    if code in (b"408", b"404") or b"Exceed" in message.header or b"Batch Completed" in message.header:
        cursor.wanted = 0
    elif code != b"100":
        raise LinkError(
            f"reading {cursor.stream.stream} ended: {message.header[8:80].decode(errors='replace').strip()}"
        )


def _api(link: Link, stream: Stream, subject: str, body: object) -> dict[str, object]:
    answer = msgspec.json.decode(link.request(f"{stream.api}.{subject}", msgspec.json.encode(body), stream.patience))
    if not isinstance(answer, dict):
        raise LinkError(f"unexpected answer to {subject}")
    return answer


def prepare(link: Link, stream: Stream) -> None:
    """Have the stream, and its messages held, before anything is published to it. Raises LinkError."""
    _birth(link, stream)
    if stream.hold:
        _hold(link, stream)


def _birth(link: Link, stream: Stream) -> str:
    """When the stream was created: another birth means other sequence numbers. Creates it where that is ours to do."""
    answer = _api(link, stream, f"STREAM.INFO.{stream.stream}", {})
    if "error" in answer and stream.settings is not None:
        answer = _api(link, stream, f"STREAM.CREATE.{stream.stream}", stream.settings)
    if "error" in answer:
        raise LinkError(f"the stream {stream.stream} does not exist yet")
    return str(answer["created"])


def _hold(link: Link, stream: Stream) -> None:
    config = {"durable_name": stream.hold, "ack_policy": "explicit", "deliver_policy": "all", "max_ack_pending": 1}
    body = {"stream_name": stream.stream, "config": config | {"filter_subject": stream.subjects}}
    answer = _api(link, stream, f"CONSUMER.DURABLE.CREATE.{stream.stream}.{stream.hold}", body)
    if "error" in answer:
        raise LinkError(f"{stream.stream} cannot be held: {answer['error']}")


def _consumer(link: Link, stream: Stream, start: int) -> str:
    config = {
        "ack_policy": "none",
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": start,
        "filter_subject": stream.subjects,
        "inactive_threshold": 60_000_000_000,
        "mem_storage": True,
        "max_deliver": -1,
    }
    answer = _api(link, stream, f"CONSUMER.CREATE.{stream.stream}", {"stream_name": stream.stream, "config": config})
    if "error" in answer:
        raise LinkError(f"{stream.stream} cannot be read: {answer['error']}")
    return str(answer["name"])


def purge(link: Link, stream: Stream, up_to: int) -> None:
    """Let the broker forget what is stored: messages up to and with sequence `up_to`. Raises LinkError."""
    body = {"seq": up_to + 1, "filter": stream.subjects}
    answer = _api(link, stream, f"STREAM.PURGE.{stream.stream}", body)
    if "error" in answer:
        raise LinkError(f"{stream.stream} cannot be shortened: {answer['error']}")
