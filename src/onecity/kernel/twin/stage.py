"""The twin's place in the pipeline: tells live pages that the state of the city has moved on."""

from onecity.kernel.notify import feed
from onecity.kernel.telemetry.batch import StoredBatch

MICROSECOND = 1_000_000
EVERY = 2 * MICROSECOND


class StateStage:
    """Publishes that new readings are stored, at most every two seconds, however many there are.

    The change says nothing else: neither what was read nor where. Whoever hears it asks again for what he may see, so
    it can be public, and one row serves everybody.
    """

    name = "state"

    def __init__(self) -> None:
        self._moved = False
        self._told = 0

    def load(self) -> None:
        """Begin anew: what a failed transaction had told was told to nobody."""
        self._told = 0

    def process(self, batch: StoredBatch) -> None:
        """Remember that something newer has come."""
        self._moved = self._moved or bool(batch.fresh.any())
        self._tell(batch.received_at)

    def tick(self, now_us: int) -> None:
        """Tell what has not been told yet."""
        self._tell(now_us)

    def _tell(self, now_us: int) -> None:
        if self._moved and now_us - self._told >= EVERY:
            feed.publish("state", division_path="", ref="", payload={}, public=True)
            self._moved, self._told = False, now_us
