"""A lean HTTP/1.1 client: many connections of one process, each sending its next request when the last is answered."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

# number of the request → its bytes
Make = Callable[[int], bytes]
END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to: requests a second, latencies in ms (median, 99th of a hundred), and refused requests."""

    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    failed: int


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class _Connection(asyncio.Protocol):
    """One connection; keeps exactly one request under way."""

    def __init__(self, make: Make, numbers: Iterator[int], done: "asyncio.Future[None]") -> None:
        self._make, self._numbers, self._done = make, numbers, done
        self._buffer = b""
        self._sent = 0.0
        self.latencies: list[float] = []
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream is expected")
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Take in an answer; when it is whole, send the next request."""
        self._buffer += data
        end = self._buffer.find(END)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(LENGTH)
        length = 0 if at < 0 else int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + len(END) + length:
            return
        self.latencies.append(time.perf_counter() - self._sent)
        self.failed += head[9:10] != b"2"
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server hung up."""
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        number = next(self._numbers, None)
        if number is None:
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(self._make(number))


async def load(port: int, make: Make, requests: int, connections: int) -> Load:
    """Send `requests` requests over `connections` connections as fast as they are answered; raises OSError."""
    loop = asyncio.get_running_loop()
    numbers = iter(range(requests))
    begun = time.perf_counter()
    parts: list[tuple[_Connection, asyncio.Future[None]]] = []
    for _number in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        protocol = _Connection(make, numbers, done)
        parts.append((protocol, done))
        await loop.create_connection(lambda protocol=protocol: protocol, "127.0.0.1", port)  # type: ignore[misc]  # bound now
    await asyncio.gather(*(done for _protocol, done in parts))
    seconds = time.perf_counter() - begun
    latencies = np.array([each for protocol, _done in parts for each in protocol.latencies]) * 1000
    p50, p95, p99 = (float(np.percentile(latencies, share)) for share in (50, 95, 99))
    return Load(requests / seconds, p50, p95, p99, sum(protocol.failed for protocol, _done in parts))
