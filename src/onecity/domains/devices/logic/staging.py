"""Roll-outs in stages: who comes when, and whether a stage went well enough for the next to begin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class Step(Enum):
    """What follows from how a stage stands."""

    WAIT = "wait"
    ADVANCE = "advance"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many devices of a stage were told, confirmed, and failed."""

    total: int
    confirmed: int
    failed: int


def assign(order: NDArray[np.uint64], canary: NDArray[np.bool_], percents: Sequence[int]) -> NDArray[np.int32]:
    """The stage of each of n devices, int32[n], from 0.

    Those of `canary` come first, in a stage of their own where there are any. The others follow in `order` until each of
    `percents` (rising, the last 100) of all n is reached, so that a device has the same place however often one asks.
    """
    if not percents or list(percents) != sorted(set(percents)) or percents[0] < 1 or percents[-1] != 100:
        raise ValueError("shares rise from 1 to 100 per cent")
    count = len(order)
    stage = np.zeros(count, np.int32)
    first = int(canary.any())
    others = np.flatnonzero(~canary)
    others = others[np.argsort(order[others], kind="stable")]
    ranks = np.arange(1, len(others) + 1) + int(canary.sum())
    bounds = np.array([math.ceil(count * percent / 100) for percent in percents], np.int64)
    stage[others] = first + np.searchsorted(bounds, ranks)
    return stage


def decide(standing: Standing, needed_share: float, failure_share: float) -> Step:
    """What follows: stop where more failed than may, advance where enough confirmed, else wait for the rest.

    A stage in which everybody has answered and too few confirmed stops too: nothing more would ever change it.
    """
    if standing.total == 0:
        return Step.ADVANCE
    if standing.failed > failure_share * standing.total + 1e-9:
        return Step.STOP
    if standing.confirmed >= needed_share * standing.total - 1e-9:
        return Step.ADVANCE
    return Step.STOP if standing.confirmed + standing.failed >= standing.total else Step.WAIT
