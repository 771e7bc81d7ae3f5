"""Reads outlines from GeoJSON feature by feature, and says of each bad one what is wrong with it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely

from onecity.kernel.core.datum import bd09_to_gcj02, gcj02_to_wgs84
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.geometry import Area, GeometryError, areal_part, from_geojson, repair_polygon
from onecity.kernel.core.text import lazy as _

Datum = Literal["wgs84", "gcj02", "bd09"]
MAX_BYTES = 100_000_000
SHOWN = 50  # faults that are listed
MAX_OVERLAP = 0.01  # of the smaller of two outlines; more is not a question of drawing
MIN_SHARE_INSIDE = 0.5  # of an outline within the division above it


@dataclass(frozen=True, slots=True)
class Outline:
    """One usable feature: `label` names it in messages."""

    label: str
    code: str
    name: str
    shape: Area


def read(
    content: bytes, code_property: str, name_property: str, datum: Datum
) -> tuple[list[Outline], list[FieldError]]:
    """Return the usable outlines of a FeatureCollection in WGS-84, and the faults of the others.

    Raises Problem when the content is no FeatureCollection, has no feature or more than MAX_BYTES bytes.
    """
    outlines: list[Outline] = []
    faults: list[FieldError] = []
    for index, feature in enumerate(_features(content)):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        known = properties if isinstance(properties, dict) else {}
        code, name = (str(known.get(one) or "").strip() for one in (code_property, name_property))
        label = f"features[{index}] {name or code}".strip()
        if not (code or name):
            reason = _("It has neither “{code}” nor “{name}”.", code=code_property, name=name_property)
            faults.append(FieldError(label, reason))
            continue
        try:
            shape = to_wgs84(repair_polygon(from_geojson(feature.get("geometry"))), datum)
        except GeometryError as error:
            faults.append(FieldError(label, error.detail))
        else:
            outlines.append(Outline(label, code, name, shape))
    return outlines, faults


def to_wgs84(shape: Area, datum: Datum) -> Area:
    """Return an area in WGS-84 that is given in one of the Chinese datums."""
    if datum == "wgs84":
        return shape

    def move(xy: np.ndarray) -> np.ndarray:
        lon, lat = bd09_to_gcj02(xy[:, 0], xy[:, 1]) if datum == "bd09" else (xy[:, 0], xy[:, 1])
        return np.column_stack(gcj02_to_wgs84(lon, lat))

    return areal_part(repair_polygon(shapely.transform(shape, move)))


def overlaps(shapes: Mapping[str, Area]) -> list[FieldError]:
    """Return a fault for each pair of named areas that overlap by more than MAX_OVERLAP of the smaller one."""
    names, areas = list(shapes), list(shapes.values())
    if not areas:
        return []
    first, second = shapely.STRtree(areas).query(areas, predicate="intersects")
    found = []
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        if one >= other:
            continue
        share = areas[one].intersection(areas[other]).area / min(areas[one].area, areas[other].area)
        if share > MAX_OVERLAP:
            values = {"other": names[other], "share": round(100 * share, 1)}
            found.append(FieldError(names[one], _("It overlaps {other} by {share} % of the smaller one.", **values)))
    return found


def _features(content: bytes) -> Sequence[Any]:
    if len(content) > MAX_BYTES:
        raise Problem("file-too-large", _("The file is too large"), status=413, detail=f"> {MAX_BYTES // 1_000_000} MB")
    try:
        data = json.loads(content)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Problem("not-geojson", _("The file is not GeoJSON"), status=422, detail=str(error)) from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not features:
        detail = _("A FeatureCollection with at least one feature is needed.")
        raise Problem("not-geojson", _("The file is not GeoJSON"), status=422, detail=detail)
    return features
