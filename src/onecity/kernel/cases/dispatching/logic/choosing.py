"""Which idle unit goes: the nearest, or the one whose leaving costs least of what may come next.

The idea is that of DMEXCLP (Jagtenberg, Bhulai, van der Mei, EJOR 258 (2017) 715): weigh what a unit adds to the coverage
of the district against what it saves now. Two things are counted more finely than there. What a place loses when a unit
leaves is the rise of its expected cost over all units in order of nearness, each there with the chance of an idle or of a
busy one, not only the step from covered to uncovered; and the cost is that of a late arrival plus a little for each
minute, so that arrivals in time stay quick.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
NOBODY = 40.0  # minutes that a call counts which finds no unit at all


@dataclass(frozen=True, slots=True)
class Policy:
    """`threshold`: minutes within which an arrival is in time. `minute`: what a minute of response costs, where a late
    arrival costs 1. `idle`, `back`: the chance that a unit idle now, or busy now, is there for the next call. `ahead`: how
    many further calls a unit that goes will be missed for (0: the nearest goes)."""

    threshold: float = 12.0
    minute: float = 0.018
    idle: float = 0.85
    back: float = 0.25
    ahead: float = 6.0


NEAREST = Policy(minute=1.0, ahead=0.0)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Where units are, as the demand sees it: minutes from each unit to each place (units, places), and for each place the
    units in order of nearness. `demand`: share of calls by place, sums to 1."""

    minutes: Floats
    demand: Floats
    order: Ints
    ranks: Ints
    ordered: Floats

    @classmethod
    def of(cls, minutes: Floats, demand: Floats) -> "Fleet":
        """Sort the units for every place."""
        order = np.argsort(minutes, axis=0, kind="stable")
        return cls(minutes, demand, order, np.argsort(order, axis=0), np.take_along_axis(minutes, order, axis=0))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The unit (its index) and why: minutes until it is there and what its leaving costs the others (in late arrivals of
    the next calls); the same of the nearest one."""

    unit: int
    minutes: float
    loss: float
    nearest: int
    nearest_minutes: float
    nearest_loss: float


def losses(fleet: Fleet, idle: Bools, policy: Policy) -> Floats:
    """What it costs the next call when a unit is busy instead of idle, on average over the demand: shape (units,)."""
    found: Floats = losses_by_place(fleet, idle, policy) @ fleet.demand
    return found


def losses_by_place(fleet: Fleet, idle: Bools, policy: Policy) -> Floats:
    """The same for a call from each place: shape (units, places)."""
    there = np.where(idle, policy.idle, policy.back)[fleet.order]
    cost = _cost(fleet.ordered, policy)
    missed = np.cumprod(1.0 - there, axis=0)
    before = np.vstack([np.ones(missed.shape[1]), missed[:-1]])
    terms = cost * there * before
    # of each place: what is still to come behind each rank, and the case that nobody is there
    behind = np.cumsum(terms[::-1], axis=0)[::-1] - terms + missed[-1] * _cost(np.array(NOBODY), policy)
    busy = cost * policy.back * before + behind * (1.0 - policy.back) / (1.0 - there)
    return np.take_along_axis(busy - terms - behind, fleet.ranks, axis=0)


def _cost(minutes: Floats, policy: Policy) -> Floats:
    found: Floats = (minutes > policy.threshold) + policy.minute * minutes
    return found


def choose(fleet: Fleet, drives: Floats, idle: Bools, policy: Policy) -> Chosen | None:
    """The unit that goes to a call which the units reach in `drives` minutes (units,); None where none is idle."""
    if not idle.any():
        return None
    nearest = int(np.argmin(np.where(idle, drives, np.inf)))
    if policy.ahead:
        lost = policy.ahead * losses(fleet, idle, policy)
        unit = int(np.argmin(np.where(idle, _cost(drives, policy) + lost, np.inf)))
    else:
        lost, unit = np.zeros(len(idle)), nearest
    return Chosen(unit, float(drives[unit]), float(lost[unit]), nearest, float(drives[nearest]), float(lost[nearest]))
