"""Sets of attribute names, also such as leave only some out: what a registration covers and what is left of a request."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Names:
    """The stored names in `listed`, or with `inverted` every name but those."""

    listed: frozenset[str] = frozenset()
    inverted: bool = False

    def __contains__(self, name: object) -> bool:
        return (name in self.listed) is not self.inverted

    def __bool__(self) -> bool:
        return self.inverted or bool(self.listed)

    def __and__(self, other: "Names") -> "Names":
        if self.inverted and other.inverted:
            return Names(self.listed | other.listed, inverted=True)
        if self.inverted:
            return Names(other.listed - self.listed)
        return Names(self.listed - other.listed if other.inverted else self.listed & other.listed)

    def __invert__(self) -> "Names":
        return Names(self.listed, not self.inverted)

    def __or__(self, other: "Names") -> "Names":
        return ~(~self & ~other)

    def __sub__(self, other: "Names") -> "Names":
        return self & ~other

    @property
    def is_everything(self) -> bool:
        """Whether no name is left out."""
        return self.inverted and not self.listed


def only(names: Iterable[str]) -> Names:
    """These names."""
    return Names(frozenset(names))


EVERYTHING: Final = Names(inverted=True)
NOTHING: Final = Names()
