"""Drawings made of numbers on the server: spark lines and the limits by which a figure counts as late or soon."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

SOON_SECONDS = 4 * 3600
WIDTH, HEIGHT, MARGIN = 100.0, 24.0, 2.0


@dataclass(frozen=True)
class Spark:
    """A line in a box of 100 × 24: SVG path with a gap wherever a value is missing, and the height of the target."""

    path: str
    target: float | None


def sparkline(values: Sequence[float | None], target: float | None = None) -> Spark:
    """Scale `values` (oldest first, None or NaN where missing) into the box; an empty path when nothing is there."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return Spark("", None)
    low, high = min(known), max(known)
    if target is not None:
        low, high = min(low, target), max(high, target)
    span = (high - low) or 1.0
    step = WIDTH / max(len(values) - 1, 1)

    def height(value: float) -> float:
        return round(HEIGHT - MARGIN - (value - low) / span * (HEIGHT - 2 * MARGIN), 1)

    parts: list[str] = []
    drawing = False
    for index, value in enumerate(values):
        if value is None or not math.isfinite(value):
            drawing = False
            continue
        parts.append(f"{'L' if drawing else 'M'}{round(index * step, 1):g} {height(value):g}")
        if not drawing:
            parts.append("h.01")  # so that a lone value between two gaps is still a dot
        drawing = True
    return Spark("".join(parts), height(target) if target is not None else None)
