"""The door to other servers against real servers: judged, pinned, bounded, redirects included."""

import asyncio
import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from onecity.kernel.access import outbound
from onecity.kernel.access.outbound import Bounds
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.outbound import networks

HERE = networks(["127.0.0.0/8", "::1/128"])
SMALL = Bounds(seconds=10, most_bytes=1_000)


class Server(http.server.ThreadingHTTPServer):
    """Answers by its path: a status, a number of bytes, a redirect, or nothing for long."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.held = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers["Host"]))
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                kind, _slash, rest = self.path[1:].partition("/")
                if kind == "hold":
                    outer.held.wait(5)
                body = b"x" * int(rest) if kind == "bytes" else b"ok"
                self.send_response(302 if kind == "to" else 200)
                if kind == "to":
                    self.send_header("Location", f"http://{rest}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that http.server calls

            def log_message(self, *arguments: object) -> None:
                """Be quiet."""

        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what some tests do."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.held.set()
    made.shutdown()
    made.server_close()
    thread.join()


def both(url: str, bounds: Bounds = SMALL, allow: Any = HERE) -> list[Any]:
    """What the door for threads and that for event loops make of it: an answer, or the code of a problem."""
    found: list[Any] = []
    try:
        found.append(outbound.fetch(url, allow, bounds).body)
    except Problem as problem:
        found.append(problem.code)
    try:
        found.append(asyncio.run(outbound.async_fetch(url, allow, bounds)).body)
    except Problem as problem:
        found.append(problem.code)
    return found


def test_an_answer_comes_through(server: Server) -> None:
    assert both(f"http://127.0.0.1:{server.server_port}/bytes/3") == [b"xxx", b"xxx"]
    assert both(f"http://localhost:{server.server_port}/bytes/1000") == [b"x" * 1000] * 2
    assert server.asked[-1][1] == f"localhost:{server.server_port}"


def test_private_networks_are_closed_unless_opened(server: Server) -> None:
    port = server.server_port
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"):
        assert both(f"http://{host}:{port}/", allow=()) == ["outbound_refused"] * 2, host
    assert server.asked == []


def test_a_redirect_goes_through_the_same_door(server: Server) -> None:
    port = server.server_port
    assert both(f"http://127.0.0.1:{port}/to/127.0.0.1:{port}/bytes/2") == [b"xx", b"xx"]
    for hidden in ("169.254.169.254/latest", "10.0.0.1/"):
        assert both(f"http://127.0.0.1:{port}/to/{hidden}") == ["outbound_refused"] * 2, hidden
    loop = f"http://127.0.0.1:{port}/to/127.0.0.1:{port}/to/127.0.0.1:{port}/to/127.0.0.1:{port}/to/127.0.0.1:{port}/"
    assert both(loop) == ["outbound_failed"] * 2
    without = Bounds(seconds=10, redirects=0)
    assert both(f"http://127.0.0.1:{port}/to/127.0.0.1:{port}/bytes/2", without) == [b"ok", b"ok"]


def test_time_and_size_are_bounded(server: Server) -> None:
    assert both(f"http://127.0.0.1:{server.server_port}/bytes/1001") == ["outbound_failed"] * 2
    assert both(f"http://127.0.0.1:{server.server_port}/hold", Bounds(seconds=0.3)) == ["outbound_failed"] * 2


def test_nobody_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert both(f"http://127.0.0.1:{closed.getsockname()[1]}/") == ["outbound_failed"] * 2
    assert both("http://no-such-name.invalid/") == ["outbound_failed"] * 2


def test_a_client_for_many_exchanges(server: Server) -> None:
    async def scenario() -> list[int]:
        url = f"http://127.0.0.1:{server.server_port}/bytes/1"
        async with outbound.async_client(HERE, SMALL) as door:
            answers = [await outbound.async_exchange(door, "POST", url, bounds=SMALL, content=b"{}") for _ in range(3)]
        assert await outbound.judge("mqtt://127.0.0.1/", HERE, ("mqtt",)) == ["127.0.0.1"]
        return [answer.status for answer in answers]

    assert asyncio.run(scenario()) == [200, 200, 200]


def test_the_pinned_address_is_the_judged_one(server: Server) -> None:
    """A name is resolved once for each connection; what was judged is what is connected to, whatever the name says next."""
    url = f"http://localhost:{server.server_port}/bytes/1"
    resolved: list[str] = []
    resolve = outbound._resolve

    def counted(host: str, port: int) -> list[str]:
        resolved.append(host)
        return resolve(host, port)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "_resolve", counted)
        assert outbound.fetch(url, HERE, SMALL).status == 200
    assert resolved == ["localhost"]
