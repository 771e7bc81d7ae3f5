"""What is wrong with a formula that somebody wrote, one sentence key for each mistake with the place where it is."""

import math
from collections.abc import Iterator
from typing import Final

from onecity.kernel.cases.scoring.logic.card import PARTS, Formula

STARS: Final = ("5", "4", "3", "2", "1")
LARGEST_WEIGHT: Final = 1000.0


def mistakes(formula: Formula) -> list[tuple[str, str]]:
    """Place and what is wrong there: `weight`, `nothing`, `share`, `deduction`, `group`, `rest`, `results`, `solved`."""
    return [*_weights(formula), *_satisfaction(formula), *_groups(formula), *_results(formula)]


def _weights(formula: Formula) -> Iterator[tuple[str, str]]:
    for name in PARTS:
        if not 0 <= formula.weights.get(name, 0.0) <= LARGEST_WEIGHT:
            yield f"weights.{name}", "weight"
    if set(formula.weights) - set(PARTS) or not any(formula.weights.get(name, 0.0) > 0 for name in PARTS):
        yield "weights", "nothing"
    if not 0 <= formula.deduction_per_late <= LARGEST_WEIGHT or math.isnan(formula.deduction_per_late):
        yield "deduction_per_late", "deduction"


def _satisfaction(formula: Formula) -> Iterator[tuple[str, str]]:
    for star in STARS:
        if not 0 <= formula.satisfaction.get(star, -1.0) <= 1:
            yield f"satisfaction.{star}", "share"


def _groups(formula: Formula) -> Iterator[tuple[str, str]]:
    names = [group.name for group in formula.groups]
    levels = [level for group in formula.groups for level in group.levels]
    named = all(group.name and any(group.title.values()) for group in formula.groups)
    if not names or not named or len(set(names)) < len(names) or len(set(levels)) < len(levels):
        yield "groups", "group"
    if sum(not group.levels for group in formula.groups) > 1:
        yield "groups", "rest"


def _results(formula: Formula) -> Iterator[tuple[str, str]]:
    if not formula.settled_by:
        yield "settled_by", "results"
    if not set(formula.solved) <= set(formula.settled_by):
        yield "solved", "solved"
