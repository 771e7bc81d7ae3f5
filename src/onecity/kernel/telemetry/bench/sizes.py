"""How much is measured: full size, and a small part of it to see that it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Readings of each measurement; `growth`: how many readings the store holds when both are measured again."""

    entities: int
    base: int
    request: int
    arrow_request: int
    messages: int
    probes: int
    growth: tuple[int, ...]


FULL = Sizes(2_000, 3_000_000, 50_000, 200_000, 300_000, 200, (10_000_000, 100_000_000))
# so many messages that start and end (a connection, a round of the gateway, a transaction) are a small part of the time
QUICK = Sizes(500, 600_000, 25_000, 50_000, 120_000, 30, (6_000_000,))
