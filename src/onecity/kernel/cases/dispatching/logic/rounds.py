"""Rounds of inspection: who visits which places in which order, within opening times, shifts and capacities.

Vehicle routing with time windows and several stations, by ruin and recreate: strings of neighbouring stops are taken out of
the rounds and put back where they cost least, with now and then a position passed over; worse plans are accepted as in
simulated annealing. After Christiaens and Vanden Berghe, Transportation Science 54 (2020) 417 (SISR). What an insertion
costs is computed for all positions of all rounds at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# after the source, tuned on shifts of inspectors: stops taken out on average, the longest string of one round, and the share of positions passed over
REMOVED, LONGEST_STRING, PASSED_OVER = 6, 10, 0.01
# temperature at the beginning and at the end, in parts of a mean drive between neighbours
HOT, COLD = 3.0, 0.03
NEIGHBOURS: Final = 100


@dataclass(frozen=True, slots=True)
class Crew:
    """Who makes a round: the node of the station where it begins and ends, its shift (minutes), and how much it can do."""

    station: int
    start: float
    end: float
    capacity: float = math.inf


@dataclass(frozen=True, slots=True)
class Task:
    """`minutes`: drives between all nodes (n, n); the first nodes are stops, stations follow. For each stop: when a visit may
    begin (`opens`, `closes`), how long it takes (`service`, minutes), and what it takes of a capacity (`load`)."""

    minutes: Floats
    opens: Floats
    closes: Floats
    service: Floats
    load: Floats
    crews: Sequence[Crew]


@dataclass(frozen=True, slots=True)
class Plan:
    """For each crew its stops in order with the minute at which each visit begins; stops that fit into no round; all drives
    together in minutes."""

    rounds: tuple[tuple[int, ...], ...]
    begins: tuple[tuple[float, ...], ...]
    unserved: tuple[int, ...]
    minutes: float


def plan(task: Task, seed: int = 0, iterations: int = 8_000) -> Plan:
    """The best plan found: first as many stops as possible, then the least driving. The same seed gives the same plan."""
    search = _Search(task, np.random.default_rng(seed))
    search.run(iterations)
    return search.best()


class _Round:
    """One crew's stops, with what an insertion has to know of every gap between them."""

    __slots__ = ("begins", "cost", "drives", "latest", "leaves", "load", "next", "prev", "stops")

    def __init__(self, search: "_Search", number: int, stops: list[int]) -> None:
        crew, drive = search.task.crews[number], search.drive
        self.stops = stops
        self.prev, self.next = np.array([crew.station, *stops]), np.array([*stops, crew.station])
        self.load = sum(search.load[stop] for stop in stops)
        leaves, begins, clock, at, cost = [crew.start], [], crew.start, crew.station, 0.0
        for stop in stops:
            way = drive[at][stop]
            clock, at, cost = max(clock + way, search.opens[stop]), stop, cost + way
            begins.append(clock)
            clock += search.service[stop]
            leaves.append(clock)
        self.cost = cost + drive[at][crew.station] if stops else 0.0
        # the latest arrival at what follows each gap that keeps all later windows
        latest, limit, after = [crew.end], crew.end, crew.station
        for stop in reversed(stops):
            limit = min(search.closes[stop], limit - drive[stop][after] - search.service[stop])
            after = stop
            latest.append(limit)
        latest.reverse()
        self.begins = begins
        self.leaves, self.latest = np.array(leaves), np.array(latest)
        self.drives = search.task.minutes[self.prev, self.next]


class _Search:
    def __init__(self, task: Task, rng: np.random.Generator) -> None:
        self.task, self._rng = task, rng
        self.drive: list[list[float]] = task.minutes.tolist()
        self.opens, self.closes = task.opens.tolist(), task.closes.tolist()
        self.service, self.load = task.service.tolist(), task.load.tolist()
        self._stops = len(self.opens)
        inner = task.minutes[: self._stops, : self._stops]
        self._near: list[list[int]] = np.argsort(inner, axis=1, kind="stable")[:, :NEIGHBOURS].tolist()
        self._rounds = [_Round(self, number, []) for number in range(len(task.crews))]
        self._absent = list(range(self._stops))
        self._kept: tuple[float, list[_Round], list[int]] = (math.inf, self._rounds, self._absent)

    def run(self, iterations: int) -> None:
        """Improve for so many steps, cooling down."""
        self._rounds, self._absent = self._recreated(self._rounds, self._absent)
        cost = self._cost(self._rounds, self._absent)
        self._kept = (cost, self._rounds, self._absent)
        if not self._stops or not self._rounds:
            return
        scale = float(np.mean([self.drive[stop][near[min(1, len(near) - 1)]] for stop, near in enumerate(self._near)]))
        heat = max(scale, 1e-6) * HOT
        cooling = (COLD / HOT) ** (1.0 / max(iterations, 1))
        dice = self._rng.random(iterations)
        for step in range(iterations):
            rounds, absent = self._recreated(*self._ruined())
            found = self._cost(rounds, absent)
            if found < cost - heat * math.log(max(dice[step], 1e-300)):
                self._rounds, self._absent, cost = rounds, absent, found
                if found < self._kept[0]:
                    self._kept = (found, rounds, absent)
            heat *= cooling

    def best(self) -> Plan:
        """The best plan so far."""
        _cost, rounds, absent = self._kept
        return Plan(
            tuple(tuple(one.stops) for one in rounds),
            tuple(tuple(one.begins) for one in rounds),
            tuple(sorted(absent)),
            sum(one.cost for one in rounds),
        )

    def _cost(self, rounds: Sequence[_Round], absent: Sequence[int]) -> float:
        # a stop that nobody visits costs more than any drive
        return sum(one.cost for one in rounds) + 1e6 * len(absent)

    def _ruined(self) -> tuple[list[_Round], list[int]]:
        """The rounds with strings of stops near a random one taken out."""
        rounds, rng = list(self._rounds), self._rng
        where = {stop: number for number, one in enumerate(rounds) for stop in one.stops}
        served = max(len(where), 1)
        longest = min(LONGEST_STRING, max(1, served // len(rounds)))
        strings = int(rng.uniform(1.0, 4.0 * REMOVED / (1.0 + longest)))
        out: list[int] = []
        done: set[int] = set()
        for stop in self._near[int(rng.integers(self._stops))]:
            if len(done) >= strings:
                break
            number = where.get(stop)
            if number is None or number in done:
                continue
            done.add(number)
            stops = rounds[number].stops
            length = int(rng.uniform(1.0, min(len(stops), longest) + 1.0))
            at = stops.index(stop)
            first = int(rng.integers(max(0, at - length + 1), min(at, len(stops) - length) + 1))
            out += stops[first : first + length]
            rounds[number] = _Round(self, number, stops[:first] + stops[first + length :])
        return rounds, self._absent + out

    def _recreated(self, rounds: list[_Round], absent: Sequence[int]) -> tuple[list[_Round], list[int]]:
        """Every absent stop put where it costs least, if it fits anywhere; an insertion changes the offers of one round."""
        order = self._ordered(list(absent))
        left: list[int] = []
        rounds = list(rounds)
        if not order:
            return rounds, left
        stops = np.array(order)
        offers = [self._offers(one, number, stops) for number, one in enumerate(rounds)]
        costs = np.array([offer.min(axis=1) for offer in offers])
        for row, stop in enumerate(order):
            number = int(np.argmin(costs[:, row]))
            if costs[number, row] == np.inf:
                left.append(stop)
                continue
            gap = int(np.argmin(offers[number][row]))
            known = rounds[number].stops
            rounds[number] = _Round(self, number, [*known[:gap], stop, *known[gap:]])
            if row + 1 < len(order):
                # earlier rows are never asked again
                offers[number] = self._offers(rounds[number], number, stops)
                costs[number] = offers[number].min(axis=1)
        return rounds, left

    def _offers(self, one: _Round, number: int, stops: Ints) -> Floats:
        """What each stop would add to the drives of a round in each of its gaps; infinite where it does not fit."""
        task, column = self.task, stops[:, None]
        there, onward = task.minutes[one.prev, column], task.minutes[column, one.next]
        begins = np.maximum(one.leaves + there, task.opens[column])
        fits = begins <= task.closes[column]
        fits &= begins + task.service[column] + onward <= one.latest
        fits &= one.load + task.load[column] <= task.crews[number].capacity
        fits &= self._rng.random(fits.shape) >= PASSED_OVER
        return np.where(fits, there + onward - one.drives, np.inf)

    def _ordered(self, absent: list[int]) -> list[int]:
        """In an order drawn by lot: by chance, the closest window first, or the furthest from the stations first."""
        kind = self._rng.random()
        if kind < 0.4:
            self._rng.shuffle(absent)
        elif kind < 0.6:
            absent.sort(key=lambda stop: self.closes[stop] - self.opens[stop])
        else:
            homes = [crew.station for crew in self.task.crews]
            absent.sort(key=lambda stop: min(self.drive[stop][home] for home in homes), reverse=kind < 0.85)
        return absent
