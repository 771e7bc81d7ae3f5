"""Geo-queries of 4.10: every relation over every pair of geometries as shapely decides it, distances as the ellipsoid has them."""

import json
import random
from itertools import product
from typing import Any

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.geo_matching import geo_test, refine
from onecity.kernel.twin.ngsild.query.geometry import boxes_around, distance_m, geodesic_m
from onecity.kernel.twin.ngsild.query.language import LOCATION, GeoQuery
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.query.parsing import parse_geo
from onecity.kernel.twin.ngsild.query.selection import Selection

SQUARE = [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]
HOLED = [*SQUARE, [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]]
SHAPES: list[dict[str, Any]] = [
    {"type": "Point", "coordinates": [1.5, 1.5]},
    {"type": "Point", "coordinates": [4, 2]},
    {"type": "Point", "coordinates": [3, 3, 12.5]},
    {"type": "MultiPoint", "coordinates": [[3, 3], [9, 9]]},
    {"type": "LineString", "coordinates": [[3, 3], [9, 9]]},
    {"type": "LineString", "coordinates": [[0, 0], [4, 0]]},
    {"type": "MultiLineString", "coordinates": [[[3, 3], [3.5, 3.5]], [[0, 0], [4, 0]]]},
    {"type": "Polygon", "coordinates": SQUARE},
    {"type": "Polygon", "coordinates": HOLED},
    {"type": "Polygon", "coordinates": [[[2, 2], [6, 2], [6, 6], [2, 6], [2, 2]]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]},  # crosses itself
    {"type": "MultiPolygon", "coordinates": [SQUARE, [[[5, 5], [6, 5], [6, 6], [5, 5]]]]},
]
COLLECTION = {"type": "GeometryCollection", "geometries": [SHAPES[0], SHAPES[4]]}
RELATIONS = ["within", "contains", "intersects", "equals", "disjoint", "overlaps"]


class Names:
    def expand(self, term: str) -> str:
        return LOCATION if term == "location" else term


def query(georel: str, shape: dict[str, Any], geoproperty: str = "") -> GeoQuery:
    return parse_geo(georel, shape["type"], shape["coordinates"], geoproperty, Names())


def plain(shape: dict[str, Any]) -> Any:
    found = shapely.force_2d(shapely.from_geojson(json.dumps(shape)))
    return found if found.is_valid else shapely.make_valid(found)


@pytest.mark.parametrize("relation", RELATIONS)
def test_relations_are_those_of_simple_features(relation: str) -> None:
    for reference, target in product(SHAPES, [*SHAPES, COLLECTION]):
        asked = query(relation, reference)
        expected = bool(getattr(shapely, relation)(plain(target), plain(reference)))
        assert geo_test(asked)([{"value": target}]) == expected, (relation, reference, target)
        assert refine(asked, [target, None, {"type": "Nothing"}]).tolist() == [expected, False, False]


def test_near_is_exact_at_the_margin() -> None:
    centre, east = (121.5, 31.0), (121.51, 31.0)
    metres = geodesic_m(*centre, *east)
    assert metres == pytest.approx(955.0, abs=1.0)
    entity = {"type": "Point", "coordinates": list(east)}
    for limit, inside in ((metres + 0.001, True), (metres - 0.001, False)):
        reference = {"type": "Point", "coordinates": list(centre)}
        assert geo_test(query(f"near;maxDistance=={limit}", reference))([{"value": entity}]) is inside
        assert geo_test(query(f"near;minDistance=={limit}", reference))([{"value": entity}]) is not inside
        assert refine(query(f"near;maxDistance=={limit}", reference), [entity]).tolist() == [inside]


def test_near_by_arrays_is_near_one_by_one() -> None:
    rng = random.Random(1)
    points = [
        {"type": "Point", "coordinates": [121.5 + rng.gauss(0, 0.02), 31 + rng.gauss(0, 0.02)]} for _ in range(2000)
    ]
    for georel, shape in product(
        ["near;maxDistance==2000", "near;minDistance==2000"], [SHAPES[0], {"type": "Point", "coordinates": [121.5, 31]}]
    ):
        asked = query(georel, shape)
        test = geo_test(asked)
        assert refine(asked, points).tolist() == [test([{"value": point}]) for point in points]


def test_near_shapes_counts_from_their_edge() -> None:
    square = {"type": "Polygon", "coordinates": [[[121.5, 31], [121.6, 31], [121.6, 31.1], [121.5, 31.1], [121.5, 31]]]}
    outside = {"type": "Point", "coordinates": [121.61, 31.05]}
    metres = distance_m(plain(square), plain(outside))
    assert metres == pytest.approx(geodesic_m(121.6, 31.05, 121.61, 31.05), rel=1e-3)
    for reference, target in ((square, outside), (outside, square)):
        assert geo_test(query(f"near;maxDistance=={metres + 1}", reference))([{"value": target}])
        assert not geo_test(query(f"near;maxDistance=={metres - 1}", reference))([{"value": target}])
    assert distance_m(plain(square), shapely.Point(121.55, 31.05)) == 0


def test_near_over_the_date_line_and_at_the_pole() -> None:
    reference = {"type": "Point", "coordinates": [179.99, 0]}
    assert geo_test(query("near;maxDistance==3000", reference))(
        [{"value": {"type": "Point", "coordinates": [-179.99, 0]}}]
    )
    assert len(boxes_around(shapely.Point(179.99, 0), 3000)) == 2
    pole = {"type": "Point", "coordinates": [0, 89.99]}
    assert geo_test(query("near;maxDistance==3000", pole))([{"value": {"type": "Point", "coordinates": [180, 89.99]}}])


def test_boxes_hold_the_circle() -> None:
    rng = random.Random(3)
    for _turn in range(200):
        lon, lat, metres = rng.uniform(-179, 179), rng.uniform(-85, 85), rng.choice([10, 5_000, 300_000])
        boxes = boxes_around(shapely.Point(lon, lat), metres)
        for azimuth in range(0, 360, 15):
            from_centre = destination(lon, lat, azimuth, metres * 0.9999)
            assert any(
                west <= from_centre[0] <= east and south <= from_centre[1] <= north
                for west, south, east, north in boxes
            )


def destination(lon: float, lat: float, azimuth: float, metres: float) -> tuple[float, float]:
    found = Geodesic.WGS84.Direct(lat, lon, azimuth, metres)
    return found["lon2"], found["lat2"]


def test_any_instance_of_the_named_property_is_enough() -> None:
    inside, outside = {"type": "Point", "coordinates": [1, 1]}, {"type": "Point", "coordinates": [9, 9]}
    entity = StoredEntity(
        "urn:e",
        ("T",),
        (),
        {
            LOCATION: [{"type": "GeoProperty", "value": outside}],
            "area": [
                {"type": "GeoProperty", "value": outside},
                {"type": "GeoProperty", "value": inside, "datasetId": "urn:d"},
            ],
            "text": [{"type": "Property", "value": "[1,1]"}],
        },
    )
    square = SHAPES[7]
    assert not matches(Selection(geo=query("within", square)), entity)
    assert matches(Selection(geo=query("within", square, "area")), entity)
    assert not matches(Selection(geo=query("disjoint", square, "text")), entity)
    assert not matches(Selection(geo=query("disjoint", square, "nowhere")), entity)


@pytest.mark.parametrize(
    ("georel", "geometry", "coordinates", "parameter"),
    [
        ("", "Point", "[1,2]", "georel"),
        ("within", "", "[1,2]", "geometry"),
        ("within", "Point", "", "coordinates"),
        ("beside", "Point", "[1,2]", "georel"),
        ("near", "Point", "[1,2]", "georel"),
        ("near;maxDistance==0", "Point", "[1,2]", "georel"),
        ("near;maxDistance==-5", "Point", "[1,2]", "georel"),
        ("near;maxDistance=5", "Point", "[1,2]", "georel"),
        ("near;maxDistance==5;minDistance==2", "Point", "[1,2]", "georel"),
        ("within", "GeometryCollection", "[1,2]", "geometry"),
        ("within", "point", "[1,2]", "geometry"),
        ("within", "Point", "1,2", "coordinates"),
        ("within", "Point", "[1]", "coordinates"),
        ("within", "Point", "[true,2]", "coordinates"),
        ("within", "Point", "[181,2]", "coordinates"),
        ("within", "Point", '["1","2"]', "coordinates"),
        ("within", "LineString", "[[1,2]]", "coordinates"),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1]]]", "coordinates"),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]", "coordinates"),
        ("within", "Polygon", "[]", "coordinates"),
        ("within", "MultiPoint", str([[1, 2]] * 20_001), "coordinates"),
    ],
)
def test_refused(georel: str, geometry: str, coordinates: str, parameter: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_geo(georel, geometry, coordinates, "", Names())
    assert caught.value.to_dict()["parameter"] == parameter
    assert caught.value.status == 400


def test_a_large_polygon_is_refined_quickly() -> None:
    angles = np.linspace(0, 2 * np.pi, 5000)
    ring = np.column_stack((121.5 + 0.2 * np.cos(angles), 31 + 0.2 * np.sin(angles)))
    ring[-1] = ring[0]
    asked = query("within", {"type": "Polygon", "coordinates": [ring.tolist()]})
    points = [{"type": "Point", "coordinates": [121.5 + 0.3 * (n % 100) / 100, 31.0]} for n in range(10_000)]
    assert int(refine(asked, points).sum()) == 6_700
