"""The versions of the score card's formula, as data with effective dates: the file that ships, then what people published."""

from functools import cache
from pathlib import Path

import msgspec

from onecity.kernel.cases.models import ScoreFormula
from onecity.kernel.cases.models.draft import DraftState
from onecity.kernel.cases.scoring.logic.card import Formula

FILE = Path(__file__).parent / "data" / "score_card.json"


@cache
def shipped() -> tuple[Formula, ...]:
    """The versions that come with the platform, the oldest first."""
    found = msgspec.json.decode(FILE.read_bytes(), type=tuple[Formula, ...])
    return tuple(sorted(found, key=lambda one: one.effective_from))


def formulas() -> tuple[Formula, ...]:
    """All versions, the oldest first; of one day the published one goes before that of the file."""
    rows = ScoreFormula.objects.filter(state=DraftState.PUBLISHED).order_by("effective_from")
    own = [of_row(row) for row in rows]
    days = {one.effective_from for one in own}
    found = [*(one for one in shipped() if one.effective_from not in days), *own]
    return tuple(sorted(found, key=lambda one: one.effective_from))


def of_row(row: ScoreFormula) -> Formula:
    """A stored version; raises msgspec.ValidationError for a draft that cannot be read."""
    day = row.effective_from.isoformat() if row.effective_from else ""
    return msgspec.convert({**row.content, "effective_from": day}, Formula)


def content_of(formula: Formula) -> dict[str, object]:
    """A formula as it is stored: plain values, without its day."""
    found: dict[str, object] = msgspec.to_builtins(formula)
    found.pop("effective_from")
    return found
