"""What observations are about where nobody said so: the place where their thing stood, by its history of places."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from onecity.kernel.core import clock
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import Observation, Relation
from onecity.kernel.twin.sensorthings import kept

Line = Sequence[tuple[int, str]]
"""From when on (µs) a thing stood where: the id of a Location, in order."""


def lines(things: Collection[str]) -> dict[str, Line]:
    """The places of things over time; a thing that has none stands for itself."""
    known = [identity for thing in things if (identity := parse_id(thing)) is not None]
    former = Relation.objects.filter(source_id__in=known, kind=kept.FORMER)
    histories = {
        str(h): (str(thing), at) for thing, h, at in former.values_list("source_id", "target_id", "target__created_at")
    }
    placed = Relation.objects.filter(
        source_id__in=[*map(UUID, histories)], kind=kept.LOCATED, target__lon__isnull=False
    )
    places = dict[str, str]()
    for passed, where in placed.order_by("-target_id").values_list("source_id", "target_id"):
        places[str(passed)] = str(where)
    found: dict[str, list[tuple[int, str]]] = {thing: [] for thing in things}
    for history, place in places.items():
        thing, at = histories[history]
        found[thing].append((clock.to_us(at), place))
    return {thing: sorted(line) for thing, line in found.items()}


def at(thing: str, line: Line, moment: int) -> str:
    """Where a thing stood at a time (µs): the place of then, before the first the first, else the thing itself."""
    if not line:
        return thing
    return line[max(0, bisect_right(line, moment, key=lambda one: one[0]) - 1)][1]


def now(thing: str, line: Line) -> str:
    """Where a thing stands."""
    return line[-1][1] if line else thing


@dataclass(slots=True)
class Book:
    """Looks features up, each thing once."""

    _thing_of: dict[int, str] = field(default_factory=dict)
    _lines: dict[str, Line] = field(default_factory=dict)

    def know(self, numbers: Collection[int]) -> None:
        """Look the things of these series up, together."""
        missing = [number for number in numbers if number not in self._thing_of]
        if not missing:
            return
        found = {id_: str(thing) for id_, thing in Series.objects.filter(id__in=missing).values_list("id", "entity_id")}
        self._thing_of |= found
        self._lines |= lines({thing for thing in found.values() if thing not in self._lines})

    def of(self, series: int, moment: int, said: str | None) -> str:
        """The id of the feature of an observation; `said`: the one that was named."""
        if said:
            return said
        self.know([series])
        thing = self._thing_of.get(series, "")
        return at(thing, self._lines.get(thing, ()), moment)


@dataclass(frozen=True, slots=True)
class About:
    """The observations of one feature: `things` stood there between `start` and `end`; others were said to be about it."""

    feature: str
    things: Sequence[str]
    start: dt.datetime | None
    end: dt.datetime | None

    def series(self) -> Q:
        """Which series may have such observations."""
        said = Observation.objects.filter(feature_id=self.feature).values("series_id")
        return Q(entity_id__in=self.things) | Q(id__in=said)


def about(feature: str) -> About:
    """What is about a feature."""
    there = Relation.objects.filter(target__id=feature, kind=kept.LOCATED, source__type=kept.HISTORY).values(
        "source_id"
    )
    things = {
        str(t)
        for t in Relation.objects.filter(target_id__in=there, kind=kept.FORMER).values_list("source_id", flat=True)
    }
    found, spans = lines({*things, feature}), list[tuple[int | None, int | None]]()
    chosen = list[str]()
    for thing, line in found.items():
        own = _spans(line, feature) if line else [(None, None)] if thing == feature else []
        if own:
            chosen.append(thing)
            spans += own
    starts, ends = [start for start, _end in spans], [end for _start, end in spans]
    return About(feature, sorted(chosen), _least(starts), _greatest(ends))


def _spans(line: Line, feature: str) -> list[tuple[int | None, int | None]]:
    """Between which times a thing stood at a place."""
    ends: list[int | None] = [*(start for start, _place in line[1:]), None]
    found = zip(line, ends, range(len(line)), strict=True)
    return [(start if number else None, end) for (start, place), end, number in found if place == feature]


def _least(moments: Sequence[int | None]) -> dt.datetime | None:
    known = [one for one in moments if one is not None]
    return clock.from_us(min(known)) if known and len(known) == len(moments) else None


def _greatest(moments: Sequence[int | None]) -> dt.datetime | None:
    known = [one for one in moments if one is not None]
    return clock.from_us(max(known)) if known and len(known) == len(moments) else None


def visible() -> Q:
    """Which entities are features: those that were written, places where things stood, and things without such places."""
    formerly = Exists(Relation.objects.filter(source=OuterRef("pk"), kind=kept.FORMER))
    stood = Relation.objects.filter(target=OuterRef("pk"), kind=kept.LOCATED, source__type=kept.HISTORY)
    places = Q(type=kept.TYPES["Locations"], lon__isnull=False) & Q(Exists(stood))
    things = ~Q(type__in=kept.BESIDE) & Q(lon__isnull=False) & ~Q(formerly)
    return Q(type=kept.TYPES["FeaturesOfInterest"]) | places | things


__all__ = ["About", "Book", "Line", "about", "at", "lines", "now", "visible"]
