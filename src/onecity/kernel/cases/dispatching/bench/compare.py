"""Late arrivals and mean response of each policy over many simulated districts, with intervals, beside a bound."""

import time
from collections.abc import Mapping
from typing import Final

import numpy as np

from onecity.kernel.cases.dispatching.logic import district as districts
from onecity.kernel.cases.dispatching.logic.bounding import late_at_least
from onecity.kernel.cases.dispatching.logic.choosing import NEAREST, Policy
from onecity.kernel.cases.dispatching.logic.rounds import Crew, Task, plan
from onecity.kernel.cases.dispatching.logic.simulating import run as simulate
from onecity.kernel.cases.dispatching.touring import steps

POLICIES: Final[Mapping[str, Policy]] = {"nearest": NEAREST, "coverage": Policy()}
SEEDS, CALLS = 20, 8_000
QUICK_SEEDS, QUICK_CALLS = 4, 2_000
TARGETS: Final = {"fewer_late": 0.12, "longer_mean": 0.05, "rounds_seconds": 30.0}
# a district's inspectors for a morning: more than one plans at once
CREWS, STOPS, QUICK_STOPS, SHIFT_MINUTES, VISIT_MINUTES = 26, 400, 60, 240.0, 10.0
# of Student's t with 19 and 3 degrees of freedom, two-sided 95 %
T = {SEEDS: 2.093, QUICK_SEEDS: 3.182}


def run(*, quick: bool = False) -> dict[str, object]:
    """Measure; every seed is one district with its calls, and all policies answer the same."""
    seeds, count = (QUICK_SEEDS, QUICK_CALLS) if quick else (SEEDS, CALLS)
    late = {name: np.empty(seeds) for name in POLICIES}
    mean = {name: np.empty(seeds) for name in POLICIES}
    bound, spent = np.empty(seeds), 0.0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        where = districts.district(rng)
        calls = districts.calls(where, count, rng)
        for name, policy in POLICIES.items():
            begun = time.perf_counter()
            outcome = simulate(where, calls, policy)
            spent = max(spent, (time.perf_counter() - begun) / count)
            late[name][seed], mean[name][seed] = outcome.late(policy.threshold), float(outcome.response.mean())
        bound[seed] = late_at_least(where, calls, NEAREST.threshold)
    fewer, longer = 1.0 - late["coverage"] / late["nearest"], mean["coverage"] / mean["nearest"] - 1.0
    margin = T[seeds] / np.sqrt(seeds)
    return {
        "late": {name: round(float(values.mean()), 5) for name, values in late.items()},
        "mean_minutes": {name: round(float(values.mean()), 3) for name, values in mean.items()},
        "fewer_late": round(float(fewer.mean()), 4),
        "fewer_late_95": round(float(fewer.std(ddof=1) * margin), 4),
        "longer_mean": round(float(longer.mean()), 4),
        "longer_mean_95": round(float(longer.std(ddof=1) * margin), 4),
        "offline_bound_late": round(float(bound.mean()), 5),
        "extra_late_over_bound": {n: round(float((v - bound).mean()), 5) for n, v in late.items()},
        "ratio_to_bound": {
            n: round(float(v.mean() / bound.mean()), 2) if bound.mean() else None for n, v in late.items()
        },
        "decision_ms": round(spent * 1000, 3),
        "rounds": _rounds(quick=quick),
        "seeds": seeds,
        "calls": count,
        "units": districts.UNITS,
        "places": districts.PLACES,
        "targets": TARGETS,
    }


def _rounds(*, quick: bool) -> dict[str, float]:
    """One plan of rounds as the worker makes it, for as many inspectors and stops as a large district has: its seconds."""
    stops = QUICK_STOPS if quick else STOPS
    rng = np.random.default_rng(0)
    where = rng.uniform((0.0, 0.0), (districts.WIDTH_KM, districts.HEIGHT_KM), size=(stops + CREWS, 2))
    minutes = np.abs(where[:, None, :] - where[None, :, :]).sum(axis=2) / districts.KM_PER_MINUTE
    closes = rng.uniform(SHIFT_MINUTES / 4, SHIFT_MINUTES, size=stops)
    crews = [Crew(stops + number, 0.0, SHIFT_MINUTES) for number in range(CREWS)]
    visit = np.full(stops, VISIT_MINUTES)
    begun = time.perf_counter()
    found = plan(Task(minutes, np.zeros(stops), closes, visit, np.ones(stops), crews), iterations=steps(stops))
    seconds = time.perf_counter() - begun
    return {
        "stops": stops, "crews": CREWS, "seconds": round(seconds, 1), "unserved": len(found.unserved),
        "driving_minutes": round(found.minutes, 1),
    }  # fmt: skip
