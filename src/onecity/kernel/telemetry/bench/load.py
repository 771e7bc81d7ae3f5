"""The load of the measurement: bodies and messages made beforehand, and senders that cost as little as can be."""

import http.client
import io
import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from onecity.kernel.telemetry.batch import Floats, Int64s

NDJSON, ARROW = "application/x-ndjson", "application/vnd.apache.arrow.stream"
SECOND = 1_000_000
ISO = "%Y-%m-%dT%H:%M:%SZ"
WINDOW = 2_000
# a station's minute values
STEP = 60
DRIFT = 9_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sent: every entity reads every attribute once in STEP seconds, from `start` (s since 1970) on.

    Values drift slowly around a level of their own, as air does; they are low enough that no rule objects.
    """

    entities: Sequence[str]
    attributes: Sequence[str]
    start: int

    @property
    def width(self) -> int:
        """Readings in one round."""
        return len(self.entities) * len(self.attributes)

    def seconds(self, readings: int) -> int:
        """How much time so many readings fill, rounded up to whole rounds."""
        return (readings // self.width + 2) * STEP

    def rows(self, first: int, count: int) -> tuple[Int64s, Int64s, Int64s, Floats]:
        """Readings number first … first + count - 1: entity, attribute, second (since 1970), value."""
        number = np.arange(first, first + count)
        second, place = number // self.width * STEP, number % self.width
        entity, attribute = place // len(self.attributes), place % len(self.attributes)
        value = 2 + place % 3 / 2 + np.sin(second / DRIFT + place) / 2
        return entity, attribute, self.start + second, np.round(value, 2)


def ndjson(plan: Plan, first: int, count: int) -> bytes:
    """Readings as JSON lines, one reading a line, times as ISO 8601 text."""
    return (
        _frame(plan, first, count).with_columns(pl.col("observed_at").dt.strftime(ISO)).write_ndjson().rstrip().encode()
    )


def arrow(plan: Plan, first: int, count: int) -> bytes:
    """The same as an Arrow stream in long form, names as dictionaries."""
    names, kinds = pl.Enum(list(plan.entities)), pl.Enum(list(plan.attributes))
    frame = _frame(plan, first, count).with_columns(pl.col("entity").cast(names), pl.col("attribute").cast(kinds))
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())
    return buffer.getvalue()


def _frame(plan: Plan, first: int, count: int) -> pl.DataFrame:
    entity, attribute, second, value = plan.rows(first, count)
    return pl.DataFrame(
        {
            "entity": pl.Series(list(plan.entities)).gather(entity),
            "attribute": pl.Series(list(plan.attributes)).gather(attribute),
            "value": value,
            "observed_at": pl.Series(second * SECOND).cast(pl.Datetime("us", "UTC")),
        }
    )


def line_protocol(plan: Plan, first: int, count: int) -> bytes:
    """The same as InfluxDB line protocol, times in nanoseconds, for the peers."""
    entity, attribute, second, value = plan.rows(first, count)
    return "\n".join(
        f"air,entity={plan.entities[e]} {plan.attributes[a]}={v} {s}000000000"
        for e, a, s, v in zip(entity.tolist(), attribute.tolist(), second.tolist(), value.tolist(), strict=True)
    ).encode()


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and as whom."""

    port: int
    path: str
    headers: dict[str, str]


def post_all(target: Target, bodies: Sequence[bytes], connections: int, pace_s: float = 0.0) -> None:
    """Send every body once, over several connections; raises RuntimeError at the first answer that is not 2xx.

    `pace_s`: seconds from one request's beginning to the next one's, 0 for as fast as it goes.
    """
    numbers, lock, failures = itertools.count(), threading.Lock(), list[str]()
    begin = time.perf_counter()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        while not failures:
            with lock:
                number = next(numbers)
            if number >= len(bodies):
                break
            time.sleep(max(0.0, begin + number * pace_s - time.perf_counter()))
            connection.request("POST", target.path, bodies[number], target.headers)
            response = connection.getresponse()
            text = response.read()
            if response.status // 100 != 2:
                failures.append(f"{response.status} {text[:300]!r}")
        connection.close()

    together(work, connections)
    if failures:
        raise RuntimeError(failures[0])


def together(work: Callable[[], None], count: int) -> None:
    """Run `work` in so many threads at once and wait for all."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Mqtt:
    """One MQTT 3.1.1 connection on a bare socket."""

    def __init__(self, port: int, device: str, secret: str) -> None:
        self._topic = _text(f"telemetry/{device}")
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = _text("MQTT") + bytes([4, 0xC2]) + struct.pack(">H", 600) + _text(device) + _text(device) + _text(secret)
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        if self._read(4)[3] != 0:
            raise ConnectionRefusedError(f"device {device} was not let in")

    def packets(self, texts: Sequence[bytes], qos: int) -> list[bytes]:
        """PUBLISH packets; those of QoS 1 are numbered 1 to 60000 again and again."""
        found = []
        for number, text in enumerate(texts):
            body = self._topic + (struct.pack(">H", number % 60_000 + 1) if qos else b"") + text
            found.append(bytes([0x30 | qos << 1]) + _length(len(body)) + body)
        return found

    def blast(self, packets: Sequence[bytes]) -> None:
        """Send packets of QoS 0 and wait until the broker has read them (PINGRESP)."""
        for start in range(0, len(packets), 1_000):
            self._socket.sendall(b"".join(packets[start : start + 1_000]))
        self._socket.sendall(b"\xc0\x00")
        self._read(2)

    def windowed(self, packets: Sequence[bytes]) -> None:
        """Send packets of QoS 1 with at most WINDOW unacknowledged, until all are acknowledged."""
        sent = acknowledged = rest = 0
        while acknowledged < len(packets):
            room = min(WINDOW - (sent - acknowledged), len(packets) - sent, 200)
            if room > 0:
                self._socket.sendall(b"".join(packets[sent : sent + room]))
                sent += room
                if sent < len(packets) and sent - acknowledged < WINDOW:
                    continue
            rest += len(self._socket.recv(1 << 16))
            acknowledged, rest = acknowledged + rest // 4, rest % 4

    def close(self) -> None:
        """Say goodbye."""
        self._socket.sendall(b"\xe0\x00")
        self._socket.close()

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise ConnectionResetError("the broker closed the connection")
            data += part
        return data


def singles(plan: Plan, entity: int, first: int, count: int) -> Iterator[bytes]:
    """Messages of one entity, one reading each, minute by minute."""
    for number in range(first, first + count):
        turn, attribute = divmod(number, len(plan.attributes))
        second = turn * STEP
        value = 2 + round(float(np.sin(second / DRIFT + entity)) / 2, 2)
        yield (
            f'{{"entity":"{plan.entities[entity]}","observed_at":{plan.start + second},'
            f'"values":{{"{plan.attributes[attribute]}":{value}}}}}'
        ).encode()


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _length(size: int) -> bytes:
    out = b""
    while True:
        size, low = divmod(size, 128)
        out += bytes([low | (0x80 if size else 0)])
        if not size:
            return out
