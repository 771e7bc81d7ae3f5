"""A plain connection to the broker for the hot paths: it hands over messages in bulk, many times faster than one by one.

Speaks the NATS client protocol (https://docs.nats.io/reference/reference-protocols/nats-protocol): CONNECT, SUB, PUB,
HPUB, MSG, HMSG, PING. Blocking and used by one thread; whoever holds it connects again when it breaks.
"""

import re
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

CHUNK = 1 << 20
# the server writes two blanks where a message of its own names nowhere to answer to
PLAIN = re.compile(rb"MSG (\S+) (\d+)(?: (\S+))?() {1,2}(\d+)\r\n")
HEADED = re.compile(rb"HMSG (\S+) (\d+)(?: (\S+))? {1,2}(\d+) (\d+)\r\n")
LONGEST_LINE = 8_192
NO_RESPONDERS = b"NATS/1.0 503"


class Message(NamedTuple):
    """A message as it came: `header` is the raw header block, empty where there is none."""

    subject: bytes
    sid: int
    reply: bytes
    header: bytes
    payload: bytes


class LinkError(ConnectionError):
    """The connection is gone or was refused."""


class NobodyAnswersError(LinkError):
    """Nobody listens to what was asked."""


@dataclass(slots=True)
class Link:
    """One connection; `open` before use. Answers come to subjects below `inbox`."""

    url: str
    user: str
    password: str = field(repr=False)
    name: str = "onecity"
    inbox: str = "_INBOX"
    _socket: socket.socket | None = None
    _parts: list[bytes] = field(default_factory=list)
    _size: int = 0
    _needed: int = 0
    _next: int = 0
    _inbox: str = ""
    _waiting: list[Message] = field(default_factory=list)

    def open(self, timeout: float = 5.0) -> None:
        """Connect and sign in; raises LinkError."""
        self.close()
        parts = urlsplit(self.url if "://" in self.url else f"nats://{self.url}")
        try:
            raw = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 4222), timeout)
            # ours from now on, so that it is given back whatever comes
            self._socket = raw
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * CHUNK)
            info = self._first_line(raw)
            if parts.scheme == "tls" or info.get("tls_required"):
                raw = ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname)
            self._socket, self._waiting = raw, []
            self._keep(b"", 0)
            options = {"user": self.user, "pass": self.password, "name": self.name, "verbose": False, "pedantic": False}
            options |= {"lang": "python", "version": "1", "protocol": 1, "headers": True, "no_responders": True}
            self._send(b"CONNECT " + msgspec.json.encode(options) + b"\r\nPING\r\n")
            self._await_pong(timeout)
        except (OSError, msgspec.DecodeError) as error:
            self.close()
            raise LinkError(f"broker: {error}") from error
        self._inbox = f"{self.inbox}.{id(self):x}{time.monotonic_ns():x}"

    def close(self) -> None:
        """Give the connection back; it may be opened again."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def subscribe(self, subject: str, queue: str = "") -> int:
        """Subscribe, in a queue group where one is named; returns the subscription's number."""
        self._next += 1
        self._send(f"SUB {subject} {queue + ' ' if queue else ''}{self._next}\r\n".encode())
        return self._next

    def publish(self, subject: str, payload: bytes, reply: str = "") -> None:
        """Send a message, without waiting for anything; `reply` names a subject that this connection listens to."""
        head = f"PUB {subject} {reply + ' ' if reply else ''}{len(payload)}\r\n".encode()
        self._send(b"".join([head, payload, b"\r\n"]))

    def publish_with(self, header: Mapping[str, str], subject: str, payload: bytes, reply: str) -> None:
        """The same with header fields."""
        lines = b"NATS/1.0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in header.items()) + b"\r\n"
        head = f"HPUB {subject} {reply} {len(lines)} {len(lines) + len(payload)}\r\n".encode()
        self._send(b"".join([head, lines, payload, b"\r\n"]))

    def request(self, subject: str, payload: bytes, timeout: float = 5.0) -> bytes:
        """Send a message and wait for its answer; what else arrives meanwhile is kept for `take`. Raises LinkError."""
        self._next += 1
        sid, inbox = self._next, f"{self._inbox}.{self._next}"
        self._send(f"SUB {inbox} {sid}\r\nUNSUB {sid} 1\r\n".encode())
        self.publish(subject, payload, inbox)
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            messages = self._receive(left)
            # what came in the same breath as the answer is kept too
            self._waiting += [message for message in messages if message.sid != sid]
            for message in messages:
                if message.sid == sid:
                    return self._answer(subject, message)
        raise LinkError(f"no answer to {subject} within {timeout:.0f} s")

    @staticmethod
    def _answer(subject: str, message: Message) -> bytes:
        if message.header.startswith(NO_RESPONDERS):
            raise NobodyAnswersError(f"nobody answers {subject}")
        return message.payload

    def take(self, timeout: float) -> list[Message]:
        """Messages that have arrived, waiting up to `timeout` seconds for something; raises LinkError.

        Empty when nothing came, and when only the beginning of a message did.
        """
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            return waiting
        return self._receive(timeout)

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            raise LinkError("the connection to the broker is closed")
        try:
            self._socket.settimeout(20)
            self._socket.sendall(data)
        except OSError as error:
            raise LinkError(f"broker: {error}") from error

    def _receive(self, timeout: float) -> list[Message]:
        if self._socket is None:
            raise LinkError("the connection to the broker is closed")
        try:
            if not select.select([self._socket], [], [], timeout)[0]:
                return []
            data = self._socket.recv(CHUNK)
        except (OSError, ValueError) as error:
            raise LinkError(f"broker: {error}") from error
        if not data:
            raise LinkError("the broker closed the connection")
        self._parts.append(data)
        self._size += len(data)
        # a large message comes in many pieces, which are put together once
        if self._size < self._needed:
            return []
        whole = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        return self._parse(whole)

    def _keep(self, rest: bytes, needed: int) -> None:
        """Keep the beginning of a message, of which `needed` bytes are needed to go on."""
        self._parts, self._size, self._needed = [rest] if rest else [], len(rest), needed

    def _parse(self, data: bytes) -> list[Message]:
        messages: list[Message] = []
        at, end, needed = 0, len(data), 0
        while at < end:
            found = HEADED.match(data, at) or PLAIN.match(data, at)
            if found is None:
                line_end = data.find(b"\r\n", at)
                if line_end < 0:
                    if end - at > LONGEST_LINE and not data.startswith(b"INFO", at):
                        raise LinkError("the broker sent something that is not its protocol")
                    break
                if not data.startswith((b"MSG", b"HMSG"), at):
                    self._control(data[at:line_end])
                at = line_end + 2
                continue
            start, total = found.end(), int(found[5])
            if start + total + 2 > end:
                needed = start + total + 2 - at
                break
            head = int(found[4] or 0)
            header, payload = data[start : start + head], data[start + head : start + total]
            messages.append(Message(found[1], int(found[2]), found[3] or b"", header, payload))
            at = start + total + 2
        self._keep(data[at:], needed)
        return messages

    def _control(self, line: bytes) -> None:
        if line == b"PING":
            self._send(b"PONG\r\n")
        elif line.startswith(b"-ERR"):
            text = line[4:].decode(errors="replace").strip(" '")
            # the connection survives a subject that is not allowed, every other error ends it
            if "ermissions" not in text:
                raise LinkError(f"broker: {text}")

    def _await_pong(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        data = b""
        while b"PONG\r\n" not in data:
            if self._socket is None or time.monotonic() > deadline:
                raise LinkError("the broker did not answer in time")
            self._socket.settimeout(timeout)
            part = self._socket.recv(CHUNK)
            if not part:
                raise LinkError("the broker refused the connection")
            data += part
            if b"-ERR" in data:
                raise LinkError(f"broker: {data.decode(errors='replace').strip()}")

    @staticmethod
    def _first_line(raw: socket.socket) -> dict[str, object]:
        data = b""
        while b"\r\n" not in data:
            part = raw.recv(CHUNK)
            if not part:
                raise LinkError("the broker closed the connection")
            data += part
        line: dict[str, object] = msgspec.json.decode(data.partition(b"\r\n")[0].removeprefix(b"INFO "))
        return line
