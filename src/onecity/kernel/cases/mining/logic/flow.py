"""Process mining on a log of cases: stays in states split into waiting, working and suspended time, loops, variants, the
directly-follows graph (W. van der Aalst, Process Mining, 2nd ed., ch. 6 and 9), all on arrays.

A history has no entry "now I begin". So time in a state is *waiting* until the first thing that the office did there, and
*working* from then on; a step that itself means the begin of work leaves no waiting time behind it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NOWHERE = -1
# so many standard errors to either side hold what is true in 95 of 100 draws
CONFIDENT = 1.96


@dataclass(frozen=True, slots=True)
class Log:
    """Entries in the order of case and time, each member an array of the same length.

    `case` numbers the case; `at` in seconds; `source` and `target` number states (`NOWHERE` before the first); `office`
    numbers the office that the entry names (`NOWHERE`: names none); `acted`: the office did something; `begins`: the step
    means that work begins; `pauses` +1 where a suspension begins, -1 where it ends.
    """

    case: Ints
    at: Floats
    source: Ints
    target: Ints
    office: Ints
    acted: Flags
    begins: Flags
    pauses: Ints


@dataclass(frozen=True, slots=True)
class Stays:
    """Every stay of a case in a state. Seconds are NaN while the case is still there; `following` is `NOWHERE` then.
    `again`: the case had been in this state before; `place`: which stay of its case it is, from 0."""

    case: Ints
    state: Ints
    office: Ints
    following: Ints
    waiting: Floats
    working: Floats
    held: Floats
    again: Flags
    place: Ints

    @property
    def whole(self) -> Floats:
        """Seconds from coming in to going out."""
        total: Floats = self.waiting + self.working + self.held
        return total


@dataclass(frozen=True, slots=True)
class Groups:
    """Statistics of values by key: `key` ascending, how many, their sum, median and 90th percentile; `low` and `high`: where
    the median of all lies in 95 of 100 draws, when the values are a draw at random (order statistics)."""

    key: Ints
    count: Ints
    total: Floats
    median: Floats
    p90: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Variants:
    """Ways that whole cases took, the most frequent first: the number of one case that took it, how many did, the median
    of their whole time in seconds."""

    example: Ints
    count: Ints
    median: Floats


def stays(log: Log) -> Stays:
    """The stays of all cases in the order of the log."""
    size = len(log.case)
    moves = np.flatnonzero(log.source != log.target)
    if not len(moves):
        nothing = np.array([], dtype=np.int64)
        none = np.array([], dtype=np.float64)
        return Stays(nothing, nothing, nothing, nothing, none, none, none, none.astype(bool), nothing)
    case = log.case[moves]
    left = np.append(case[1:] == case[:-1], [False])
    ends = np.where(left, np.append(moves[1:], [size - 1]), moves)
    following = np.where(left, log.target[ends], NOWHERE)
    first = np.minimum(_next(log.acted)[np.minimum(moves + 1, size)], ends)
    first = np.where(log.begins[moves], moves, first)
    paused = np.cumsum(_paused(log))
    held_first, held_last = paused[first] - paused[moves], paused[ends] - paused[first]
    waiting = log.at[first] - log.at[moves] - held_first
    working = log.at[ends] - log.at[first] - held_last
    unknown = np.where(left, 0.0, np.nan)
    begun = np.maximum.accumulate(np.where(np.append([True], case[1:] != case[:-1]), np.arange(len(case)), 0))
    return Stays(
        case, log.target[moves], _filled(log)[moves], following, waiting + unknown, working + unknown,
        held_first + held_last + unknown, _again(case, log.target[moves]), np.arange(len(case)) - begun,
    )  # fmt: skip


def grouped(key: Ints, value: Floats) -> Groups:
    """Statistics of the values that are known (not NaN), by key; quantiles between two values are interpolated."""
    known = ~np.isnan(value)
    key, value = key[known], value[known]
    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    keys, start, count = np.unique(key, return_index=True, return_counts=True)
    total = np.add.reduceat(value, start) if len(value) else np.array([], dtype=np.float64)
    # the ranks of the median's bounds are binomial: n/2 and 0.98 times the root of n to either side
    aside = CONFIDENT / 2 / np.sqrt(np.maximum(count, 1))
    low = _quantile(value, start, count, np.maximum(0.5 - aside, 0.0))
    high = _quantile(value, start, count, np.minimum(0.5 + aside, 1.0))
    return Groups(
        keys, count, total, _quantile(value, start, count, 0.5), _quantile(value, start, count, 0.9), low, high
    )


def edges(found: Stays, states: int) -> tuple[Groups, Ints]:
    """The directly-follows graph: time in the first state by `state * states + following`, and how often each edge led back
    to where the case had been before."""
    left = found.following != NOWHERE
    key = (found.state * states + found.following)[left]
    graph = grouped(key, found.whole[left])
    back = np.zeros(len(graph.key), dtype=np.int64)
    # the stay after one that was left stands right behind it
    returned = np.append(found.again[1:], [False])[left]
    np.add.at(back, np.searchsorted(graph.key, key[returned]), 1)
    return graph, back


def variants(found: Stays, ended: Flags, span: Floats) -> Variants:
    """The ways of the cases that have ended (`ended` and `span`, the whole time in seconds, by number of the case).

    Two cases took the same way if sums of random 64-bit numbers, one for each state at each place, agree: with a million
    cases the chance that two different ways do is below one in ten million.
    """
    if not len(found.case):
        nothing = np.array([], dtype=np.int64)
        return Variants(nothing, nothing, np.array([], dtype=np.float64))
    states = int(found.state.max()) + 1
    marks = np.random.default_rng(20261125).integers(0, 2**63, (int(found.place.max()) + 1) * states, dtype=np.int64)
    cases, start = np.unique(found.case, return_index=True)
    with np.errstate(over="ignore"):
        way = np.add.reduceat(marks[found.place * states + found.state], start)
    kept = ended[cases]
    cases, way = cases[kept], way[kept]
    _ways, example, which = np.unique(way, return_index=True, return_inverse=True)
    times = grouped(which.astype(np.int64), span[cases])
    order = np.argsort(-times.count, kind="stable")
    return Variants(cases[example][order], times.count[order], times.median[order])


def _next(flags: Flags) -> Ints:
    """For each place (and the one behind the last) the nearest one from there on where the flag stands, or the end."""
    size = len(flags)
    places = np.append(np.where(flags, np.arange(size), size), [size])
    found: Ints = np.minimum.accumulate(places[::-1])[::-1]
    return found


def _paused(log: Log) -> Floats:
    """Seconds before each entry, since the one before it in the same case, in which the clock stood still."""
    level = np.cumsum(log.pauses)
    same = np.append([False], log.case[1:] == log.case[:-1])
    starts = np.flatnonzero(~same)
    # what another case left suspended is no suspension of this one
    before = np.append([0], level[:-1])
    level = level - np.repeat(before[starts], np.diff(np.append(starts, [len(level)])))
    gap = np.append([0.0], np.diff(log.at))
    found: Floats = np.where(same & (np.append([0], level[:-1]) > 0), gap, 0.0)
    return found


def _filled(log: Log) -> Ints:
    """The office that has the case at each entry: the last one named in the same case."""
    starts = np.append([True], log.case[1:] != log.case[:-1])
    named = np.where((log.office != NOWHERE) | starts, np.arange(len(log.case)), 0)
    found: Ints = log.office[np.maximum.accumulate(named)]
    return found


def _again(case: Ints, state: Ints) -> Flags:
    key = case * (int(state.max(initial=0)) + 1) + state
    _keys, first = np.unique(key, return_index=True)
    found = np.ones(len(key), dtype=np.bool_)
    found[first] = False
    return found


def _quantile(value: Floats, start: Ints, count: Ints, share: float | Floats) -> Floats:
    place = start + (count - 1) * share
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, start + count - 1)
    found: Floats = value[low] + (value[high] - value[low]) * (place - low) if len(value) else value
    return found
