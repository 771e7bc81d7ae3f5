"""Decision tables as plain JSON, in and out: what a table of a spreadsheet says, easy to write by hand and to compare.

`{"name", "hit_policy", "aggregation", "inputs": [{"name", "kind", "label", "allowed", "optional"}], "outputs": [{"name", "kind",
"label", "allowed": […]}], "rules": [{"tests": […], "outputs": […], "reason"}]}`. Labels and reasons are texts, or one for each
language ({"zh", "en"}); a table keeps those as `中文 | English`. Days are ISO dates.
"""

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from onecity.kernel.rules.decisions import table as tables
from onecity.kernel.rules.decisions.dmn import MOST_BYTES
from onecity.kernel.rules.decisions.region import Kind, Value
from onecity.kernel.rules.decisions.table import Aggregation, HitPolicy, Input, Output, Rule, Table, TableError

Text = str | Mapping[str, str]
Cell = str | bool | int | float | None


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file; a member that nobody declared is a mistake."""


class PlainInput(_Part, frozen=True):
    """A column of conditions."""

    name: str
    kind: Literal["number", "string", "boolean", "date"]
    label: Text = ""
    allowed: str = ""
    optional: bool = False


class PlainOutput(_Part, frozen=True):
    """A column of results."""

    name: str
    kind: Literal["number", "string", "boolean", "date"]
    label: Text = ""
    allowed: tuple[Cell, ...] = ()


class PlainRule(_Part, frozen=True):
    """One line."""

    tests: tuple[str, ...]
    outputs: tuple[Cell, ...]
    reason: Text = ""


class Plain(_Part, frozen=True):
    """A whole table as the file has it; `title` and `about` are for readers."""

    name: str
    inputs: tuple[PlainInput, ...]
    outputs: tuple[PlainOutput, ...]
    rules: tuple[PlainRule, ...]
    hit_policy: HitPolicy = "UNIQUE"
    aggregation: Aggregation = ""
    title: Text = ""
    about: Text = ""


def read(content: bytes) -> Table:
    """The table that a file holds; raises TableError that names what is wrong."""
    if len(content) > MOST_BYTES:
        raise TableError([f"a file has at most {MOST_BYTES} bytes"])
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise TableError([f"this is no JSON: {error}"]) from error
    return of(shape(data))


def shape(data: object) -> Plain:
    """The parts of a table from JSON data; raises TableError that names the member that is wrong."""
    try:
        return msgspec.convert(data, Plain)
    except msgspec.ValidationError as error:
        raise TableError([str(error)]) from None


def of(plain: Plain) -> Table:
    """The checked table of these parts; raises TableError."""
    wrong: list[str] = []
    kinds: list[Kind] = [column.kind for column in plain.outputs]
    outputs = [
        Output(
            one.name,
            one.kind,
            _one(one.label),
            tuple(
                v for cell in one.allowed if (v := _value(cell, one.kind, f"values of {one.name}", wrong)) is not None
            ),
        )
        for one in plain.outputs
    ]
    rules = [
        Rule(
            rule.tests,
            tuple(_value(cell, kind, f"rule {number}", wrong) for cell, kind in zip(rule.outputs, kinds, strict=False)),
            _one(rule.reason),
        )
        for number, rule in enumerate(plain.rules, 1)
    ]
    if wrong:
        raise TableError(wrong)
    inputs = [Input(one.name, one.kind, _one(one.label), one.allowed, one.optional) for one in plain.inputs]
    return tables.of(plain.name, inputs, outputs, rules, plain.hit_policy, plain.aggregation)


def write(table: Table) -> dict[str, Any]:
    """A table as JSON data; `shape` and `of` give back an equal one."""
    return {
        "name": table.name,
        "hit_policy": table.hit_policy,
        "aggregation": table.aggregation,
        "inputs": [
            {"name": one.name, "kind": one.kind, "label": one.label, "allowed": one.allowed, "optional": one.optional}
            for one in table.inputs
        ],
        "outputs": [
            {"name": one.name, "kind": one.kind, "label": one.label, "allowed": [_cell(v) for v in one.allowed]}
            for one in table.outputs
        ],
        "rules": [
            {"tests": list(rule.tests), "outputs": [_cell(v) for v in rule.outputs], "reason": rule.reason}
            for rule in table.rules
        ],
    }


def _one(text: Text) -> str:
    """All languages in one text, Chinese first."""
    if isinstance(text, str):
        return text
    return " | ".join(text[language] for language in sorted(text, reverse=True) if text[language])


def _value(cell: Cell, kind: Kind, where: str, wrong: list[str]) -> Value | None:
    if cell is None:
        return None
    if kind == "number" and isinstance(cell, int | float) and not isinstance(cell, bool):
        return Decimal(str(cell))
    if kind == "date" and isinstance(cell, str):
        try:
            return dt.date.fromisoformat(cell)
        except ValueError:
            wrong.append(f"{where}: {cell!r} is no day")
            return None
    if (kind == "string" and isinstance(cell, str)) or (kind == "boolean" and isinstance(cell, bool)):
        return cell
    wrong.append(f"{where}: {cell!r} is no {kind}")
    return None


def _cell(value: Value | None) -> Cell:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, dt.date) else value
