"""Where to put divisions whose position is not known: spread evenly, always the same way, so that a map can be drawn at all.

The seeds are the fixed point of Lloyd's iteration (a centroidal Voronoi tessellation; Du, Faber, Gunzburger, SIAM Review 41,
1999) over a fixed sample of the area, with known positions held still. They are a sketch (示意), never a measurement, and
whatever is drawn from them is marked approximate.
"""

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.float64]

SAMPLE = 4000  # points that stand for the area
ROUNDS = 30
DENSE = 500_000  # pairs up to which comparing all with all is quicker than a tree
NUDGE_DEG = 2e-5  # 2 m: how far positions that coincide are moved apart


def spread(area: BaseGeometry, count: int, known: Floats | None = None) -> Floats:
    """Return float64[count, 2] (lon, lat): `count` positions spread over the area between the `known` ones.

    `known` is float64[k, 2] or None. The result depends on nothing but the arguments. Neighbours in the returned order are
    neighbours on the ground as far as that goes (they follow a Z-order curve), so that codes in sequence lie together.
    """
    if count <= 0:
        return np.empty((0, 2))
    stretch = np.array([np.cos(np.radians(area.centroid.y)), 1.0])
    points = sample(area, max(SAMPLE, 20 * count)) * stretch
    fixed = np.empty((0, 2)) if known is None else np.asarray(known, dtype=np.float64) * stretch
    free = _farthest(points, fixed, count)
    for _ in range(ROUNDS):
        nearest = _nearest(points, np.concatenate([free, fixed]))
        weight = np.bincount(nearest, minlength=count + len(fixed))[:count]
        sums = [np.bincount(nearest, points[:, axis], minlength=count + len(fixed))[:count] for axis in (0, 1)]
        moved = np.where(weight[:, None] > 0, np.stack(sums, axis=1) / np.maximum(weight, 1)[:, None], free)
        if np.allclose(moved, free, rtol=0, atol=1e-7):
            break
        free = moved
    inside = points[_nearest(free, points)] if len(points) else free
    covered = shapely.contains_xy(area, free[:, 0] / stretch[0], free[:, 1])
    free = np.where(covered[:, None], free, inside)
    ordered: Floats = free[_z_order(free)] / stretch
    return ordered


def sample(area: BaseGeometry, count: int) -> Floats:
    """Return at least one and about `count` points (lon, lat) in the area, low-discrepancy and always the same."""
    west, south, east, north = area.bounds
    share = max(area.area / max((east - west) * (north - south), 1e-300), 1e-3)
    number = np.arange(1, int(count / share) + 1)
    # the R2 sequence (Roberts 2018): additive recurrence with the plastic number
    unit = np.stack([number * 0.7548776662466927 % 1.0, number * 0.5698402909980532 % 1.0], axis=1)
    points = np.array([west, south]) + unit * np.array([east - west, north - south])
    kept: Floats = points[shapely.contains_xy(area, points[:, 0], points[:, 1])]
    return kept if len(kept) else np.array([area.representative_point().coords[0]])


def apart(positions: Floats) -> Floats:
    """Return the positions with those that coincide moved apart by a few metres, in a spiral, in their order."""
    result = np.array(positions, dtype=np.float64)
    taken: set[tuple[float, float]] = set()
    for row in result:  # a few hundred divisions, not observations
        turn, origin = 0, row.copy()
        while (key := (round(float(row[0]), 7), round(float(row[1]), 7))) in taken:
            turn += 1
            angle = turn * 2.399963229728653  # the golden angle
            row[:] = origin + NUDGE_DEG * np.sqrt(turn) * np.array([np.cos(angle), np.sin(angle)])
        taken.add(key)
    return result


def _nearest(points: Floats, centres: Floats) -> npt.NDArray[np.intp]:
    """Return intp[n]: for each point the index of the nearest centre (the lowest of equals)."""
    if len(points) * len(centres) <= DENSE:
        squares = (points[:, None, 0] - centres[None, :, 0]) ** 2 + (points[:, None, 1] - centres[None, :, 1]) ** 2
        closest: npt.NDArray[np.intp] = squares.argmin(axis=1)
        return closest
    tree = shapely.STRtree(np.asarray(shapely.points(centres), dtype=object))
    found = tree.query_nearest(np.asarray(shapely.points(points), dtype=object), all_matches=False)
    nearest: npt.NDArray[np.intp] = found[1]
    return nearest


def _farthest(points: Floats, fixed: Floats, count: int) -> Floats:
    """Return `count` sample points, each as far as possible from all chosen and fixed ones before it."""
    if len(fixed):
        away = np.min([np.hypot(*(points - one).T) for one in fixed], axis=0)
    else:
        away = -np.hypot(*(points - points.mean(axis=0)).T)  # the first stands in the middle
    chosen: list[Floats] = []
    for _ in range(count):
        best = points[int(np.argmax(away))]
        gap = np.hypot(*(points - best).T)
        away = np.minimum(away, gap) if chosen or len(fixed) else gap
        chosen.append(best)
    return np.array(chosen)


def _z_order(points: Floats) -> npt.NDArray[np.intp]:
    span = np.ptp(points, axis=0)
    grid = ((points - points.min(axis=0)) / np.where(span > 0, span, 1.0) * 1023).astype(np.int64)
    key = np.zeros(len(points), dtype=np.int64)
    for bit in range(10):
        key |= ((grid[:, 0] >> bit) & 1) << (2 * bit) | ((grid[:, 1] >> bit) & 1) << (2 * bit + 1)
    return np.argsort(key, kind="stable")
