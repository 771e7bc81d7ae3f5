"""Live streams end as soon as their process is told to end, so that a stop waits for no open page."""

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)
Handler = Callable[[int, FrameType | None], Any]


def call_at_end(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call `end` in `loop` when the process is told to end, before whoever listened for that until now.

    The server's own handler belongs to the event loop and is told beside Python's (asyncio wakes it by a file of its own),
    so that it is neither replaced nor delayed. Outside of the main thread nothing can be heard, and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        before = signal.getsignal(number)
        signal.signal(number, _also(loop, end, before if callable(before) else None, number))


def _also(loop: asyncio.AbstractEventLoop, end: Callable[[], None], before: Handler | None, number: int) -> Handler:
    default = signal.getsignal(number) == signal.SIG_DFL

    def heard(received: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(end)
        if before is not None:
            before(received, frame)
        elif default:
            # nobody else listens: the signal means what it always means
            signal.signal(received, signal.SIG_DFL)
            signal.raise_signal(received)

    return heard
