"""A simulated day of urgent calls: units that wait at their stations go, work, and wait again; what a policy achieves."""

import heapq
from dataclasses import dataclass

import numpy as np

from onecity.kernel.cases.dispatching.logic.choosing import Bools, Fleet, Floats, Ints, Policy, choose


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls in order of time: when (minutes), at which place of the district, and how long each binds a unit (minutes)
    beside the drive there."""

    at: Floats
    place: Ints
    busy: Floats


@dataclass(frozen=True, slots=True)
class District:
    """Demand by place (sums to 1), and the minutes from each unit's station to each place: (units, places)."""

    demand: Floats
    minutes: Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """Minutes from call to arrival, for each call, with the unit that went."""

    response: Floats
    unit: Ints

    def late(self, threshold: float) -> float:
        """The share of arrivals later than `threshold` minutes."""
        return float(np.mean(self.response > threshold))


def run(district: District, calls: Calls, policy: Policy) -> Outcome:
    """Let a policy answer all calls; a call that finds nobody idle waits for the next unit, in the order of calls."""
    units = len(district.minutes)
    fleet = Fleet.of(district.minutes, district.demand)
    idle: Bools = np.ones(units, dtype=np.bool_)
    returning: list[tuple[float, int]] = []
    response, sent = np.empty(len(calls.at)), np.empty(len(calls.at), dtype=np.int64)
    for number, at in enumerate(calls.at):
        clock = float(at)
        while returning and returning[0][0] <= clock:
            idle[heapq.heappop(returning)[1]] = True
        if not idle.any():
            clock, back = heapq.heappop(returning)
            idle[back] = True
        drive = district.minutes[:, calls.place[number]]
        chosen = choose(fleet, drive, idle, policy)
        if chosen is None:
            raise AssertionError("a unit is idle here")
        idle[chosen.unit] = False
        response[number], sent[number] = clock - at + chosen.minutes, chosen.unit
        heapq.heappush(returning, (clock + chosen.minutes + float(calls.busy[number]), chosen.unit))
    return Outcome(response, sent)
