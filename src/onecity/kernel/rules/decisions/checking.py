"""Whether a table decides every case, and no case twice: exact, with a counter-example where it does not.

Each input is cut into cells that no test of the table tells apart. A gap is a combination of cells that no rule accepts, found
by walking the inputs and the rules that are still possible; equal remainders are walked once. Two rules overlap where their
tests meet in every input.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from onecity.kernel.rules.decisions import region as regions
from onecity.kernel.rules.decisions.region import Value
from onecity.kernel.rules.decisions.table import Table, rank

Example = Mapping[str, Value | None]
MOST_FOUND = 50
MOST_STEPS = 2_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: `gap` (no rule for `example`), `overlap` (`rules` both accept it and the hit policy forbids that),
    `unreached` (the rule never decides), `too_large` (the table is too intricate to be proved)."""

    kind: Literal["gap", "overlap", "unreached", "too_large"]
    rules: tuple[int, ...] = ()
    example: Example | None = None


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one input: an example of each, and the rules (bits) that accept it."""

    examples: tuple[Value | None, ...]
    accepting: tuple[int, ...]


def check(table: Table) -> list[Finding]:
    """Everything that is wrong with a table, at most MOST_FOUND of a kind; empty where it is complete and free of conflict."""
    cells = [_cells(table, place) for place in range(len(table.inputs))]
    found: list[Finding] = []
    if table.hit_policy not in {"COLLECT", "RULE ORDER"}:
        found += _gaps(table, cells)
    if table.hit_policy in {"UNIQUE", "ANY"}:
        found += _overlaps(table, cells)
    return [*found, *_unreached(table, cells)]


def _cells(table: Table, place: int) -> _Cells:
    column, domain = table.inputs[place], table.domains[place]
    tests = [row[place] for row in table.regions]
    accepting: dict[int, Value | None] = {}
    for example in regions.cells(column.kind, [*tests, *([domain] if domain else [])]):
        if example is None and not column.optional:
            continue
        if example is not None and domain is not None and example not in domain:
            continue
        bits = sum(1 << number for number, test in enumerate(tests) if example in test)
        accepting.setdefault(bits, example)  # cells that the same rules accept are one
    return _Cells(tuple(accepting.values()), tuple(accepting))


def _gaps(table: Table, cells: list[_Cells]) -> Iterator[Finding]:
    """Combinations that no rule accepts; once a combination has no rule left, the other inputs do not matter."""
    every = (1 << len(table.rules)) - 1
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[int, int, tuple[Value | None, ...]]] = [(0, every, ())]
    found = steps = 0
    while stack and found < MOST_FOUND:
        place, left, chosen = stack.pop()
        steps += 1
        if steps > MOST_STEPS:
            yield Finding("too_large")
            return
        if left == 0:
            found += 1
            rest = tuple(one.examples[0] for one in cells[place:])
            yield Finding("gap", example=_example(table, (*chosen, *rest)))
            continue
        if place == len(cells) or (place, left) in seen:
            continue
        seen.add((place, left))
        column = cells[place]
        ahead = [
            (place + 1, left & bits, (*chosen, example))
            for example, bits in zip(column.examples, column.accepting, strict=True)
        ]
        stack.extend(reversed(ahead))


def _overlaps(table: Table, cells: list[_Cells]) -> Iterator[Finding]:
    """Pairs of rules that accept a cell in common in every input."""
    number = len(table.rules)
    meets = np.triu(np.ones((number, number), np.bool_), 1)
    for column in cells:
        accepts = np.array([[bits >> rule & 1 for bits in column.accepting] for rule in range(number)], np.float32)
        meets &= (accepts @ accepts.T) > 0
    found = 0
    for first, second in np.argwhere(meets).tolist():
        if table.hit_policy == "ANY" and table.rules[first].outputs == table.rules[second].outputs:
            continue
        example = _meeting(cells, (1 << first) | (1 << second))
        if example is not None:
            yield Finding("overlap", (first + 1, second + 1), _example(table, example))
            found += 1
        if found == MOST_FOUND:
            return


def _meeting(cells: list[_Cells], both: int) -> tuple[Value | None, ...] | None:
    """Values that all these rules accept; None where they meet nowhere."""
    chosen = []
    for column in cells:
        where = next((n for n, bits in enumerate(column.accepting) if bits & both == both), None)
        if where is None:
            return None
        chosen.append(column.examples[where])
    return tuple(chosen)


def _unreached(table: Table, cells: list[_Cells]) -> Iterator[Finding]:
    """Rules that accept nothing, or under FIRST and PRIORITY nothing that others leave to them."""
    for number in range(len(table.rules)):
        bit = 1 << number
        before = _before(table, number)
        if _meeting(cells, bit) is None or (before and not _reaches(cells, bit, before)):
            yield Finding("unreached", (number + 1,))


def _before(table: Table, number: int) -> int:
    if table.hit_policy == "FIRST":
        return (1 << number) - 1
    if table.hit_policy == "PRIORITY":
        mine = rank(table, number)
        others = (other for other in range(len(table.rules)) if other != number)
        return sum(1 << other for other in others if rank(table, other) < mine)
    return 0


def _reaches(cells: list[_Cells], bit: int, before: int) -> bool:
    """Whether some values that this rule accepts are accepted by none of those before it."""
    seen: set[tuple[int, int]] = set()
    stack = [(0, before)]
    while stack:
        place, left = stack.pop()
        if left == 0:
            return _meeting(cells[place:], bit) is not None
        if place == len(cells) or (place, left) in seen:
            continue
        seen.add((place, left))
        stack.extend((place + 1, left & bits) for bits in cells[place].accepting if bits & bit)
    return False


def _example(table: Table, values: tuple[Value | None, ...]) -> Example:
    return {column.name: value for column, value in zip(table.inputs, values, strict=True)}
