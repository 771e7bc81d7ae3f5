"""The tree by path, its names, and the division of a point, on any day."""

import datetime as dt

import numpy as np
import pytest
from django.db import transaction

from onecity.kernel.places import service
from onecity.kernel.places.models import Division, DivisionState
from onecity.kernel.places.tests.trees import box, division, four_towns

pytestmark = pytest.mark.django_db

ROOT = "adm/990101/"
TOWN = "adm/990101/990101001/"


def test_without_a_district_there_is_no_answer_but_no_error() -> None:
    assert service.root() is None
    assert service.by_path(ROOT) is None
    assert service.children(ROOT) == []
    assert service.locate([150.01], [20.01]) == [""]
    assert service.title_for(TOWN) == "990101001"


def test_the_tree_by_path() -> None:
    district = four_towns()
    assert service.root() == district
    found = service.by_path(TOWN)
    assert found is not None
    assert (found.name, found.level, found.parent_id) == ("东街道", "town", district.pk)
    assert [town.code for town in service.children(ROOT)] == [f"99010100{number}" for number in range(1, 5)]
    assert len(service.descendants(ROOT)) == 12
    assert [one.code for one in service.descendants(TOWN, level="village")] == ["990101001001", "990101001002"]


def test_names_of_one_and_of_many_with_the_towns_before_them() -> None:
    four_towns()
    village = f"{TOWN}990101001002/"
    assert service.title_for(village) == "下村"
    assert service.title_for(village, full=True) == "东街道 下村"
    assert service.title_for(ROOT, full=True) == "海晏区"
    assert service.titles_for([TOWN, "adm/990101/990101009/", "park/1/"]) == {
        TOWN: "东街道",
        "adm/990101/990101009/": "990101009",
        "park/1/": "1",
    }


def test_a_point_lies_in_its_deepest_division_or_in_that_of_the_level_asked_for() -> None:
    four_towns()
    lon, lat = [150.05, 150.15, 151.0, np.nan], [20.01, 20.19, 20.0, 20.0]
    assert service.locate(lon, lat) == [f"{TOWN}990101001001/", f"{ROOT}990101004/990101004002/", "", ""]
    assert service.locate(lon, lat, level="town") == [TOWN, f"{ROOT}990101004/", "", ""]
    assert service.locate(lon, lat, level="district")[:3] == [ROOT, ROOT, ""]
    assert service.locate(150.05, 20.01, level="town") == [TOWN]
    assert service.locate(lon, lat, tree="park") == ["", "", "", ""]


def test_where_villages_have_no_outline_the_town_answers() -> None:
    four_towns()
    Division.objects.filter(code="990101001001").update(geometry=None)
    assert service.locate(150.05, 20.01) == [TOWN]


def test_a_point_just_outside_snaps_only_when_asked() -> None:
    four_towns()
    lon, lat = 150.05, 20.0 - 100 / 111_195
    assert service.locate(lon, lat) == [""]
    assert service.locate(lon, lat, snap_m=90) == [""]
    assert service.locate(lon, lat, snap_m=110) == [f"{TOWN}990101001001/"]


def test_a_change_is_seen_at_once_and_a_rolled_back_one_is_not() -> None:
    four_towns()
    assert service.locate(150.35, 20.05) == [""]
    with transaction.atomic():
        division("990101005", "新街道", "town", service.root(), box(3, 0))
        assert service.locate(150.35, 20.05) == ["adm/990101/990101005/"]
        transaction.set_rollback(True)
    assert service.locate(150.35, 20.05) == [""]
    division("990101006", "另街道", "town", service.root(), box(3, 0))
    assert service.locate(150.35, 20.05) == ["adm/990101/990101006/"]


def test_on_an_earlier_day_the_tree_is_as_it_was_then() -> None:
    four_towns()
    town = Division.objects.get(code="990101001")
    DivisionState.objects.create(
        division=town,
        name="东乡",
        geometry=None,
        lon=150.01,
        lat=20.02,
        valid_from=town.valid_from,
        valid_to=dt.date(2020, 1, 1),
    )
    Division.objects.filter(pk=town.pk).update(current_from=dt.date(2020, 1, 1))
    Division.objects.filter(code="990101004").update(valid_to=dt.date(2021, 7, 1))
    before, after = dt.date(2019, 12, 31), dt.date(2021, 7, 1)
    assert service.title_for(TOWN, at=before) == "东乡"
    assert service.title_for(TOWN, at=after) == "东街道"
    old = service.by_path(TOWN, at=before)
    assert old is not None
    assert (old.name, old.geometry, old.lon) == ("东乡", None, 150.01)
    assert len(service.children(ROOT, at=before)) == 4
    assert len(service.children(ROOT, at=after)) == 3
    assert service.locate(150.15, 20.19, at=before, level="town") == [f"{ROOT}990101004/"]
    assert service.locate(150.15, 20.19, at=after, level="town") == [""]
    assert service.root(at=dt.date(1999, 12, 31)) is None


def test_other_trees_live_beside_the_administrative_one() -> None:
    four_towns()
    park = division("east", "东园", "park", None, box(0.4, 0.4, 0.2, 0.2), tree="park")
    assert service.locate(150.05, 20.05, tree="park") == ["park/east/"]
    assert service.root("park") == park
