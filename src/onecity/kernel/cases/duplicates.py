"""Finds cases that were told before, by place, time, kind and words, and keeps the pairs until somebody decides.

It runs beside the intake, never in its way: every case is opened, also the twentieth of the same hole in the road.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet

from onecity.kernel.access import policy
from onecity.kernel.cases import catalogue, changing, permissions, presentation
from onecity.kernel.cases.logic.text import duplicates as logic
from onecity.kernel.cases.logic.text.grams import Rows, grams, rarity, rows, vocabulary
from onecity.kernel.cases.models import Case, DuplicateCursor, DuplicatePair, Merge, PairState
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account

# two reports of the same thing come within days
WINDOW: Final = dt.timedelta(days=7)
BATCH: Final = 500
MOST_COMPARED: Final = 20_000
# a transaction may become visible later than one with a later id
LATE: Final = dt.timedelta(minutes=5)
FIRST_LOOK: Final = dt.timedelta(days=1)
SHOWN: Final = 50
MOST_FOR_A_CASE: Final = 5
FIELDS = (
    "id", "type_name", "title", "description", "address", "division_path", "lon", "lat", "opened_at"
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A case that may tell of the same thing, how likely, and why."""

    case: Case
    score: float
    text: float
    metres: float | None
    hours: float


@dataclass(frozen=True)
class Shown:
    """A pair as the page shows it."""

    pair: DuplicatePair
    case: presentation.Row
    other: presentation.Row


def suggest(case: Case, most: int = MOST_FOR_A_CASE) -> list[Candidate]:
    """The open cases that may tell of the same as this one (which need not be stored), the likeliest first."""
    others = _nearby([case])
    if not others:
        return []
    pairs = _compare([case], others)
    order = np.argsort(-pairs.score, kind="stable")[:most]
    full = Case.objects.defer("search").in_bulk([others[int(pairs.right[i])].id for i in order])
    return [
        Candidate(
            full[others[int(pairs.right[i])].id],
            round(float(pairs.score[i]), 3),
            round(float(pairs.text[i]), 3),
            None if np.isnan(pairs.metres[i]) else round(float(pairs.metres[i]), 1),
            round(float(pairs.hours[i]), 2),
        )
        for i in order
    ]


@transaction.atomic
def scan() -> int:
    """Look for earlier cases like those opened since the last look; returns how many new pairs were kept."""
    cursor, _new = DuplicateCursor.objects.select_for_update().get_or_create(id=1)
    after = _floor(now() - FIRST_LOOK) if cursor.seen is None else _before(cursor.seen)
    before = DuplicatePair.objects.count()
    while True:
        batch = list(_reported().filter(id__gt=after).order_by("id").only(*FIELDS)[:BATCH])
        if not batch:
            break
        _keep(batch)
        after = batch[-1].id
        cursor.seen = after if cursor.seen is None else max(after, cursor.seen)
    cursor.save(update_fields=["seen"])
    return DuplicatePair.objects.count() - before


def _reported() -> QuerySet[Case]:
    # parts of a case are alike by intention, and the platform's own alerts know themselves what they are about
    # a pair would tell of a confidential case to whoever may see the other
    return Case.objects.filter(parent__isnull=True, closed_at__isnull=True, confidential=False).exclude(source="alert")


def _keep(batch: Sequence[Case]) -> None:
    others = _nearby(batch)
    pairs = _compare(batch, others)
    made = []
    for i in range(len(pairs.score)):
        case, other = batch[int(pairs.left[i])], others[int(pairs.right[i])]
        # each pair once, from its later case
        if (other.opened_at, other.id) < (case.opened_at, case.id):
            facts = {"text": round(float(pairs.text[i]), 3), "hours": round(float(pairs.hours[i]), 2)}
            if not np.isnan(pairs.metres[i]):
                facts["metres"] = round(float(pairs.metres[i]), 1)
            made.append((case, other, round(float(pairs.score[i]), 4), facts))
    made.sort(key=lambda one: -one[2])
    kept: dict[UUID, int] = {}
    chosen = []
    for case, other, score, facts in made:
        kept[case.id] = kept.get(case.id, 0) + 1
        if kept[case.id] <= MOST_FOR_A_CASE:
            chosen.append(DuplicatePair(case_id=case.id, other_id=other.id, score=score, facts=facts))
    DuplicatePair.objects.bulk_create(chosen, ignore_conflicts=True, batch_size=1000)


def _nearby(cases: Sequence[Case]) -> list[Case]:
    """Open cases of the same kinds or divisions within the window, by the indexes on kind and division with time."""
    first, last = min(c.opened_at for c in cases), max(c.opened_at for c in cases)
    where = Q(type_name__in={c.type_name for c in cases}) | Q(division_path__in={c.division_path for c in cases})
    return list(
        _reported()
        .filter(where, opened_at__gte=first - WINDOW, opened_at__lte=last + WINDOW)
        .exclude(id__in=[c.id for c in cases] if len(cases) == 1 else [])
        .order_by("-opened_at", "-id")
        .only(*FIELDS)[:MOST_COMPARED]
    )


def _compare(cases: Sequence[Case], others: Sequence[Case]) -> logic.Pairs:
    documents = [grams(f"{c.title}\n{c.description}\n{c.address}") for c in (*cases, *others)]
    columns = vocabulary(documents, most=30_000)
    scale = rarity(documents, columns)
    numbers: dict[str, int] = {}
    categories = _categories()
    return logic.likely(
        _told(cases, rows(documents[: len(cases)], columns, scale), numbers, categories),
        _told(others, rows(documents[len(cases) :], columns, scale), numbers, categories),
        len(columns),
    )


def _told(cases: Sequence[Case], words: Rows, numbers: dict[str, int], categories: Mapping[str, str]) -> logic.Told:
    def number(text: str) -> int:
        return numbers.setdefault(text, len(numbers))

    return logic.Told(
        lon=np.array([np.nan if c.lon is None else c.lon for c in cases], dtype=np.float64),
        lat=np.array([np.nan if c.lat is None else c.lat for c in cases], dtype=np.float64),
        at=np.array([c.opened_at.timestamp() for c in cases], dtype=np.float64),
        kind=np.array([number("kind " + c.type_name) for c in cases], dtype=np.int64),
        category=np.array([number("class " + categories.get(c.type_name, c.type_name)) for c in cases], dtype=np.int64),
        division=np.array([number("in " + c.division_path) for c in cases], dtype=np.int64),
        words=words,
    )


def _categories() -> Mapping[str, str]:
    return {name: definition.category for name, definition in catalogue.shipped().definitions.items()}


def _floor(moment: dt.datetime) -> UUID:
    """The smallest id of a moment: ids of version 7 begin with milliseconds since 1970."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _before(seen: UUID) -> UUID:
    return UUID(int=max((seen.int >> 80) - int(LATE.total_seconds() * 1000), 0) << 80)


def pending(account: Account, most: int = SHOWN) -> list[Shown]:
    """The pairs that this person may decide, the likeliest first; both cases still open."""
    found = (
        DuplicatePair.objects.filter(
            state=PairState.PENDING, case__closed_at__isnull=True, other__closed_at__isnull=True
        )
        .select_related("case", "other")
        .defer("case__search", "other__search")
    )
    mine = policy.visible(found, account, permissions.DISPATCH, path_field="case__division_path")
    both = policy.visible(mine, account, permissions.DISPATCH, path_field="other__division_path")
    pairs = list(both.order_by("-score", "id")[:most])
    shown = {row.id: row for row in presentation.rows([c for pair in pairs for c in (pair.case, pair.other)])}
    return [Shown(pair, shown[pair.case_id], shown[pair.other_id]) for pair in pairs]


def of_case(case: Case) -> list[tuple[DuplicatePair, presentation.Row]]:
    """The cases that may tell of the same as this one, as far as they can be seen, the likeliest first."""
    pairs = list(
        DuplicatePair.objects.filter(Q(case=case) | Q(other=case), state=PairState.PENDING).order_by("-score", "id")[
            :MOST_FOR_A_CASE
        ]
    )
    ids = [pair.other_id if pair.case_id == case.id else pair.case_id for pair in pairs]
    cases = Case.objects.defer("search").filter(closed_at__isnull=True).in_bulk(ids)
    shown = {row.id: row for row in presentation.rows(list(cases.values()))}
    return [(pair, shown[one]) for pair, one in zip(pairs, ids, strict=True) if one in shown]


@transaction.atomic
def dismiss(case_id: UUID, other_id: UUID, actor: Account) -> None:
    """These two are not the same; they are not suggested again. Raises Problem 403, 404."""
    case = Case.objects.defer("search").filter(id=case_id).first()
    if case is None:
        raise changing.not_found()
    changing.require(case, actor, permissions.DISPATCH)
    decide(case_id, other_id, PairState.DIFFERENT, actor)


def decide(case_id: UUID, other_id: UUID, state: str, actor: Account | None) -> None:
    """Note what became of a pair, whichever of the two came first."""
    DuplicatePair.objects.filter(Q(case_id=case_id, other_id=other_id) | Q(case_id=other_id, other_id=case_id)).update(
        state=state, decided_by_id=actor.id if actor else None, decided_at=now()
    )


def merged_into(case: Case) -> Merge | None:
    """Into which case this one went, if it did."""
    return Merge.objects.select_related("into").defer("into__search").filter(case=case).first()


def merged_here(case: Case) -> list[presentation.Row]:
    """The cases that went into this one."""
    return presentation.rows(list(Case.objects.defer("search").filter(merge__into=case).order_by("number")))
