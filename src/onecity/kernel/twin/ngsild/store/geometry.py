"""The rectangle around a geometry and the point that stands for it, from GeoJSON (RFC 7946) as it was stored."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Extent:
    """West, south, east and north in degrees, as given."""

    west: float
    south: float
    east: float
    north: float

    def box(self) -> str:
        """PostgreSQL's text of the rectangle."""
        return f"({self.east!r},{self.north!r}),({self.west!r},{self.south!r})"

    def centre(self) -> tuple[float, float] | tuple[None, None]:
        """Longitude and latitude of the middle; (None, None) where that is no place on Earth."""
        lon, lat = (self.west + self.east) / 2, (self.south + self.north) / 2
        return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else (None, None)


def around(instances: Iterable[Mapping[str, Any]]) -> Extent | None:
    """The rectangle around all instances of a GeoProperty; None where there is none."""
    found = [one for instance in instances if (one := extent(instance.get("value"))) is not None]
    if len(found) < 2:
        return found[0] if found else None
    return Extent(
        min(one.west for one in found),
        min(one.south for one in found),
        max(one.east for one in found),
        max(one.north for one in found),
    )


def extent(geometry: object) -> Extent | None:
    """The rectangle around a geometry; None where it holds no position."""
    # a plain dictionary is asked first: the general question takes many times as long
    if not isinstance(geometry, dict) and not isinstance(geometry, Mapping):
        return None
    coordinates = geometry.get("coordinates")
    if geometry.get("type") == "Point" and isinstance(coordinates, list) and _position(coordinates):
        lon, lat = float(coordinates[0]), float(coordinates[1])
        return Extent(lon, lat, lon, lat)
    points = list(_geometry(geometry, 0))
    if not points:
        return None
    lons, lats = [lon for lon, _lat in points], [lat for _lon, lat in points]
    return Extent(min(lons), min(lats), max(lons), max(lats))


def _geometry(geometry: Mapping[str, Any], depth: int) -> Iterator[tuple[float, float]]:
    if isinstance(geometry.get("geometries"), list) and depth < DEEPEST:
        for part in geometry["geometries"]:
            if isinstance(part, Mapping):
                yield from _geometry(part, depth + 1)
    yield from _positions(geometry.get("coordinates"), depth)


def _positions(value: object, depth: int) -> Iterator[tuple[float, float]]:
    if _position(value):
        yield float(value[0]), float(value[1])  # type: ignore[index]  # _position has looked
    elif isinstance(value, list) and depth < DEEPEST:
        for part in value:
            yield from _positions(part, depth + 1)


def _position(value: Any) -> bool:
    if isinstance(value, list) and len(value) >= 2 and type(value[0]) is type(value[1]) is float:
        return math.isfinite(value[0]) and math.isfinite(value[1])
    return (
        isinstance(value, list)
        and len(value) >= 2
        and all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in value[:2])
    )
