"""`onecity bench places`: how fast a million points find their division among 350, beside the plain way of doing it."""

import json
import os
import platform
import sys
import time

import numpy as np
import shapely

from onecity.kernel.core.geometry import Area, areal_part
from onecity.kernel.places.logic import locator, seeds, voronoi

DIVISIONS = 350
POINTS = 1_000_000
SEED = 20_250_101


def run(*, quick: bool = False) -> dict[str, object]:
    """Return the figures: seconds to build the table, seconds for the points (median of five), and for an R-tree.

    The areas are Voronoi cells in a ragged outline of 700 km² (made up, seeded); the points lie evenly over its bounding box. The
    peer is `shapely.STRtree.query(points, "intersects")`, on a tenth of the points, scaled up. Both answers are compared.
    """
    points = POINTS // 10 if quick else POINTS
    areas, lon, lat = _city(points)
    began = time.perf_counter()
    table = locator.build(areas)
    built = time.perf_counter() - began
    times = []
    for _ in range(5):
        began = time.perf_counter()
        found = table.locate(lon, lat)
        times.append(time.perf_counter() - began)
    peer_points = points // 10
    began = time.perf_counter()
    expected = _by_tree(areas, lon[:peer_points], lat[:peer_points])
    peer = time.perf_counter() - began
    seconds = float(np.median(times))
    return {
        "bench": "places",
        "divisions": len(areas),
        "points": points,
        "locate_s": round(seconds, 4),
        "points_per_s": round(points / seconds),
        "build_s": round(built, 4),
        "inside_share": round(float((found >= 0).mean()), 4),
        "peer": f"shapely {shapely.__version__} STRtree, GEOS {shapely.geos_version_string}",
        "peer_locate_s": round(peer * points / peer_points, 4),
        "differences_to_peer": int((found[:peer_points] != expected).sum()),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }


def _city(points: int) -> tuple[list[Area], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(SEED)
    angle = np.linspace(0, 2 * np.pi, 1300, endpoint=False)
    radius = 0.15 + np.convolve(rng.normal(0, 0.01, 1300), np.ones(40) / 20, "same")
    outline = areal_part(
        shapely.Polygon(np.column_stack([121.5 + radius * np.cos(angle), 30.9 + radius * np.sin(angle)])).buffer(0)
    )
    positions = seeds.apart(seeds.sample(outline, 2 * DIVISIONS)[:DIVISIONS])
    areas = voronoi.coverage(voronoi.partition(outline, positions, np.arange(len(positions)), len(positions)))
    west, south, east, north = outline.bounds
    lon, lat = rng.uniform((west, south), (east, north), (points, 2)).T
    return areas, lon, lat


def _by_tree(areas: list[Area], lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    pairs = shapely.STRtree(areas).query(shapely.points(lon, lat), predicate="intersects")
    found = np.full(len(lon), locator.NOWHERE, dtype=np.int32)
    order = np.lexsort((pairs[1], pairs[0]))[::-1]
    found[pairs[0][order]] = pairs[1][order]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run()) + "\n")
