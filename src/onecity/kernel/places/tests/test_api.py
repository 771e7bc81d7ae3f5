"""The public reads: lists, one division, the division of a point, and map layers with their tags."""

import json

import pytest
import shapely
from django.test import Client

from onecity.kernel.core.geometry import areal_part
from onecity.kernel.places import layers
from onecity.kernel.places.logic import seeds, voronoi
from onecity.kernel.places.models import Division
from onecity.kernel.places.tests.test_voronoi import coast
from onecity.kernel.places.tests.trees import box, four_towns

pytestmark = pytest.mark.django_db

BASE = "/api/places"


def test_the_list_can_be_narrowed_and_paged(client: Client) -> None:
    four_towns()
    towns = client.get(f"{BASE}/divisions", {"level": "town"}).json()
    assert [town["code"] for town in towns] == [f"99010100{n}" for n in range(1, 5)]
    assert towns[0] == {
        "path": "adm/990101/990101001/",
        "tree": "adm",
        "code": "990101001",
        "name": "东街道",
        "level": "town",
        "parent": "adm/990101/",
        "lon": None,
        "lat": None,
        "approximate": False,
        "source": "",
        "valid_from": None,
        "valid_to": None,
    }
    below = client.get(f"{BASE}/divisions", {"parent": "adm/990101/990101002/"}).json()
    assert [one["name"] for one in below] == ["上村", "下村"]
    first = client.get(f"{BASE}/divisions", {"limit": 5}).json()
    second = client.get(f"{BASE}/divisions", {"limit": 50, "after": first[-1]["path"]}).json()
    assert len(first) + len(second) == 13
    assert client.get(f"{BASE}/divisions", {"tree": "park"}).json() == []


def test_one_division_with_what_is_below_it(client: Client) -> None:
    four_towns()
    found = client.get(f"{BASE}/divisions/adm/990101/990101001/", {"geometry": "true"}).json()
    assert (found["title"], [one["code"] for one in found["children"]]) == ("东街道", ["990101001001", "990101001002"])
    assert shapely.from_geojson(json.dumps(found["geometry"])).equals(box(0, 0))
    assert client.get(f"{BASE}/divisions/adm/990101").json()["geometry"] is None


def test_the_division_of_a_point(client: Client) -> None:
    four_towns()
    inside = client.get(f"{BASE}/locate", {"lon": "150.05", "lat": "20.01", "level": "town"}).json()
    assert inside == {"path": "adm/990101/990101001/", "title": "东街道", "level": "town"}
    assert client.get(f"{BASE}/locate", {"lon": 0, "lat": 0}).json() == {"path": "", "title": "", "level": ""}


@pytest.mark.parametrize(
    "query", [{"lon": "x", "lat": 1}, {"lon": 181, "lat": 1}, {"lat": 1}, {"lon": "nan", "lat": 1}]
)
def test_points_that_are_none_are_refused(client: Client, query: dict[str, str | int]) -> None:
    assert client.get(f"{BASE}/locate", query).status_code == 422


def test_a_layer_is_geojson_and_is_not_sent_twice(client: Client) -> None:
    four_towns()
    response = client.get(f"{BASE}/layers/town.geojson")
    assert response.headers["Content-Type"] == "application/geo+json"
    features = json.loads(response.content)["features"]
    assert [one["properties"]["name"] for one in features] == ["东街道", "西街道", "南街道", "北街道"]
    assert shapely.from_geojson(json.dumps(features[0]["geometry"])).equals(box(0, 0))
    again = client.get(f"{BASE}/layers/town.geojson", HTTP_IF_NONE_MATCH=response.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    Division.objects.filter(code="990101001").update(name="新街道")
    changed = client.get(f"{BASE}/layers/town.geojson", HTTP_IF_NONE_MATCH=response.headers["ETag"])
    assert (changed.status_code, "新街道" in changed.content.decode()) == (200, True)
    assert client.get(f"{BASE}/layers/none.geojson").status_code == 422
    assert client.get(f"{BASE}/layers/town.geojson", {"detail": "tiny"}).status_code == 422


def test_simplified_borders_stay_common() -> None:
    outline = coast(5)
    positions = seeds.spread(outline, 12)
    areas = voronoi.coverage(voronoi.partition(outline, positions, list(range(12)), 12))
    found = layers.simplified(areas, layers.TOLERANCE_M["coarse"] / layers.DEGREE_M * 20)
    assert shapely.coverage_is_valid(list(found))
    assert shapely.get_num_coordinates(found).sum() < 0.8 * shapely.get_num_coordinates(areas).sum()
    assert layers.simplified(areas, 0) is areas
    apart = [box(0, 0), areal_part(shapely.transform(box(1, 0), lambda xy: xy + 1e-11))]
    assert shapely.coverage_is_valid(list(layers.simplified(apart, 1e-5)))


@pytest.mark.parametrize(
    "address",
    [
        "divisions?tree=%00",
        "divisions?level=a%00",
        "divisions?parent=%00",
        "divisions?after=%00",
        "divisions?limit=0",
        "divisions?at=2025-13-01",
        "divisions/%00",
        "locate?lon=1&lat=1&level=%00",
        "locate?lon=1&lat=1&snap_m=1e9",
        "layers/%00.geojson",
        "layers/town.geojson?tree=%00",
    ],
)
def test_odd_values_are_refused_and_break_nothing(client: Client, address: str) -> None:
    assert client.get(f"{BASE}/{address}").status_code in {404, 422}


def test_the_first_and_the_last_day_of_the_calendar(client: Client) -> None:
    four_towns()
    for day, count in (("0001-01-01", 12), ("9999-12-31", 13)):
        assert len(client.get(f"{BASE}/divisions", {"at": day}).json()) == count
