"""Real HTTP servers on this machine: sources that are this platform itself, and sources that answer what a test says."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.twin.ngsild.http.app import make

PATIENCE_S = 15.0


@dataclass(frozen=True)
class Heard:
    """One request that came to a source."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Said:
    """What a source answers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    pause_s: float = 0.0

    def bytes(self) -> bytes:
        return self.raw if self.raw is not None else b"" if self.body is None else msgspec.json.encode(self.body)


class Server:
    """Speaks HTTP/1.1 to an ASGI application, in a thread of its own."""

    def __init__(self, app: Callable[..., Any], end: Callable[[], Any] | None = None) -> None:
        self._app, self._end = app, end
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._connections: set[asyncio.Task[Any]] = set()
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(lambda: self._stop.set() if self._stop else None)
        self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, sock=self._socket)
        self._ready.set()
        await self._stop.wait()
        server.close()
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        if self._end is not None:
            await self._end()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        self._connections.add(own)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self._exchange(head.decode("latin-1"), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._connections.discard(own)
            writer.close()

    async def _exchange(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.split("\r\n")
        method, target, _version = first.split(" ")
        headers = {name.lower(): value.strip() for name, _c, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path, _mark, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        answer = sent[1]["body"]
        out = [f"HTTP/1.1 {sent[0]['status']} -"]
        out += [f"{k.decode()}: {v.decode('latin-1')}" for k, v in sent[0]["headers"] if k.lower() != b"content-length"]
        if sent[0]["status"] != 204:
            out.append(f"content-length: {len(answer)}")
        writer.write("\r\n".join(out).encode("latin-1") + b"\r\n\r\n" + answer)
        await writer.drain()


def town(alias: str) -> Server:
    """This platform once more, under an alias of its own; its data are those of the tenants that are asked for."""
    app = make(database_parameters() | {"options": "-c role=onecity_app"})
    app.services.alias = alias
    return Server(app, app.close)


class Source:
    """A source that answers what `say` says, and remembers what it was asked."""

    def __init__(self, say: Callable[[Heard], Said]) -> None:
        self.heard: list[Heard] = []
        self.say = say
        self._server = Server(self._answer)
        self.url = self._server.url

    def close(self) -> None:
        self._server.close()

    async def _answer(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        message = await receive()
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        heard = Heard(scope["method"], scope["path"], scope["query_string"].decode(), headers, message["body"])
        self.heard.append(heard)
        said = self.say(heard)
        if said.pause_s:
            await asyncio.sleep(said.pause_s)
        kind = {} if said.raw is not None or said.body is None else {"content-type": "application/json"}
        names = [(name.encode(), value.encode()) for name, value in (kind | said.headers).items()]
        await send({"type": "http.response.start", "status": said.status, "headers": names})
        await send({"type": "http.response.body", "body": said.bytes()})


def dead_url() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
