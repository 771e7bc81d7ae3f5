"""Conditions on telemetry: the newest reading of a series stands for the attribute's value, and columns hold one data type."""

from collections.abc import Mapping, Sequence
from typing import Any

from onecity.kernel.twin.ngsild.query.language import Range, Term, Value
from onecity.kernel.twin.ngsild.query.patterns import Pattern

# stored attribute name → names of the series that are shown under it
SeriesNames = Mapping[str, Sequence[str]]
CASTS = {"number": "float8", "datetime": "timestamptz"}


def series_condition(term: Term, attributes: Sequence[str], alias: str) -> tuple[str, list[Any], bool]:
    """Return the condition that the newest reading meets the term, its parameters, and whether it is exact.

    Which of document and series is newer is decided when the entity is read, so that a condition on a value selects candidates;
    only existence is exact.
    """
    params: list[Any] = [list(attributes)]
    path = term.path
    exact = (
        term.comparison == "exists" and len(path.names) == 1 and not path.trailing and path.member in {"", "observedAt"}
    )
    condition = ""
    if len(path.names) == 1 and not path.trailing and term.comparison != "exists":
        if not path.member:
            condition = column_condition(term, "l.value", "number", params)
        elif path.member == "observedAt":
            condition = column_condition(term, "l.observed_at", "datetime", params)
    found = (
        "EXISTS (SELECT 1 FROM telemetry_series s JOIN telemetry_latest l ON l.series_id = s.id"  # noqa: S608 - the alias is made here
        f" WHERE s.entity_id = {alias}.id AND s.attribute = ANY (%s::text[])"
    )
    return f"{found} AND {condition})" if condition else f"{found})", params, exact


def column_condition(term: Term, column: str, kind: str, params: list[Any]) -> str:
    """Return the comparison of a column that holds one data type; what has another type is unequal."""
    operand = term.operand
    negative = term.comparison in {"!=", "!~="}
    if isinstance(operand, Pattern):
        return "FALSE"  # a pattern speaks of texts
    if isinstance(operand, Range):
        found = _range(operand, column, kind, params)
    else:
        comparison = "=" if term.comparison in {"==", "!="} else term.comparison
        found = _values(operand, column, (kind, comparison), params)
    if not negative:
        return found or "FALSE"
    return f"({column} IS NOT NULL AND NOT {found})" if found else f"{column} IS NOT NULL"


def _range(operand: Range, column: str, kind: str, params: list[Any]) -> str:
    if operand.low.kind != kind:
        return ""
    cast = CASTS[kind]
    params.extend([operand.low.value, operand.high.value])
    return f"({column} >= %s::{cast} AND {column} <= %s::{cast})"


def _values(operand: tuple[Value, ...], column: str, of: tuple[str, str], params: list[Any]) -> str:
    kind, comparison = of
    cast = CASTS[kind]
    found = [value.value for value in operand if value.kind == kind]
    params.extend(found)
    return "(" + " OR ".join(f"{column} {comparison} %s::{cast}" for _value in found) + ")" if found else ""
