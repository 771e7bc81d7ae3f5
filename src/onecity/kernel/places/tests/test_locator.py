"""Point location equals the exact test for every point, on borders, corners, holes and overlaps too."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from onecity.kernel.places.logic.locator import NOWHERE, build
from onecity.kernel.places.tests.trees import box


def exact(areas: list[BaseGeometry], lon: np.ndarray, lat: np.ndarray) -> list[int]:
    """The answer by definition: the first area that holds or touches the point."""
    return [
        next((position for position, area in enumerate(areas) if shapely.intersects_xy(area, x, y)), NOWHERE)
        for x, y in zip(lon, lat, strict=True)
    ]


def mosaic(count: int, seed: int) -> list[BaseGeometry]:
    """Voronoi cells of random points, cut by a ragged outline with a hole."""
    rng = np.random.default_rng(seed)
    outline = shapely.Point(121.5, 30.9).buffer(0.2, quad_segs=5).difference(shapely.Point(121.45, 30.9).buffer(0.03))
    seeds = shapely.MultiPoint(rng.uniform((121.3, 30.7), (121.7, 31.1), (count, 2)))
    cells = [cell.intersection(outline) for cell in shapely.voronoi_polygons(seeds, extend_to=outline).geoms]
    return [cell for cell in cells if cell.area > 0]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**20))
def test_random_points_and_all_corners_equal_the_exact_answer(count: int, seed: int) -> None:
    areas = mosaic(max(count, 2), seed)
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform((121.25, 30.65), (121.75, 31.15), (300, 2)).T
    corners = shapely.get_coordinates(areas)
    lon, lat = np.concatenate([lon, corners[:, 0]]), np.concatenate([lat, corners[:, 1]])
    assert build(areas).locate(lon, lat).tolist() == exact(areas, lon, lat)


def test_a_common_border_belongs_to_the_first_area() -> None:
    areas = [box(0, 0), box(1, 0), box(0, 1), box(1, 1)]
    table = build(areas)
    middle = np.linspace(150.0, 150.2, 41)
    assert table.locate(np.full(41, 150.1), np.linspace(20.0, 20.2, 41)).tolist() == [0] * 21 + [2] * 20
    assert table.locate(middle, np.full(41, 20.1)).tolist() == [0] * 21 + [1] * 20
    assert build(areas[::-1]).locate(150.1, 20.1).tolist() == [0]


def test_holes_islands_overlaps_and_an_area_inside_another() -> None:
    ring = box(0, 0, 2, 2).difference(box(0.5, 0.5))
    areas = [ring, box(0.7, 0.7, 0.2, 0.2), shapely.union(box(4, 0), box(6, 0)), box(0, 0, 7, 7)]
    table = build(areas)
    lon = 150 + 0.1 * np.array([0.25, 0.8, 0.6, 4.5, 6.5, 5.5, 8.0])
    lat = 20 + 0.1 * np.array([0.25, 0.8, 0.6, 0.5, 0.5, 0.5, 0.5])
    assert table.locate(lon, lat).tolist() == [0, 1, 3, 2, 2, 3, NOWHERE]
    assert exact(areas, lon, lat) == [0, 1, 3, 2, 2, 3, NOWHERE]


def test_points_that_are_none_and_lists_without_areas() -> None:
    table = build([box(0, 0)])
    assert table.locate([np.nan, np.inf, -np.inf, 1e300], [20.05] * 4).tolist() == [NOWHERE] * 4
    assert table.locate([], []).tolist() == []
    assert build([]).locate([1.0], [2.0], snap_m=1e6).tolist() == [NOWHERE]
    assert table.locate([np.nan], [20.05], snap_m=1e6).tolist() == [NOWHERE]


@pytest.mark.parametrize(("metres", "answer"), [(0, NOWHERE), (50, NOWHERE), (60, 0), (500, 0)])
def test_snapping_reaches_exactly_as_far_as_it_says(metres: float, answer: int) -> None:
    table = build([box(0, 0), box(0, 1)])
    assert table.locate(150.05, 20.0 - 55 / 111_195, snap_m=metres).tolist() == [answer]


def test_snapping_takes_the_nearest_area() -> None:
    table = build([box(0, 0), box(2, 0)])
    assert table.locate([150.14, 150.16], [20.05, 20.05], snap_m=20_000).tolist() == [0, 1]
