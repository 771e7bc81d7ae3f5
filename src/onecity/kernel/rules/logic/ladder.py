"""All levels of all rules that look at one feature of the same series, evaluated together.

The levels are sorted by the value that raises them. One binary search per reading says how many it passes, so a quiet
batch costs the same for a thousand rules as for one; only pairs of series and level that are past their value, or were
in the carried state, are looked at further.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from onecity.kernel.rules.logic import runs
from onecity.kernel.rules.logic.arrays import (
    NEVER,
    Bools,
    Bytes,
    Floats,
    Int32s,
    Int64s,
    Readings,
    Records,
    expand,
    merged,
    within,
)
from onecity.kernel.rules.logic.changes import Changes
from onecity.kernel.rules.logic.conditions import Condition, Direction

MICROSECONDS = 1_000_000
# rows looked at in one go: bounds memory when everything is past its level at once
BLOCK_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class Ladder:
    """L levels by the value that raises them, all signed so that higher is worse.

    `rule` int32[L] and `rank` int8[L] name them; `base` int64[L] is the position of the mildest level of the same rule;
    `raise_at`, `clear_at` float64[L]; `duration` int64[L] (µs); `sign` is -1 where low values are bad.
    """

    rule: Int32s
    rank: Bytes
    base: Int64s
    raise_at: Floats
    clear_at: Floats
    duration: Int64s
    sign: float

    def __len__(self) -> int:
        return len(self.rule)

    @staticmethod
    def build(rules: Sequence[tuple[int, Condition]], sign: float) -> "Ladder":
        """Build from (rule, condition) pairs whose features are the same."""
        levels = [
            (sign * level.raise_at, rule, level.severity.rank, sign * level.clear_at, condition.duration)
            for rule, condition in rules
            for level in condition.levels
        ]
        levels.sort(key=lambda level: level[:3])
        base: dict[int, int] = {}
        for position, level in enumerate(levels):
            base.setdefault(level[1], position)
        return Ladder(
            rule=np.array([level[1] for level in levels], np.int32),
            rank=np.array([level[2] for level in levels], np.int8),
            base=np.array([base[level[1]] for level in levels], np.int64),
            raise_at=np.array([level[0] for level in levels], np.float64),
            clear_at=np.array([level[3] for level in levels], np.float64),
            duration=np.array([round(level[4].total_seconds() * MICROSECONDS) for level in levels], np.int64),
            sign=sign,
        )


def sign_of(direction: Direction) -> float:
    """Return -1 where low values are bad, else 1."""
    return -1.0 if direction is Direction.BELOW else 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch did: alerts that changed, runs written (`written`, RUN) and keys whose run ended (`ended` int64)."""

    changes: Changes
    written: Records
    ended: Int64s


class Watch:
    """A ladder with the runs that are open on it (`open`: RUN records by key; a key is series x L + level)."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.open: Records = np.empty(0, runs.RUN)

    def evaluate(self, readings: Readings, feature: Floats) -> Outcome:
        """Take the readings in, with the feature float64[n] of each row (NaN: undefined); updates `open`."""
        x = feature if self.ladder.sign > 0 else -feature
        passed = np.searchsorted(self.ladder.raise_at, x, side="left")
        passed[np.isnan(x)] = 0
        depth = np.maximum.reduceat(passed, readings.starts[:-1]) if len(readings) else passed
        levels, series = len(self.ladder), readings.series.astype(np.int64)
        low = np.searchsorted(self.open["key"], series * levels)
        held = np.searchsorted(self.open["key"], (series + 1) * levels) - low
        outcomes, kept = [], self.open[expand(low, held)]
        offsets = np.concatenate([[0], np.cumsum(held)])
        for first, last in _blocks((depth + held) * (readings.counts + 1)):
            rows = slice(int(readings.starts[first]), int(readings.starts[last]))
            carried = kept[offsets[first] : offsets[last]]
            outcomes.append(self._block(readings.block(first, last), x[rows], depth[first:last], carried))
        outcome = _joined(outcomes)
        self._store(outcome)
        return outcome

    def _block(self, readings: Readings, x: Floats, depth: Int64s, carried: Records) -> Outcome:
        levels = len(self.ladder)
        reached = np.repeat(readings.series.astype(np.int64) * levels, depth) + expand(np.zeros_like(depth), depth)
        keys = merged(reached, carried["key"])
        state, before = _aligned(keys, carried)
        rows, level = self._rows(keys, readings, x, state, before)
        found = runs.find(rows, state["since"], state["raised_at"], self.ladder.duration[level])
        top = self._severities(keys, level, found, state)
        return Outcome(
            self._changes(keys, level, found, top, state),
            *_difference(keys, found, top, state, before),
        )

    def _rows(
        self, keys: Int64s, readings: Readings, x: Floats, state: Records, before: Bools
    ) -> tuple[runs.Rows, Int64s]:
        levels = len(self.ladder)
        level = keys % levels
        series = np.searchsorted(readings.series, (keys // levels).astype(np.int32))
        counts = readings.counts[series] + 1
        starts = np.cumsum(counts) - counts
        source = expand(readings.starts[:-1][series] - 1, counts)
        source[starts] += 1
        at, values = readings.at[source], x[source]
        of = np.repeat(np.arange(len(keys)), counts)
        raise_at, clear_at = self.ladder.raise_at[level][of], self.ladder.clear_at[level][of]
        trigger = (values > raise_at).astype(np.int8) - (values <= clear_at).astype(np.int8)
        at[starts], values[starts] = state["peak_at"], state["peak"]
        trigger[starts] = np.where(before, 1, -1)
        return runs.Rows(starts, of, at, values, trigger), level

    def _severities(self, keys: Int64s, level: Int64s, found: runs.Runs, state: Records) -> Bytes:
        """Return for each run the gravest rank raised: a base run takes up the runs of its rule's graver levels."""
        levels = len(self.ladder)
        of = level[found.key]
        top = np.where(found.carried, np.maximum(state["top"][found.key], self.ladder.rank[of]), self.ladder.rank[of])
        upper = np.flatnonzero((self.ladder.base[of] != of) & (found.raised_at != NEVER))
        if not len(upper):
            return top
        base = np.flatnonzero(self.ladder.base[of] == of)
        base_key = keys[found.key[upper]] // levels * levels + self.ladder.base[of[upper]]
        key = np.concatenate([keys[found.key[base]], base_key])
        since = np.concatenate([found.since[base], found.since[upper]])
        order = np.lexsort((np.arange(len(key)) >= len(base), since, key))
        carrier = np.maximum.accumulate(np.where(order < len(base), np.arange(len(order)), -1))
        is_upper = order >= len(base)
        np.maximum.at(top, base[order[carrier[is_upper]]], self.ladder.rank[of[upper[order[is_upper] - len(base)]]])
        return top

    def _changes(self, keys: Int64s, level: Int64s, found: runs.Runs, top: Bytes, state: Records) -> Changes:
        of = level[found.key]
        before = state[found.key]
        alert = (self.ladder.base[of] == of) & (found.raised_at != NEVER)
        new = ~found.carried | (before["raised_at"] == NEVER)
        news = new | (found.end_at != NEVER) | (top != before["top"])
        rows = np.flatnonzero(alert & (news | (found.peak_at != before["peak_at"])))
        return Changes(
            rule=self.ladder.rule[of[rows]],
            series=(keys[found.key[rows]] // len(self.ladder)).astype(np.int32),
            onset=found.since[rows],
            raised_at=found.raised_at[rows],
            peak_at=found.peak_at[rows],
            peak=self.ladder.sign * found.peak[rows],
            end_at=found.end_at[rows],
            rank=top[rows],
            new=new[rows],
            peak_only=~news[rows],
        )

    def _store(self, outcome: Outcome) -> None:
        """Replace the open runs that were written again, drop those that ended; the rest stays as it is."""
        if not len(outcome.ended) and not len(outcome.written):
            return
        stay = np.ones(len(self.open), np.bool_)
        for gone in (outcome.ended, outcome.written["key"]):
            known = gone[within(gone, self.open["key"])]
            stay[np.searchsorted(self.open["key"], known)] = False
        both = np.concatenate([self.open[stay], outcome.written])
        self.open = both[np.argsort(both["key"], kind="stable")]


def _aligned(keys: Int64s, carried: Records) -> tuple[Records, Bools]:
    """Return the carried run of each key (blank where there is none), and whether there is one."""
    state = np.zeros(len(keys), runs.RUN)
    state["key"], state["raised_at"], state["peak_at"], state["peak"], state["top"] = keys, NEVER, NEVER, -np.inf, -1
    before = np.zeros(len(keys), np.bool_)
    at = np.searchsorted(keys, carried["key"])
    state[at], before[at] = carried, True
    return state, before


def _difference(keys: Int64s, found: runs.Runs, top: Bytes, state: Records, before: Bools) -> tuple[Records, Int64s]:
    """Return what changed in the open runs: records to write and keys that are no longer open."""
    still = np.flatnonzero(found.end_at == NEVER)
    written = np.empty(len(still), runs.RUN)
    written["key"], written["since"], written["raised_at"] = (
        keys[found.key[still]],
        found.since[still],
        found.raised_at[still],
    )
    written["peak_at"], written["peak"], written["top"] = found.peak_at[still], found.peak[still], top[still]
    is_open = np.zeros(len(keys), np.bool_)
    is_open[found.key[still]] = True
    same = found.carried[still] & (written == state[found.key[still]])
    return written[~same], keys[before & ~is_open]


def _blocks(weight: Int64s) -> Iterator[tuple[int, int]]:
    """Cut the series into blocks of about BLOCK_ROWS, skipping nothing; yields nothing when all weigh nothing."""
    total = np.cumsum(weight)
    if not len(total) or total[-1] == 0:
        return
    cuts = np.flatnonzero(np.diff(total // BLOCK_ROWS)) + 1
    bounds = [0, *cuts.tolist(), len(total)]
    yield from itertools.pairwise(bounds)


def _joined(outcomes: list[Outcome]) -> Outcome:
    if len(outcomes) == 1:
        return outcomes[0]
    nothing = (np.empty(0, runs.RUN), np.empty(0, np.int64))
    return Outcome(
        Changes.concatenate([o.changes for o in outcomes]),
        np.concatenate([nothing[0], *(o.written for o in outcomes)]),
        np.concatenate([nothing[1], *(o.ended for o in outcomes)]),
    )
