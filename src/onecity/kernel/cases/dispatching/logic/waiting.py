"""Where idle units had better wait: the moves that make the next call's arrival better, few and worth their drive.

A unit that waits is a promise to the places around it. Each round tries every idle unit at every waiting place and takes
the move after which the expected cost of the next call (see `choosing`: a late arrival, plus a little for each minute, over
all units in order of nearness and the chance that each is there) falls most, as relocation in DMEXCLP does (Jagtenberg,
Bhulai, van der Mei, Operations Research for Health Care 4 (2015) 27). Only what gains enough is told: crews that are sent
about for nothing stop listening.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from onecity.kernel.cases.dispatching.logic.choosing import NOBODY, Bools, Floats, Policy

# so many late arrivals fewer among the next hundred calls are worth a drive
LEAST_GAIN: Final = 0.01
MOST_MOVES: Final = 3


@dataclass(frozen=True, slots=True)
class Move:
    """Unit (index) to a waiting place (index), `minutes` of driving; `gain`: how much the next call's expected cost falls, in
    late arrivals a call."""

    unit: int
    place: int
    minutes: float
    gain: float


def advise(
    minutes: Floats,
    demand: Floats,
    idle: Bools,
    candidates: Floats,
    drives: Floats,
    policy: Policy,
    *,
    longest: float = 20.0,
) -> list[Move]:
    """At most MOST_MOVES moves, the best first; each is judged after those before it.

    `minutes`: from each unit to each place of the demand (units, places); `candidates`: the same from each waiting place;
    `drives`: from each unit to each waiting place (units, candidates), moves above `longest` minutes are not considered.
    """
    at, free = minutes.copy(), idle.copy()
    found: list[Move] = []
    while len(found) < MOST_MOVES and free.any():
        before = expected(at, demand, idle, policy)
        gains = np.full(drives.shape, -np.inf)
        for one in np.flatnonzero(free).tolist():
            gains[one] = before - _placed(at, demand, idle, one, candidates, policy)
        gains[drives > longest] = -np.inf
        unit, place = divmod(int(np.argmax(gains)), len(candidates))
        if gains[unit, place] < LEAST_GAIN:
            break
        found.append(Move(unit, place, float(drives[unit, place]), float(gains[unit, place])))
        at[unit], free[unit] = candidates[place], False
    return found


def expected(minutes: Floats, demand: Floats, idle: Bools, policy: Policy) -> float:
    """The expected cost of the next call, in late arrivals; with nobody at all it is that of NOBODY minutes."""
    order = np.argsort(minutes, axis=0, kind="stable")
    there = np.where(idle, policy.idle, policy.back)[order]
    missed = np.cumprod(1.0 - there, axis=0)
    before = np.vstack([np.ones(minutes.shape[1]), missed[:-1]]) if len(missed) else missed
    terms = _cost(np.take_along_axis(minutes, order, axis=0), policy) * there * before
    last = missed[-1] if len(missed) else np.ones(minutes.shape[1])
    return float((terms.sum(axis=0) + last * _cost(np.array(NOBODY), policy)) @ demand)


def _placed(minutes: Floats, demand: Floats, idle: Bools, unit: int, candidates: Floats, policy: Policy) -> Floats:
    """The expected cost with this unit at each waiting place: shape (candidates,)."""
    others, free = np.delete(minutes, unit, axis=0), np.delete(idle, unit)
    order = np.argsort(others, axis=0, kind="stable")
    ordered = np.take_along_axis(others, order, axis=0)
    there = np.where(free, policy.idle, policy.back)[order]
    zero, one = np.zeros((1, minutes.shape[1])), np.ones((1, minutes.shape[1]))
    missed = np.vstack([one, np.cumprod(1.0 - there, axis=0)])
    terms = _cost(ordered, policy) * there * missed[:-1]
    nearer = np.vstack([zero, np.cumsum(terms, axis=0)])
    total = nearer[-1] + missed[-1] * _cost(np.array(NOBODY), policy)
    # behind how many of the others the unit stands, seen from each place
    rank = (ordered[None, :, :] <= candidates[:, None, :]).sum(axis=1)
    columns = np.arange(minutes.shape[1])[None, :]
    ahead, chance = nearer[rank, columns], missed[rank, columns]
    p = policy.idle
    cost: Floats = (ahead + chance * p * _cost(candidates, policy) + (1.0 - p) * (total - ahead)) @ demand
    return cost


def _cost(minutes: Floats, policy: Policy) -> Floats:
    found: Floats = (minutes > policy.threshold) + policy.minute * minutes
    return found
