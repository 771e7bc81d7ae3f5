"""How good dispatch could be at all: a bound on late arrivals for one who knew every call in advance.

Each unit may serve in time any calls that it reaches within the threshold and that do not overlap; each call needs one
unit. That every call is served once is relaxed with prices (Lagrange), so that each unit plans for itself by weighted
interval scheduling; calls that come late bind nobody. So the bound is never above what any policy achieves.
"""

from bisect import bisect_right

import numpy as np

from onecity.kernel.cases.dispatching.logic.choosing import Floats, Ints
from onecity.kernel.cases.dispatching.logic.simulating import Calls, District


def late_at_least(district: District, calls: Calls, threshold: float, *, rounds: int = 60) -> float:
    """A lower bound on the share of late arrivals, by `rounds` steps of subgradient ascent."""
    plans = [_Plan(row[calls.place], calls, threshold) for row in district.minutes]
    total = len(calls.at)
    price: Floats = np.zeros(total)
    best, step = float(total), 1.0
    for _round in range(rounds):
        served = np.zeros(total)
        value = float(price.sum())
        for plan in plans:
            gained, chosen = plan.best(1.0 - price)
            value += gained
            served[chosen] += 1.0
        if value < best - 1e-9:
            best = value
        else:
            step *= 0.85
        excess = served - 1.0
        # who is served by nobody has no price to give back
        excess[(price <= 0) & (excess < 0)] = 0.0
        if not excess.any():
            break
        price = np.clip(price + step * 0.25 * excess, 0.0, 1.0)
    return max(0.0, 1.0 - best / total)


class _Plan:
    """The calls that one unit could serve in time, in the order in which they would end."""

    def __init__(self, drive: Floats, calls: Calls, threshold: float) -> None:
        able = np.flatnonzero(drive <= threshold)
        ends = calls.at[able] + drive[able] + calls.busy[able]
        order = np.argsort(ends, kind="stable")
        self._calls = able[order]
        finishing = ends[order].tolist()
        self._before = [bisect_right(finishing, at, 0, n) for n, at in enumerate(calls.at[self._calls].tolist())]

    def best(self, weights: Floats) -> tuple[float, Ints]:
        """The greatest sum of weights of calls that do not overlap, and those calls."""
        worth = weights[self._calls].tolist()
        sums = [0.0]
        for number, weight in enumerate(worth):
            sums.append(max(sums[number], sums[self._before[number]] + weight))
        taken, at = [], len(worth)
        while at:
            if sums[at] > sums[at - 1]:
                taken.append(self._calls[at - 1])
                at = self._before[at - 1]
            else:
                at -= 1
        return sums[-1], np.array(taken, dtype=np.int64)
