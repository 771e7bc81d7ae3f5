"""A `$filter` asked of single rows: of sets that are small, and of observations while they are read. Pure."""

import datetime as dt
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import shapely

from onecity.kernel.core.clock import now
from onecity.kernel.twin.sensorthings import geometry
from onecity.kernel.twin.sensorthings.filtering import (
    GEO_TESTS,
    Call,
    Combination,
    Comparison,
    Literal,
    Node,
    Operand,
    no_property,
)

Row = Mapping[str, Any]
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "substringof": lambda part, whole: part in whole, "contains": lambda whole, part: part in whole,
    "startswith": lambda whole, part: whole.startswith(part), "endswith": lambda whole, part: whole.endswith(part),
    "length": len, "indexof": lambda whole, part: whole.index(part) if part in whole else -1,
    "substring": lambda text, start, count=math.inf: text[int(start) :][: int(min(count, len(text)))],
    "tolower": lambda text: text.lower(), "toupper": lambda text: text.upper(), "trim": lambda text: text.strip(),
    "concat": lambda one, other: one + other, "year": lambda at: at.year, "month": lambda at: at.month,
    "day": lambda at: at.day, "hour": lambda at: at.hour, "minute": lambda at: at.minute,
    "second": lambda at: at.second, "date": lambda at: at.date(), "now": now,
    "mindatetime": lambda: dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    "maxdatetime": lambda: dt.datetime(9999, 12, 31, tzinfo=dt.UTC),
    # half is rounded away from zero, as the database does it
    "round": lambda number: math.copysign(math.floor(abs(number) + 0.5), number), "floor": math.floor,
    "ceiling": math.ceil, "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "mod": operator.mod, "geo.distance": shapely.distance,
}  # fmt: skip


def holds(node: Node, row: Row) -> bool:
    """Whether a row (property → value) passes the filter; what cannot be compared does not. Raises Problem 400."""
    if isinstance(node, Combination):
        parts = [holds(part, row) for part in node.parts]
        return not parts[0] if node.operator == "not" else all(parts) if node.operator == "and" else any(parts)
    try:
        if isinstance(node, Comparison):
            return bool(COMPARE[node.operator](value_of(node.left, row), value_of(node.right, row)))
        return bool(value_of(node, row))
    except (TypeError, AttributeError, ValueError, ArithmeticError):
        return False


def value_of(node: Operand, row: Row) -> Any:
    """What an operand is in a row. Raises Problem 400, and TypeError, AttributeError, ValueError, ArithmeticError."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call):
        given = [value_of(one, row) for one in node.arguments]
        if node.name in GEO_TESTS:
            return geometry.ROWS[node.name](given[0], given[1])
        return FUNCTIONS[node.name](*given)
    if node.name in row:
        return row[node.name]
    first, *inner = node.name.split("/")
    if first not in row or first[0] == "_":
        raise no_property(node.name)
    found: Any = row[first]
    for step in inner:
        # documents of one set need not have the same members
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
