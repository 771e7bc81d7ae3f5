"""Hot spots out of real cases: counted by cell and kind, trends by day, what comes again; within what one may see."""

import datetime as dt
from collections.abc import Iterator
from io import BytesIO

import h3
import numpy as np
import pytest
from django.test import Client
from openpyxl import load_workbook

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.cases.heat import picture
from onecity.kernel.cases.heat import service as hot
from onecity.kernel.cases.heat.logic import cells
from onecity.kernel.cases.heat.service import Heat, Wanted
from onecity.kernel.cases.tests.conftest import MONDAY, TOWN_A, VILLAGE_B, Town, build, litter
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.people.models import Account

DAY = dt.date(2026, 11, 23)
NEXT = DAY + dt.timedelta(days=1)


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    with use_clock(FixedClock(MONDAY)):
        built = build()
        for lon in (121.4000, 121.40005, 121.4500):
            service.open_case(litter(lon=lon, lat=30.9))
        service.open_case(service.NewCase("noise", "噪声", VILLAGE_B, lon=121.4, lat=30.9))
        service.open_case(litter())
        yield built


def heat(account: Account, first: dt.date = DAY, last: dt.date = NEXT, **more: str) -> Heat:
    with acting_as(account.id):
        return hot.heat(Wanted(account, first, last, **more))


def test_cases_are_counted_by_cell_with_the_kind_that_is_most_frequent(town: Town) -> None:
    found = heat(town["dispatcher"])
    assert [(cell.count, cell.of_kind) for cell in found.cells] == [(3, 2), (1, 1)]
    assert found.cells[0].name == cells.cells_of(cells.spots_of(np.array([121.4]), np.array([30.9])), hot.CELL)[0][0]
    assert [(kind.name, kind.count, kind.before, kind.growth) for kind in found.kinds] == [
        ("litter", 4, 0, None),
        ("noise", 1, 0, None),
    ]
    assert [(one.count, one.kind, one.newest.case.lon) for one in found.repeats] == [(2, "litter", 121.40005)]
    assert [cell.count for cell in heat(town["dispatcher"], kind="noise").cells] == [1]


def test_growth_is_against_the_period_before(town: Town) -> None:
    found = heat(town["dispatcher"], NEXT, NEXT)
    assert [(kind.name, kind.count, kind.before, kind.growth) for kind in found.kinds] == [
        ("litter", 0, 4, -1.0),
        ("noise", 0, 1, -1.0),
    ]


def test_the_trend_counts_what_was_opened_and_ended_each_day(town: Town) -> None:
    case = service.open_case(litter())
    with use_clock(FixedClock(MONDAY + dt.timedelta(days=1))):
        service.act(case.id, "cancel", None, "重复")
    found = heat(town["dispatcher"])
    assert [(step.day, step.opened, step.ended) for step in found.trend] == [(DAY, 6, 0), (NEXT, 0, 1)]
    weekly = heat(town["dispatcher"], DAY - dt.timedelta(days=69), NEXT)
    assert (weekly.weekly, len(weekly.trend), sum(step.opened for step in weekly.trend)) == (True, 11, 6)


def test_only_ones_own_cases_are_shown(town: Town, app_role: None) -> None:
    assert [cell.count for cell in heat(town["dispatcher_a"]).cells] == [2, 1]
    assert [cell.count for cell in heat(town["dispatcher"], place=TOWN_A).cells] == [2, 1]
    assert [cell.count for cell in heat(town["handler_b"]).cells] == [1]
    assert heat(town["nobody"]) == Heat([], [], [], heat(town["nobody"]).trend, weekly=False, cut=False)


def test_a_cell_lists_the_cases_it_counts(town: Town) -> None:
    found = heat(town["dispatcher"])
    with acting_as(town["dispatcher"].id):
        for cell in found.cells:
            assert len(hot.in_cell(Wanted(town["dispatcher"], DAY, NEXT), cell.name)) == cell.count
        with pytest.raises(ValueError, match="is no cell"):
            hot.in_cell(Wanted(town["dispatcher"], DAY, NEXT), "x")


def test_every_point_is_in_its_cell() -> None:
    draw = np.random.default_rng(7)
    lon, lat = draw.uniform(121.3, 121.7, 500), draw.uniform(30.8, 31.1, 500)
    spots = cells.spots_of(lon, lat)
    exact = [h3.latlng_to_cell(round(y, 4), round(x, 4), cells.SPOT) for x, y in zip(lon, lat, strict=True)]
    names, number = cells.cells_of(spots, cells.SPOT)
    assert [names[n] for n in number] == exact
    names, number = cells.cells_of(spots, hot.CELL)
    assert [names[n] for n in number] == [h3.cell_to_parent(cell, hot.CELL) for cell in exact]
    for n, name in enumerate(names):
        assert (cells.holding(name, lon, lat) == (number == n)).all()
    counted = cells.counted(names, number, np.zeros(500, dtype=np.int64))
    assert counted.count.sum() == 500
    assert (np.diff(counted.count) <= 0).all()


def test_pictures_of_nothing_are_nothing() -> None:
    assert picture.heat_map([], [], str) == ""
    assert picture.trend([]) == ""


def test_the_pages_and_their_workbooks(town: Town, client: Client) -> None:
    client.force_login(town["dispatcher_a"])
    period = "first=2026-11-01&last=2026-11-30"
    page = client.get(f"/desk/hotspots?{period}")
    assert page.status_code == 200
    assert page.content.decode().count("<polygon") == 2
    cell = cells.cells_of(cells.spots_of(np.array([121.4]), np.array([30.9])), hot.CELL)[0][0]
    assert client.get(f"/desk/hotspots/cell?cell={cell}&{period}").content.decode().count("路口有暴露垃圾") == 2
    assert client.get(f"/desk/hotspots/cell?cell=x&{period}").status_code == 404
    sheet = load_workbook(
        BytesIO(client.get(f"/desk/hotspots/cell?cell={cell}&{period}&format=xlsx").content)
    ).worksheets[0]
    assert (sheet["A1"].value, sheet.max_row) == (str(town["dispatcher_a"]), 4)
    kinds = load_workbook(BytesIO(client.get(f"/desk/hotspots?{period}&format=xlsx").content)).worksheets[0]
    assert [kinds.cell(3, column).value for column in (2, 3)] == [4, 0]
    assert AuditEvent.objects.filter(action="cases.hotspots.export", actor_id=town["dispatcher_a"].id).count() == 2
    assert client.get("/desk/hotspots?first=2026-11-30&last=2026-11-01").status_code == 422
    client.force_login(town["nobody"])
    assert client.get("/desk/hotspots").status_code == 403
