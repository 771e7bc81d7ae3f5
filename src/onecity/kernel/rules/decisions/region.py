"""Sets of values that a unary test accepts, exact enough to compute with: unions, complements, cells and an example of each.

Ordered values (numbers, days) are intervals between cuts. A cut lies just before or just after a value, so that open and
closed ends need no case of their own; days have nothing between them, so a cut after a day is the cut before the next.
Words and truth values are finite sets or what is left beside one.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["number", "string", "boolean", "date"]
Value = Decimal | str | bool | dt.date
Cut = tuple[int, Decimal, int]  # (-1, 0, 0): before all; (0, value, -1 | 1): before or after it; (1, 0, 0): behind all
BEFORE_ALL: Cut = (-1, Decimal(0), 0)
BEHIND_ALL: Cut = (1, Decimal(0), 0)
ORDERED: frozenset[Kind] = frozenset({"number", "date"})
OTHER = "…"  # an example of a word that no test names


def place(value: Value) -> Decimal:
    """Where an ordered value lies on the line."""
    return Decimal(value.toordinal()) if isinstance(value, dt.date) else Decimal(value)


def cut(value: Value, side: int) -> Cut:
    """The cut just before (-1) or after (1) a value."""
    if isinstance(value, dt.date) and side > 0:
        return 0, place(value) + 1, -1
    return 0, place(value), side


@dataclass(frozen=True, slots=True)
class Region:
    """What a test accepts: for ordered kinds `spans` (disjoint, ascending), else `words`, or all but those (`beside`); and
    whether a missing value is accepted (`null`)."""

    kind: Kind
    spans: tuple[tuple[Cut, Cut], ...] = ()
    words: frozenset[Value] = frozenset()
    beside: bool = False
    null: bool = False

    def __contains__(self, value: Value | None) -> bool:
        if value is None:
            return self.null
        if self.kind in ORDERED:
            at = (0, place(value), -1 if isinstance(value, dt.date) else 0)
            return any(low <= at < high if isinstance(value, dt.date) else low < at < high for low, high in self.spans)
        return (value in self.words) != self.beside

    @property
    def empty(self) -> bool:
        """Whether no value is accepted."""
        if self.null:
            return False
        if self.kind in ORDERED:
            return not self.spans
        if self.kind == "boolean" and self.beside:
            return len(self.words) == 2
        return not self.words and not self.beside


def everything(kind: Kind) -> Region:
    """What `-` accepts: every value, and none."""
    return Region(kind, ((BEFORE_ALL, BEHIND_ALL),) if kind in ORDERED else (), beside=kind not in ORDERED, null=True)


def union(kind: Kind, parts: Iterable[Region]) -> Region:
    """What at least one of these accepts."""
    found = list(parts)
    null = any(one.null for one in found)
    if kind in ORDERED:
        return Region(kind, _merged([span for one in found for span in one.spans]), null=null)
    left = [one.words for one in found if one.beside]
    words = frozenset[Value]().union(*(one.words for one in found if not one.beside))
    if left:
        return Region(kind, words=frozenset.intersection(*left) - words, beside=True, null=null)
    return Region(kind, words=words, null=null)


def complement(region: Region, *, null: bool) -> Region:
    """What a region does not accept; `null` says whether that takes in a missing value."""
    if region.kind not in ORDERED:
        return Region(region.kind, words=region.words, beside=not region.beside, null=null)
    spans, low = [], BEFORE_ALL
    for start, end in region.spans:
        if low < start:
            spans.append((low, start))
        low = end
    if low < BEHIND_ALL:
        spans.append((low, BEHIND_ALL))
    return Region(region.kind, tuple(spans), null=null)


def _merged(spans: list[tuple[Cut, Cut]]) -> tuple[tuple[Cut, Cut], ...]:
    merged: list[tuple[Cut, Cut]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        elif low < high:
            merged.append((low, high))
    return tuple(merged)


def cells(kind: Kind, regions: Sequence[Region]) -> list[Value | None]:
    """One example of every set of values that none of these regions tells apart; None stands for a missing value."""
    if kind in ORDERED:
        bounds = sorted({bound for one in regions for span in one.spans for bound in span} | {BEFORE_ALL, BEHIND_ALL})
        found: list[Value | None] = [_between(kind, low, high) for low, high in itertools.pairwise(bounds)]
    elif kind == "boolean":
        found = [False, True]
    else:
        named = sorted({str(word) for one in regions for word in one.words})
        other = OTHER
        while other in named:
            other += OTHER
        found = [*named, other]
    return [*found, None]


def _between(kind: Kind, low: Cut, high: Cut) -> Value:
    """A value between two cuts, as plain as can be."""
    if kind == "date":
        day = int(low[1]) if low[0] == 0 else int(high[1]) - 1 if high[0] == 0 else dt.date(2000, 1, 1).toordinal()
        return dt.date.fromordinal(min(max(day, 1), dt.date.max.toordinal()))
    if low[0] < 0:
        return high[1] - 1 if high[0] == 0 and high[2] < 0 else high[1] if high[0] == 0 else Decimal(0)
    if high[0] > 0:
        return low[1] + 1 if low[2] > 0 else low[1]
    if low[1] == high[1] or low[2] < 0:
        return low[1]
    return high[1] if high[2] > 0 else (low[1] + high[1]) / 2
