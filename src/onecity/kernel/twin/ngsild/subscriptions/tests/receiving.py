"""A real HTTP receiver, and a notifier at work in a thread of its own."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from onecity.kernel.twin.ngsild.subscriptions.notifier import Notifier

PATIENCE_S = 15.0


@dataclass(frozen=True)
class Heard:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float

    @property
    def data(self) -> Any:
        return self.body["data"]


class Receiver:
    """Answers with the status that `answer` says for the path, after the time that it says."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[str], tuple[int, float]] = lambda _path: (200, 0.0)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard = Heard(self.path, headers, msgspec.json.decode(body), time.time())
                status, pause = receiver.answer(self.path)
                receiver.heard.append(heard)
                if pause:
                    receiver.closing.wait(pause)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Nothing is printed."""

        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def at(self, path: str) -> list[Heard]:
        return [one for one in self.heard if one.path == path]

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Office:
    """A notifier that works until closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._working = threading.Event()
        self.failure: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> "Office":
        """Until it is at work."""
        assert self._working.wait(PATIENCE_S), self.failure
        return self

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._main())
        except asyncio.CancelledError:
            return
        except BaseException as error:
            self.failure = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        notifier = Notifier()
        telling = asyncio.get_running_loop().create_task(self._tell(notifier))
        try:
            await notifier.run()
        finally:
            telling.cancel()

    async def _tell(self, notifier: Notifier) -> None:
        await notifier.working.wait()
        self._working.set()

    def close(self) -> None:
        if self._thread.is_alive() and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(PATIENCE_S)
        assert self.failure is None, self.failure


def until(condition: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)
    return found
