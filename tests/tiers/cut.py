"""A TCP proxy that can be cut: nothing passes in either direction, and nobody is told, as when a line breaks."""

import asyncio
import contextlib
import threading

CHUNK = 1 << 16


class Cut:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target` until it is cut; `heal` lets new connections through again."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self._open = threading.Event()
        self._open.set()
        self._loop = asyncio.new_event_loop()
        self._pairs: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name="cut", daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        assert self._ready.wait(10)

    def cut(self) -> None:
        """Let nothing pass: what is open stays silent, what is new is not answered."""
        self._open.clear()

    def heal(self) -> None:
        """Let new connections pass; those that were open when the line broke are dead."""
        self._loop.call_soon_threadsafe(self._drop)
        self._open.set()

    def close(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _drop(self) -> None:
        for writer in list(self._pairs):
            writer.close()
        self._pairs.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", self.port))
        self._ready.set()
        self._loop.run_forever()
        self._drop()
        server.close()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._pairs.add(writer)
        if not self._open.is_set():
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self._pairs.add(far_writer)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(CHUNK):
                if not self._open.is_set():
                    # swallowed, as by a broken line; the connection itself seems to stand
                    continue
                writer.write(data)
                await writer.drain()
        writer.close()
