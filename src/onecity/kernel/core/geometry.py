"""Shapes on the ground: repair, ellipsoidal area, GeoJSON in and out, and cells of the H3 grid.

Coordinates are longitude, latitude in degrees on WGS-84 (RFC 7946, 4). Everything here is exact or says how exact it is.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import h3
import numpy as np
import numpy.typing as npt
import shapely
from geographiclib.geodesic import Geodesic
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _

Floats = npt.NDArray[np.float64]
BBox = tuple[float, float, float, float]
Area = Polygon | MultiPolygon

DIGITS = 6  # decimals of a degree that are written out: 0.1 m
EARTH_RADIUS_M = 6_371_008.771  # mean radius R1 of WGS-84
MAX_AREA_CHANGE = 0.05


class GeometryError(Problem):
    """A shape that cannot be used, with the reason."""

    def __init__(self, detail: Text) -> None:
        super().__init__("geometry", _("The shape cannot be used"), status=422, detail=detail)


def repair_polygon(shape: BaseGeometry, max_area_change: float = MAX_AREA_CHANGE) -> Area:
    """Return a valid Polygon or MultiPolygon for a shape whose rings may cross or touch themselves.

    The rings are taken as borders of what they enclose (GEOS "structure" repair), so that a spike or a small loop vanishes and
    does not become a hole. The planar area may differ from the area that the rings enclose by at most `max_area_change`
    (a fraction), or GeometryError says so: then the repair would have guessed.
    """
    if not isinstance(shape, Polygon | MultiPolygon):
        raise GeometryError(_("An area is needed, this is a {kind}.", kind=shape.geom_type))
    if shape.is_empty or not np.isfinite(shapely.get_coordinates(shape)).all():
        raise GeometryError(_("The area is empty or has a coordinate that is not a number."))
    if shape.is_valid:
        return shape
    fixed = areal_part(shapely.make_valid(shape, method="structure", keep_collapsed=False))
    if fixed.is_empty:
        raise GeometryError(_("The border encloses no area."))
    enclosed = areal_part(shapely.make_valid(shape, method="linework")).area
    if abs(fixed.area - enclosed) > max_area_change * enclosed:
        share = round(100 * abs(fixed.area - enclosed) / enclosed)
        raise GeometryError(_("The border crosses itself so that {share} % of the area is unclear.", share=share))
    return fixed


def areal_part(shape: BaseGeometry) -> Area:
    """Return only the polygons of a shape, as Polygon or MultiPolygon (empty Polygon when there are none)."""
    parts = _polygons(shape)
    if len(parts) == 1:
        return parts[0]
    merged = shapely.union_all(parts)
    return merged if isinstance(merged, Polygon | MultiPolygon) else Polygon()


def area_km2(shape: BaseGeometry) -> float:
    """Return the area on the WGS-84 ellipsoid in km² (geodesic edges, Karney 2013); holes count off, lines count 0."""
    square_metres = 0.0
    for polygon in _polygons(shape):
        square_metres += _ring_area(polygon.exterior) - sum(_ring_area(ring) for ring in polygon.interiors)
    return square_metres / 1e6


def distance_m(lon: npt.ArrayLike, lat: npt.ArrayLike, to_lon: npt.ArrayLike, to_lat: npt.ArrayLike) -> Floats:
    """Return great-circle distances in metres on the mean sphere, broadcast; within 0.6 % of the ellipsoid."""
    east, north, to_east, to_north = (
        np.radians(np.asarray(one, dtype=np.float64)) for one in (lon, lat, to_lon, to_lat)
    )
    half = np.sin((to_north - north) / 2) ** 2
    half = half + np.cos(north) * np.cos(to_north) * np.sin((to_east - east) / 2) ** 2
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return metres


def bbox(shape: BaseGeometry) -> BBox:
    """Return west, south, east, north in degrees (RFC 7946, 5)."""
    west, south, east, north = shape.bounds
    return float(west), float(south), float(east), float(north)


def label_point(shape: BaseGeometry) -> tuple[float, float]:
    """Return a point (lon, lat) well inside the shape, for its name on a map: centre of its largest inscribed circle."""
    largest = max(_polygons(shape), key=lambda part: part.area)
    west, south, east, north = largest.bounds
    tolerance = max(east - west, north - south) / 200 or 1e-6
    point = shapely.maximum_inscribed_circle(largest, tolerance=tolerance).coords[0]
    return round(float(point[0]), DIGITS), round(float(point[1]), DIGITS)


def from_geojson(source: str | bytes | Mapping[str, Any]) -> BaseGeometry:
    """Return the shape of a GeoJSON geometry (RFC 7946, 3.1), from text or an object; not yet repaired.

    Raises GeometryError for anything else, and for coordinates outside ±180, ±90 degrees.
    """
    try:
        text = source if isinstance(source, str | bytes) else json.dumps(source)
        shape = shapely.from_geojson(text)
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        raise GeometryError(_("It is not a GeoJSON geometry: {reason}", reason=str(error)[:200])) from error
    if shape is None:
        raise GeometryError(_("It is not a GeoJSON geometry: {reason}", reason="null"))
    found = shapely.get_coordinates(shape)
    if found.size and not (np.abs(found[:, 0]).max() <= 180 and np.abs(found[:, 1]).max() <= 90):
        raise GeometryError(_("Coordinates must be longitude and latitude in degrees (WGS-84)."))
    return shape


def to_geojson(shape: BaseGeometry, digits: int = DIGITS) -> dict[str, Any]:
    """Return the GeoJSON geometry of a shape: right-hand rule (RFC 7946, 3.1.6), rounded to `digits` decimals."""
    found: dict[str, Any] = json.loads(shapely.to_geojson(shapely.orient_polygons(shape, exterior_cw=False)))
    return {name: _round(value, digits) for name, value in found.items()}


def cell(lon: float, lat: float, resolution: int) -> str:
    """Return the H3 cell that holds a point, as its hexadecimal index; resolution 9 is about 0.1 km²."""
    return str(h3.latlng_to_cell(lat, lon, resolution))


def cover(shape: BaseGeometry, resolution: int) -> list[str]:
    """Return all H3 cells that touch an area, sorted: a superset, to be used as an index in front of an exact test."""
    found: set[str] = set()
    for polygon in _polygons(shape):
        rings = [[(y, x) for x, y in ring.coords] for ring in (polygon.exterior, *polygon.interiors)]
        outline = h3.LatLngPoly(rings[0], *rings[1:])
        found.update(h3.h3shape_to_cells_experimental(outline, resolution, contain="overlap"))
    return sorted(found)


def _polygons(shape: BaseGeometry) -> Sequence[Polygon]:
    parts = shapely.get_parts(shapely.get_parts(shape)).tolist()
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]


def _ring_area(ring: BaseGeometry) -> float:
    polygon = Geodesic.WGS84.Polygon()
    for lon, lat in ring.coords[:-1]:
        polygon.AddPoint(lat, lon)
    return abs(float(polygon.Compute()[2]))


def _round(value: Any, digits: int) -> Any:  # a JSON value is what it is
    if isinstance(value, float):
        return round(value, digits)
    return [_round(item, digits) for item in value] if isinstance(value, list) else value
