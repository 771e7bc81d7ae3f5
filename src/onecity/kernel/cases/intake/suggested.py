"""The kinds that a caller's or a resident's words suggest, as buttons beside the form; what was shown is recorded."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from onecity.kernel.cases import suggesting
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.types import in_a_row
from onecity.kernel.core.ids import parse_id


@dataclass(frozen=True)
class Kind:
    """One suggestion: the kind, how likely it is in per cent, and the words that decided."""

    name: str
    title: str
    percent: int
    words: str


@dataclass(frozen=True)
class Offer:
    """What is shown together; the id goes with the form."""

    id: UUID | None
    kinds: list[Kind]


def offer(text: str, division_path: str, among: Collection[str]) -> Offer | None:
    """The likeliest of these kinds, best first; None where the words say too little."""
    found = suggesting.suggest(text, division_path, among=among)
    if not found:
        return None
    rows = [Kind(s.kind, s.title, round(100 * s.confidence), in_a_row(r.word for r in s.because[:3])) for s in found]
    return Offer(suggesting.show(found, division_path), rows)


def chose(shown: str, case: Case) -> None:
    """Record what was made of an offer, by the id that came with the form; anything else is nothing."""
    suggesting.chose(parse_id(shown), case)
