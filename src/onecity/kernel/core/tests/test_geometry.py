"""Shapes: repair that keeps the area, areas and distances against published values, GeoJSON as RFC 7946 wants it."""

import json

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.geometry import (
    GeometryError,
    area_km2,
    areal_part,
    bbox,
    cell,
    cover,
    distance_m,
    from_geojson,
    label_point,
    repair_polygon,
    to_geojson,
)

SQUARE = shapely.Polygon([(121, 30), (122, 30), (122, 31), (121, 31)])


def test_area_of_the_antarctic_example_of_geographiclib() -> None:
    # "Planimeter" example of GeographicLib: vertices of Antarctica enclose 13 662 703 680 020.125 m²
    vertices = (
        "-63.1 -58;-72.9 -74;-71.9 -102;-74.9 -102;-74.3 -131;-77.5 -163;-77.4 163;-71.7 172;-65.9 140;-65.7 113;"
        "-66.6 88;-66.9 59;-69.8 25;-70.0 -4;-71.0 -14;-77.3 -33;-77.9 -46;-74.7 -61"
    )
    ring = [tuple(map(float, reversed(pair.split()))) for pair in vertices.split(";")]
    assert area_km2(shapely.Polygon(ring)) == pytest.approx(13_662_703.680020125, rel=1e-12)


def test_holes_count_off_and_parts_add_up() -> None:
    hole = shapely.Polygon([(121.4, 30.4), (121.6, 30.4), (121.6, 30.6), (121.4, 30.6)])
    holed = shapely.Polygon(SQUARE.exterior, [hole.exterior])
    assert area_km2(holed) == pytest.approx(area_km2(SQUARE) - area_km2(hole), rel=1e-12)
    both = shapely.MultiPolygon([SQUARE, shapely.transform(SQUARE, lambda xy: xy + np.array([5, 0]))])
    assert area_km2(both) == pytest.approx(2 * area_km2(SQUARE), rel=1e-12)
    assert area_km2(shapely.LineString([(0, 0), (1, 1)])) == 0


def test_distance_of_a_degree_and_over_the_date_line() -> None:
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_195.08, abs=0.01)
    assert distance_m(179.5, 0, -179.5, 0) == pytest.approx(111_195.08, abs=0.01)
    np.testing.assert_array_equal(distance_m([1, 2], [3, 4], [1, 2], [3, 4]), [0.0, 0.0])


def test_a_spike_and_a_small_loop_vanish_and_the_area_stays() -> None:
    loop = [
        (121, 30),
        (122, 30),
        (122, 30.5),
        (122.01, 30.51),
        (122, 30.51),
        (122.01, 30.5),
        (122, 30.52),
        (122, 31),
        (121, 31),
    ]
    bad = shapely.Polygon(loop)
    assert not bad.is_valid
    good = repair_polygon(bad)
    assert good.is_valid
    assert good.area == pytest.approx(1.0, abs=2e-4)


def test_a_valid_area_is_returned_as_it_is() -> None:
    assert repair_polygon(SQUARE) is SQUARE


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (shapely.Point(121, 31), "An area is needed, this is a Point"),
        (shapely.Polygon(), "empty"),
        (shapely.Polygon([(0, 0), (1, 1), (2, 2)]), "encloses no area"),
        (shapely.Polygon([(0, 0), (1, 0), (np.inf, 1)]), "not a number"),
    ],
)
def test_what_is_no_area_is_refused(shape: BaseGeometry, reason: str) -> None:
    with pytest.raises(GeometryError, match=reason):
        repair_polygon(shape)


@given(st.lists(st.tuples(st.floats(120, 122), st.floats(30, 32)), min_size=4, max_size=12))
def test_repair_gives_a_valid_area_or_says_why_not(ring: list[tuple[float, float]]) -> None:
    try:
        good = repair_polygon(shapely.Polygon(ring))
    except GeometryError:
        return
    assert good.is_valid
    assert good.geom_type in {"Polygon", "MultiPolygon"}
    assert good.area > 0


def test_geojson_is_wound_rounded_and_read_back() -> None:
    clockwise = shapely.Polygon(
        [(121.123456789, 30), (121.1, 31), (122, 31), (122, 30)], [[(121.5, 30.5), (121.6, 30.5), (121.6, 30.6)]]
    )
    found = to_geojson(clockwise)
    assert found["type"] == "Polygon"
    assert shapely.LinearRing(found["coordinates"][0]).is_ccw
    assert not shapely.LinearRing(found["coordinates"][1]).is_ccw
    assert [121.123457, 30.0] in found["coordinates"][0]
    assert from_geojson(found).equals_exact(from_geojson(json.dumps(found)))
    assert from_geojson(found).normalize().equals_exact(clockwise.normalize(), 1e-6)
    assert to_geojson(shapely.Point(1.23456, 2), digits=2) == {"type": "Point", "coordinates": [1.23, 2.0]}


@pytest.mark.parametrize(
    "source",
    [
        "",
        "{}",
        "null",
        '{"type":"Polygon","coordinates":[[[1,2],[3,4]]]}',
        '{"type":"Point","coordinates":[351000,3420000]}',
        "[1",
    ],
)
def test_what_is_not_geojson_is_refused(source: str) -> None:
    with pytest.raises(GeometryError):
        from_geojson(source)


def test_the_label_point_of_a_horseshoe_lies_in_it() -> None:
    horseshoe = shapely.Polygon([(0, 0), (10, 0), (10, 10), (8, 10), (8, 2), (2, 2), (2, 10), (0, 10)])
    lon, lat = label_point(horseshoe)
    assert horseshoe.contains(shapely.Point(lon, lat))
    assert bbox(horseshoe) == (0.0, 0.0, 10.0, 10.0)


def test_cells_cover_the_area_and_hold_every_point_of_it() -> None:
    small = shapely.Polygon([(121.4, 30.9), (121.45, 30.9), (121.43, 30.95)])
    cells = cover(small, 8)
    assert cells == sorted(set(cells))
    rng = np.random.default_rng(3)
    inside = [p for p in rng.uniform((121.4, 30.9), (121.45, 30.95), (400, 2)) if small.contains(shapely.Point(p))]
    assert {cell(lon, lat, 8) for lon, lat in inside} <= set(cells)
    assert h3.get_resolution(cell(121.4, 30.9, 8)) == 8


def test_only_the_areas_of_a_collection_are_kept() -> None:
    mixed = shapely.GeometryCollection([SQUARE, shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])])
    assert areal_part(mixed).equals(SQUARE)
    assert areal_part(shapely.Point(0, 0)).is_empty
