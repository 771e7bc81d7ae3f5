"""Devices under fault: they send until they are told that their readings are kept, and remember what they were told."""

import http.client
import itertools
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PATIENCE_S = 5.0
# between two attempts while the other side is down
PAUSE_S = 0.05


@dataclass
class Ledger:
    """What was acknowledged: (entity, second) → value, each once."""

    kept: dict[tuple[str, int], float] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    attempts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, readings: list[tuple[str, int, float]]) -> None:
        with self._lock:
            self.kept.update({(entity, at): value for entity, at, value in readings})

    def has_more_than(self, count: int) -> bool:
        return len(self.kept) > count


class Sender(threading.Thread):
    """Sends batches of its own series of times; `stop` lets it finish the batch in hand."""

    def __init__(self, device: tuple[str, str], entity: str, ledger: Ledger, size: int, start_at: int) -> None:
        super().__init__(name=f"sender-{entity}", daemon=True)
        self.device, self.entity, self.ledger, self.size = device, entity, ledger, size
        self.stopping = threading.Event()
        self._times = itertools.count(start_at)
        self._random = random.Random(entity)

    def run(self) -> None:
        while not self.stopping.is_set():
            batch = [(self.entity, next(self._times), round(self._random.random() * 100, 3)) for _ in range(self.size)]
            # whoever was promised nothing sends the same again, for ever
            while not self._attempt(batch):
                self.ledger.attempts += 1
                time.sleep(PAUSE_S)
            self.ledger.note(batch)
        self.close()

    def close(self) -> None:
        """Give back what is open."""

    def _attempt(self, batch: list[tuple[str, int, float]]) -> bool:
        raise NotImplementedError


def as_json(batch: list[tuple[str, int, float]]) -> Iterator[bytes]:
    for entity, at, value in batch:
        yield json.dumps({"entity": entity, "observed_at": at, "values": {"pm2_5": value}}).encode()


class HttpSender(Sender):
    """POST /ingest; 202 is the promise."""

    port = 0

    def _attempt(self, batch: list[tuple[str, int, float]]) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {self.device[0]}.{self.device[1]}", "Content-Type": "application/x-ndjson"}
        try:
            connection.request("POST", "/ingest", b"\n".join(as_json(batch)), headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if response.status not in (202, 503):
            self.ledger.refused.append(f"{response.status} {body[:200]!r}")
        return response.status == 202


class MqttSender(Sender):
    """MQTT 3.1.1 with QoS 1 on a bare socket; PUBACK is the promise, for each message on its own."""

    port = 0
    _socket: socket.socket | None = None

    def _attempt(self, batch: list[tuple[str, int, float]]) -> bool:
        try:
            connection = self._connected()
            messages = [self._publish(number, text) for number, text in enumerate(as_json(batch), 1)]
            connection.sendall(b"".join(messages))
            self._acknowledged(connection, len(messages))
        except OSError:
            self.close()
            return False
        return True

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is not None:
            return self._socket
        connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        self._socket = connection
        body = _text("MQTT") + bytes([4, 0xC2]) + struct.pack(">H", 60)
        body += _text(self.device[0]) + _text(self.device[0]) + _text(self.device[1])
        connection.sendall(b"\x10" + _length(len(body)) + body)
        if _exactly(connection, 4)[3] != 0:
            raise ConnectionRefusedError("not let in")
        return connection

    def _publish(self, number: int, text: bytes) -> bytes:
        body = _text(f"telemetry/{self.device[0]}") + struct.pack(">H", number) + text
        return b"\x32" + _length(len(body)) + body

    @staticmethod
    def _acknowledged(connection: socket.socket, count: int) -> None:
        left = set(range(1, count + 1))
        while left:
            packet = _exactly(connection, 4)
            if packet[0] != 0x40:
                raise ConnectionError(f"unexpected packet {packet!r}")
            left.discard(struct.unpack(">H", packet[2:])[0])


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionResetError("the broker is gone")
        data += part
    return data


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _length(size: int) -> bytes:
    out = b""
    while True:
        size, low = divmod(size, 128)
        out += bytes([low | (0x80 if size else 0)])
        if not size:
            return out
