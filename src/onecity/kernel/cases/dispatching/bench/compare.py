"""Late arrivals and mean response of each policy over many simulated districts, with intervals, beside a bound."""

import time
from collections.abc import Mapping
from typing import Final

import numpy as np

from onecity.kernel.cases.dispatching.logic import district as districts
from onecity.kernel.cases.dispatching.logic.bounding import late_at_least
from onecity.kernel.cases.dispatching.logic.choosing import NEAREST, Policy
from onecity.kernel.cases.dispatching.logic.simulating import run as simulate

POLICIES: Final[Mapping[str, Policy]] = {"nearest": NEAREST, "coverage": Policy()}
SEEDS, CALLS = 20, 8_000
QUICK_SEEDS, QUICK_CALLS = 4, 2_000
TARGETS: Final = {"fewer_late": 0.12, "longer_mean": 0.05}
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
        "seeds": seeds,
        "calls": count,
        "units": districts.UNITS,
        "places": districts.PLACES,
        "targets": TARGETS,
    }
