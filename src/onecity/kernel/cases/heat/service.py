"""The heat map and the trends of a period, out of the cases that whoever asks may see."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from onecity.kernel.access.logic import prefixes
from onecity.kernel.cases import calendars, presentation, type_store, visibility
from onecity.kernel.cases.heat import points
from onecity.kernel.cases.heat.logic import cells
from onecity.kernel.cases.heat.logic.cells import SPOT
from onecity.kernel.cases.heat.points import Points
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.presentation import Row
from onecity.kernel.cases.scoring.service import check_period, moments
from onecity.kernel.people.models import Account

T = TypeVar("T")
# cells of about 0.7 km²
CELL: Final = 8
# spots of a cell reach so far (degrees) beyond its outline
BESIDE: Final = 0.002
# the map shows the newest of so many; trends count all
MOST: Final = 50_000
REPEATS: Final = 30
LISTED: Final = 500
LONGEST_BY_DAY: Final = 62


@dataclass(frozen=True)
class Wanted:
    """Whose cases of which period, kind (empty: all) and division (empty: all one may see)."""

    account: Account
    first: dt.date
    last: dt.date
    kind: str = ""
    place: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell of the map: its cases, and the kind that is most frequent in it."""

    name: str
    count: int
    kind: str
    of_kind: int


@dataclass(frozen=True)
class Repeat:
    """The same kind at the same spot: how often, since when, the newest case."""

    kind: str
    count: int
    first_at: dt.datetime
    newest: Row


@dataclass(frozen=True)
class Kind:
    """Cases of one kind in the period and in the one before it, of the same length."""

    name: str
    title: str
    count: int
    before: int

    @property
    def growth(self) -> float | None:
        """By which share it grew; None where there was nothing before."""
        return (self.count - self.before) / self.before if self.before else None


@dataclass(frozen=True)
class Step:
    """One day (or the seven from that day on) of the trend."""

    day: dt.date
    opened: int
    ended: int


@dataclass(frozen=True)
class Heat:
    """What the page shows; `cut`: the map holds the newest cases only."""

    cells: Sequence[Cell]
    repeats: Sequence[Repeat]
    kinds: Sequence[Kind]
    trend: Sequence[Step]
    weekly: bool
    cut: bool


def heat(wanted: Wanted) -> Heat:
    """Everything of the period; raises Problem 422 for a period that is none or too long."""
    check_period(wanted.first, wanted.last)
    titles = {kind.name: kind.title for kind in type_store.all_in_force()}
    found = points.read(_opened(wanted).filter(lon__isnull=False), MOST + 1)
    newest = found.first(MOST)
    shown, repeats = _places(newest, titles)
    counted = _counted(wanted)
    trend, weekly = _trend(wanted, counted)
    return Heat(shown, repeats, _kinds(wanted, counted, titles), trend, weekly, len(found.lon) > MOST)


def in_cell(wanted: Wanted, cell: str) -> list[Row]:
    """The newest cases of the period in one cell; raises Problem 422 for the period and ValueError for no cell."""
    check_period(wanted.first, wanted.last)
    corners = cells.outline(cell)
    lons, lats = [x for x, _y in corners], [y for _x, y in corners]
    near = _opened(wanted).filter(
        lon__gte=min(lons) - BESIDE, lon__lte=max(lons) + BESIDE, lat__gte=min(lats) - BESIDE, lat__lte=max(lats) + BESIDE
    )  # fmt: skip
    found = points.read(near, MOST)
    inside = [found.id(int(i)) for i in np.flatnonzero(cells.holding(cell, found.lon, found.lat))[:LISTED]]
    by_id = Case.objects.defer("search", "description", "evidence").in_bulk(inside)
    return presentation.rows([by_id[i] for i in inside if i in by_id])


def _opened(wanted: Wanted) -> QuerySet[Case]:
    start, end = moments(wanted.first.isoformat(), (wanted.last + dt.timedelta(days=1)).isoformat())
    return _of(wanted).filter(opened_at__gte=start, opened_at__lt=end)


def _of(wanted: Wanted) -> QuerySet[Case]:
    rows = visibility.visible(Case.objects.all(), wanted.account)
    if wanted.kind:
        rows = rows.filter(type_name=wanted.kind)
    if wanted.place:
        rows = rows.filter(division_path__gte=wanted.place, division_path__lt=prefixes.upper_bound(wanted.place))
    return rows


def _places(found: Points, titles: dict[str, str]) -> tuple[list[Cell], list[Repeat]]:
    if not len(found.lon):
        return [], []
    spots = cells.spots_of(found.lon, found.lat)
    names, cell = cells.cells_of(spots, CELL)
    counted = cells.counted(names, cell, found.kind)
    shown = [
        Cell(name, count, titles.get(found.kinds[most], found.kinds[most]), of_kind)
        for name, count, most, of_kind in zip(
            counted.names, counted.count.tolist(), counted.kind.tolist(), counted.of_kind.tolist(), strict=True
        )
    ]
    names, spot = cells.cells_of(spots, SPOT)
    return shown, _repeats(cells.again(names, spot, found.kind), found)


def _repeats(again: cells.Again, found: Points) -> list[Repeat]:
    newest = [found.id(i) for i in again.last[:REPEATS].tolist()]
    cases = Case.objects.defer("search", "description", "evidence").in_bulk(newest)
    words = {row.id: row for row in presentation.rows(list(cases.values()))}
    return [
        Repeat(found.kinds[kind], count, found.opened_at(first), words[identity])
        for identity, kind, count, first in zip(
            newest, again.kind.tolist(), again.count.tolist(), again.first.tolist(), strict=False
        )
        if identity in words
    ]


def _counted(wanted: Wanted) -> Counter[tuple[str, dt.date]]:
    """What was opened in the period, by kind and day."""
    return _by_kind_and_day(_opened(wanted), "opened_at")


def _kinds(wanted: Wanted, counted: Counter[tuple[str, dt.date]], titles: dict[str, str]) -> list[Kind]:
    length = (wanted.last - wanted.first).days + 1
    earlier = Wanted(
        wanted.account, wanted.first - dt.timedelta(days=length), wanted.first - dt.timedelta(days=1), wanted.kind,
        wanted.place,
    )  # fmt: skip
    now = _summed((kind, count) for (kind, _day), count in counted.items())
    before = _by_kind(earlier)
    found = [Kind(name, titles.get(name, name), now[name], before[name]) for name in now.keys() | before.keys()]
    return sorted(found, key=lambda kind: (-kind.count, kind.name))


def _by_kind(wanted: Wanted) -> Counter[str]:
    rows: list[tuple[Any, int]] = list(_opened(wanted).order_by().values_list("type_name").annotate(Count("id")))
    return Counter({str(name): count for name, count in rows})


def _trend(wanted: Wanted, counted: Counter[tuple[str, dt.date]]) -> tuple[list[Step], bool]:
    start, end = moments(wanted.first.isoformat(), (wanted.last + dt.timedelta(days=1)).isoformat())
    opened = _summed((day, count) for (_kind, day), count in counted.items())
    ended = _by_day(_of(wanted).filter(closed_at__gte=start, closed_at__lt=end), "closed_at")
    days = (wanted.last - wanted.first).days + 1
    width = 7 if days > LONGEST_BY_DAY else 1
    steps = []
    for begin in range(0, days, width):
        inside = [wanted.first + dt.timedelta(days=begin + n) for n in range(min(width, days - begin))]
        steps.append(Step(inside[0], sum(opened[day] for day in inside), sum(ended[day] for day in inside)))
    return steps, width > 1


def _summed(pairs: Iterable[tuple[T, int]]) -> Counter[T]:
    total: Counter[T] = Counter()
    for key, count in pairs:
        total[key] += count
    return total


def _by_day(rows: QuerySet[Case], moment: str) -> Counter[dt.date]:
    return Counter(dict(_days(rows, moment).values_list("day").annotate(Count("id"))))


def _by_kind_and_day(rows: QuerySet[Case], moment: str) -> Counter[tuple[str, dt.date]]:
    counted = _days(rows, moment).values_list("type_name", "day").annotate(Count("id"))
    return Counter({(str(kind), day): count for kind, day, count in counted})


def _days(rows: QuerySet[Case], moment: str) -> QuerySet[Any]:
    return rows.order_by().annotate(day=TruncDate(moment, tzinfo=calendars.office().zone))
