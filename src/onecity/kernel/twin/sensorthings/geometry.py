"""How a place (a point) lies to a geometry: by PostgreSQL's own geometric types, and by shapely for single rows.

Distances are in degrees, the unit of the coordinate reference system (OData 4.0, 5.1.1.4.14; EPSG:4326).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import shapely
from django.db.models import BooleanField, F, FloatField, Func, Q, Value
from django.db.models.functions import Power, Sqrt
from django.utils.translation import gettext_lazy as _

from onecity.kernel.twin.sensorthings.filtering import unsupported, wrong

ROWS: Mapping[str, Callable[[shapely.Geometry, shapely.Geometry], Any]] = {
    "geo.intersects": shapely.intersects, "st_intersects": shapely.intersects, "st_equals": shapely.equals,
    "st_disjoint": shapely.disjoint, "st_touches": shapely.touches, "st_within": shapely.within,
    "st_overlaps": shapely.overlaps, "st_crosses": shapely.crosses, "st_contains": shapely.contains,
}  # fmt: skip


def _lies(shape: str, kind: str) -> Q:
    """The place lies in (`polygon`, its edge included) or on (`path`) a shape of PostgreSQL."""
    place = Func("lon", "lat", function="point")
    lies = Func(
        place, Value(shape), arg_joiner=" <@ ", template=f"(%(expressions)s::{kind})", output_field=BooleanField()
    )
    return Q(lies)


def distance(shape: object) -> Any:
    """The distance (degrees) of each row's place to a point; raises Problem 501 for other shapes."""
    if not isinstance(shape, shapely.Point):
        raise unsupported("$filter: geo.distance() to other than a point")
    east, north = F("lon") - Value(shape.x), F("lat") - Value(shape.y)
    return Sqrt(Power(east, 2) + Power(north, 2), output_field=FloatField())


def test(name: str, shape: object, *, turned: bool) -> Q:
    """A test of each row's place; `turned`: the place is the second argument. Raises Problem 400."""
    if not isinstance(shape, shapely.Geometry):
        raise wrong(_("The geometry cannot be read"))
    parts = list(shapely.get_parts(shape))
    if name in {"geo.intersects", "st_intersects"}:
        return _either([_meets(part) for part in parts])
    if name == "st_disjoint":
        return Q(lon__isnull=False) & ~_either([_meets(part) for part in parts])
    if name == "st_equals":
        return (
            _either([_meets(part) for part in parts])
            if len(parts) == 1 and isinstance(shape, shapely.Point)
            else _never()
        )
    inside = (name == "st_within" and not turned) or (name == "st_contains" and turned)
    if inside:
        return _either([_inside(part) for part in parts])
    if name == "st_touches":
        return _either([_edge(part) for part in parts])
    alone = name in {"st_within", "st_contains"} and isinstance(shape, shapely.Point)
    # a point neither overlaps nor crosses anything, and contains only itself
    return _meets(shape) if alone else _never()


def _never() -> Q:
    return Q(pk__in=[])


def _either(parts: Sequence[Q]) -> Q:
    found = _never()
    for part in parts:
        found |= part
    return found


def _meets(part: shapely.Geometry) -> Q:
    if isinstance(part, shapely.Point):
        return Q(lon=part.x, lat=part.y)
    if isinstance(part, shapely.Polygon):
        return _box(part) & _lies(_text(part.exterior), "polygon") & ~_in_a_hole(part)
    return _box(part) & _lies(_path(part), "path")


def _inside(part: shapely.Geometry) -> Q:
    """Inside, not on the edge (a point is within itself, and within a line but not at its ends)."""
    return _meets(part) if isinstance(part, shapely.Point) else _meets(part) & ~_edge(part)


def _edge(part: shapely.Geometry) -> Q:
    if isinstance(part, shapely.Polygon):
        rings = [part.exterior, *part.interiors]
        return _either([_box(part) & _lies(_path(ring), "path") for ring in rings])
    points = shapely.get_coordinates(part).tolist()
    ends = [] if isinstance(part, shapely.Point) or shapely.is_ring(part) else [points[0], points[-1]]
    return _either([Q(lon=x, lat=y) for x, y in ends])


def _in_a_hole(part: shapely.Polygon) -> Q:
    """Strictly inside a hole: its edge belongs to the polygon."""
    holes = [_lies(_text(ring), "polygon") & ~_lies(_path(ring), "path") for ring in part.interiors]
    return _either(holes)


def _box(part: shapely.Geometry) -> Q:
    west, south, east, north = shapely.bounds(part).tolist()
    return Q(lon__gte=west, lon__lte=east, lat__gte=south, lat__lte=north)


def _text(line: shapely.Geometry) -> str:
    return "(" + ",".join(f"({x!r},{y!r})" for x, y in shapely.get_coordinates(line).tolist()) + ")"


def _path(line: shapely.Geometry) -> str:
    """An open path; a ring closes itself, its last point being its first."""
    return _text(line).replace("(", "[", 1)[:-1] + "]"
