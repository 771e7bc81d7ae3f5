"""A geo-query of 4.10 as a function of geometries: one at a time for a change, many at a time for the candidates of a query."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.geometry import EARTH_RADIUS_M
from onecity.kernel.twin.ngsild.query.geometry import (
    SPHERE_ERROR,
    ShapeError,
    boxes_around,
    distance_m,
    geodesic_m,
    shape_of,
    sphere_m,
)
from onecity.kernel.twin.ngsild.query.language import GeoQuery
from onecity.kernel.twin.ngsild.query.limits import POSITIONS

Booleans = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
ShapeTest = Callable[[BaseGeometry], bool]
PointTest = Callable[[float, float], bool]
InstancesTest = Callable[[Iterable[Mapping[str, Any]]], bool]


def geo_test(query: GeoQuery) -> InstancesTest:
    """Return the function that decides over the instances of the geoproperty; one that meets the relation is enough (5.7.2.4)."""
    on_shape = _near_shape(query) if query.relation == "near" else _relation_test(query)
    on_point = _point_test(query, on_shape)

    def decide(instances: Iterable[Mapping[str, Any]]) -> bool:
        for instance in instances:
            geojson = instance.get("value")
            if not isinstance(geojson, dict):
                continue
            position = _position(geojson)
            if position is not None:
                met = on_point(*position)
            else:
                shape = shape_or_none(geojson)
                met = shape is not None and on_shape(shape)
            if met:
                return True
        return False

    return decide


def _position(geojson: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return longitude and latitude of a well-formed Point; None for anything else, which `shape_or_none` looks at."""
    if geojson.get("type") != "Point":
        return None
    position = geojson.get("coordinates")
    if type(position) is not list or not 2 <= len(position) <= 4 or {type(part) for part in position} - {int, float}:
        return None
    lon, lat = position[0], position[1]
    return (float(lon), float(lat)) if -180 <= lon <= 180 and -90 <= lat <= 90 else None


def shape_or_none(geojson: Mapping[str, Any]) -> BaseGeometry | None:
    """Return the shape of a stored geometry, None when it is none (then it meets nothing)."""
    try:
        return shape_of(geojson, limit=50 * POSITIONS)
    except ShapeError:
        return None


def _relation_test(query: GeoQuery) -> ShapeTest:
    reference = query.geometry
    shapely.prepare(reference)
    tests: dict[str, ShapeTest] = {
        "within": lambda shape: bool(shapely.contains(reference, shape)),
        "contains": lambda shape: bool(shapely.within(reference, shape)),
        "intersects": lambda shape: bool(shapely.intersects(reference, shape)),
        "equals": lambda shape: bool(shapely.equals(reference, shape)),
        "disjoint": lambda shape: bool(shapely.disjoint(reference, shape)),
        "overlaps": lambda shape: bool(shapely.overlaps(reference, shape)),
    }
    return tests[query.relation]


def _near_shape(query: GeoQuery) -> ShapeTest:
    reference, farthest, nearest = query.geometry, query.max_distance, query.min_distance

    def near(shape: BaseGeometry) -> bool:
        if shape.is_empty:
            return False
        metres = distance_m(reference, shape)
        return (farthest is None or metres <= farthest) and (nearest is None or metres > nearest)

    return near


def _point_test(query: GeoQuery, on_shape: ShapeTest) -> PointTest:
    if query.relation == "near":
        return _near_point(query, on_shape)
    west, south, east, north = query.geometry.bounds
    reference = query.geometry
    if query.relation == "within":
        return lambda x, y: west <= x <= east and south <= y <= north and bool(shapely.contains_xy(reference, x, y))
    if query.relation == "intersects":
        return lambda x, y: west <= x <= east and south <= y <= north and bool(shapely.intersects_xy(reference, x, y))
    if query.relation == "disjoint":
        return lambda x, y: (
            not (west <= x <= east and south <= y <= north) or not bool(shapely.intersects_xy(reference, x, y))
        )
    return lambda x, y: on_shape(shapely.Point(x, y))


def _near_point(query: GeoQuery, on_shape: ShapeTest) -> PointTest:
    """Return the test of a point: a box first, then the sphere, then the ellipsoid where the sphere is too coarse to tell."""
    boxes = boxes_around(query.geometry, query.max_distance or query.min_distance or 0.0)
    far = query.max_distance is None
    reference = query.geometry
    limit = query.max_distance or query.min_distance or 0.0
    centre = (reference.x, reference.y) if isinstance(reference, shapely.Point) else None

    def near(x: float, y: float) -> bool:
        if not any(west <= x <= east and south <= y <= north for west, south, east, north in boxes):
            return far
        if centre is None:
            return on_shape(shapely.Point(x, y))
        metres = sphere_m(*centre, x, y)
        if abs(metres - limit) <= SPHERE_ERROR * metres:
            metres = geodesic_m(*centre, x, y)
        return metres > limit if far else metres <= limit

    return near


def refine(query: GeoQuery, geometries: Sequence[Mapping[str, Any] | None]) -> Booleans:
    """Return which of the GeoJSON geometries meet the query: points and plain shapes by arrays, the few others one by one."""
    count = len(geometries)
    positions = [None if geojson is None else _position(geojson) for geojson in geometries]
    rows = [row for row in range(count) if positions[row] is not None]
    met = np.zeros(count, dtype=np.bool_)
    if rows:
        xy = np.array([positions[row] for row in rows], dtype=np.float64)
        met[rows] = refine_points(query, xy[:, 0], xy[:, 1])
    on_shape = _near_shape(query) if query.relation == "near" else _relation_test(query)
    for row in range(count):
        geojson = geometries[row]
        if positions[row] is None and geojson is not None:
            shape = shape_or_none(geojson)
            met[row] = shape is not None and on_shape(shape)
    return met


def refine_points(query: GeoQuery, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Booleans:
    """Return which points, given by arrays of degrees, meet the query."""
    reference = query.geometry
    if query.relation == "near":
        return _near_points(query, lon, lat)
    shapely.prepare(reference)
    if query.relation == "within":
        return np.asarray(shapely.contains_xy(reference, lon, lat), dtype=np.bool_)
    if query.relation in {"intersects", "disjoint"}:
        meets = np.asarray(shapely.intersects_xy(reference, lon, lat), dtype=np.bool_)
        return meets if query.relation == "intersects" else ~meets
    on_shape = _relation_test(query)
    pairs = zip(lon.tolist(), lat.tolist(), strict=True)
    return np.array([on_shape(shapely.Point(x, y)) for x, y in pairs], dtype=np.bool_)


def _near_points(query: GeoQuery, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> Booleans:
    test = _near_point(query, _near_shape(query))
    if not isinstance(query.geometry, shapely.Point):
        return np.array([test(x, y) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)], dtype=np.bool_)
    limit = query.max_distance or query.min_distance or 0.0
    metres = _sphere(query.geometry.x, query.geometry.y, lon, lat)
    met = np.asarray(metres <= limit if query.max_distance is not None else metres > limit, dtype=np.bool_)
    for row in np.flatnonzero(np.abs(metres - limit) <= SPHERE_ERROR * metres).tolist():
        met[row] = test(float(lon[row]), float(lat[row]))
    return met


def _sphere(x: float, y: float, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    phi, to_phi = np.radians(y), np.radians(lat)
    half = np.sin((to_phi - phi) / 2) ** 2 + np.cos(phi) * np.cos(to_phi) * np.sin(np.radians(lon - x) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(1.0, half))), dtype=np.float64)
