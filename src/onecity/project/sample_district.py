"""A made-up district in the very files a real one is loaded from, so that tests need neither network nor any real place."""

import io
import json
import tarfile
from pathlib import Path

from onecity.kernel.places.sources import china_division, county_outlines

ADCODE = "990101"
NAME = "临海区"
TOWNS = ("北桥镇", "东林镇", "南滩镇", "西湾街道")
VILLAGES_PER_TOWN = 3
# a square of about 20 km by 22 km on the coast of no real place, in GCJ-02 like the real files
OUTLINE = [[[121.30, 30.80], [121.50, 30.80], [121.52, 30.90], [121.50, 31.00], [121.30, 31.00], [121.30, 30.80]]]


def write_archives(folder: Path) -> Path:
    """Write both archives into `folder` and return it; their layout is that of the published packages."""
    folder.mkdir(parents=True, exist_ok=True)
    towns = [(f"{ADCODE}{number:03d}", name) for number, name in enumerate(TOWNS, 1)]
    villages = [
        (f"{code}{number:03d}", f"{name[:2]}{'一二三'[number - 1]}村委会", code)
        for code, name in towns
        for number in range(1, VILLAGES_PER_TOWN + 1)
    ]
    tables = {
        "provinces": ["code,name", "99,示例省"],
        "cities": ["code,name,provinceCode", "9901,示例市,99"],
        "areas": ["code,name,cityCode,provinceCode", f"{ADCODE},{NAME},9901,99"],
        "streets": ["code,name,areaCode,provinceCode,cityCode", *(f"{c},{n},{ADCODE},99,9901" for c, n in towns)],
        "villages": ["code,name,streetCode,provinceCode,cityCode,areaCode"]
        + [f"{c},{n},{street},99,9901,{ADCODE}" for c, n, street in villages],
    }
    csv = {f"package/dist/{name}.csv": "\n".join(rows) + "\n" for name, rows in tables.items()}
    _write(folder / china_division.PACKAGE.file_name, csv)
    outline = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": ADCODE,
                "properties": {"name": NAME},
                "geometry": {"type": "Polygon", "coordinates": OUTLINE},
            }
        ],
    }
    text = json.dumps(outline, ensure_ascii=False, separators=(",", ":"))
    _write(folder / county_outlines.PACKAGE.file_name, {f"package/src/示例省/示例市/{NAME}.geojson": text})
    return folder


def _write(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
