"""The other side of notifications: a receiver that knows what it heard when, one that hangs, and writes at an even pace."""

import asyncio
import re
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from onecity.kernel.twin.bench.client import request

PATIENCE_S = 60.0
NUMBER = re.compile(rb'"level":\{"type":"Property","value":([\d.]+)')
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
# which subscription (the path of its address), and the value that was told
Heard = tuple[str, float]


@dataclass
class Receiver:
    """Takes notifications; each change has a value of its own, by which it is known again."""

    heard: dict[Heard, float] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                for value in NUMBER.findall(body):
                    self.heard.setdefault((path, float(value)), time.perf_counter())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    async def wait(self, expected: Collection[Heard]) -> None:
        """Until all of it was heard; raises RuntimeError where that takes too long."""
        wanted = set(expected)
        deadline = time.perf_counter() + PATIENCE_S
        while not self.heard.keys() >= wanted:
            if time.perf_counter() > deadline:
                missing = len(wanted - self.heard.keys())
                raise RuntimeError(f"{missing} of {len(wanted)} notifications did not come within {PATIENCE_S:g} s")
            await asyncio.sleep(0.05)


async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A receiver that takes connections and never answers."""
    with suppress(asyncio.CancelledError):  # when the measurement ends
        await asyncio.sleep(3600)


async def listen(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], host: str = "127.0.0.1"
) -> tuple[asyncio.Server, str]:
    """A server on a port of its own, and its address."""
    server = await asyncio.start_server(serve, host, 0, backlog=1024)  # type: ignore[arg-type]  # a coroutine, said wider
    return server, f"http://{host}:{server.sockets[0].getsockname()[1]}"


async def write(port: int, changes: Iterable[tuple[str, float]], per_s: float) -> dict[float, float]:
    """Set `level` of entities (URN, value) one after another at an even pace; when the answer to each value came.

    Raises RuntimeError where one is refused.
    """
    answered: dict[float, float] = {}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = time.perf_counter()
    for number, (urn, value) in enumerate(changes, 1):
        await asyncio.sleep(max(0.0, begun + number / per_s - time.perf_counter()))
        body = b'{"value":%s}' % str(value).encode()
        writer.write(request("PATCH", f"/ngsi-ld/v1/entities/{urn}/attrs/level", body))
        head = await reader.readuntil(b"\r\n\r\n")
        if head[9:10] != b"2":
            raise RuntimeError(f"a change was refused: {head[:40]!r}")
        answered[value] = time.perf_counter()
    writer.close()
    return answered
