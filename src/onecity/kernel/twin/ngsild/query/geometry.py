"""Shapes of GeoJSON and the relations between them: planar on longitude and latitude (RFC 7946, 3.1.1), metric on the ellipsoid."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from geographiclib.geodesic import Geodesic
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.geometry import EARTH_RADIUS_M, Floats
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _

NESTING = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
# the great circle on the mean sphere differs from the ellipsoid by less than this share
SPHERE_ERROR = 0.006
METRES_PER_DEGREE = 110_574.0  # of latitude at the equator, where it is shortest
COLLECTION_DEPTH = 4
# positions of an outline that is repaired where it crosses itself: the crossings take room by the square of their number
MOST_REPAIRED = 150


class ShapeError(Exception):
    """A geometry that is none, with the reason."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


def shape_of(geojson: Mapping[str, Any], *, limit: int, depth: int = 0) -> BaseGeometry:
    """Return the shape of a GeoJSON geometry; altitude is dropped, crossing rings are repaired.

    Raise ShapeError for a wrong type, nesting, position, an open ring, or more than `limit` positions.
    """
    kind = geojson.get("type")
    if kind == "GeometryCollection":
        parts = geojson.get("geometries")
        if not isinstance(parts, list) or depth >= COLLECTION_DEPTH:
            raise ShapeError(_("A GeometryCollection has a list of geometries, not too deep."))
        shapes = [shape_of(part, limit=limit, depth=depth + 1) for part in parts if isinstance(part, Mapping)]
        return shapely.GeometryCollection(shapes)
    if not isinstance(kind, str) or kind not in NESTING:
        raise ShapeError(_("The type of the geometry is unknown."))
    counter = [limit]
    coordinates = _positions(geojson.get("coordinates"), NESTING[kind], counter)
    try:
        shape = _build(kind, coordinates)
    except (ValueError, TypeError, shapely.errors.GEOSException):
        raise ShapeError(_("The coordinates do not make a {kind}.", kind=kind)) from None
    return shape if shape.is_valid else _repaired(shape)


def _repaired(shape: BaseGeometry) -> BaseGeometry:
    """The shape without crossings; of a long outline, whose crossings may be as many as the square of it, its hull."""
    if shapely.get_num_coordinates(shape) > MOST_REPAIRED:
        return shape.convex_hull
    return shapely.make_valid(shape, method="structure", keep_collapsed=True)


def _positions(value: Any, nesting: int, counter: list[int]) -> Any:
    if not isinstance(value, list | tuple):
        raise ShapeError(_("Coordinates are arrays of numbers as in RFC 7946."))
    if nesting:
        if not value:
            raise ShapeError(_("The geometry is empty."))
        return [_positions(part, nesting - 1, counter) for part in value]
    counter[0] -= 1
    if counter[0] < 0:
        raise ShapeError(_("The geometry has too many positions."))
    if not 2 <= len(value) <= 4 or not all(type(part) in (int, float) for part in value):
        raise ShapeError(_("A position is [longitude, latitude] in numbers."))
    lon, lat = value[0], value[1]
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ShapeError(_("Longitude goes from -180 to 180 and latitude from -90 to 90."))
    return (float(lon), float(lat))


def _build(kind: str, coordinates: Any) -> BaseGeometry:
    rings = (
        coordinates
        if kind == "Polygon"
        else [ring for part in coordinates for ring in part]
        if kind == "MultiPolygon"
        else []
    )
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise ShapeError(_("A ring has at least four positions and ends where it begins."))
    makers: dict[str, Callable[[Any], BaseGeometry]] = {
        "Point": shapely.Point,
        "MultiPoint": shapely.MultiPoint,
        "LineString": shapely.LineString,
        "MultiLineString": shapely.MultiLineString,
        "Polygon": lambda rings: shapely.Polygon(rings[0], rings[1:]),
        "MultiPolygon": lambda parts: shapely.MultiPolygon([(part[0], part[1:]) for part in parts]),
    }
    return makers[kind](coordinates)


def geodesic_m(lon: float, lat: float, to_lon: float, to_lat: float) -> float:
    """Return the distance on the WGS-84 ellipsoid in metres (Karney 2013)."""
    return float(Geodesic.WGS84.Inverse(lat, lon, to_lat, to_lon, Geodesic.DISTANCE)["s12"])


def sphere_m(lon: float, lat: float, to_lon: float, to_lat: float) -> float:
    """Return the great-circle distance on the mean sphere in metres (haversine)."""
    phi, to_phi = math.radians(lat), math.radians(to_lat)
    half = (
        math.sin((to_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(to_phi) * math.sin(math.radians(to_lon - lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def nearest_points(one: BaseGeometry, other: BaseGeometry) -> tuple[float, float, float, float]:
    """Return longitude and latitude of the two points at which the shapes are nearest.

    Found in a plane that is true to scale where the shapes are nearest: longitudes shrunk by the cosine of the latitude there,
    refined until it stays; `other` is also tried 360° east and west. Exact for points, within 0.1 % for shapes up to 100 km.
    """
    best: tuple[float, tuple[float, float, float, float]] | None = None
    for turn in (0.0, 360.0, -360.0):
        moved = _moved(other, 1.0, turn) if turn else other
        found = _nearest(one, moved)
        metres = sphere_m(*found)
        if best is None or metres < best[0]:
            best = metres, found
        if metres < 1_000_000:
            break
    return best[1] if best else (0.0, 0.0, 0.0, 0.0)


def _moved(shape: BaseGeometry, scale: float, turn: float = 0.0) -> BaseGeometry:
    """Return the shape with longitudes multiplied by `scale` and shifted by `turn`."""

    def move(xy: Floats) -> Floats:
        return np.asarray(xy * np.array([scale, 1.0]) + np.array([turn, 0.0]), dtype=np.float64)

    moved: BaseGeometry = shapely.transform(shape, move)
    return moved


def _nearest(one: BaseGeometry, other: BaseGeometry) -> tuple[float, float, float, float]:
    latitude = (one.bounds[1] + one.bounds[3] + other.bounds[1] + other.bounds[3]) / 4
    found = (0.0, 0.0, 0.0, 0.0)
    for _turn in range(3):
        scale = max(math.cos(math.radians(latitude)), 1e-6)
        line = shapely.shortest_line(_moved(one, scale), _moved(other, scale))
        (x, y), (to_x, to_y) = shapely.get_coordinates(line)
        found = float(x / scale), float(y), float(to_x / scale), float(to_y)
        middle = (found[1] + found[3]) / 2
        if abs(middle - latitude) < 1e-4:
            break
        latitude = middle
    return found


def distance_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return the shortest distance between two shapes in metres on the ellipsoid; 0 where they meet."""
    return geodesic_m(*nearest_points(one, other))


def boxes_around(shape: BaseGeometry, metres: float = 0.0) -> Sequence[tuple[float, float, float, float]]:
    """Return boxes (west, south, east, north) that hold everything within `metres` of the shape; two over the date line."""
    west, south, east, north = shape.bounds
    if not metres:
        return [(west, south, east, north)]
    reach = metres * (1 + SPHERE_ERROR) / METRES_PER_DEGREE
    south, north = south - reach, north + reach
    if south <= -89 or north >= 89:
        return [(-180.0, max(south, -90.0), 180.0, min(north, 90.0))]
    sideways = math.degrees(
        math.asin(
            min(1.0, math.sin(math.radians(min(reach, 90.0))) / math.cos(math.radians(max(-south, north) - reach)))
        )
    )
    west, east = west - sideways, east + sideways
    if east - west >= 360:
        return [(-180.0, south, 180.0, north)]
    if west < -180:
        return [(-180.0, south, east, north), (west + 360, south, 180.0, north)]
    if east > 180:
        return [(west, south, 180.0, north), (-180.0, south, east - 360, north)]
    return [(west, south, east, north)]
