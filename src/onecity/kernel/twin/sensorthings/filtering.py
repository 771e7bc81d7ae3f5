"""The language of `$filter` (OGC 18-088, 9.3.3.5): read into a tree, then put to a query or asked of single rows."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.logic import times

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<time>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[@A-Za-z_][@A-Za-z0-9_./]*)|(?P<mark>[(),]))"
)
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b), "ne": lambda a, b: bool(a != b), "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b), "lt": lambda a, b: bool(a < b), "le": lambda a, b: bool(a <= b),
}  # fmt: skip
LOOKUPS = {"eq": "", "gt": "__gt", "ge": "__gte", "lt": "__lt", "le": "__lte"}
# first argument of `substringof` is the part, of the others the whole
TEXTS: Mapping[str, str] = {"startswith": "__startswith", "endswith": "__endswith", "substringof": "__contains", "contains": "__contains"}  # fmt: skip
DEEPEST, LONGEST = 30, 4_000
Value = str | float | bool | dt.datetime | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`, or a function of text on a field."""

    field: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Combination:
    """`and`, `or` and `not` of others."""

    operator: str
    parts: "tuple[Node, ...]"


Node = Comparison | Combination


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
        return " ".join(text for _kind, text in self.tokens[self.at : self.at + 6])

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
        if self.take("("):
            node = self.either(depth + 1)
            self.need(")")
            return node
        return self.comparison()

    def comparison(self) -> Node:
        kind, text = self.next()
        if kind == "name" and self.take("("):
            return self.function(text)
        field, operator = (kind, text), self.take(*COMPARE)
        if not operator:
            raise wrong(_("The filter cannot be read"), self.rest() or text)
        other = self.next()
        if field[0] != "name":
            turned = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
            field, other, operator = other, field, turned.get(operator, operator)
        if field[0] != "name":
            raise wrong(_("One side of a comparison must be a property"), text)
        return Comparison(field[1], operator, _value(*other))

    def function(self, name: str) -> Node:
        if name not in TEXTS:
            raise unsupported(f"$filter: {name}()")
        first = self.next()
        self.need(",")
        second = self.next()
        self.need(")")
        field, part = (second, first) if name == "substringof" else (first, second)
        if field[0] != "name" or part[0] != "text":
            raise wrong(_("The filter cannot be read"), f"{name}(…)")
        negated = bool(self.take("eq", "ne")) and self.tokens[self.at - 1][1] == "ne"
        if self.at and self.tokens[self.at - 1][1] in {"eq", "ne"}:
            negated ^= self.next()[1] == "false"
        node = Comparison(field[1], name, _value(*part))
        return Combination("not", (node,)) if negated else node

    def next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise wrong(_("The filter ends too early"))
        self.at += 1
        return self.tokens[self.at - 1]


def _value(kind: str, text: str) -> Value:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "number":
        return float(text)
    if kind == "time":
        micros = times.from_one(text)
        if micros is None:
            raise wrong(_("The time cannot be read"), text)
        return times.UNIX_EPOCH + dt.timedelta(microseconds=micros)
    known: Mapping[str, Value] = {"true": True, "false": False, "null": None}
    if text not in known:
        raise unsupported(f"$filter: {text}")
    return known[text]


def to_query(node: Node, fields: Mapping[str, str]) -> Q:
    """The filter for a query; `fields`: properties and the columns they stand for. Raises Problem 400."""
    if isinstance(node, Combination):
        parts = [to_query(part, fields) for part in node.parts]
        if node.operator == "not":
            return ~parts[0]
        found = parts[0]
        for part in parts[1:]:
            found = found & part if node.operator == "and" else found | part
        return found
    column = fields.get(node.field)
    if column is None:
        raise wrong(_("There is no such property to filter by"), node.field)
    if node.operator in TEXTS:
        return Q(**{column + TEXTS[node.operator]: node.value})
    if node.value is None:
        return Q(**{f"{column}__isnull": node.operator == "eq"})
    if node.operator == "ne":
        return ~Q(**{column: node.value})
    return Q(**{column + LOOKUPS[node.operator]: node.value})


def holds(node: Node, row: Mapping[str, Any]) -> bool:
    """Whether a row (property → value) passes the filter. Raises Problem 400."""
    if isinstance(node, Combination):
        parts = [holds(part, row) for part in node.parts]
        return not parts[0] if node.operator == "not" else all(parts) if node.operator == "and" else any(parts)
    if node.field not in row:
        raise wrong(_("There is no such property to filter by"), node.field)
    value = row[node.field]
    if node.operator in TEXTS:
        part = str(node.value)
        tests = {"startswith": str(value).startswith(part), "endswith": str(value).endswith(part)}
        return tests.get(node.operator, part in str(value))
    try:
        return COMPARE[node.operator](value, node.value)
    except TypeError:
        return False


def span(node: Node | None, names: frozenset[str]) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The times between which a row must lie to pass: from, and just before; None where open."""
    if isinstance(node, Combination) and node.operator == "and":
        found = [span(part, names) for part in node.parts]
        starts = [start for start, _end in found if start is not None]
        ends = [end for _start, end in found if end is not None]
        return max(starts, default=None), min(ends, default=None)
    if isinstance(node, Comparison) and node.field in names and isinstance(node.value, dt.datetime):
        step = dt.timedelta(microseconds=1)
        start = node.value if node.operator in {"ge", "gt", "eq"} else None
        end = node.value + step if node.operator in {"le", "eq"} else node.value if node.operator == "lt" else None
        return start, end
    return None, None
