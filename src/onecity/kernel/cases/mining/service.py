"""What the mined history says in words: which states cost most, which offices, which steps lead back, which ways are taken."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from onecity.kernel.cases import directory
from onecity.kernel.cases.mining import reading
from onecity.kernel.cases.mining.logic import flow
from onecity.kernel.cases.mining.logic.flow import Floats, Groups, Stays
from onecity.kernel.cases.mining.reading import Read
from onecity.kernel.cases.scoring.service import check_period, moments
from onecity.kernel.cases.types import in_language

MOST: Final = reading.MOST
LINES: Final = 40
WAYS: Final = 12


@dataclass(frozen=True)
class Line:
    """Stays of one kind in one state (and, where given, at one office): seconds at the median and the 90th percentile.

    `lost`: all seconds that cases waited here; `here`: cases that are in it now; `again`: stays of cases that had been here.
    `waiting_low`, `waiting_high`: between which the median of all cases lies where they were drawn (95 %).
    """

    kind: str
    kind_title: str
    state: str
    state_title: str
    office: str
    count: int
    here: int
    again: int
    waiting: float
    waiting_p90: float
    working: float
    working_p90: float
    held: float
    lost: float
    waiting_low: float = 0.0
    waiting_high: float = 0.0


@dataclass(frozen=True)
class Edge:
    """A step of the graph: from which line to which (places in `Report.lines`), how often, how long before it, and how
    often it led back to where the case had been."""

    source: int
    target: int
    count: int
    median: float
    back: int


@dataclass(frozen=True)
class Way:
    """A way that whole cases took: its states, how many took it, the median of their time, one of them."""

    states: Sequence[str]
    count: int
    share: float
    median: float
    example: UUID


@dataclass(frozen=True)
class Report:
    """Bottlenecks of a period. `lines`: by state, the order of the usual way; `offices`: the same by office, the most
    waiting first; `again`: the share of cases that came back to a state. `drawn`: so many cases were drawn at random from
    `cases` and all numbers are estimates from them (0: every case was looked at); `within`: how far a share may be off."""

    lines: Sequence[Line]
    offices: Sequence[Line]
    edges: Sequence[Edge]
    ways: Sequence[Way]
    cases: int
    ended: int
    again: float
    median: float | None
    drawn: int
    within: float


def report(first: dt.date, last: dt.date, *, place: str = "", kind: str = "") -> Report:
    """Bottlenecks of the cases opened from `first` to `last`; raises Problem 422 for a period that is none or too long."""
    check_period(first, last)
    start, end = moments(first.isoformat(), (last + dt.timedelta(days=1)).isoformat())
    read = reading.read(start, end, place, kind, MOST)
    stays = flow.stays(read.log)
    order = _usual(stays)
    lines = _lines(read, stays, stays.state, order, {})
    cases = len(read.names.cases)
    again = len(np.unique(stays.case[stays.again])) / cases if cases else 0.0
    spans = read.span[read.ended]
    return Report(
        lines if kind else sorted(lines, key=lambda line: -line.lost)[:LINES],
        _offices(read, stays),
        _edges(read, stays, order) if kind else [],
        _ways(read, stays) if kind else [],
        read.total,
        _all(read, int(read.ended.sum())),
        again,
        float(np.median(spans)) if len(spans) else None,
        cases if read.cut else 0,
        _within(read) if read.cut else 0.0,
    )


def _all(read: Read, count: float) -> int:
    """How many of all cases, from how many of those drawn."""
    return round(count * read.factor)


def _within(read: Read) -> float:
    """How far the share of a half may be off in 95 of 100 draws without replacement; any other share is off by less."""
    drawn = len(read.names.cases)
    left = (read.total - drawn) / max(read.total - 1, 1)
    return float(flow.CONFIDENT * np.sqrt(0.25 / drawn * left))


def _usual(stays: Stays) -> list[int]:
    """The states in the order in which cases come to them."""
    places = flow.grouped(stays.state, stays.place.astype(np.float64))
    return [int(key) for key in places.key[np.argsort(places.total / places.count, kind="stable")]]


def _lines(
    read: Read, stays: Stays, key: flow.Ints, order: Sequence[int], offices: dict[int, tuple[int, str]]
) -> list[Line]:
    """One line for each key; `offices` says which state and office a key means, where it is not the state itself."""
    waiting, working = flow.grouped(key, stays.waiting), flow.grouped(key, stays.working)
    held = _sums(key, stays.held)
    here = dict(
        zip(
            *np.unique(key[(stays.following == flow.NOWHERE) & ~_final(read)[stays.state]], return_counts=True),
            strict=True,
        )
    )
    again = dict(zip(*np.unique(key[stays.again], return_counts=True), strict=True))
    stayed = dict(zip(*np.unique(key, return_counts=True), strict=True))
    at = {int(one): number for number, one in enumerate(waiting.key)}
    found = []
    for one in order:
        state, office = offices.get(one, (one, ""))
        kind, name = read.names.states[state]
        definition = read.names.kinds[kind]
        title = next((in_language(s.title) for s in definition.states if s.name == name), name)
        number = at.get(one)
        found.append(
            Line(
                kind, in_language(definition.title), name, title, office,
                _all(read, stayed.get(one, 0)), _all(read, here.get(one, 0)), _all(read, again.get(one, 0)),
                *_two(waiting, number), *_two(working, number), held.get(one, 0.0),
                *(_bounds(read, waiting, number) if number is not None else (0.0, 0.0, 0.0)),
            )
        )  # fmt: skip
    return found


def _two(found: Groups, number: int | None) -> tuple[float, float]:
    return (float(found.median[number]), float(found.p90[number])) if number is not None else (0.0, 0.0)


def _bounds(read: Read, found: Groups, number: int) -> tuple[float, float, float]:
    """The seconds lost by all cases, and between which the median of all lies."""
    return float(found.total[number]) * read.factor, float(found.low[number]), float(found.high[number])


def _sums(key: flow.Ints, value: Floats) -> dict[int, float]:
    """The mean of what is rarely anything: the median of suspensions would be nothing everywhere."""
    found = flow.grouped(key, value)
    return {int(k): float(t / c) for k, t, c in zip(found.key, found.total, found.count, strict=True)}


def _final(read: Read) -> flow.Flags:
    return np.array(
        [any(s.final for s in read.names.kinds[kind].states if s.name == name) for kind, name in read.names.states],
        dtype=np.bool_,
    )


def _offices(read: Read, stays: Stays) -> list[Line]:
    known = stays.office != flow.NOWHERE
    if not known.any():
        return []
    size = len(read.names.offices)
    key = np.where(known, stays.state * size + stays.office, flow.NOWHERE)
    found = flow.grouped(key[known], stays.waiting[known])
    worst = [int(one) for one in found.key[np.argsort(-found.total, kind="stable")][:LINES]]
    names = directory.bodies_named({read.names.offices[one % size] for one in worst})
    meant = {one: (one // size, names.get(read.names.offices[one % size], "")) for one in worst}
    return _lines(read, stays, key, worst, meant)


def _edges(read: Read, stays: Stays, order: Sequence[int]) -> list[Edge]:
    size = len(read.names.states)
    graph, back = flow.edges(stays, size)
    place = {state: number for number, state in enumerate(order)}
    return [
        Edge(place[key // size], place[key % size], _all(read, count), median, _all(read, returned))
        for key, count, median, returned in zip(
            graph.key.tolist(), graph.count.tolist(), graph.median.tolist(), back.tolist(), strict=True
        )
    ]


def _ways(read: Read, stays: Stays) -> list[Way]:
    found = flow.variants(stays, read.ended, read.span)
    ended = int(read.ended.sum())
    ways = []
    for case, count, median in zip(found.example[:WAYS], found.count[:WAYS], found.median[:WAYS], strict=True):
        passed = stays.state[stays.case == case]
        titles = [_title(read, int(state)) for state in passed]
        ways.append(Way(titles, _all(read, int(count)), int(count) / ended, float(median), read.names.cases[int(case)]))
    return ways


def _title(read: Read, state: int) -> str:
    kind, name = read.names.states[state]
    return next((in_language(s.title) for s in read.names.kinds[kind].states if s.name == name), name)
