"""Which expression index would serve a condition of a query, and the condition that lets PostgreSQL use it.

A worker that sees the same slow condition often makes the index; from then on `prefilter` adds, in front of the exact condition,
one that is implied by it and that the index answers. Most attributes have one instance that is a Property with one value: that
value is indexed in the order of jsonb; everything else (several instances, other kinds, arrays) is in a second, small index.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from onecity.kernel.twin.ngsild.query.language import Absent, Either, Every, Q, Range, Term, Value
from onecity.kernel.twin.ngsild.query.patterns import Pattern
from onecity.kernel.twin.ngsild.query.selection import Selection

LOWEST, HIGHEST = "-1e400", "false"  # jsonb orders texts before numbers before truth values
COMPARISONS = {">": ">", ">=": ">=", "<": "<", "<=": "<="}


@dataclass(frozen=True, slots=True)
class IndexAdvice:
    """Two indexes for one attribute: `name` and the statements that make them (outside a transaction)."""

    attribute: str
    name: str
    statements: tuple[str, str]


def advise(selection: Selection) -> tuple[IndexAdvice, ...]:
    """Return the indexes that would serve the conditions of a selection, one for each attribute."""
    names = {term.path.names[0] for term in _terms(selection.q) if _served(term)} if selection.q is not None else set()
    return tuple(advice(name) for name in sorted(names))


def advice(attribute: str) -> IndexAdvice:
    """Return the indexes for an attribute, by its stored name."""
    name = f"entity_q_{hashlib.sha256(attribute.encode()).hexdigest()[:12]}"
    quoted = "'" + attribute.replace("'", "''") + "'"
    usual, odd = _usual("", quoted), _odd("", quoted)
    return IndexAdvice(
        attribute,
        name,
        (
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON twin_entity (({usual}), tenant) WHERE ({usual}) IS NOT NULL",
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name}_odd ON twin_entity (tenant) WHERE {odd}",
        ),
    )


def prefilter(indexed: Collection[str]) -> Callable[[Term, str], tuple[str, list[Any]]]:
    """Return what `sql.compile` takes as `prefilter`, for the stored names of attributes whose indexes are there."""

    def write(term: Term, alias: str) -> tuple[str, list[Any]]:
        if not term.path.names or term.path.names[0] not in indexed or not _served(term):
            return "", []
        params: list[Any] = []
        name = term.path.names[0]
        found = " OR ".join(_compare(term, name, f"{alias}.", params))
        params += [name] * 3
        return f"({found} OR {_odd(f'{alias}.', '%s')})", params

    return write


def _usual(prefix: str, name: str) -> str:
    return f"{prefix}attributes -> {name} -> 0 -> 'value'"


def _odd(prefix: str, name: str) -> str:
    """Return that the attribute is there and is not one Property with one value."""
    first = f"{prefix}attributes -> {name} -> 0"
    return f"({prefix}attributes -> {name} -> 1 IS NOT NULL OR NOT {first} ? 'value' OR jsonb_typeof({first} -> 'value') = 'array')"


def _terms(q: Q) -> Iterator[Term]:
    """Yield the conditions that must be met whatever else is: those inside `|` are served only together."""
    if isinstance(q, Every | Either):
        for part in q.parts:
            yield from _terms(part)
    elif not isinstance(q, Absent):
        yield q


def _served(term: Term) -> bool:
    path = term.path
    if path.links or path.member or path.trailing or len(path.names) != 1 or isinstance(term.operand, Pattern):
        return False
    if isinstance(term.operand, Range):
        return term.comparison == "==" and term.operand.low.kind == "number"
    if term.comparison == "==":
        return all(value.kind in {"number", "string", "word", "boolean"} for value in term.operand)
    return term.comparison in COMPARISONS and term.operand[0].kind == "number"


def _compare(term: Term, name: str, prefix: str, params: list[Any]) -> Iterator[str]:
    expression = f"({_usual(prefix, '%s')})"
    operand = term.operand
    if isinstance(operand, Pattern):
        return
    if isinstance(operand, Range):
        yield _between(expression, name, (operand.low.value, operand.high.value, ">=", "<="), params)
    elif term.comparison == "==":
        params += [name, [_text(value) for value in operand]]
        yield f"{expression} = ANY (%s::jsonb[])"
    elif term.comparison in {">", ">="}:
        yield _between(expression, name, (operand[0].value, None, term.comparison, "<"), params)
    else:
        yield _between(expression, name, (None, operand[0].value, ">", term.comparison), params)


def _between(expression: str, name: str, limits: tuple[Any, Any, str, str], params: list[Any]) -> str:
    low, high, above, under = limits
    params += [name, LOWEST if low is None else json.dumps(low), name, HIGHEST if high is None else json.dumps(high)]
    return f"({expression} {above} %s::jsonb AND {expression} {under} %s::jsonb)"


def _text(value: Value) -> str:
    return json.dumps(value.value, ensure_ascii=False)
