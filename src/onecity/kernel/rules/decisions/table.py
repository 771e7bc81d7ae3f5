"""A decision table: inputs, rules and outputs, what it decides for given values, and by which rules (DMN 1.3, clause 8)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from onecity.kernel.rules.decisions import unary
from onecity.kernel.rules.decisions.region import Kind, Region, Value

HitPolicy = Literal["UNIQUE", "FIRST", "ANY", "PRIORITY", "COLLECT", "RULE ORDER"]
Aggregation = Literal["", "SUM", "MIN", "MAX", "COUNT"]
Row = Mapping[str, Value | None]
MOST_RULES, MOST_COLUMNS = 2_000, 40


@dataclass(frozen=True, slots=True)
class Input:
    """A column of conditions: the name of the value it looks at, its kind, what may come at all (`allowed`, a unary test),
    and whether it may be missing."""

    name: str
    kind: Kind
    label: str = ""
    allowed: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results; `allowed` lists its values, the most important first, as PRIORITY needs it."""

    name: str
    kind: Kind
    label: str = ""
    allowed: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: a unary test for each input, a value for each output, and why."""

    tests: tuple[str, ...]
    outputs: tuple[Value | None, ...]
    reason: str = ""


@dataclass(frozen=True)
class Table:
    """A whole table; `of` checks it and makes it ready to decide."""

    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy = "UNIQUE"
    aggregation: Aggregation = ""
    regions: tuple[tuple[Region, ...], ...] = field(default=(), repr=False)
    domains: tuple[Region | None, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided: the rows of outputs (one, unless the hit policy gives many), and the rules (from 1) behind them."""

    rows: tuple[Row, ...]
    fired: tuple[int, ...]


class TableError(ValueError):
    """A table that cannot work; `mistakes` names each with its place."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)


class UndecidedError(ValueError):
    """Values for which a table does not decide: `reason` is kind, outside, conflict or none; `where` names what."""

    def __init__(self, reason: str, where: str) -> None:
        super().__init__(f"{reason}: {where}")
        self.reason, self.where = reason, where


def of(
    name: str,
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    rules: Sequence[Rule],
    hit_policy: HitPolicy = "UNIQUE",
    aggregation: Aggregation = "",
) -> Table:
    """A checked table; raises TableError that lists every mistake."""
    wrong = _shape(inputs, outputs, rules, hit_policy, aggregation)
    if wrong:
        raise TableError(wrong)
    regions = []
    for number, rule in enumerate(rules, 1):
        row = [_region(test, column.kind, f"rule {number}, {column.name}", wrong)
               for test, column in zip(rule.tests, inputs, strict=True)]  # fmt: skip
        regions.append(tuple(row))
    domains = tuple(
        _region(column.allowed, column.kind, f"allowed values of {column.name}", wrong) if column.allowed else None
        for column in inputs
    )
    wrong += _outputs(outputs, rules, hit_policy)
    if wrong:
        raise TableError(wrong)
    return Table(name, tuple(inputs), tuple(outputs), tuple(rules), hit_policy, aggregation, tuple(regions), domains)


def _shape(
    inputs: Sequence[Input], outputs: Sequence[Output], rules: Sequence[Rule], hit_policy: str, aggregation: str
) -> list[str]:
    wrong = []
    names = [*(one.name for one in inputs), *(one.name for one in outputs)]
    if not inputs or not outputs or not rules:
        wrong.append("a table has at least one input, one output and one rule")
    if len(names) > MOST_COLUMNS or len(rules) > MOST_RULES:
        wrong.append(f"a table has at most {MOST_COLUMNS} columns and {MOST_RULES} rules")
    wrong += [f"the column {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for number, rule in enumerate(rules, 1):
        if len(rule.tests) != len(inputs) or len(rule.outputs) != len(outputs):
            wrong.append(f"rule {number} has not as many entries as the table has columns")
    if aggregation and hit_policy != "COLLECT":
        wrong.append("only COLLECT aggregates")
    if aggregation and len(outputs) != 1:
        wrong.append("a table that aggregates has one output")
    if aggregation not in {"", "COUNT"} and any(one.kind != "number" for one in outputs):
        wrong.append(f"{aggregation} needs numbers")
    return wrong


def _region(text: str, kind: Kind, where: str, wrong: list[str]) -> Region:
    try:
        return unary.parse(text, kind)
    except unary.FeelError as error:
        wrong.append(f"{where}: {error}")
        return Region(kind)


def _outputs(outputs: Sequence[Output], rules: Sequence[Rule], hit_policy: HitPolicy) -> list[str]:
    wrong = []
    for place, column in enumerate(outputs):
        values = {rule.outputs[place] for rule in rules}
        if column.allowed:
            strange = sorted(unary.written(one) for one in values - set(column.allowed))
            wrong += [f"{column.name}: {one} is not among its values" for one in strange]
        elif hit_policy == "PRIORITY":
            wrong.append(f"{column.name}: PRIORITY needs its values, the most important first")
    return wrong


def decide(table: Table, values: Mapping[str, Value | int | None]) -> Decision:
    """What the table says of these values (a name for each input). Raises UndecidedError where it says nothing, or where
    rules contradict each other although the hit policy forbids it."""
    given = [_given(column, domain, values) for column, domain in zip(table.inputs, table.domains, strict=True)]
    hits = [
        number
        for number, row in enumerate(table.regions)
        if all(value in region for value, region in zip(given, row, strict=True))
    ]
    if not hits and table.hit_policy not in {"COLLECT", "RULE ORDER"}:
        raise UndecidedError("none", table.name)
    chosen = _chosen(table, hits)
    rows = tuple(_row(table, number) for number in chosen)
    if table.aggregation:
        rows = (_aggregated(table, hits),)
    return Decision(rows, tuple(number + 1 for number in (hits if table.aggregation else chosen)))


def _given(column: Input, domain: Region | None, values: Mapping[str, Value | int | None]) -> Value | None:
    came = values.get(column.name)
    value = Decimal(came) if isinstance(came, int) and not isinstance(came, bool) else came
    if value is None:
        if not column.optional:
            raise UndecidedError("kind", column.name)
        return None
    expected = {"number": Decimal, "string": str, "boolean": bool, "date": dt.date}[column.kind]
    if (
        not isinstance(value, expected)
        or isinstance(value, dt.datetime)
        or (isinstance(value, Decimal) and not value.is_finite())
    ):
        raise UndecidedError("kind", column.name)
    if domain is not None and value not in domain:
        raise UndecidedError("outside", column.name)
    return value


def _chosen(table: Table, hits: list[int]) -> list[int]:
    if table.hit_policy == "UNIQUE" and len(hits) > 1:
        raise UndecidedError("conflict", ", ".join(str(number + 1) for number in hits))
    if table.hit_policy == "ANY" and len({table.rules[number].outputs for number in hits}) > 1:
        raise UndecidedError("conflict", ", ".join(str(number + 1) for number in hits))
    if table.hit_policy == "PRIORITY":
        return [min(hits, key=lambda number: rank(table, number))]
    return hits if table.hit_policy in {"COLLECT", "RULE ORDER"} else hits[:1]


def rank(table: Table, number: int) -> tuple[int, ...]:
    """How important the outputs of a rule (from 0) are; the least comes first."""
    return tuple(
        column.allowed.index(value) if value is not None and column.allowed else 0
        for column, value in zip(table.outputs, table.rules[number].outputs, strict=True)
    )


def _row(table: Table, number: int) -> Row:
    return {column.name: value for column, value in zip(table.outputs, table.rules[number].outputs, strict=True)}


def _aggregated(table: Table, hits: list[int]) -> Row:
    column = table.outputs[0]
    found = [value for number in hits if (value := table.rules[number].outputs[0]) is not None]
    if table.aggregation == "COUNT":
        return {column.name: Decimal(len(found))}
    numbers = [value for value in found if isinstance(value, Decimal)]
    if not numbers:
        return {column.name: None}
    made = {"SUM": sum(numbers, Decimal(0)), "MIN": min(numbers), "MAX": max(numbers)}
    return {column.name: made[table.aggregation]}
