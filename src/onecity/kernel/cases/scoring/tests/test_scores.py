"""The score card out of real histories: counted for the office that has the case, within what one may see, and exported."""

import datetime as dt
import json
from collections.abc import Iterator
from io import BytesIO

import pytest
from django.test import Client
from openpyxl import load_workbook

from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import catalogue, rating, service, suggesting
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.rating import Given
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.scoring import drilling
from onecity.kernel.cases.scoring import service as scores
from onecity.kernel.cases.scoring.service import Line
from onecity.kernel.cases.suggesting import Suggestion
from onecity.kernel.cases.tests.conftest import LONG_AGO, MONDAY, TOWN_A, VILLAGE_A, VILLAGE_B, Town, build, litter
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

DAY = dt.date(2026, 11, 23)


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    with use_clock(FixedClock(MONDAY)) as fixed:
        yield fixed


@pytest.fixture
def town(db: None, clock: FixedClock) -> Town:
    built = build()
    catalogue.install(catalogue.shipped(), effective_from=LONG_AGO)
    return built


def handled(where: str, *, result: str = "solved", stars: int = 0, late: bool = False, clock: FixedClock) -> Case:
    resident = Account.objects.create_user(f"r{Case.objects.count()}", assurance_level=2)
    case = service.open_case(
        service.NewCase("hotline_help", "路灯不亮", where, reporter=Person("王", account_id=resident.id))
    )
    service.act(case.id, "accept", None)
    service.act(case.id, "dispatch", None)
    service.act(case.id, "contact", None, "", {"reached": not late})
    service.act(case.id, "start", None)
    service.act(case.id, "finish", None, "好", {"result": result})
    service.act(case.id, "review", None)
    ended = service.act(case.id, "close", None, "好")
    if stars:
        rating.rate(ended, Given(stars), resident)
    return ended


def lines(account: Account, place: str = "") -> dict[str, Line]:
    with acting_as(account.id):
        return {line.office.name: line for table in scores.tables(DAY, DAY, place) for line in table.lines}


def test_what_happened_is_counted_for_the_office_that_has_it(town: Town, clock: FixedClock) -> None:
    handled(VILLAGE_A, stars=5, clock=clock)
    handled(VILLAGE_A, result="explained", stars=1, clock=clock)
    handled(VILLAGE_B, stars=3, late=True, clock=clock)
    found = lines(town["dispatcher"])
    a, b = found["城运中心a"], found["城运中心b"]
    assert {name: a.counts[name] for name in ("received", "reached", "settled", "solved", "ended", "ratings")} == {
        "received": 2, "reached": 2, "settled": 2, "solved": 1, "ended": 2, "ratings": 2,
    }  # fmt: skip
    assert (b.counts["reached"], b.counts["missed"], b.counts["satisfaction"]) == (0.0, 1.0, 0.8)
    assert a.points == {"received": pytest.approx(10 / 3), "contacted": 30, "settled": 20, "satisfied": 20}
    assert (a.rates["solved"], a.rates["on_time"], b.rates["first_contact"]) == (0.5, 1.0, 0.0)


def test_only_offices_of_ones_own_divisions_are_shown(town: Town, clock: FixedClock) -> None:
    handled(VILLAGE_A, clock=clock)
    handled(VILLAGE_B, clock=clock)
    assert set(lines(town["dispatcher_a"])) == {"城运中心a"}
    assert set(lines(town["handler_b"])) == {"城运中心b"}
    assert lines(town["nobody"]) == {}
    assert set(lines(town["dispatcher"], TOWN_A)) == {"城运中心a"}


def test_the_function_asks_for_rights_itself(town: Town, clock: FixedClock, app_role: None) -> None:
    with acting_as(None):
        assert [line for table in scores.tables(DAY, DAY) for line in table.lines] == []


def test_another_day_has_other_figures(town: Town, clock: FixedClock) -> None:
    handled(VILLAGE_A, clock=clock)
    with acting_as(town["dispatcher"].id):
        later = scores.tables(DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=9))
    assert all(not table.lines for table in later)


@pytest.mark.parametrize(("first", "last"), [(DAY, DAY - dt.timedelta(days=1)), (DAY - dt.timedelta(days=800), DAY)])
def test_a_period_that_is_none_is_refused(town: Town, first: dt.date, last: dt.date) -> None:
    with pytest.raises(Problem) as caught:
        scores.tables(first, last)
    assert caught.value.status == 422


def test_the_page_and_its_workbook(town: Town, clock: FixedClock, client: Client) -> None:
    handled(VILLAGE_A, stars=5, clock=clock)
    client.force_login(town["dispatcher_a"])
    page = client.get("/desk/scores?first=2026-11-01&last=2026-11-30")
    assert page.status_code == 200
    assert "城运中心a" in page.content.decode()
    answer = client.get("/desk/scores?first=2026-11-01&last=2026-11-30&format=xlsx")
    book = load_workbook(BytesIO(answer.content))
    sheet = book.worksheets[-1]
    assert sheet["A1"].value == str(town["dispatcher_a"])
    assert sheet["A3"].value == "城运中心a"
    assert AuditEvent.objects.filter(action="cases.scores.export", actor_id=town["dispatcher_a"].id).count() == 1
    assert client.get("/desk/scores?first=2026-11-30&last=2026-11-01").status_code == 422
    client.force_login(town["nobody"])
    assert client.get("/desk/scores").status_code == 403


def test_how_often_suggestions_are_followed_stands_on_the_card(town: Town, clock: FixedClock, client: Client) -> None:
    client.force_login(town["dispatcher_a"])
    address, title = "/desk/scores?first=2026-11-01&last=2026-11-30", "建议采纳率"
    assert title not in client.get(address).content.decode()
    for kind in ("exposed_litter", "hotline_help"):
        shown = suggesting.show([Suggestion("exposed_litter", None, 0.9, ())], VILLAGE_A)
        suggesting.chose(shown, service.open_case(service.NewCase(kind, "垃圾", VILLAGE_A)))
    page = client.get(address).content.decode()
    assert title in page
    assert "50.0 %" in page
    assert title not in client.get(address.replace("11-01", "10-01").replace("11-30", "10-31")).content.decode()


def test_every_figure_is_as_long_as_its_list(town: Town, clock: FixedClock) -> None:
    handled(VILLAGE_A, stars=5, clock=clock)
    handled(VILLAGE_A, result="explained", stars=1, clock=clock)
    handled(VILLAGE_B, stars=3, late=True, clock=clock)
    service.open_case(service.NewCase("exposed_litter", "垃圾", VILLAGE_A, source="field"))
    redone = handled(VILLAGE_B, clock=clock)
    service.act(redone.id, "reopen", None, "没修好")
    found = lines(town["dispatcher"])
    with acting_as(town["dispatcher"].id):
        for line in found.values():
            for figure in drilling.FIGURES:
                behind = drilling.behind(line.office.id, figure, DAY, DAY)
                assert (behind.total, behind.hidden) == (line.counts[figure], 0), (line.office.name, figure)
    assert found["城运中心a"].rates["proactive"] == pytest.approx(1 / 3)
    assert found["城运中心b"].counts["redone"] == 1


def test_a_list_holds_only_what_one_may_read(town: Town, clock: FixedClock, app_role: None) -> None:
    with acting_as(town["dispatcher"].id):
        case = service.open_case(litter(), actor=town["dispatcher"])
        service.hand_over(case.id, town.bodies["b"].id, town["dispatcher"], "归你们管")
    with acting_as(town["handler_b"].id):
        found = drilling.behind(town.bodies["b"].id, "received", DAY, DAY)
    # his office received it, and it lies in another town: counted, not shown
    assert (found.total, found.hidden, list(found.acts)) == (1, 1, [])
    with acting_as(town["handler_b"].id):
        assert drilling.behind(town.bodies["a"].id, "received", DAY, DAY).total == 0


def test_the_page_behind_a_figure_and_its_workbook(town: Town, clock: FixedClock, client: Client) -> None:
    service.open_case(
        service.NewCase("hotline_help", "找13812345678说路灯不亮", VILLAGE_A, reporter=Person("王小明", "13812345678"))
    )
    client.force_login(town["dispatcher_a"])
    address = f"/desk/scores/cases?office={town.bodies['a'].id}&figure=received&first=2026-11-01&last=2026-11-30"
    assert address.replace("&", "&amp;") in client.get(
        "/desk/scores?first=2026-11-01&last=2026-11-30"
    ).content.decode().replace("&amp;", "&").replace("&", "&amp;")
    assert "说路灯不亮" in client.get(address).content.decode()
    answer = client.get(f"{address}&format=xlsx")
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    assert (sheet["A1"].value, sheet["C3"].value) == (str(town["dispatcher_a"]), "找138****5678说路灯不亮")
    assert sheet["L3"].value == "王** 138****5678"
    assert str(town["dispatcher_a"]) in sheet.oddFooter.center.text
    event = AuditEvent.objects.get(action="cases.scores.export", actor_id=town["dispatcher_a"].id)
    assert json.loads(event.detail)["figure"] == "received"
    assert client.get(address.replace("received", "nothing")).status_code == 404
    assert client.get("/desk/scores/cases?office=x&figure=late").status_code == 404
