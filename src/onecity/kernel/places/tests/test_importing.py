"""Official outlines replace approximate ones from a day on; a bad file changes nothing and says what is wrong with it."""

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from onecity.kernel.core.datum import gcj02_to_bd09, wgs84_to_gcj02
from onecity.kernel.core.errors import Problem
from onecity.kernel.places import editions, service
from onecity.kernel.places.importing import Options, import_outlines
from onecity.kernel.places.logic.areas import with_areas
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.models import Division
from onecity.kernel.places.tests.trees import box

pytestmark = pytest.mark.django_db

DAY = dt.date(2024, 3, 1)
BEFORE = dt.date(2024, 2, 29)
SIDE = shapely.box(121.0, 31.0, 121.4, 31.4)


def quarter(column: int, row: int) -> BaseGeometry:
    return shapely.box(121.0 + 0.2 * column, 31.0 + 0.2 * row, 121.2 + 0.2 * column, 31.2 + 0.2 * row)


@pytest.fixture(autouse=True)
def approximate_district() -> None:
    """Four towns with three villages each, all derived, in a square on land."""
    root = Entry("990101", "海晏区", "district", shape=SIDE, approximate=True, lon=121.2, lat=31.2)
    towns = [Entry(f"99010100{n}", f"{'东西南北'[n]}镇", "town", "990101") for n in range(4)]
    villages = [
        Entry(f"{town.code}{n:03d}", f"{town.name}{n}村", "village", town.code) for town in towns for n in range(3)
    ]
    editions.apply("adm", [root, *with_areas(SIDE, towns, villages)], None)


def collection(*features: tuple[dict[str, Any], BaseGeometry | None]) -> bytes:
    listed = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": json.loads(shapely.to_geojson(shape)) if shape else None,
        }
        for properties, shape in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": listed}).encode()


def four_quarters(key: str = "code") -> bytes:
    names = [{"code": f"99010100{n}", "name": f"{'东西南北'[n]}镇"} for n in range(4)]
    return collection(*(({key: names[n][key]}, quarter(n % 2, n // 2)) for n in range(4)))


def shapes(level: str, at: dt.date = DAY) -> dict[str, BaseGeometry]:
    rows = service.descendants("adm/990101/", at=at, level=level)
    return {row.code: shapely.from_wkb(bytes(row.geometry)) for row in rows if row.geometry}


def test_all_towns_by_code_and_the_villages_follow() -> None:
    before = shapes("town", BEFORE)
    report = import_outlines(four_quarters(), "town", DAY, options=Options(source="规划局 2024"))
    assert not report.opened
    assert not report.closed
    towns = Division.objects.filter(level="town")
    assert {(row.approximate, row.source, row.current_from) for row in towns} == {(False, "规划局 2024", DAY)}
    assert shapes("town")["990101003"].equals(quarter(1, 1))
    villages = shapes("village")
    assert len(villages) == 12
    assert sum(villages[f"99010100{1}{n:03d}"].area for n in range(3)) == pytest.approx(quarter(1, 0).area)
    assert set(Division.objects.filter(level="village").values_list("approximate", flat=True)) == {True}
    assert shapes("town", BEFORE)["990101003"].equals(before["990101003"])
    assert service.locate(121.39, 31.39, at=DAY, level="town") == ["adm/990101/990101003/"]
    root = service.root()
    assert root is not None
    assert not root.approximate


def test_by_name_and_as_a_correction() -> None:
    import_outlines(four_quarters("name"), "town", None)
    assert shapes("town", BEFORE)["990101000"].equals(quarter(0, 0))


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_file_in_a_chinese_datum_is_brought_to_wgs84(datum: Any) -> None:
    def shift(xy: np.ndarray) -> np.ndarray:
        moved = wgs84_to_gcj02(xy[:, 0], xy[:, 1])
        return np.column_stack(moved if datum == "gcj02" else gcj02_to_bd09(*moved))

    content = collection(({"code": "990101000"}, shapely.transform(quarter(0, 0), shift)))
    import_outlines(content, "town", DAY, options=Options(datum=datum))
    assert shapes("town")["990101000"].equals_exact(quarter(0, 0), 1e-8)


def test_one_official_town_makes_the_approximate_ones_give_way() -> None:
    import_outlines(collection(({"code": "990101000"}, quarter(0, 0))), "town", DAY)
    towns = shapes("town")
    assert towns["990101000"].equals(quarter(0, 0))
    assert sum(shape.area for shape in towns.values()) == pytest.approx(SIDE.area)
    assert all(towns["990101000"].intersection(towns[code]).area < 1e-12 for code in towns if code != "990101000")
    marks = dict(Division.objects.filter(level="town").values_list("code", "approximate"))
    assert marks == {"990101000": False, "990101001": True, "990101002": True, "990101003": True}
    import_outlines(four_quarters(), "town", dt.date(2025, 1, 1))
    assert not Division.objects.filter(level="town", approximate=True).exists()


def test_villages_of_one_town_and_then_the_outline_of_all() -> None:
    import_outlines(four_quarters(), "town", DAY)
    halves = {f"990101000{n:03d}": shapely.box(121.0 + 0.1 * n, 31.0, 121.1 + 0.1 * n, 31.2) for n in range(2)}
    import_outlines(collection(*(({"code": c}, s) for c, s in halves.items())), "village", dt.date(2024, 5, 1))
    on = dt.date(2024, 5, 1)
    assert service.locate([121.05, 121.15], [31.1, 31.1], at=on) == [f"adm/990101/990101000/{code}/" for code in halves]
    assert "990101000002" not in shapes("village", on)
    import_outlines(collection(({"name": "海晏区"}, SIDE.buffer(0.01))), "district", dt.date(2024, 6, 1))
    root = service.root()
    assert root is not None
    assert shapely.from_wkb(bytes(root.geometry or b"")).equals(SIDE.buffer(0.01))


BOWTIE = shapely.Polygon([(121.0, 31.0), (121.2, 31.2), (121.2, 31.0), (121.0, 31.2)])
GOOD = ({"code": "990101000"}, quarter(0, 0))
BAD: list[tuple[str, list[tuple[dict[str, Any], BaseGeometry | None]], str, str]] = [
    (
        "code",
        [({"code": "990101009"}, quarter(0, 0))],
        "features[1] 990101009",
        "No division of this level has its code",
    ),
    ("twice", [GOOD], "features[1] 990101000", "stands in the file more than once"),
    ("nameless", [({"id": 1}, quarter(1, 0))], "features[1]", "It has neither “code” nor “name”"),
    ("no shape", [({"code": "990101001"}, None)], "features[1] 990101001", "not a GeoJSON geometry"),
    (
        "point",
        [({"code": "990101001"}, shapely.Point(121, 31))],
        "features[1] 990101001",
        "An area is needed, this is a Point",
    ),
    ("overlap", [({"code": "990101001"}, shapely.box(121.19, 31.0, 121.4, 31.2))], "东镇", "It overlaps 西镇 by 5.0 %"),
    ("elsewhere", [({"code": "990101001"}, box(0, 0))], "西镇", "It lies outside the division above it"),
    (
        "metres",
        [({"code": "990101001"}, shapely.box(351_000, 3_420_000, 352_000, 3_421_000))],
        "features[1] 990101001",
        "longitude and latitude",
    ),
]


@pytest.mark.parametrize(("features", "field", "reason"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_one_bad_feature_refuses_all(
    features: list[tuple[dict[str, Any], BaseGeometry | None]], field: str, reason: str
) -> None:
    before = list(Division.objects.values_list())
    with pytest.raises(Problem, match="nothing has changed") as caught:
        import_outlines(collection(GOOD, *features), "town", DAY)
    assert [error.field for error in caught.value.errors] == [field]
    assert reason in str(caught.value.errors[0].detail)
    assert list(Division.objects.values_list()) == before


def test_every_bad_feature_is_named_at_once() -> None:
    content = collection(({}, quarter(0, 0)), GOOD, ({"code": "990101001"}, None), ({"code": "x"}, quarter(1, 1)))
    with pytest.raises(Problem) as caught:
        import_outlines(content, "town", DAY)
    assert [error.field for error in caught.value.errors] == ["features[0]", "features[2] 990101001", "features[3] x"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b"{}", b'{"features": []}', b'{"type":"FeatureCollection","features":3}']
)
def test_what_is_no_collection_is_refused(content: bytes) -> None:
    with pytest.raises(Problem, match="not GeoJSON"):
        import_outlines(content, "town", DAY)


def test_features_that_are_no_objects_are_named() -> None:
    with pytest.raises(Problem) as caught:
        import_outlines(b'{"features": [1, null, {"properties": []}]}', "town", DAY)
    assert len(caught.value.errors) == 3


def test_a_repairable_ring_is_repaired() -> None:
    spiked = shapely.Polygon(
        [(121.0, 31.0), (121.2, 31.0), (121.2, 31.1), (121.3, 31.1), (121.2, 31.1), (121.2, 31.2), (121.0, 31.2)]
    )
    assert not spiked.is_valid
    import_outlines(collection(({"code": "990101000"}, spiked)), "town", DAY)
    assert shapes("town")["990101000"].equals(quarter(0, 0))
