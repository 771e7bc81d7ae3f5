"""Divisions as map layers: GeoJSON, simplified so that common borders stay common, kept until the tree changes."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import shapely

from onecity.kernel.core.geometry import Area, to_geojson
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE
from onecity.kernel.places.logic.voronoi import coverage
from onecity.kernel.places.snapshot import Place, Snapshot

Detail = Literal["full", "normal", "coarse"]
# how far (about) a simplified border may lie from the true one; "normal" is invisible up to zoom 14
TOLERANCE_M: dict[Detail, float] = {"full": 0.0, "normal": 15.0, "coarse": 120.0}
DEGREE_M = 111_195.0
KEPT = 24


@dataclass(frozen=True, slots=True)
class Layer:
    """A GeoJSON FeatureCollection as UTF-8 bytes, and a tag that changes when its content may have changed."""

    content: bytes
    etag: str


def layer(level: str, *, tree: str = ADMINISTRATIVE, at: dt.date | None = None, detail: Detail = "normal") -> Layer:
    """Return the divisions of a level with known outline on a day (today when None) as GeoJSON.

    Each feature carries path, code, name, level, `approximate` and the label's lon and lat. Borders that two divisions
    share are simplified together: no gaps, no overlaps.
    """
    return _layer(snapshot.take(tree, at), level, detail)


@lru_cache(maxsize=KEPT)
def _layer(source: Snapshot, level: str, detail: Detail) -> Layer:
    known = source.at_level(level)
    shapes = simplified([shape for _place, shape in known], TOLERANCE_M[detail] / DEGREE_M)
    features = [_feature(place, shape) for (place, _shape), shape in zip(known, shapes, strict=True)]
    body = {"type": "FeatureCollection", "features": features}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Layer(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def simplified(shapes: Sequence[Area], tolerance_deg: float) -> Sequence[Area]:
    """Return neighbouring areas with fewer vertices (Visvalingam-Whyatt), their common borders changed alike."""
    if not shapes or tolerance_deg <= 0:
        return shapes
    whole = shapes if shapely.coverage_is_valid(list(shapes)) else coverage(shapes)
    result: Sequence[Area] = shapely.coverage_simplify(np.array(whole, dtype=object), tolerance_deg).tolist()
    return result


def _feature(place: Place, shape: Area) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": place.path,
        "properties": {
            "path": place.path,
            "code": place.code,
            "name": place.name,
            "level": place.level,
            "approximate": place.approximate,
            "lon": place.lon,
            "lat": place.lat,
        },
        "geometry": to_geojson(shape),
    }
