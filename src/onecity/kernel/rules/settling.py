"""When after a start it is safe to look for silence: not before the readings that waited meanwhile are in."""

SECOND = 1_000_000
# a batch whose newest reading is older than this is still the past catching up
BEHIND = 60 * SECOND
# without any batch for so long nothing seems to be waiting
QUIET = 20 * SECOND
# a history read in for hours on end must not switch the watch for silence off
LONGEST = 600 * SECOND


class Settling:
    """Knows whether the backlog after a start has been worked off."""

    def __init__(self) -> None:
        self._started = self._last_behind = 0
        self._done = False

    def begin(self, now_us: int) -> None:
        """Start waiting."""
        self._started = self._last_behind = now_us
        self._done = False

    def saw(self, received_at: int, newest_at: int) -> None:
        """Take note of a batch: when it was received and its newest reading (µs)."""
        if received_at - newest_at <= BEHIND:
            self._done = True
        else:
            self._last_behind = received_at

    def done(self, now_us: int) -> bool:
        """Return whether silence means silence by now."""
        if now_us - self._last_behind >= QUIET or now_us - self._started >= LONGEST:
            self._done = True
        return self._done
