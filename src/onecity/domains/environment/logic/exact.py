"""Fixed-point arithmetic on whole numbers, because binary floats push an exact index of 100 up to 101."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

QUANTUM = 1_000_000
"""Steps in one unit of concentration: values are whole millionths, so every decimal a sensor prints is exact."""

MISSING = np.int64(-1)
"""Marks a fixed-point value that is absent; real concentrations are never negative."""


class Rounding(StrEnum):
    """What a standard does to a concentration before it is looked up in a table."""

    HALF_EVEN = "half_even"
    """GB/T 8170: round to the nearest step, a tie to the even one (四舍六入五成双)."""
    TRUNCATE = "truncate"
    """Drop what is beyond the step."""
    NONE = "none"
    """Use the value as it is."""


def to_fixed(values: Floats) -> Ints:
    """Turn float concentrations into whole millionths; NaN, infinity and negative values become `MISSING`."""
    array = np.asarray(values, dtype=np.float64)
    usable = np.isfinite(array) & (array >= 0)
    scaled = np.rint(np.where(usable, array, 0.0) * QUANTUM).astype(np.int64)
    return np.where(usable, scaled, MISSING)


def to_float(fixed: Ints) -> Floats:
    """Turn whole millionths back into floats; `MISSING` becomes NaN."""
    return np.where(fixed == MISSING, np.nan, fixed / QUANTUM)


def divide_half_even(numerator: Ints, denominator: Ints) -> Ints:
    """Divide whole numbers and round the quotient half to even, exactly; the denominator must be positive."""
    quotient, remainder = np.divmod(numerator, denominator)
    twice = 2 * remainder
    up = (twice > denominator) | ((twice == denominator) & (quotient % 2 == 1))
    rounded: Ints = quotient + up.astype(np.int64)
    return rounded


def divide_up(numerator: Ints, denominator: Ints) -> Ints:
    """Divide whole numbers and round the quotient up, exactly; the denominator must be positive."""
    return -((-numerator) // denominator)


def round_ratio(numerator: Ints, denominator: Ints, decimals: int, rounding: Rounding) -> Ints:
    """Round numerator/denominator (in millionths) to `decimals` places; the result is in millionths again.

    The ratio is rounded in one go: rounding a mean twice would turn 1.49999996 into 2.
    """
    step = QUANTUM if rounding is Rounding.NONE else 10**decimals
    unit = QUANTUM // step
    if rounding is Rounding.TRUNCATE:
        return numerator // (denominator * unit) * unit
    return divide_half_even(numerator, denominator * unit) * unit
