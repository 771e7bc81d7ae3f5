"""The nearest neighbours of many points on the ground, found cell by cell so that a hundred thousand take seconds."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EARTH_M = 6_371_008.8
# points handled at a time (a district is so small that a plane through its middle is exact enough to rank distances)
BLOCK = 128


def nearest(lon: Floats, lat: Floats, count: int, within_m: float) -> Ints:
    """For each point (degrees, WGS-84) the rows of its `count` nearest within `within_m` metres, nearest first.

    int64[n, count], -1 where there are fewer; points without a place (NaN) have and are no neighbours. Points in the same
    spot are neighbours. Works through the points in order of longitude: only a strip of them can be near.
    """
    found = np.full((len(lon), count), -1, np.int64)
    placed = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    if len(placed) < 2:
        return found
    x, y = _metres(lon[placed], lat[placed])
    order = np.argsort(x, kind="stable")
    x, y, names = x[order], y[order], placed[order]
    for begin in range(0, len(x), BLOCK):
        end = min(begin + BLOCK, len(x))
        reach = _reach(x, begin, end, within_m)
        rows, distance = _ranked(x, y, begin, end, reach, count)
        rows = np.where(distance <= within_m, names[np.minimum(rows, len(names) - 1)], -1)
        found[names[begin:end], : rows.shape[1]] = rows
    return found


def _metres(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    middle = np.radians(lat.mean())
    return np.radians(lon) * np.cos(middle) * EARTH_M, np.radians(lat) * EARTH_M


def _reach(x: Floats, begin: int, end: int, within_m: float) -> tuple[int, int]:
    """The strip of points that can be near to those of the block."""
    return (
        int(np.searchsorted(x, x[begin] - within_m, "left")),
        int(np.searchsorted(x, x[end - 1] + within_m, "right")),
    )


def _ranked(x: Floats, y: Floats, begin: int, end: int, reach: tuple[int, int], count: int) -> tuple[Ints, Floats]:
    """Rows and distances of the nearest of each point of the block, [b, ≤ count]."""
    low, high = reach
    distance = np.hypot(x[begin:end, None] - x[None, low:high], y[begin:end, None] - y[None, low:high])
    own = np.arange(begin, end)
    distance[np.arange(end - begin), own - low] = np.inf
    size = min(count, high - low)
    best = np.argpartition(distance, size - 1, axis=1)[:, :size]
    ranked = np.take_along_axis(distance, best, 1)
    order = np.argsort(ranked, axis=1, kind="stable")
    return np.take_along_axis(best, order, 1) + low, np.take_along_axis(ranked, order, 1)
