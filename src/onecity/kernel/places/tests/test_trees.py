"""Trees beside the administrative one: from a file and from the H3 grid; and the text of paths."""

import json

import h3
import pytest
import shapely

from onecity.kernel.core.errors import Problem
from onecity.kernel.places import service
from onecity.kernel.places.logic import paths
from onecity.kernel.places.models import Division
from onecity.kernel.places.tests.trees import box, four_towns
from onecity.kernel.places.trees import import_tree, make_grid


def parks(*codes: str) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": f"{code}公园"},
            "geometry": json.loads(shapely.to_geojson(box(number, 0, 0.5, 0.5))),
        }
        for number, code in enumerate(codes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.django_db
def test_parks_from_a_file() -> None:
    assert import_tree(parks("a", "b"), "park", "park", None).opened == ("a", "b")
    assert service.locate([150.02, 150.12, 150.22], [20.01] * 3, tree="park") == ["park/a/", "park/b/", ""]
    assert import_tree(parks("a"), "park", "park", None).closed == ("b",)
    assert service.title_for("park/a/") == "a公园"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "tree"), [(parks("a/b"), "park"), (parks(""), "park"), (parks("a"), "adm"), (parks("a"), "P")]
)
def test_what_cannot_be_a_tree_is_refused(content: bytes, tree: str) -> None:
    with pytest.raises(Problem):
        import_tree(content, tree, "park", None)
    assert not Division.objects.exists()


@pytest.mark.django_db
def test_the_grid_covers_the_district_and_answers_as_h3_does() -> None:
    four_towns()
    report = make_grid("adm/990101/", 7)
    assert len(report.opened) > 100
    lon, lat = [150.03, 150.111, 150.19], [20.04, 20.15, 20.02]
    expected = [f"grid/990101/{h3.latlng_to_cell(y, x, 7)}/" for x, y in zip(lon, lat, strict=True)]
    assert service.locate(lon, lat, tree="grid") == expected
    assert make_grid("adm/990101/", 7).nothing
    with pytest.raises(Problem, match="no such division"):
        make_grid("adm/1/")


def test_paths() -> None:
    path = paths.join(paths.join("adm", "990101"), "990101001")
    assert path == "adm/990101/990101001/"
    assert paths.parent_of(path) == "adm/990101/"
    assert paths.parent_of("adm/990101/") == ""
    assert paths.tree_of(path) == "adm"
    assert paths.code_of(path) == "990101001"
    assert paths.ancestors(path) == ["adm/990101/", path]
    assert paths.contains("adm/990101/", path)
    assert not paths.contains("", path)
    assert not paths.contains("adm/31012/", path)
    assert [paths.tree_of(text) for text in ("", "adm", "/", "adm/x")] == ["", "", "", ""]
    for parent, code in (("adm/1/", "a/b"), ("Adm", "1"), ("adm", ""), ("", "1")):
        with pytest.raises(ValueError, match=r"only"):
            paths.join(parent, code)
