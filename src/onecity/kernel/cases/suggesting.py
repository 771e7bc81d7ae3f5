"""Suggests the kind of a case and who should handle it from what people wrote, with the words that decided (智能派单).

A linear model learnt from closed cases (`onecity cases train`), or from the shipped seed before there are any; key words
take over where it is not sure. People decide: what was shown and what they chose is recorded, and the rate told.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from onecity.kernel.cases import directory, text_models, type_store
from onecity.kernel.cases.logic import routing
from onecity.kernel.cases.logic.text import rules
from onecity.kernel.cases.logic.text.grams import grams
from onecity.kernel.cases.logic.text.linear import Reason
from onecity.kernel.cases.models import Case, SuggestionShown
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.core.clock import now

MOST: Final = 3
# below this the model does not decide alone: the key words are asked first
UNSURE: Final = 0.4
# a suggestion less likely than this helps nobody
FAINT: Final = 0.03
# an organisation is taken from what was settled before only where that is more likely than not
SURE_OF_OFFICE: Final = 0.5
SHORTEST: Final = 2


@dataclass(frozen=True)
class Suggestion:
    """A kind of case, the organisation that would be asked (None: the place is not known, or nobody), how likely it is
    (0 to 1) and the words that decided. `by_rules`: key words told, not the learnt model."""

    kind: str
    organisation_id: UUID | None
    confidence: float
    because: tuple[Reason, ...]
    title: str = ""
    by_rules: bool = False


@dataclass(frozen=True, slots=True)
class FollowRate:
    """How often people followed what was suggested: of `chosen` (cases opened after suggestions were shown), `first` took
    the first kind, `any_` one of those shown, `office` went to the organisation suggested with the kind they chose."""

    shown: int
    chosen: int
    first: int
    any_: int
    office: int

    @property
    def rate(self) -> float | None:
        """The share that took the first suggestion; None where nothing was chosen yet."""
        return self.first / self.chosen if self.chosen else None


def suggest(
    text: str, division_path: str = "", *, most: int = MOST, among: Collection[str] | None = None
) -> list[Suggestion]:
    """The likeliest kinds for a text (title and description as one), best first; only kinds in force, of `among` if given.

    Empty where the text says too little. `division_path` decides which organisation would be asked.
    """
    words = text.strip()
    if len(words) < SHORTEST:
        return []
    ranked = _ranked(words, among)
    kinds = _in_force([kind for kind, *_rest in ranked[: most * 3]])
    chosen = [row for row in ranked if row[0] in kinds][:most]
    offices = _offices(words, division_path, [kinds[kind] for kind, *_rest in chosen])
    return [
        Suggestion(kind, offices.get(kind), round(share, 3), because, kinds[kind].title, by_rules)
        for kind, share, because, by_rules in chosen
    ]


Ranked = tuple[str, float, tuple[Reason, ...], bool]


def _ranked(text: str, among: Collection[str] | None) -> list[Ranked]:
    model = text_models.current(text_models.KIND) or text_models.seed_model()
    document = grams(text)
    shares = model.shares([document])[0]
    found: list[Ranked] = []
    for place in (-shares).argsort()[: 3 * MOST]:
        name, share = model.classes[place], float(shares[place])
        because = tuple(model.reasons(document, name)) if share >= FAINT else ()
        # without a word that spoke for it a share is only how often the kind occurs
        if because and (among is None or name in among):
            found.append((name, share, because, False))
    if found and found[0][1] >= UNSURE:
        return found
    told = _by_rules(text, among)
    return [*told, *(row for row in found if row[0] not in {kind for kind, *_rest in told})]


def _by_rules(text: str, among: Collection[str] | None) -> list[Ranked]:
    precision = text_models.seed_precision()
    return [
        (match.kind, precision * match.share, tuple(Reason(word, float(len(word))) for word in match.words), True)
        for match in rules.matches(text, text_models.seed().words)
        if among is None or match.kind in among
    ][:MOST]


def _in_force(names: Iterable[str]) -> dict[str, InForce]:
    return type_store.in_force(names, now())


def _offices(text: str, division_path: str, kinds: Sequence[InForce]) -> dict[str, UUID | None]:
    if not division_path or not kinds:
        return {}
    routes = [route for kind in kinds for route in kind.definition.routes]
    bodies = directory.bodies([division_path], routes)
    levels = directory.levels([division_path])
    found: dict[str, UUID | None] = {
        kind.name: routing.choose(
            kind.definition.routes, division_path, kind.definition.severity, levels, bodies
        ).organisation_id
        for kind in kinds
    }
    model = text_models.current(text_models.ORGANISATION)
    if model is not None:
        documents = [office_document(text, division_path, kind.name) for kind in kinds]
        for kind, shares in zip(kinds, model.shares(documents), strict=True):
            if shares.max() >= SURE_OF_OFFICE:
                found[kind.name] = UUID(model.classes[int(shares.argmax())])
    return found


def office_document(text: str, division_path: str, kind: str) -> Counter[str]:
    """What tells who settles a case: its words, its kind, each division in which it lies, and its kind in each of these, since
    one town leaves to a department what another does itself."""
    above = routing.ancestors(division_path)
    places = [f"in:{path}" for path in above] + [f"kind:{kind} in:{path}" for path in above]
    return grams(text, (f"kind:{kind}", *places))


def show(suggestions: Sequence[Suggestion], division_path: str = "") -> UUID | None:
    """Record that these were shown; the id goes with the form. None where there was nothing to show."""
    if not suggestions:
        return None
    offered = [
        {"kind": s.kind, "organisation_id": str(s.organisation_id or ""), "confidence": s.confidence}
        for s in suggestions
    ]
    row = SuggestionShown(division_path=division_path, offered=offered, by_rules=suggestions[0].by_rules)
    SuggestionShown.objects.bulk_create([row])
    return row.id


def chose(shown_id: UUID | None, case: Case) -> None:
    """Record what the case became that was opened after suggestions were shown; said twice, or of none, it is nothing."""
    if shown_id is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT cases_suggestion_chosen(%s, %s)", [shown_id, case.id])


def follow_rate(since: dt.datetime, until: dt.datetime, place: str = "") -> FollowRate:
    """How often suggestions shown in this period were followed, in the divisions under `place`."""
    shown = SuggestionShown.objects.filter(at__gte=since, at__lt=until, division_path__startswith=place)
    followed = shown.filter(chosen__isnull=False)
    taken = list(followed.values_list("offered", "chosen__type_name", "chosen__organisation_id"))
    return FollowRate(
        shown=shown.count(),
        chosen=len(taken),
        first=sum(offered[0]["kind"] == kind for offered, kind, _office in taken),
        any_=sum(any(one["kind"] == kind for one in offered) for offered, kind, _office in taken),
        office=sum(
            any(one["kind"] == kind and one["organisation_id"] == str(office or "") for one in offered)
            for offered, kind, office in taken
        ),
    )
