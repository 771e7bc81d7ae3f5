"""From values of many places to one figure, and from hours to its course: pure functions on arrays."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
REDUCERS: Mapping[str, Callable[[Floats], np.float64]] = {
    "mean": lambda known: known.mean(),
    "minimum": lambda known: known.min(),
    "maximum": lambda known: known.max(),
    "sum": lambda known: known.sum(),
}
Function = Literal["mean", "minimum", "maximum", "sum", "count", "share_above"]


def reduce(values: Floats, function: Function, threshold: float | None = None) -> float | None:
    """One figure of the current values float64[n] (NaN = none); `share_above` is in percent; None where nothing is known."""
    known = values[np.isfinite(values)]
    if function == "count":
        return float(known.size)
    if known.size == 0:
        return None
    if function == "share_above":
        limit = np.inf if threshold is None else threshold
        return float(np.count_nonzero(known > limit) / known.size * 100)
    return float(REDUCERS[function](known))


def course(
    bucket: Ints, values: Floats, first: int, step: int, length: int, function: Function, threshold: float | None = None
) -> list[float | None]:
    """The figure for each of `length` buckets of `step` µs from `first` on; None where no place has a value."""
    position = (bucket - first) // step
    inside = (position >= 0) & (position < length)
    position, kept = position[inside], values[inside]
    order = np.argsort(position, kind="stable")
    edges = np.searchsorted(position[order], np.arange(length + 1))
    return [
        reduce(kept[order[start:end]], function, threshold) if end > start else None for start, end in pairwise(edges)
    ]


def badness(value: float | None, target: float | None, higher_is: Literal["good", "bad", "neutral"]) -> float:
    """How far a figure is on the wrong side of its target: 0 at or within it, 1 at twice (or half) of it."""
    if value is None or target is None or higher_is == "neutral" or target == 0:
        return 0.0
    ratio = value / target if higher_is == "bad" else target / value if value else 2.0
    return max(0.0, ratio - 1.0)
