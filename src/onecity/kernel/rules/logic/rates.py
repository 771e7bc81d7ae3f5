"""The rate of change between consecutive readings of a series."""

import numpy as np

from onecity.kernel.rules.logic.arrays import NEVER, Floats, Readings, previous_rows


def rate(readings: Readings, per: int, max_gap: int) -> Floats:
    """Return (value - value before) x per / (time - time before), float64[n]; `per` and `max_gap` in µs.

    NaN for the first reading of a series and where the two lie more than `max_gap` apart.
    """
    at, value = previous_rows(readings)
    known = (at != NEVER) & (readings.at - np.where(at == NEVER, 0, at) <= max_gap)
    elapsed = np.where(known, readings.at - np.where(known, at, 0), 1)
    return np.where(known, (readings.value - value) * (per / elapsed), np.nan)
