"""Reads files that an operator brings: known positions as CSV, an outline as GeoJSON; refuses what is wrong by its line or feature."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.geometry import Area, GeometryError, areal_part, from_geojson, repair_polygon
from onecity.kernel.places.logic.entry import Entry

COLUMNS = {"code", "name", "lon", "lat"}
ENDINGS = ("000000", "000")  # statistical codes write a district and a town with twelve digits too
MAX_BYTES = 50_000_000
SHOWN = 20  # faults that are listed; the rest are counted


def read_points(file: Path) -> dict[tuple[str, str], tuple[float, float]]:
    """Return (lon, lat) by (code, name) from a CSV with the columns code, name, lon, lat (WGS-84); rows without position are left out.

    Raises Problem that lists the lines that cannot be read.
    """
    rows = csv.DictReader(_text(file).splitlines())
    missing = sorted(COLUMNS - set(rows.fieldnames or ()))
    if missing:
        raise Problem("bad-points", _("The file of positions lacks columns"), status=422, detail=", ".join(missing))
    points: dict[tuple[str, str], tuple[float, float]] = {}
    faults: list[FieldError] = []
    for row in rows:
        if not (row["lon"] or row["lat"]):
            continue
        position = _position(row)
        if position is None:
            faults.append(
                FieldError(f"{file.name}:{rows.line_num}", _("longitude and latitude are not degrees on earth"))
            )
        else:
            points[normal_code(row["code"] or ""), (row["name"] or "").strip()] = position
    if faults:
        raise Problem("bad-points", _("The file of positions has errors"), status=422, errors=faults[:SHOWN])
    return points


def placed(entries: Sequence[Entry], points: Mapping[tuple[str, str], tuple[float, float]]) -> tuple[list[Entry], int]:
    """Return the entries with the positions that are known, by code, else by a name that stands only once; and how many."""
    by_code = {code: position for (code, _name), position in points.items() if code}
    names = [name for _code, name in points]
    by_name = {name: position for (_code, name), position in points.items() if names.count(name) == 1}
    held = [entry.name for entry in entries]
    result, used = [], 0
    for entry in entries:
        position = by_code.get(entry.code)
        if position is None and held.count(entry.name) == 1:
            position = by_name.get(entry.name)
        used += position is not None
        result.append(replace(entry, lon=position[0], lat=position[1], located=True) if position else entry)
    return result, used


def read_outline(file: Path, code: str) -> Area:
    """Return the area of a GeoJSON file in WGS-84: a geometry, a feature, or the feature of a collection that fits.

    A collection may have one feature, or several of which exactly one has `code` among its properties.
    """
    try:
        data = json.loads(_text(file))
    except json.JSONDecodeError as error:
        detail = f"{file.name}:{error.lineno}: {error.msg}"
        raise Problem("bad-outline", _("The outline is not JSON"), status=422, detail=detail) from error
    try:
        return areal_part(repair_polygon(from_geojson(_geometry(data, code))))
    except GeometryError as error:
        raise Problem("bad-outline", _("The outline cannot be used"), status=422, detail=error.detail) from error


def normal_code(code: str) -> str:
    """Return a code as the tree writes it: 990101001000 is the town 990101001, 990101000000 the district 990101."""
    code = code.strip()
    ending = next((one for one in ENDINGS if len(code) == 12 and code.endswith(one)), "")
    return code.removesuffix(ending)


def _geometry(data: Any, code: str) -> Any:  # JSON can be anything
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list):
        return data.get("geometry", data) if isinstance(data, dict) else data
    fits = features
    if len(features) != 1:
        fits = [one for one in features if code in map(str, (one.get("properties") or {}).values())]
    if len(fits) != 1:
        detail = _("It has %(count)s features, and %(fits)s of them have the code %(code)s.")
        values = {"count": len(features), "fits": len(fits), "code": code}
        raise Problem("bad-outline", _("The outline is not clear"), status=422, detail=detail % values)
    return fits[0].get("geometry")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            title = _("The file is too large")
            raise Problem("file-too-large", title, status=413, detail=f"{file.name}: > {MAX_BYTES // 1_000_000} MB")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Problem("no-file", _("The file cannot be read"), status=404, detail=str(error)) from error
    except UnicodeDecodeError as error:
        raise Problem("not-utf-8", _("The file is not UTF-8 text"), status=422, detail=file.name) from error


def _position(row: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        lon, lat = float(row["lon"]), float(row["lat"])
    except (TypeError, ValueError):
        return None
    return (lon, lat) if math.isfinite(lon + lat) and abs(lon) <= 180 and abs(lat) <= 90 else None
