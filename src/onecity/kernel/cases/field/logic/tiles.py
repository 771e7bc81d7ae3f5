"""Tiles of the ground in the usual scheme (spherical Mercator, x from the west, y from the north), with what lies in them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

# one zoom for all: 2 to 4 km a side, so that a grid is a few tiles; the phone draws the same lines at every scale
ZOOM: Final = 13
COUNT: Final = 2**ZOOM
DIGITS: Final = 5  # decimals of a degree, about 1 m
TOLERANCE: Final = 0.00005
# an outline goes on a little beyond the edge, so that neighbours meet
MARGIN: Final = 0.0005
HIGHEST: Final = 85.0511


@dataclass(frozen=True, slots=True)
class Piece:
    """A division on the ground: its name, how deep in the tree, its outline, and where its name stands (degrees)."""

    name: str
    depth: int
    shape: BaseGeometry | None
    lon: float | None
    lat: float | None


def bounds(x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile, in degrees; raises ValueError where there is none of that number."""
    if not (0 <= x < COUNT and 0 <= y < COUNT):
        raise ValueError(f"no tile {x}/{y} at zoom {ZOOM}")
    return _lon(x), _lat(y + 1), _lon(x + 1), _lat(y)


def tile_of(lon: float, lat: float) -> tuple[int, int]:
    """The tile in which a point lies (degrees)."""
    clipped = math.radians(max(-HIGHEST, min(HIGHEST, lat)))
    y = (1 - math.asinh(math.tan(clipped)) / math.pi) / 2
    return min(COUNT - 1, int((lon + 180) / 360 * COUNT)), min(COUNT - 1, max(0, int(y * COUNT)))


def content(x: int, y: int, pieces: Iterable[Piece]) -> dict[str, Any]:
    """Outlines cut to the tile, as `[depth, [[lon, lat], …]]`, and names that stand in it, as `[depth, name, lon, lat]`."""
    west, south, east, north = bounds(x, y)
    frame = (west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN)
    lines: list[list[Any]] = []
    names: list[list[Any]] = []
    for piece in pieces:
        if piece.shape is not None:
            lines += [[piece.depth, line] for line in _cut(piece.shape, frame)]
        if piece.lon is not None and piece.lat is not None and west <= piece.lon < east and south <= piece.lat < north:
            names.append([piece.depth, piece.name, round(piece.lon, DIGITS), round(piece.lat, DIGITS)])
    return {"lines": lines, "names": names}


def _cut(shape: BaseGeometry, frame: tuple[float, float, float, float]) -> list[list[list[float]]]:
    outline = shapely.clip_by_rect(shape.boundary, *frame).simplify(TOLERANCE)
    parts = getattr(outline, "geoms", [outline])
    return [
        [[round(lon, DIGITS), round(lat, DIGITS)] for lon, lat in part.coords]
        for part in parts
        if part.geom_type == "LineString" and not part.is_empty
    ]


def _lon(x: int) -> float:
    return x / COUNT * 360 - 180


def _lat(y: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / COUNT))))
