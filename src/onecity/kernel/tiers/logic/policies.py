"""What leaves a town: lines of a policy, of which the most exact one that fits decides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ALL, AGGREGATE, SUMMARY, NONE = "all", "aggregate", "summary", "none"
READINGS, ENTITIES, CASES, FILES, REPORTERS = "readings", "entities", "cases", "files", "reporters"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; an empty member fits everything."""

    kind: str
    type_name: str
    attribute: str
    key: str
    sharing: str
    period_seconds: int = 3600

    def fits(self, type_name: str, attribute: str, key: str) -> bool:
        """Whether it says something about this."""
        return self.type_name in {"", type_name} and self.attribute in {"", attribute} and self.key in {"", key}

    @property
    def exactness(self) -> tuple[bool, bool, bool]:
        """A line about one thing comes before one about an attribute, and that before one about a type."""
        return (self.key != "", self.attribute != "", self.type_name != "")


DEFAULT = Line("", "", "", "", ALL)
# who reported something told it to the side that took it down: nobody else learns it unless a line says so
SILENT = Line(REPORTERS, "", "", "", NONE)


@dataclass(frozen=True, slots=True)
class Policies:
    """All lines of an installation."""

    lines: Sequence[Line] = ()

    def decide(self, kind: str, type_name: str, attribute: str = "", key: str = "") -> Line:
        """The line that decides; without one everything goes but the names of those who report."""
        fitting: Iterable[Line] = (
            line for line in self.lines if line.kind == kind and line.fits(type_name, attribute, key)
        )
        return max(fitting, key=lambda line: line.exactness, default=SILENT if kind == REPORTERS else DEFAULT)

    def of_series(self, type_name: str, attribute: str, key: str) -> Line:
        """The line about a series: where a thing itself stays, so do its readings."""
        if self.decide("entities", type_name, key=key).sharing == NONE:
            return Line("entities", type_name, "", key, NONE)
        return self.decide("readings", type_name, attribute, key)
