"""Reads a geo-query (4.10) and any reference geometry that is given as a type and coordinates (RFC 7946)."""

import json
import re
from typing import Any, NoReturn

from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.geometry import ShapeError, shape_of
from onecity.kernel.twin.ngsild.query.language import GeoQuery, Names, Relation
from onecity.kernel.twin.ngsild.query.limits import COORDINATES_TEXT, POSITIONS
from onecity.kernel.twin.ngsild.query.literals import number
from onecity.kernel.twin.ngsild.query.problems import BadQuery

RELATIONS: dict[str, Relation] = {
    "within": "within",
    "contains": "contains",
    "intersects": "intersects",
    "equals": "equals",
    "disjoint": "disjoint",
    "overlaps": "overlaps",
}
NEAR = re.compile(r"near\s*;\s*(maxDistance|minDistance)\s*==\s*(\S+)")
GEOMETRIES = frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"})
FARTHEST = 20_037_508.0  # metres to the other side of the Earth; a larger distance includes everything


def _fail(parameter: str, reason: Text) -> NoReturn:
    raise BadQuery(parameter, reason)


def parse_geo(georel: str, geometry: str, coordinates: object, geoproperty: str, context: Names) -> GeoQuery:
    """Return the geo-query of the four parameters; `coordinates` is text (query string) or already an array (body).

    All of georel, geometry and coordinates must be there; `geoproperty` "" is location.
    """
    for parameter, given in (("georel", georel), ("geometry", geometry), ("coordinates", coordinates)):
        if given is None or given == "":
            _fail(
                parameter,
                _("georel, geometry and coordinates belong together; “{parameter}” is missing.", parameter=parameter),
            )
    if not isinstance(georel, str):
        _fail("georel", _("georel is a text such as within or near;maxDistance==2000."))
    target = context.expand(geoproperty or "location")
    shape = parse_geometry(geometry, coordinates)
    relation = RELATIONS.get(georel.strip())
    if relation is not None:
        return GeoQuery(relation, shape, target)
    found = NEAR.fullmatch(georel.strip())
    if not found:
        _fail(
            "georel",
            _(
                "georel is near;maxDistance==<metres>, near;minDistance==<metres>, within, contains, intersects, equals, disjoint or overlaps."
            ),
        )
    metres = number(found.group(2))
    if metres is None or metres <= 0:
        _fail("georel", _("The distance is a number of metres greater than 0."))
    distance = float(min(metres, FARTHEST))
    if found.group(1) == "maxDistance":
        return GeoQuery("near", shape, target, max_distance=distance)
    return GeoQuery("near", shape, target, min_distance=distance)


def parse_geometry(
    geometry: object, coordinates: object, *, of: tuple[str, str] = ("geometry", "coordinates")
) -> BaseGeometry:
    """Return the shape of a geometry type and coordinates; `of` names the two parameters in the error."""
    if not isinstance(geometry, str) or geometry not in GEOMETRIES:
        _fail(of[0], _("The geometry is Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon."))
    positions = _decoded(coordinates, of[1])
    try:
        return shape_of({"type": geometry, "coordinates": positions}, limit=POSITIONS)
    except ShapeError as error:
        _fail(of[1], error.reason)


def _decoded(coordinates: object, parameter: str) -> Any:
    if not isinstance(coordinates, str):
        return coordinates
    if len(coordinates) > COORDINATES_TEXT:
        _fail(parameter, _("Coordinates may have {limit} characters at most.", limit=COORDINATES_TEXT))
    try:
        return json.loads(coordinates)
    except (ValueError, RecursionError):
        _fail(parameter, _("Coordinates are an array of JSON such as [121.5,30.9]."))
