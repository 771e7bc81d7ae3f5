"""Limits a sender must keep: a bucket of readings that fills at its rate and may be overdrawn by one message.

A message of any allowed size passes while the bucket holds something; what it overdraws has to fill up before the next
one passes. So nothing is ever taken in half, and a batch larger than a second's worth needs no special case.
"""

from dataclasses import dataclass, field

BURST_SECONDS = 30.0
# so that what filled up in fractions counts as whole
ROUNDING = 1e-6


@dataclass(slots=True)
class Bucket:
    """One sender's allowance; times are monotonic seconds."""

    rate: float
    level: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until the next message may pass, 0 when it may pass now."""
        self._fill(now)
        return 0.0 if self.level > 0 else -self.level / self.rate + 1.0 / self.rate

    def take(self, readings: int, now: float) -> None:
        """Count a message that passed."""
        self._fill(now)
        self.level -= readings

    def take_up_to(self, readings: int, now: float) -> int:
        """How many of these readings may pass, and count them: for senders that cannot be told to wait."""
        self._fill(now)
        passed = min(readings, max(int(self.level + ROUNDING), 0))
        self.level -= passed
        return passed

    def _fill(self, now: float) -> None:
        self.level = min(self.rate * BURST_SECONDS, self.level + (now - self.at) * self.rate)
        self.at = now


@dataclass(slots=True)
class Buckets:
    """The buckets of all senders; a sender whose rate was changed starts with a new one."""

    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def of(self, sender: str, rate: float, now: float) -> Bucket:
        """The bucket of a sender that may send `rate` readings a second."""
        bucket = self._buckets.get(sender)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[sender] = Bucket(rate, rate * BURST_SECONDS, now)
        return bucket
