"""How many exchanges go on with one receiver at once: two at first, twice as many after an answer, half after none.

A host that takes connections and never answers then has two of them, however many subscriptions lead to it; where only one
of its paths hangs, the others still come through.
"""

import asyncio
from collections import deque
from typing import Final, Self

LEAST: Final = 2
MOST: Final = 8


class Gate:
    """Lets in so many at once, first come, first served."""

    def __init__(self) -> None:
        self._width = LEAST
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def busy(self) -> bool:
        """Whether anybody is inside or waits."""
        return self._inside > 0 or bool(self._waiting)

    async def __aenter__(self) -> Self:
        """Wait for a place."""
        if self._inside < self._width and not self._waiting:
            self._inside += 1
            return self
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()  # the place had just been given
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Give the place back."""
        self._leave()

    def judge(self, *, answered: bool) -> None:
        """Take in whether the receiver answered at all, whatever it said."""
        self._width = min(self._width * 2, MOST) if answered else max(self._width // 2, LEAST)

    def _leave(self) -> None:
        self._inside -= 1
        while self._waiting and self._inside < self._width:
            place = self._waiting.popleft()
            if not place.done():
                self._inside += 1
                place.set_result(None)
