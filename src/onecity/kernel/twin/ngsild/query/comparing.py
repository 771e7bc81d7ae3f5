"""Tests of one value of JSON against a value, list, range or pattern of a query, by the data types of 4.9."""

import operator
from collections.abc import Callable
from typing import Any

from onecity.kernel.twin.ngsild.query.language import Comparison, Range, Value
from onecity.kernel.twin.ngsild.query.literals import date_key, datetime_key, time_key
from onecity.kernel.twin.ngsild.query.patterns import Pattern

Test = Callable[[Any], bool]
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
KEYS: dict[str, Callable[[str], str | None]] = {"datetime": datetime_key, "date": date_key, "time": time_key}
REAL = (int, float)


def value_test(comparison: Comparison, operand: tuple[Value, ...] | Range | Pattern) -> Test:
    """Return a test of one scalar; for != and !~= it is the test of == and ~=, which the caller negates."""
    if isinstance(operand, Pattern):
        search = operand.search
        return lambda value: type(value) is str and search(value)
    if isinstance(operand, Range):
        return _both(_ordered(">=", operand.low), _ordered("<=", operand.high))
    if comparison in ORDERS:
        return _ordered(comparison, operand[0])
    return _equal_any(operand)


def _both(one: Test, other: Test) -> Test:
    return lambda value: one(value) and other(value)


def _ordered(comparison: str, wanted: Value) -> Test:
    compare, limit = ORDERS[comparison], wanted.value
    if wanted.kind == "number":
        return lambda value: type(value) in REAL and compare(value, limit)
    if wanted.kind in KEYS:
        key = KEYS[wanted.kind]

        def temporal(value: Any) -> bool:
            moment = key(text) if isinstance(text := literal(value), str) else None
            return moment is not None and compare(moment, limit)

        return temporal
    return lambda value: type(value) is str and compare(value, limit)


def _equal_any(wanted: tuple[Value, ...]) -> Test:
    if len(wanted) == 1:
        return _equal(wanted[0])
    tests = tuple(_equal(value) for value in wanted)
    return lambda value: any(test(value) for test in tests)


def _equal(wanted: Value) -> Test:
    text = wanted.value
    if wanted.kind == "number":
        return lambda value: type(value) in REAL and value == text
    if wanted.kind == "boolean":
        return lambda value: value is text
    if wanted.kind in KEYS:
        key = KEYS[wanted.kind]

        def temporal(value: Any) -> bool:
            found = literal(value)
            return isinstance(found, str) and key(found) == text

        return temporal
    return lambda value: type(value) is str and value == text


def literal(value: Any) -> Any:
    """Return the value of a typed literal such as {"@type": "DateTime", "@value": …}; any other value as it is."""
    return value.get("@value") if isinstance(value, dict) else value
