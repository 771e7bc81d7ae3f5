"""The language of `$filter` (OGC 18-088, 9.3.3.5): read into a tree; `filter_sql` and `filter_rows` evaluate it."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import shapely
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.logic import times

TOKEN = re.compile(
    r"\s*(?:geography(?P<shape>'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[@A-Za-z_][@A-Za-z0-9_./]*)|(?P<mark>[(),]))"
)
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
TURNED: Mapping[str, str] = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
SUMS, PRODUCTS = ("add", "sub"), ("mul", "div", "mod")
# how many arguments each function takes (9.3.3.5.2), and what it gives
ARGUMENTS: Mapping[str, tuple[int, ...]] = {
    "substringof": (2,), "endswith": (2,), "startswith": (2,), "contains": (2,), "length": (1,), "indexof": (2,),
    "substring": (2, 3), "tolower": (1,), "toupper": (1,), "trim": (1,), "concat": (2,), "year": (1,), "month": (1,),
    "day": (1,), "hour": (1,), "minute": (1,), "second": (1,), "date": (1,), "now": (0,), "mindatetime": (0,),
    "maxdatetime": (0,), "round": (1,), "floor": (1,), "ceiling": (1,), "geo.distance": (2,), "geo.intersects": (2,),
    "st_equals": (2,), "st_disjoint": (2,), "st_touches": (2,), "st_within": (2,), "st_overlaps": (2,),
    "st_crosses": (2,), "st_intersects": (2,), "st_contains": (2,),
}  # fmt: skip
TEXT_TESTS = frozenset({"substringof", "endswith", "startswith", "contains"})
GEO_TESTS = frozenset(
    {"geo.intersects", "st_equals", "st_disjoint", "st_touches", "st_within", "st_overlaps", "st_crosses",
     "st_intersects", "st_contains"}
)  # fmt: skip
TESTS = TEXT_TESTS | GEO_TESTS
DEEPEST, LONGEST, MOST_POINTS = 30, 20_000, 2_000
Value = str | float | bool | dt.datetime | dt.date | shapely.Geometry | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written."""

    value: Value


@dataclass(frozen=True, slots=True)
class Property:
    """A property, or one of a row that this one is linked to (`Thing/name`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of ARGUMENTS, or an operation on numbers."""

    name: str
    arguments: "tuple[Operand, ...]"


Operand = Literal | Property | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Combination:
    """`and`, `or` and `not` of others."""

    operator: str
    parts: "tuple[Node, ...]"


Node = Comparison | Combination | Call


def wrong(text: object, detail: object = "") -> Problem:
    """The answer to a query that cannot be understood."""
    return Problem("sensorthings-query", text, status=400, detail=detail)


def unsupported(what: str) -> Problem:
    """The answer to what the standard has and this service does not offer."""
    return Problem(
        "sensorthings-not-offered",
        _("This service does not offer that part of SensorThings"),
        status=501,
        detail=what,
    )


def no_property(name: str) -> Problem:
    """The answer to a property that cannot be filtered by."""
    return wrong(_("There is no such property to filter by"), name[:100])


def parse(text: str) -> Node:
    """A filter as a tree; raises Problem 400, or 501 for functions that are not offered."""
    if len(text) > LONGEST:
        raise wrong(_("The filter is too long"))
    reader = _Reader(_tokens(text))
    node = reader.either(0)
    if reader.at != len(reader.tokens):
        raise wrong(_("The filter cannot be read"), reader.rest())
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise wrong(_("The filter cannot be read"), text[at : at + 40])
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def rest(self) -> str:
        return " ".join(text for _kind, text in self.tokens[self.at : self.at + 6])[:100]

    def take(self, *wanted: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in wanted:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise wrong(_("The filter cannot be read"), self.rest())

    def either(self, depth: int) -> Node:
        parts = [self.both(depth)]
        while self.take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Combination("or", tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.one(depth)]
        while self.take("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else Combination("and", tuple(parts))

    def one(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise wrong(_("The filter is nested too deeply"))
        if self.take("not"):
            return Combination("not", (self.one(depth + 1),))
        start = self.at
        if self.take("("):
            # either a condition in brackets, or a sum that goes on behind them
            try:
                node = self.either(depth + 1)
                self.need(")")
            except Problem:
                self.at = start
                return self.comparison(depth)
            if self.at >= len(self.tokens) or self.tokens[self.at][1] in {"and", "or", ")"}:
                return node
            self.at = start
        return self.comparison(depth)

    def comparison(self, depth: int) -> Node:
        left = self.sum(depth)
        operator = self.take(*COMPARISONS)
        if not operator:
            if isinstance(left, Call) and left.name in TESTS:
                return left
            raise wrong(_("The filter cannot be read"), self.rest())
        right = self.sum(depth)
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, right, operator = right, left, TURNED.get(operator, operator)
        if isinstance(left, Literal):
            raise wrong(_("One side of a comparison must be a property"), self.rest())
        if isinstance(left, Call) and left.name in TESTS:
            return self.told(left, operator, right)
        return Comparison(left, operator, right)

    def told(self, test: Call, operator: str, right: Operand) -> Node:
        """`startswith(name,'x') eq true` is the test itself, or its contrary."""
        if not isinstance(right, Literal) or not isinstance(right.value, bool) or operator not in {"eq", "ne"}:
            raise wrong(_("The filter cannot be read"), f"{test.name}(…)")
        return test if right.value == (operator == "eq") else Combination("not", (test,))

    def sum(self, depth: int) -> Operand:
        found = self.product(depth)
        while sign := self.take(*SUMS):
            found = Call(sign, (found, self.product(depth)))
        return found

    def product(self, depth: int) -> Operand:
        found = self.operand(depth)
        while sign := self.take(*PRODUCTS):
            found = Call(sign, (found, self.operand(depth)))
        return found

    def operand(self, depth: int) -> Operand:
        if depth > DEEPEST:
            raise wrong(_("The filter is nested too deeply"))
        if self.take("("):
            found = self.sum(depth + 1)
            self.need(")")
            return found
        kind, text = self.next()
        if kind == "name" and self.take("("):
            return self.function(text, depth + 1)
        if kind == "name" and text not in {"true", "false", "null"}:
            return Property(text)
        if kind == "mark":
            raise wrong(_("The filter cannot be read"), f"{text} {self.rest()}")
        return Literal(_value(kind, text))

    def function(self, name: str, depth: int) -> Call:
        if name not in ARGUMENTS:
            raise unsupported(f"$filter: {name}()"[:100])
        arguments: list[Operand] = []
        if not self.take(")"):
            arguments.append(self.sum(depth))
            while self.take(","):
                arguments.append(self.sum(depth))
            self.need(")")
        if len(arguments) not in ARGUMENTS[name]:
            raise wrong(_("The filter cannot be read"), f"{name}(…)")
        return Call(name, tuple(arguments))

    def next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise wrong(_("The filter ends too early"))
        self.at += 1
        return self.tokens[self.at - 1]


def _value(kind: str, text: str) -> Value:
    if kind == "text":
        return text[1:-1].replace("''", "'").replace("\0", "")
    if kind == "number":
        return float(text)
    if kind == "shape":
        return _shape(text[1:-1])
    if kind == "time":
        micros = times.from_one(text)
        if micros is None:
            raise wrong(_("The time cannot be read"), text)
        return times.UNIX_EPOCH + dt.timedelta(microseconds=micros)
    return {"true": True, "false": False, "null": None}[text]


def _shape(text: str) -> shapely.Geometry:
    try:
        found = shapely.from_wkt(re.sub(r"^\s*SRID=4326\s*;", "", text))
    except shapely.errors.GEOSException as error:
        raise wrong(_("The geometry cannot be read"), text[:100]) from error
    if found.is_empty or shapely.get_num_coordinates(found) > MOST_POINTS or not found.is_valid:
        raise wrong(_("The geometry cannot be read"), text[:100])
    return found


def span(node: Node | None, names: frozenset[str]) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The times between which a row must lie to pass: from, and just before; None where open."""
    if isinstance(node, Combination) and node.operator == "and":
        found = [span(part, names) for part in node.parts]
        starts = [start for start, _end in found if start is not None]
        ends = [end for _start, end in found if end is not None]
        return max(starts, default=None), min(ends, default=None)
    if not isinstance(node, Comparison) or not isinstance(node.left, Property) or not isinstance(node.right, Literal):
        return None, None
    value: Any = node.right.value
    if node.left.name in names and isinstance(value, dt.datetime):
        step = dt.timedelta(microseconds=1)
        start = value if node.operator in {"ge", "gt", "eq"} else None
        end = value + step if node.operator in {"le", "eq"} else value if node.operator == "lt" else None
        return start, end
    return None, None


def names(node: Node | Operand) -> frozenset[str]:
    """The properties that a filter names."""
    if isinstance(node, Property):
        return frozenset({node.name})
    if isinstance(node, Literal):
        return frozenset()
    parts: tuple[Node | Operand, ...] = (
        (node.left, node.right)
        if isinstance(node, Comparison)
        else node.parts
        if isinstance(node, Combination)
        else node.arguments
    )
    return frozenset().union(*map(names, parts))
