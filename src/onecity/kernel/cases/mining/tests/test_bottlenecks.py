"""Bottlenecks out of real histories: hours that are known, within what one may see, as page, picture and workbook."""

import datetime as dt
import math
from collections.abc import Iterator
from io import BytesIO

import pytest
from django.test import Client
from django.utils import translation
from openpyxl import load_workbook

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.cases.mining import reading
from onecity.kernel.cases.mining import service as mining
from onecity.kernel.cases.mining.picture import graph
from onecity.kernel.cases.mining.service import Report
from onecity.kernel.cases.mining.spans import spoken
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.tests.conftest import MONDAY, TOWN_B, VILLAGE_A, VILLAGE_B, Town, build, litter
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

DAY = dt.date(2026, 11, 23)
HOUR = 3600.0
TURNS = (("accept", 3.0), ("start", 5.0), ("finish", 2.0), ("verify", 1.0), ("close", 1.0))


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    with use_clock(FixedClock(MONDAY)):
        yield build()


def handled(where: str = VILLAGE_A, *, redo: bool = False) -> Case:
    """A case that takes the hours of `TURNS` before each step; somebody looks at it two hours after it was accepted."""
    at = MONDAY
    case = service.open_case(litter(division_path=where))
    steps = [*TURNS[:3], ("redo", 1.0), ("finish", 4.0), *TURNS[3:]] if redo else list(TURNS)
    for name, hours in steps:
        if name == "start":
            with use_clock(FixedClock(at + dt.timedelta(hours=2))):
                service.comment(case.id, None, "看过了")
        at += dt.timedelta(hours=hours)
        with use_clock(FixedClock(at)):
            case = service.act(case.id, name, None, "好")
    return case


def report(account: Account, **more: str) -> Report:
    with acting_as(account.id), translation.override("zh-hans"):
        return mining.report(DAY, DAY, **more)


def test_where_cases_wait_and_where_they_are_worked_on(town: Town) -> None:
    handled()
    handled(redo=True)
    service.open_case(litter())
    found = report(town["dispatcher"], kind="litter")
    by_state = {line.state: line for line in found.lines}
    assert [line.state for line in found.lines] == ["opened", "accepted", "handling", "handled", "verified", "closed"]
    assert (by_state["opened"].waiting, by_state["opened"].working, by_state["opened"].here) == (3 * HOUR, 0, 1)
    assert (by_state["accepted"].waiting, by_state["accepted"].working) == (2 * HOUR, 3 * HOUR)
    # whoever begins does not wait; sent back it waits until it is done again
    assert (by_state["handling"].count, by_state["handling"].waiting, by_state["handling"].lost) == (3, 0, 4 * HOUR)
    assert (by_state["handling"].again, by_state["handled"].again) == (1, 1)
    assert (found.cases, found.ended, found.median) == (3, 2, 14.5 * HOUR)
    assert found.again == pytest.approx(1 / 3)
    assert sorted((len(way.states), way.count, way.median) for way in found.ways) == [
        (6, 1, 12 * HOUR),
        (8, 1, 17 * HOUR),
    ]
    back = [edge for edge in found.edges if edge.source == 3 and edge.target == 2]
    assert [(edge.count, edge.back, edge.median) for edge in back] == [(1, 1, HOUR)]
    assert {line.office for line in found.offices} == {"城运中心a"}


def test_all_kinds_together_begin_with_what_costs_most(town: Town) -> None:
    handled()
    found = report(town["dispatcher"])
    assert [(line.state, line.lost) for line in found.lines][:2] == [("opened", 3 * HOUR), ("accepted", 2 * HOUR)]
    assert (list(found.edges), list(found.ways)) == ([], [])


def test_only_ones_own_divisions_are_looked_at(town: Town, app_role: None) -> None:
    with acting_as(town["dispatcher"].id):
        service.open_case(litter(division_path=VILLAGE_A), actor=town["dispatcher"])
        service.open_case(litter(division_path=VILLAGE_B), actor=town["dispatcher"])
    assert report(town["dispatcher"]).cases == 2
    assert report(town["dispatcher"], place=TOWN_B).cases == 1
    assert report(town["handler_b"]).cases == 1
    assert report(town["nobody"]).cases == 0
    with acting_as(None):
        assert mining.report(DAY, DAY).cases == 0


def test_of_many_cases_some_are_drawn_and_stand_for_all(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [handled(redo=number < 4) for number in range(8)]
    begin, end = MONDAY, MONDAY + dt.timedelta(days=1)
    whole = reading.read(begin, end, "", "")
    assert (len(whole.names.cases), whole.total, whole.cut, whole.factor) == (0, 0, False, 1.0)
    with acting_as(town["dispatcher"].id):
        drawn, again = (reading.read(begin, end, "", "", 4) for _turn in range(2))
        assert not reading.read(begin, end, "", "", 8).cut
    assert (len(drawn.names.cases), drawn.total, drawn.cut, drawn.factor) == (4, 8, True, 2.0)
    assert set(drawn.names.cases) == set(again.names.cases) < {case.id for case in cases}
    monkeypatch.setattr(mining, "MOST", 4)
    found = report(town["dispatcher"], kind="litter")
    by_state = {line.state: line for line in found.lines}
    assert (found.cases, found.ended, found.drawn) == (8, 8, 4)
    assert found.within == pytest.approx(1.96 * math.sqrt(0.25 / 4 * 4 / 7))
    assert (by_state["opened"].count, by_state["opened"].lost) == (8, 8 * 3 * HOUR)
    assert (by_state["opened"].waiting_low, by_state["opened"].waiting_high) == (3 * HOUR, 3 * HOUR)
    assert sum(way.count for way in found.ways) == 8


def test_a_period_that_is_none_is_refused(town: Town) -> None:
    with pytest.raises(Problem) as caught:
        mining.report(DAY, DAY - dt.timedelta(days=1))
    assert caught.value.status == 422


def test_the_picture_names_states_and_escapes_them(town: Town) -> None:
    handled(redo=True)
    found = report(town["dispatcher"], kind="litter")
    with translation.override("en"):
        picture = graph(found.lines, found.edges)
        assert graph([], []) == ""
    assert picture.count('class="box"') == 6
    assert 'class="back"' in picture
    assert "waits 2.0 h, worked on 3.0 h" in picture


@pytest.mark.parametrize(("seconds", "text"), [(59, "1 min"), (5400, "1.5 h"), (86400 * 12, "12 d"), (0, "0 min")])
def test_spans_are_said_in_the_unit_that_fits(seconds: float, text: str) -> None:
    with translation.override("en"):
        assert spoken(seconds) == text


def test_the_page_and_its_workbook(town: Town, client: Client) -> None:
    handled()
    client.force_login(town["dispatcher_a"])
    address = "/desk/bottlenecks?first=2026-11-01&last=2026-11-30"
    assert client.get(address).status_code == 200
    page = client.get(f"{address}&kind=litter").content.decode()
    assert '<svg class="case-flow"' in page
    assert "城运中心a" in page
    answer = client.get(f"{address}&kind=litter&format=xlsx")
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    assert sheet["A1"].value == str(town["dispatcher_a"])
    assert [sheet.cell(3, column).value for column in (4, 7, 12)] == [1, 3, 3]
    assert AuditEvent.objects.filter(action="cases.bottlenecks.export", actor_id=town["dispatcher_a"].id).count() == 1
    assert client.get("/desk/bottlenecks?first=2026-11-30&last=2026-11-01").status_code == 422
    assert "2026-10-01" in client.get("/desk/bottlenecks?first=2026-10-01&last=2026-10-02").content.decode()
    client.force_login(town["nobody"])
    assert client.get("/desk/bottlenecks").status_code == 403
