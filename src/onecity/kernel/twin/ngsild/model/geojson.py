"""Whether a value is a GeoJSON geometry that can be kept (RFC 7946, 3.1; ETSI GS CIM 009 V1.9.1, 4.6.3 and 4.7)."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.limits import POSITIONS
from onecity.kernel.twin.ngsild.model.problems import bad_request

WIDEST: Final = 1_000_000.0  # coordinates are numbers of this size at most; degrees are checked where they are searched


def _is_number(value: object) -> bool:
    return type(value) is float or type(value) is int


def _position(value: object, count: list[int]) -> Text | None:
    if not isinstance(value, list) or not 2 <= len(value) <= 4 or not all(map(_is_number, value)):
        return _("a position is [longitude, latitude] or [longitude, latitude, height]")
    if not (-180.0 <= value[0] <= 180.0 and -90.0 <= value[1] <= 90.0):
        return _("longitude is between -180 and 180, latitude between -90 and 90")
    if any(not -WIDEST <= further <= WIDEST for further in value[2:]):
        return _("a height is a number of metres")
    count[0] += 1
    return _("a geometry has at most {most} positions", most=POSITIONS) if count[0] > POSITIONS else None


def _several(
    value: object, least: int, each: Callable[[object, list[int]], Text | None], count: list[int]
) -> Text | None:
    if not isinstance(value, list) or len(value) < least:
        return _("its coordinates are a list of at least {least}", least=least)
    for item in value:
        wrong = each(item, count)
        if wrong is not None:
            return wrong
    return None


def _points(value: object, count: list[int]) -> Text | None:
    return _several(value, 1, _position, count)


def _line(value: object, count: list[int]) -> Text | None:
    return _several(value, 2, _position, count)


def _ring(value: object, count: list[int]) -> Text | None:
    wrong = _several(value, 4, _position, count)
    if wrong is None and isinstance(value, list) and value[0] != value[-1]:
        return _("the first and the last position of a ring are the same")
    return wrong


def _lines(value: object, count: list[int]) -> Text | None:
    return _several(value, 1, _line, count)


def _polygon(value: object, count: list[int]) -> Text | None:
    return _several(value, 1, _ring, count)


def _polygons(value: object, count: list[int]) -> Text | None:
    return _several(value, 1, _polygon, count)


GEOMETRIES: Final[dict[str, Callable[[object, list[int]], Text | None]]] = {
    "Point": _position,
    "MultiPoint": _points,
    "LineString": _line,
    "MultiLineString": _lines,
    "Polygon": _polygon,
    "MultiPolygon": _polygons,
}
"""Supported geometries; GeometryCollection is not one of them (4.6.3)."""


def wrong_with(value: object) -> Text | None:
    """What is wrong with `value` as a geometry; None: nothing."""
    if not isinstance(value, dict):
        return _("a geometry is an object with `type` and `coordinates`")
    kind = value.get("type", value.get("@type"))
    check = GEOMETRIES.get(kind) if isinstance(kind, str) else None
    if check is None:
        return _("its type is one of {known}", known=", ".join(GEOMETRIES))
    return check(value.get("coordinates"), [0])


def is_geometry(value: object) -> bool:
    """Whether `value` is a sound geometry."""
    return wrong_with(value) is None


def looks_like_geometry(value: dict[str, Any]) -> bool:
    """Whether `value` is meant as a geometry (it names one and has coordinates)."""
    kind = value.get("type")
    return isinstance(kind, str) and kind in GEOMETRIES and "coordinates" in value


def require_geometry(value: object, where: str) -> dict[str, Any]:
    """Return `value` when it is a sound geometry, as an object or as text that holds one (4.7.2); raises Problem."""
    if isinstance(value, str):
        value = _from_text(value)
    wrong = wrong_with(value)
    if wrong is None and isinstance(value, dict):
        return value
    raise bad_request(_("{where} is not a GeoJSON geometry: {wrong}.", where=where, wrong=wrong), where)


def _from_text(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
