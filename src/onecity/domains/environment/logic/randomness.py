"""Random numbers as a function of seed and time, so that a simulated past and its live present agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onecity.domains.environment.logic.exact import Floats, Ints

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SEED_STEP = np.uint64(0xD1342543DE82EF95)

_MEMORY_HOURS = 240
"""Hours of past that still matter to the slowest process used here (0.97 ** 240 is below 0.001)."""


def uniform(seeds: Ints, counters: Ints) -> Floats:
    """Uniform numbers in (0, 1) for each seed × counter: float[s, n] (SplitMix64, Steele, Lea and Flood 2014)."""
    state = seeds.astype(np.uint64)[:, None] * _SEED_STEP + counters.astype(np.uint64)[None, :] * _GOLDEN
    mixed = (state ^ (state >> np.uint64(30))) * _MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    mixed ^= mixed >> np.uint64(31)
    numbers: Floats = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return numbers


def normal(seeds: Ints, counters: Ints) -> Floats:
    """Standard normal numbers for each seed × counter: float[s, n] (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(uniform(seeds, counters * 2)))
    numbers: Floats = radius * np.cos(2.0 * np.pi * uniform(seeds, counters * 2 + 1))
    return numbers


def autoregressive(seeds: Ints, hours: Floats, memory: float) -> Floats:
    """First-order autoregression with unit variance at fractional hours: float[s, n].

    `memory` is the correlation between one hour and the next; between hours the process is interpolated.
    """
    first = int(np.floor(hours.min())) - _MEMORY_HOURS
    last = int(np.floor(hours.max())) + 1
    steps = normal(seeds, np.arange(first, last + 1)) * np.sqrt(1.0 - memory**2)
    track = np.empty_like(steps)
    state: NDArray[np.float64] = steps[:, 0]
    for position in range(steps.shape[1]):
        state = memory * state + steps[:, position]
        track[:, position] = state
    whole = np.floor(hours).astype(np.int64)
    share = hours - whole
    left = track[:, whole - first]
    smooth: Floats = left + share * (track[:, whole - first + 1] - left)
    return smooth
