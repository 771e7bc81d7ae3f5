"""Decision tables as plain JSON: read, written back equal, and every mistake named."""

import json
from decimal import Decimal
from typing import Any

import pytest

from onecity.kernel.rules.decisions import checking, plain, table
from onecity.kernel.rules.decisions.table import TableError


def data(**changed: Any) -> dict[str, Any]:
    return {
        "name": "allowance",
        "title": {"zh": "津贴", "en": "Allowance"},
        "inputs": [{"name": "household.age", "kind": "number"}, {"name": "day", "kind": "date", "optional": True}],
        "outputs": [
            {"name": "outcome", "kind": "string", "allowed": ["grant", "refuse"]},
            {"name": "amount", "kind": "number"},
        ],
        "rules": [
            {"tests": [">= 65", "-"], "outputs": ["grant", 150.5], "reason": {"zh": "满 65 周岁", "en": "65 or older"}},
            {"tests": ["< 65", "-"], "outputs": ["refuse", None]},
        ],
    } | changed


def test_a_table_is_read_decides_and_comes_back_equal() -> None:
    made = plain.read(json.dumps(data()).encode())
    assert checking.check(made) == []
    decided = table.decide(made, {"household.age": Decimal(70), "day": None})
    assert decided.rows == ({"outcome": "grant", "amount": Decimal("150.5")},)
    assert made.rules[decided.fired[0] - 1].reason == "满 65 周岁 | 65 or older"
    assert plain.of(plain.shape(plain.write(made))) == made


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rules": []}, "at least one input, one output and one rule"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"rules": [{"tests": [">= 65", "-"], "outputs": [3, 1]}]}, "rule 1: 3 is no string"),
        ({"rules": [{"tests": [">= x", "-"], "outputs": ["grant", 1]}]}, "rule 1, household.age"),
        ({"rules": [{"tests": ["-"], "outputs": ["grant", 1]}]}, "rule 1 has not as many entries"),
        (
            {"outputs": [{"name": "day", "kind": "date"}], "rules": [{"tests": ["-", "-"], "outputs": ["soon"]}]},
            "no day",
        ),
    ],
)
def test_mistakes_are_named(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(TableError, match=r".+") as caught:
        plain.read(json.dumps(data(**changed)).encode())
    assert told in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(TableError, match="no JSON"):
        plain.read(content)
