"""How much is measured: full size, and a tenth of it to see that it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Readings of each measurement; `growth`: how many readings the store holds when NDJSON is measured again."""

    entities: int
    base: int
    request: int
    arrow_request: int
    messages: int
    probes: int
    growth: tuple[int, ...]


FULL = Sizes(2_000, 3_000_000, 50_000, 200_000, 300_000, 200, (1_000_000, 10_000_000, 100_000_000))
QUICK = Sizes(500, 300_000, 25_000, 50_000, 30_000, 30, (300_000, 3_000_000))
