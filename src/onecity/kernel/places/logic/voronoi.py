"""Areas from points: cells of a Voronoi diagram cut by an outline and joined by owner, for divisions without a published border.

The areas are a partition: they share their borders vertex by vertex, leave no gap and do not overlap, so that a map can be
simplified without cracks and every point has one answer.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.geometry import Area, areal_part

Floats = npt.NDArray[np.float64]

SLIVER = 1e-9  # degrees: wider cracks than 0.1 mm do not come from rounding


def partition(outline: Area, positions: Floats, owners: npt.ArrayLike, count: int) -> list[Area]:
    """Return one area for each owner 0..count-1: the part of the outline that is nearest to one of its positions.

    `positions` is float64[n, 2] (lon, lat), all different; `owners` is int[n]. "Nearest" is meant on the ground: a degree
    of longitude is shortened by the cosine of the latitude. Owners without a position get an empty area.
    """
    groups = np.asarray(owners, dtype=np.int64)
    stretch = np.array([np.cos(np.radians(outline.centroid.y)), 1.0])
    cells = _cells(outline, positions, stretch)
    areas: list[Area] = []
    for owner in range(count):
        mine = [cells[index] for index in np.flatnonzero(groups == owner).tolist()]
        areas.append(areal_part(shapely.union_all(mine)))
    return areas


def coverage(areas: Sequence[Area]) -> list[Area]:
    """Return the areas as a coverage: borders that nearly coincide are made the same, vertex by vertex."""
    filled = [index for index, area in enumerate(areas) if not area.is_empty]
    cleaned = shapely.coverage_clean(  # type: ignore[attr-defined]  # new in shapely 2.2, not yet in its published types
        np.array([areas[index] for index in filled], dtype=object), snapping_distance=SLIVER, gap_width=SLIVER
    )
    result: list[Area] = [Polygon() for _ in areas]
    for index, area in zip(filled, cleaned, strict=True):
        result[index] = areal_part(area)
    return result


def dissolve(areas: Sequence[Area]) -> Area:
    """Return the union of neighbours in a coverage, empty when there are none."""
    filled = [area for area in areas if not area.is_empty]
    return areal_part(shapely.coverage_union_all(filled)) if filled else Polygon()


def _cells(outline: BaseGeometry, positions: Floats, stretch: Floats) -> Sequence[BaseGeometry]:
    """Return the cell of each position within the outline, in the order of the positions."""
    if len(positions) == 1:
        return [outline]
    seeds = MultiPoint(positions * stretch)
    frame = shapely.transform(outline, lambda xy: xy * stretch).envelope
    diagram = shapely.voronoi_polygons(seeds, extend_to=frame, ordered=True)
    cells = shapely.transform(diagram, lambda xy: xy / stretch)
    clipped: Sequence[BaseGeometry] = shapely.intersection(shapely.get_parts(cells), outline).tolist()
    return clipped
