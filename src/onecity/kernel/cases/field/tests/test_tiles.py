"""Tiles of the ground meet at their edges and hold what lies in them; what phones sent long ago is forgotten."""

import datetime as dt
import json

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon

from onecity.kernel.cases.field import photos, upkeep
from onecity.kernel.cases.field.logic import tiles
from onecity.kernel.cases.field.logic.tiles import COUNT, Piece
from onecity.kernel.cases.models import FieldAct, FieldPhoto
from onecity.kernel.cases.tests.conftest import Town, clock, town
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id

__all__ = ["clock", "town"]
X, Y = tiles.tile_of(121.45, 30.91)
WEST, SOUTH, EAST, NORTH = tiles.bounds(X, Y)


@given(st.floats(-180, 179.999), st.floats(-85, 85))
def test_a_point_lies_in_its_tile(lon: float, lat: float) -> None:
    west, south, east, north = tiles.bounds(*tiles.tile_of(lon, lat))
    assert west <= lon + 1e-9
    assert lon - 1e-9 <= east
    assert south - 1e-9 <= lat <= north + 1e-9


def test_neighbours_share_their_edge() -> None:
    assert tiles.bounds(X + 1, Y)[0] == EAST
    assert tiles.bounds(X, Y + 1)[3] == SOUTH


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (COUNT, 0), (0, COUNT)])
def test_there_is_no_tile_beyond_the_world(x: int, y: int) -> None:
    with pytest.raises(ValueError, match="no tile"):
        tiles.bounds(x, y)


def test_an_outline_is_cut_to_the_tile_and_a_name_stands_in_one_tile_only() -> None:
    middle = (WEST + EAST) / 2, (SOUTH + NORTH) / 2
    around = Polygon([(WEST - 1, middle[1]), (EAST + 1, middle[1]), (EAST + 1, NORTH + 1), (WEST - 1, NORTH + 1)])
    pieces = [Piece("村", 3, around, *middle), Piece("远", 3, None, WEST - 1, NORTH)]
    found = tiles.content(X, Y, pieces)
    [[depth, line]] = found["lines"]
    assert (depth, len(line)) == (3, 2)
    assert {round(lat, 4) for _lon, lat in line} == {round(middle[1], 4)}
    assert min(lon for lon, _lat in line) == pytest.approx(WEST - tiles.MARGIN, abs=1e-5)
    assert found["names"] == [[3, "村", round(middle[0], 5), round(middle[1], 5)]]
    assert tiles.content(X + 1, Y + 3, pieces) == {"lines": [], "names": []}


def test_the_phone_gets_tiles_and_is_told_when_they_are_the_same(town: Town) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(town["handler_a"])
    x, y = tiles.tile_of(121.4, 30.9)
    answer = client.get(f"/field/tiles/{x}/{y}")
    assert {name for _depth, name, *_point in json.loads(answer.content)["names"]} >= {
        "区划990100001",
        "区划990100001001",
    }
    assert client.get(f"/field/tiles/{x}/{y}", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get(f"/field/tiles/{COUNT}/0").status_code == 404


def test_ids_and_photos_of_long_ago_are_forgotten_and_no_others(town: Town) -> None:
    account, moment = town["handler_a"], now()
    ages = {"old": upkeep.KEYS_LAST + dt.timedelta(hours=1), "young": upkeep.KEYS_LAST - dt.timedelta(hours=1)}
    keys = {name: new_id() for name in ages}
    for name, age in ages.items():
        FieldAct.objects.create(
            account_id=account.id, key=keys[name], digest="", case_id=new_id(), version=1, at=moment - age
        )
    for name, days in (("old", 15), ("young", 13)):
        key, begun = keys[name], moment - dt.timedelta(days=days)
        FieldPhoto.objects.create(account_id=account.id, key=key, size=9, sha256="", begun_at=begun)
        photos._write(photos.path_of(account.id, key), 0, b"x")
    assert upkeep.tidy() == (1, 1)
    assert list(FieldAct.objects.values_list("key", flat=True)) == [keys["young"]]
    assert [photos.path_of(account.id, keys[n]).exists() for n in ("old", "young")] == [False, True]
