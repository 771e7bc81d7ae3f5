"""Leaves out, by arrays, the subscriptions whose conditions an entity cannot meet, so that few are decided one by one.

Thousands may wait for every change of a type, each under a condition of its own. Of each it is known in advance between
which bounds a number must lie, in which box something must be, with what an id must begin. What passes may still not match;
what is left out never does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.geo_matching import shape_or_none
from onecity.kernel.twin.ngsild.query.geometry import boxes_around
from onecity.kernel.twin.ngsild.query.language import Every, GeoQuery, Q, Range, Term, Value
from onecity.kernel.twin.ngsild.query.pattern_parsing import Anchor, Chars
from onecity.kernel.twin.ngsild.query.pattern_parsing import Sequence as Parts
from onecity.kernel.twin.ngsild.query.patterns import Pattern
from onecity.kernel.twin.ngsild.query.selection import Selection

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]
Span = tuple[float, float]
Box = tuple[float, float, float, float]
EVERYTHING: Final[Span] = (-np.inf, np.inf)
WORLD: Final[Box] = (-np.inf, -np.inf, np.inf, np.inf)
TINY: Final = 1e-9  # degrees, so that no rounding leaves out what touches
# relations that nothing outside the reference's box has to it; `near` only where it is bounded
INSIDE: Final = frozenset({"within", "contains", "intersects", "equals", "overlaps"})


@dataclass(slots=True)
class _Bounds:
    """The rows that ask something of one attribute, and between which bounds."""

    rows: list[int] = field(default_factory=list)
    bounds: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, row: int, bounds: tuple[float, ...]) -> None:
        self.rows.append(row)
        self.bounds.append(bounds)

    def arrays(self) -> tuple[Rows, Floats]:
        return np.array(self.rows, np.intp), np.array(self.bounds, np.float64).T


class Screen:
    """Some selections, in their order."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        numbers: dict[str, _Bounds] = {}
        boxes: dict[str, _Bounds] = {}
        names: dict[str, list[int]] = {}
        self._needed = np.zeros(len(selections), np.int16)
        for row, selection in enumerate(selections):
            for name, span in spans(selection.q).items():
                numbers.setdefault(name, _Bounds()).add(row, span)
                self._needed[row] += 1
            box = None if selection.geo is None else box_of(selection.geo)
            if selection.geo is not None and box is not None:
                boxes.setdefault(selection.geo.geoproperty, _Bounds()).add(row, box)
                self._needed[row] += 1
            prefix = "" if selection.id_pattern is None else beginning(selection.id_pattern)
            if prefix:
                names.setdefault(prefix, []).append(row)
                self._needed[row] += 1
        self._numbers = {name: found.arrays() for name, found in numbers.items()}
        self._boxes = {name: found.arrays() for name, found in boxes.items()}
        self._names = {prefix: np.array(rows, np.intp) for prefix, rows in names.items()}
        self._lengths = sorted({len(prefix) for prefix in names})

    def passed(self, entity: StoredEntity) -> list[int]:
        """The selections that the entity may belong to, by their places."""
        met = np.zeros(len(self._needed), np.int16)
        for name, instances in entity.attributes.items():
            if (asked := self._numbers.get(name)) is not None:
                rows, (low, high) = asked
                least, most = extremes(instances)
                met[rows] += (most >= low) & (least <= high)
            if (asked := self._boxes.get(name)) is not None:
                rows, sides = asked
                met[rows] += _touching(sides, instances)
        for length in self._lengths:
            if length > len(entity.urn):
                break
            if (called := self._names.get(entity.urn[:length])) is not None:
                met[called] += 1
        return np.flatnonzero(met == self._needed).tolist()


def _touching(sides: Floats, instances: Iterable[Mapping[str, Any]]) -> Bools:
    west, south, east, north = sides
    found = np.zeros(len(west), np.bool_)
    for instance in instances:
        left, low, right, high = extent(instance.get("value"))
        found |= (west <= right) & (left <= east) & (south <= high) & (low <= north)
    return found


def spans(q: Q | None) -> dict[str, Span]:
    """Stored name → between which numbers some value of the attribute must lie for `q` to be met."""
    found: dict[str, Span] = {}
    for term in _conjuncts(q):
        span = _span(term)
        if span is not None:
            low, high = found.get(term.path.names[0], EVERYTHING)
            found[term.path.names[0]] = max(low, span[0]), min(high, span[1])
    return found


def _conjuncts(q: Q | None) -> Iterator[Term]:
    if isinstance(q, Term):
        yield q
    elif isinstance(q, Every):
        for part in q.parts:
            yield from _conjuncts(part)


def _span(term: Term) -> Span | None:
    path, operand = term.path, term.operand
    if len(path.names) != 1 or path.links or path.member or path.trailing or isinstance(operand, Pattern):
        return None
    if isinstance(operand, Range):
        low, high = _number(operand.low), _number(operand.high)
        return None if term.comparison != "==" or low is None or high is None else (low, high)
    values = [_number(value) for value in operand]
    known = [value for value in values if value is not None]
    if not known or len(known) != len(values):
        return None
    bounds = {
        "==": (min(known), max(known)),
        ">": (known[0], np.inf),
        ">=": (known[0], np.inf),
        "<": (-np.inf, known[0]),
        "<=": (-np.inf, known[0]),
    }
    return bounds.get(term.comparison)


def _number(value: Value) -> float | None:
    return _float(value.value) if value.kind == "number" else None


def _float(value: Any) -> float | None:
    """The number; rounding keeps the order. None where there is none, or none that an array can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def extremes(instances: Iterable[Mapping[str, Any]]) -> Span:
    """The least and the greatest number that the instances hold; everything where one holds what is not looked into here."""
    least, most = np.inf, -np.inf
    for instance in instances:
        held = instance.get("value")
        for value in held if isinstance(held, list) else (held,):
            number = _float(value)
            if number is None and not isinstance(value, str | bool):
                return EVERYTHING
            if number is not None:
                least, most = min(least, number), max(most, number)
    return least, most


def box_of(geo: GeoQuery) -> Box | None:
    """West, south, east, north of the one box outside of which nothing meets the query; None where there is none."""
    near = geo.relation == "near" and geo.max_distance is not None
    if not near and geo.relation not in INSIDE:
        return None
    boxes = boxes_around(geo.geometry, geo.max_distance or 0.0)
    if len(boxes) != 1:
        return None
    west, south, east, north = boxes[0]
    return west - TINY, south - TINY, east + TINY, north + TINY


def extent(value: Any) -> Box:
    """The box of a stored geometry; the world where it is none, or leads over the edge of the map."""
    if not isinstance(value, dict):
        return WORLD
    if value.get("type") == "Point":
        position = value.get("coordinates")
        if isinstance(position, list) and len(position) >= 2 and all(isinstance(p, int | float) for p in position[:2]):
            return float(position[0]), float(position[1]), float(position[0]), float(position[1])
    shape = shape_or_none(value)
    if shape is None or shape.is_empty:
        return WORLD
    west, south, east, north = shape.bounds
    return (west, south, east, north) if west >= -180 and east <= 180 else WORLD


def beginning(pattern: Pattern) -> str:
    """The text with which everything begins that the pattern matches; "" where there is none."""
    tree = pattern.tree
    parts = tree.parts if isinstance(tree, Parts) else ()
    if not parts or not isinstance(parts[0], Anchor) or parts[0].end:
        return ""
    found = ""
    for part in parts[1:]:
        if not isinstance(part, Chars) or part.negated or len(part.ranges) != 1 or len(set(part.ranges[0])) != 1:
            break
        found += part.ranges[0][0]
    return found
