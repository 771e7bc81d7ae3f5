"""The score of each office against its peers: weighted shares, blank where there is no sample, deductions for late ones.

Formula as a town of Shanghai computes it: share of what the peer group received, first contact reached, anything settled,
graded satisfaction. The weights need not add up to a hundred.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
PARTS: Final = ("received", "contacted", "settled", "satisfied")


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Offices that are compared with each other: those of divisions of these levels (none: all that are left)."""

    name: str
    title: Mapping[str, str]
    levels: tuple[str, ...] = ()


class Formula(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the formula. `satisfaction`: what a rating of so many stars counts; `settled_by`, `solved`: results;
    `proactive`: the sources of cases that nobody had to report (主动发现)."""

    effective_from: str
    groups: tuple[Group, ...]
    weights: Mapping[str, float]
    settled_by: tuple[str, ...]
    solved: tuple[str, ...]
    satisfaction: Mapping[str, float]
    deduction_per_late: float = 0.0
    proactive: tuple[str, ...] = ()
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by office, each an array of the same length: received, first contacts that reached and did not, settled with
    a result that counts (and solved among them), ended, late among the ended, sent back, ratings and their graded sum, found by the staff or the platform itself."""

    received: Floats
    reached: Floats
    missed: Floats
    settled: Floats
    solved: Floats
    ended: Floats
    late: Floats
    redone: Floats
    ratings: Floats
    satisfaction: Floats
    proactive: Floats


@dataclass(frozen=True, slots=True)
class Card:
    """Points of each part, the total after deductions, and the rates; NaN where there is no sample."""

    points: Mapping[str, Floats]
    total: Floats
    rates: Mapping[str, Floats]


def score(tally: Tally, peers: npt.NDArray[np.int64], formula: Formula) -> Card:
    """The card of all offices; `peers` numbers the group of each, only those of one group are compared."""
    sums = np.zeros(int(peers.max(initial=-1)) + 1)
    np.add.at(sums, peers, tally.received)
    shares = {
        "received": divided(tally.received, sums[peers]),
        "contacted": divided(tally.reached, tally.reached + tally.missed),
        "settled": np.where(tally.ended > 0, (tally.settled > 0).astype(np.float64), np.nan),
        "satisfied": divided(tally.satisfaction, tally.ratings),
    }
    points = {name: formula.weights.get(name, 0.0) * shares[name] for name in PARTS}
    filled = np.array([points[name] for name in PARTS])
    blank = np.isnan(filled).all(axis=0)
    total = np.where(blank, np.nan, np.nansum(filled, axis=0) - formula.deduction_per_late * tally.late)
    return Card(points, total, rates(tally, shares))


def rates(tally: Tally, shares: Mapping[str, Floats]) -> dict[str, Floats]:
    """The rates by their own names: first contact, on time, really solved, satisfied, sent back, closed loop, found unasked."""
    return {
        "first_contact": shares["contacted"],
        "on_time": divided(tally.ended - tally.late, tally.ended),
        "solved": divided(tally.solved, tally.settled),
        "satisfied": shares["satisfied"],
        "redone": divided(tally.redone, tally.ended),
        "closed": divided(tally.ended, tally.received),
        "proactive": divided(tally.proactive, tally.received),
    }


def divided(part: Floats, whole: Floats) -> Floats:
    """The share, NaN where the whole is nothing."""
    found: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found


def in_force(formulas: Sequence[Formula], start: str, end: str) -> list[tuple[Formula, str, str]]:
    """The versions that hold within [start, end) (ISO dates), each with its part of the period, in order of time."""
    ordered = sorted(formulas, key=lambda one: one.effective_from)
    found = []
    for number, formula in enumerate(ordered):
        until = ordered[number + 1].effective_from if number + 1 < len(ordered) else end
        first, last = max(start, formula.effective_from), min(end, until)
        if first < last:
            found.append((formula, first, last))
    return found
