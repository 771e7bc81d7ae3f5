"""The load of the measurement: rules of all five kinds over every entity, and readings that drift as weather does."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import NormalDist

import numpy as np

from onecity.kernel.rules.logic.arrays import Floats
from onecity.kernel.rules.logic.baselines import SLOTS, Table
from onecity.kernel.rules.logic.conditions import (
    Absence,
    Baseline,
    Condition,
    Direction,
    Level,
    Rate,
    Severity,
    Threshold,
    Window,
)

SEED = 20_260_301
MEAN, SPREAD = 50.0, 10.0
# how much of a minute's deviation is left a minute later, and the share of the spread that is new
KEPT = 0.95
NEW = (1 - KEPT**2) ** 0.5
MINUTE = 60_000_000
HISTORY = timedelta(weeks=8)


def conditions(rules: int, share: float) -> list[Condition]:
    """Conditions of which each is past its first level for about `share` of the readings: six in ten limit values, the
    others rates, ten-minute means, baselines and silences in equal parts.
    """
    beyond = NormalDist().inv_cdf(1 - share)
    return [_condition(number, beyond) for number in range(rules)]


def _condition(number: int, beyond: float) -> Condition:
    # no two rules are quite the same
    level = MEAN + SPREAD * beyond + (number % 50 - 25) * 0.02
    kind = number % 10
    if kind < 6:
        levels = (Level(Severity.BLUE, level, level - 2), Level(Severity.ORANGE, level + 6, level + 4))
        return Threshold(levels, duration=timedelta(minutes=5) if number % 2 else timedelta(0))
    if kind == 6:
        step = SPREAD * (2 * (1 - KEPT)) ** 0.5
        return Rate((Level(Severity.YELLOW, beyond * step + number * 1e-4),), Direction.ABOVE, timedelta(minutes=1))
    if kind == 7:
        return Window((Level(Severity.YELLOW, MEAN + SPREAD * 0.93 * beyond + number * 1e-4),), timedelta(minutes=10))
    if kind == 8:
        return Baseline((Level(Severity.YELLOW, beyond + number * 1e-4),), Direction.ABOVE, HISTORY)
    return Absence((Level(Severity.YELLOW, 600 + number),))


def values(entities: int) -> Iterator[Floats]:
    """Yield one reading of every entity, minute by minute, float64[entities]; a stationary first-order process."""
    rng = np.random.default_rng(SEED)
    z = rng.normal(size=entities)
    while True:
        yield MEAN + SPREAD * z
        z = KEPT * z + NEW * rng.normal(size=entities)


def table(series: np.ndarray) -> Table:
    """The baselines that fit the readings."""
    shape = (len(series), SLOTS)
    centre, spread = np.full(shape, MEAN, np.float32), np.full(shape, SPREAD, np.float32)
    return Table(series.astype(np.int32), centre, spread, np.full(shape, 8, np.int16))
