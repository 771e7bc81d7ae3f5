"""A `$filter` put to a query: properties become columns, functions those of the database; types are checked beforehand."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, DateField, DateTimeField, F, FloatField, Q, Value
from django.db.models.functions import (
    Ceil,
    Concat,
    ExtractDay,
    ExtractHour,
    ExtractMinute,
    ExtractMonth,
    ExtractSecond,
    ExtractYear,
    Floor,
    Length,
    Lower,
    NullIf,
    Round,
    StrIndex,
    Substr,
    Trim,
    TruncDate,
    Upper,
)
from django.db.models.lookups import Contains as TextContains
from django.db.models.lookups import (
    EndsWith,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IsNull,
    LessThan,
    LessThanOrEqual,
    StartsWith,
)
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.twin.sensorthings import geometry
from onecity.kernel.twin.sensorthings.filtering import (
    GEO_TESTS,
    TEXT_TESTS,
    Call,
    Combination,
    Comparison,
    Literal,
    Node,
    Operand,
    Property,
    no_property,
    unsupported,
    wrong,
)

TEXT, NUMBER, TIME, DATE, TRUTH, ID, PLACE, JSON, NOTHING = (
    "text", "number", "time", "date", "truth", "id", "place", "json", "nothing",
)  # fmt: skip
LOOKUPS: Mapping[str, Any] = {
    "eq": Exact, "gt": GreaterThan, "ge": GreaterThanOrEqual, "lt": LessThan, "le": LessThanOrEqual,
}  # fmt: skip
JSON_LOOKUPS: Mapping[str, str] = {"eq": "", "gt": "__gt", "ge": "__gte", "lt": "__lt", "le": "__lte"}
TESTS: Mapping[str, Any] = {"startswith": StartsWith, "endswith": EndsWith, "contains": TextContains}
PARTS: Mapping[str, Any] = {
    "year": ExtractYear, "month": ExtractMonth, "day": ExtractDay, "hour": ExtractHour, "minute": ExtractMinute,
    "second": ExtractSecond,
}  # fmt: skip
OF_TEXT: Mapping[str, tuple[Any, str]] = {
    "length": (Length, NUMBER), "tolower": (Lower, TEXT), "toupper": (Upper, TEXT), "trim": (Trim, TEXT),
}  # fmt: skip
OF_NUMBER: Mapping[str, Any] = {"round": Round, "floor": Floor, "ceiling": Ceil}
FIRST, LAST = dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
CONSTANTS: Mapping[str, Callable[[], dt.datetime]] = {
    "now": now, "mindatetime": lambda: FIRST, "maxdatetime": lambda: LAST,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression and what it gives."""

    expression: Any
    kind: str


Fields = Mapping[str, Typed]


def column(name: str, kind: str) -> Typed:
    """A column as a property."""
    return Typed(F(name), kind)


def to_query(node: Node, fields: Fields) -> Q:
    """The filter for a query; `fields`: properties and what they stand for. Raises Problem 400 and 501."""
    if isinstance(node, Combination):
        parts = [to_query(part, fields) for part in node.parts]
        if node.operator == "not":
            return ~parts[0]
        found = parts[0]
        for part in parts[1:]:
            found = found & part if node.operator == "and" else found | part
        return found
    if isinstance(node, Comparison):
        return _comparison(node, fields)
    if node.name in GEO_TESTS:
        return _geo_test(node, fields)
    return _text_test(node, fields)


def _comparison(node: Comparison, fields: Fields) -> Q:
    left, right = _operand(node.left, fields), _operand(node.right, fields)
    if node.operator == "ne":
        return ~_comparison(Comparison(node.left, "eq", node.right), fields)
    if right.kind == NOTHING:
        return (
            Q(IsNull(left.expression, node.operator == "eq"))
            if left.kind != JSON
            else Q(**{f"{left.expression}__isnull": node.operator == "eq"})
        )
    if left.kind == JSON:
        return _of_json(left, node)
    if left.kind == ID:
        return _of_id(left, node)
    if left.kind != right.kind or left.kind == PLACE:
        raise wrong(_("These two cannot be compared"), _shown(node))
    return Q(LOOKUPS[node.operator](left.expression, right.expression))


def _of_json(left: Typed, node: Comparison) -> Q:
    """A member of `properties`, which may be of any type: what is of another one does not pass."""
    if not isinstance(node.right, Literal) or not isinstance(node.right.value, str | float | bool):
        raise wrong(_("These two cannot be compared"), _shown(node))
    value = node.right.value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return Q(**{f"{left.expression}{JSON_LOOKUPS[node.operator]}": value})


def _of_id(left: Typed, node: Comparison) -> Q:
    """Ids can only be the same or not; what is no id is nobody's."""
    value = node.right.value if isinstance(node.right, Literal) else None
    if node.operator != "eq" or not isinstance(value, str):
        raise wrong(_("These two cannot be compared"), _shown(node))
    try:
        return Q(Exact(left.expression, uuid.UUID(value)))
    except ValueError:
        return Q(pk__in=[])


def _text_test(node: Call, fields: Fields) -> Q:
    if node.name not in TEXT_TESTS:
        raise wrong(_("The filter cannot be read"), f"{node.name}(…)")
    first, second = (_need(one, fields, TEXT, node) for one in node.arguments)
    # the first argument of `substringof` is the part, of the others the whole
    whole, part = (second, first) if node.name == "substringof" else (first, second)
    lookup = TESTS.get(node.name, TextContains)
    literal = node.arguments[0 if node.name == "substringof" else 1]
    value = literal.value if isinstance(literal, Literal) else part
    return Q(lookup(whole, value))


def _geo_test(node: Call, fields: Fields) -> Q:
    first, second = node.arguments
    place, shape, turned = (second, first, True) if isinstance(first, Literal) else (first, second, False)
    if not isinstance(shape, Literal) or not _is_place(place, fields):
        raise wrong(_("The filter cannot be read"), f"{node.name}(…)")
    return geometry.test(node.name, shape.value, turned=turned)


def _is_place(node: Operand, fields: Fields) -> bool:
    return isinstance(node, Property) and _operand(node, fields).kind == PLACE


def _operand(node: Operand, fields: Fields) -> Typed:
    if isinstance(node, Literal):
        return _literal(node)
    if isinstance(node, Property):
        return _property(node.name, fields)
    return _call(node, fields)


def _property(name: str, fields: Fields) -> Typed:
    if name in fields:
        return fields[name]
    prefix, _slash, member = name.partition("/")
    any_of = fields.get(f"{prefix}/*")
    if any_of is None or not member or "__" in member or "/" in member or "@" in member or "." in member:
        raise no_property(name)
    return Typed(f"{any_of.expression}__{member}", JSON)


def _literal(node: Literal) -> Typed:
    value = node.value
    if value is None:
        return Typed(None, NOTHING)
    if isinstance(value, bool):
        return Typed(Value(value), TRUTH)
    if isinstance(value, float):
        return Typed(Value(value, output_field=FloatField()), NUMBER)
    if isinstance(value, str):
        return Typed(Value(value, output_field=CharField()), TEXT)
    if isinstance(value, dt.datetime):
        return Typed(Value(value, output_field=DateTimeField()), TIME)
    return Typed(value, PLACE)


def _call(node: Call, fields: Fields) -> Typed:
    name, given = node.name, node.arguments
    if name in OF_TEXT:
        function, kind = OF_TEXT[name]
        return Typed(function(_need(given[0], fields, TEXT, node)), kind)
    if name in OF_NUMBER:
        return Typed(OF_NUMBER[name](_need(given[0], fields, NUMBER, node)), NUMBER)
    if name in PARTS:
        return Typed(PARTS[name](_need(given[0], fields, TIME, node), tzinfo=dt.UTC), NUMBER)
    if name in CONSTANTS:
        return Typed(Value(CONSTANTS[name](), output_field=DateTimeField()), TIME)
    return SPECIAL[name](node, fields) if name in SPECIAL else _arithmetic(node, fields)


def _arithmetic(node: Call, fields: Fields) -> Typed:
    if node.name not in {"add", "sub", "mul", "div", "mod"}:
        raise unsupported(f"$filter: {node.name}()")
    left, right = (_need(one, fields, NUMBER, node) for one in node.arguments)
    if node.name in {"div", "mod"}:
        # a division by zero gives nothing, and nothing passes no comparison
        right = NullIf(right, Value(0.0))
    if node.name == "mod":
        return Typed(left - right * Floor(left / right), NUMBER)
    result = {"add": lambda: left + right, "sub": lambda: left - right, "mul": lambda: left * right}
    return Typed(result.get(node.name, lambda: left / right)(), NUMBER)


def _distance(node: Call, fields: Fields) -> Typed:
    first, second = node.arguments
    place, shape = (second, first) if isinstance(first, Literal) else (first, second)
    if not isinstance(shape, Literal) or not _is_place(place, fields):
        raise wrong(_("The filter cannot be read"), "geo.distance(…)")
    return Typed(geometry.distance(shape.value), NUMBER)


def _substring(node: Call, fields: Fields) -> Typed:
    text = _need(node.arguments[0], fields, TEXT, node)
    numbers: list[int] = []
    for one in node.arguments[1:]:
        if not isinstance(one, Literal) or not isinstance(one.value, float) or not 0 <= one.value < 1e6:
            raise wrong(_("The filter cannot be read"), "substring(…)")
        numbers.append(int(one.value))
    return Typed(Substr(text, numbers[0] + 1, *numbers[1:]), TEXT)


def _index(node: Call, fields: Fields) -> Typed:
    whole, part = (_need(one, fields, TEXT, node) for one in node.arguments)
    return Typed(StrIndex(whole, part) - Value(1), NUMBER)


def _concat(node: Call, fields: Fields) -> Typed:
    return Typed(Concat(*(_need(one, fields, TEXT, node) for one in node.arguments), output_field=CharField()), TEXT)


def _date(node: Call, fields: Fields) -> Typed:
    return Typed(TruncDate(_need(node.arguments[0], fields, TIME, node), tzinfo=dt.UTC, output_field=DateField()), DATE)


SPECIAL: Mapping[str, Callable[[Call, Fields], Typed]] = {
    "geo.distance": _distance, "substring": _substring, "indexof": _index, "concat": _concat, "date": _date,
}  # fmt: skip


def _need(node: Operand, fields: Fields, kind: str, around: Call) -> Any:
    found = _operand(node, fields)
    if found.kind != kind:
        raise wrong(_("This function takes something else"), f"{around.name}(…)")
    return found.expression


def _shown(node: Comparison) -> str:
    return f"{node.left} {node.operator} {node.right}"[:200]
