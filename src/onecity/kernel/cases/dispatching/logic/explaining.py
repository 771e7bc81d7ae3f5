"""Why a unit was chosen, in figures that a dispatcher can check at a glance."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from onecity.kernel.cases.dispatching.logic.choosing import Bools, Chosen, Fleet, Floats, Policy, losses_by_place


@dataclass(frozen=True, slots=True)
class Reason:
    """`only`: no other is free. `nearest`: none is there sooner; `other` is the next. `coverage`: `other` is nearer, but its
    leaving would cost the places around `place` (index of the demand) more than the minutes saved."""

    kind: Literal["only", "nearest", "coverage"]
    minutes: float
    other: int | None = None
    other_minutes: float = 0.0
    place: int | None = None


def explain(fleet: Fleet, drives: Floats, idle: Bools, chosen: Chosen, policy: Policy) -> Reason:
    """Why `choose` gave this unit."""
    if chosen.unit != chosen.nearest:
        lost = losses_by_place(fleet, idle, policy)
        place = int(np.argmax((lost[chosen.nearest] - lost[chosen.unit]) * fleet.demand))
        return Reason("coverage", chosen.minutes, chosen.nearest, chosen.nearest_minutes, place)
    others = np.where(idle, drives, np.inf)
    others[chosen.unit] = np.inf
    if not np.isfinite(others).any():
        return Reason("only", chosen.minutes)
    second = int(np.argmin(others))
    return Reason("nearest", chosen.minutes, second, float(drives[second]))
