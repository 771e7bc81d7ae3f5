"""The versions of the score card's formula, as data with effective dates."""

from functools import cache
from pathlib import Path

import msgspec

from onecity.kernel.cases.scoring.logic.card import Formula

FILE = Path(__file__).parent / "data" / "score_card.json"


@cache
def formulas() -> tuple[Formula, ...]:
    """All versions, the oldest first."""
    found = msgspec.json.decode(FILE.read_bytes(), type=tuple[Formula, ...])
    return tuple(sorted(found, key=lambda one: one.effective_from))
