"""Which of two values holds that both tiers wrote to one field: the rule, decided the same way on both sides.

The later write by the hybrid logical clock holds (S. Kulkarni et al., Logical physical clocks, OPODIS 2014: time that never
runs backwards along cause and effect, whatever the clocks of the machines say); at the same time the tier's in whose
division the thing lies. Writes are concurrent where the one writing did not know of the other: each write names the one
it replaced.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Write:
    """A value of a field: what, when (hybrid logical clock, µs; 0 before clocks were kept) and by which node."""

    value: object
    at: int
    node: str


class Verdict(Enum):
    """What to do with an incoming write."""

    KNOWN = "known"  # it is the one we have
    TAKE = "take"  # it followed what we have
    SAME = "same"  # both wrote the same value: only the time moves on
    TAKE_OVER = "take_over"  # concurrent, and the incoming one holds
    KEEP = "keep"  # concurrent, and ours holds

    @property
    def is_conflict(self) -> bool:
        """Whether two values met of which one had to give way."""
        return self in (Verdict.TAKE_OVER, Verdict.KEEP)

    @property
    def is_taken(self) -> bool:
        """Whether the incoming value is to be written."""
        return self in (Verdict.TAKE, Verdict.TAKE_OVER)


def judge(ours: Write, incoming: Write, replaced: int, home: str) -> Verdict:
    """What an incoming write does that replaced the one made at `replaced`, where the field now holds `ours`.

    `home` is the node in whose division the thing lies.
    """
    if (incoming.at, incoming.node) == (ours.at, ours.node):
        return Verdict.KNOWN
    if incoming.value == ours.value:
        return Verdict.SAME
    # what nobody has written here since clocks are kept gives way without a conflict
    if incoming.at > ours.at and ours.at in {0, replaced}:
        return Verdict.TAKE
    if incoming.at == ours.at:
        return Verdict.TAKE_OVER if incoming.node == home else Verdict.KEEP
    return Verdict.TAKE_OVER if incoming.at > ours.at else Verdict.KEEP
