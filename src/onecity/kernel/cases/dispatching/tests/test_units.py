"""Units: reports of their phones, who is suggested and why, sending through the case's history, and whose rows they are."""

import datetime as dt
import json

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client
from django.utils import translation

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.cases.dispatching import positions, sending, suggesting, units, urgent
from onecity.kernel.cases.dispatching.positions import Position
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.logic.provisions import Sending
from onecity.kernel.cases.models import Case, CaseEvent, Unit
from onecity.kernel.cases.tests.conftest import MONDAY, TOWN_A, TOWN_B, Town, clock, litter, town
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import FeedEvent

__all__ = ["clock", "town"]
MINUTE = dt.timedelta(minutes=1)


def crew(town: Town, name: str, lon: float, lat: float, **more: object) -> Unit:
    values: dict[str, object] = {"division_path": TOWN_A, "station_lon": lon, "station_lat": lat, **more}
    return Unit.objects.create(name=f"{name}组", account_id=town[name].id, **values)


def grave(**more: object) -> Case:
    return service.open_case(litter(severity="red", lon=121.40, lat=30.90, **more))


def test_of_a_batch_the_newest_position_counts_and_older_ones_change_nothing(town: Town) -> None:
    unit = crew(town, "handler_a", 121.4, 30.9)
    at = [Position(121.41, 30.91, MONDAY - 3 * MINUTE), Position(121.43, 30.93, MONDAY - MINUTE, 8.0),
          Position(121.42, 30.92, MONDAY - 2 * MINUTE)]  # fmt: skip
    found = positions.report(town["handler_a"], at)
    assert (found.moved, found.ahead) == (True, 0)
    unit.refresh_from_db()
    assert (unit.lon, unit.lat, unit.reported_at, unit.accuracy_m) == (121.43, 30.93, MONDAY - MINUTE, 8.0)
    told = FeedEvent.objects.filter(kind="unit").count()
    assert positions.report(town["handler_a"], at).moved is False
    assert positions.report(town["handler_a"], [Position(121.5, 30.5, MONDAY - dt.timedelta(hours=1))]).moved is False
    ahead = positions.report(town["handler_a"], [Position(121.5, 30.5, MONDAY + dt.timedelta(hours=1))])
    assert (ahead.moved, ahead.ahead) == (False, 1)
    unit.refresh_from_db()
    assert (unit.lon, unit.lat) == (121.43, 30.93)
    assert FeedEvent.objects.filter(kind="unit").count() == told == 1


@pytest.mark.parametrize("wrong", [[Position(181.0, 0.0, MONDAY)], [Position(float("nan"), 0.0, MONDAY)],
                                   [Position(0.0, 0.0, MONDAY)] * 501])  # fmt: skip
def test_what_is_no_place_is_refused_as_a_whole(town: Town, wrong: list[Position]) -> None:
    crew(town, "handler_a", 121.4, 30.9)
    with pytest.raises(Problem) as caught:
        positions.report(town["handler_a"], [Position(121.4, 30.9, MONDAY), *wrong])
    assert caught.value.status == 422
    assert Unit.objects.get().lon is None


def test_a_unit_is_sent_reports_and_is_free_again(town: Town) -> None:
    unit = crew(town, "handler_a", 121.41, 30.90)
    case = grave()
    sending.send(case.id, unit.id, town["dispatcher_a"], why="最近")
    unit.refresh_from_db()
    case.refresh_from_db()
    # 0.01° of longitude at 30.9° north, at the 37 km/h of a working day at ten
    assert unit.arrives_at is not None
    assert (unit.arrives_at - MONDAY).total_seconds() == pytest.approx(
        60 * 0.01 * 111.195 * 0.8581 / (37 / 60), rel=1e-3
    )
    assert (unit.state, unit.case_id, case.assignee_id) == ("assigned", case.id, town["handler_a"].id)
    last = CaseEvent.objects.filter(case_id=case.id).latest("version")
    assert (last.action, last.actor_id) == ("assign", town["dispatcher_a"].id)
    assert "最近" in last.note
    assert unit.name in last.note
    # the same click twice
    sending.send(case.id, unit.id, town["dispatcher_a"])
    assert CaseEvent.objects.filter(case_id=case.id).count() == 2
    for state in ("on_the_way", "on_the_way", "on_the_spot"):
        positions.report(town["handler_a"], [], state)
    assert CaseEvent.objects.filter(case_id=case.id, action="comment").count() == 1
    with pytest.raises(Problem) as caught:
        positions.report(town["handler_a"], [], "on_the_way")
    assert caught.value.status == 409
    positions.report(town["handler_a"], [], "free")
    unit.refresh_from_db()
    assert (unit.state, unit.case_id) == ("free", None)
    assert unit.arrives_at is None


def test_who_is_busy_or_off_is_not_sent_and_nothing_changes(town: Town) -> None:
    unit = crew(town, "handler_a", 121.41, 30.90)
    first, second = grave(), grave()
    sending.send(first.id, unit.id, town["dispatcher_a"])
    with pytest.raises(Problem) as caught:
        sending.send(second.id, unit.id, town["dispatcher_a"])
    assert (caught.value.status, caught.value.extra["state"]) == (409, "assigned")
    assert Case.objects.get(id=second.id).version == 1
    with pytest.raises(Problem) as refused:
        sending.send(second.id, unit.id, town["handler_a"])
    assert refused.value.status == 403
    off = crew(town, "second_a", 121.41, 30.90, shift_end=MONDAY - MINUTE)
    with pytest.raises(Problem):
        sending.send(second.id, off.id, town["dispatcher_a"])
    # two looked at the same version: the second sender is told
    third = crew(town, "verifier_a", 121.41, 30.90)
    with pytest.raises(Problem) as late:
        sending.send(first.id, third.id, town["dispatcher_a"], expected_version=1)
    assert late.value.status in {409, 422}
    assert Unit.objects.get(id=third.id).state == "free"


def test_called_back_the_case_waits_again(town: Town) -> None:
    unit = crew(town, "handler_a", 121.41, 30.90)
    case = grave()
    sending.send(case.id, unit.id, town["dispatcher_a"])
    sending.call_back(unit.id, town["dispatcher_a"])
    assert Unit.objects.get().state == "free"
    case.refresh_from_db()
    assert case.assignee_id is None
    sending.call_back(unit.id, town["dispatcher_a"])
    assert CaseEvent.objects.filter(case_id=case.id).count() == 3


def test_a_case_that_ended_or_went_to_another_frees_its_unit(town: Town) -> None:
    unit = crew(town, "handler_a", 121.41, 30.90)
    case = grave()
    sending.send(case.id, unit.id, town["dispatcher_a"])
    service.assign(case.id, town["second_a"].id, town["dispatcher_a"])
    assert [one.state for one in units.visible(town["dispatcher_a"])] == ["free"]
    again = grave()
    sending.send(again.id, unit.id, town["dispatcher_a"])
    assert Unit.objects.get().case_id == again.id


def test_the_nearest_that_can_do_it_is_suggested_with_the_next_one(town: Town) -> None:
    crew(town, "handler_a", 121.401, 30.90)
    near = crew(town, "second_a", 121.41, 30.90, skills=["drainage"])
    far = crew(town, "dispatcher_a", 121.45, 30.90, skills=["drainage", "roads"])
    crew(town, "verifier_a", 121.402, 30.90, skills=["drainage"], shift_start=MONDAY + MINUTE)
    case = grave()
    wanted = [urgent.Urgent(one.row, 15.0, frozenset({"drainage"})) for one in urgent.cases(town["dispatcher_a"])]
    with translation.override("en"):
        found = suggesting.suggest(wanted, units.visible(town["dispatcher_a"]), town["dispatcher_a"])[case.id]
    assert found.unit is not None
    assert found.unit.id == near.id
    assert [able.unit.id for able in found.others] == [near.id, far.id]
    assert found.why == f"The nearest: there in 2 min; {far.name} would need 8 min."
    assert found.late is False


def test_the_last_unit_of_a_busy_quarter_stays_and_the_reason_says_so(town: Town) -> None:
    # thirty urgent cases in half an hour near 121.44, 30.94: A waits there, B a little further from the case covers nothing else
    for _n in range(30):
        service.open_case(litter(severity="orange", lon=121.44, lat=30.94, opened_at=MONDAY - 30 * MINUTE))
    stays = crew(town, "handler_a", 121.42, 30.92)
    goes = crew(town, "second_a", 121.36, 30.88)
    case = grave()
    wanted = [one for one in urgent.cases(town["dispatcher_a"]) if one.case.id == case.id]
    with translation.override("en"):
        found = suggesting.suggest(wanted, units.visible(town["dispatcher_a"]), town["dispatcher_a"])[case.id]
    assert found.unit is not None
    assert found.unit.id == goes.id
    assert f"{stays.name} would be there" in found.why
    assert "uncovered" in found.why


def test_urgent_is_what_its_colour_or_its_kind_says(town: Town) -> None:
    red = grave()
    service.open_case(litter(severity="yellow", lon=121.4, lat=30.9))
    service.open_case(litter(severity="red"))  # without a place nobody can be sent
    assert [one.case.id for one in urgent.cases(town["dispatcher_a"])] == [red.id]
    service.publish(
        CaseTypeDecl("burst", "Burst pipe", provides=Provides(sending=Sending(("drainage",), within_minutes=20.0))),
        effective_from=MONDAY - MINUTE,
    )
    ordinary = service.open_case(litter(type_name="burst", lon=121.4, lat=30.9))
    found = {one.case.id: one for one in urgent.cases(town["dispatcher_a"])}
    assert set(found) == {red.id, ordinary.id}
    assert (found[ordinary.id].within_minutes, found[ordinary.id].skills) == (20.0, frozenset({"drainage"}))


def test_row_security_shows_units_of_the_own_divisions_and_lets_only_dispatchers_and_the_crew_write(
    town: Town, app_role: None
) -> None:
    with acting_as(town["dispatcher"].id):
        own, other = crew(town, "handler_a", 121.4, 30.9), crew(town, "handler_b", 121.4, 30.9, division_path=TOWN_B)
    with acting_as(town["second_a"].id):
        assert set(Unit.objects.values_list("id", flat=True)) == {own.id}
        assert Unit.objects.update(state="off") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            crew(town, "second_a", 121.4, 30.9)
    with acting_as(town["handler_b"].id):
        assert positions.report(town["handler_b"], [Position(121.5, 30.9, MONDAY)]).moved
        assert Unit.objects.filter(id=own.id).update(state="off") == 0
    with acting_as(None):
        assert Unit.objects.count() == 0
    with acting_as(town["dispatcher"].id):
        assert Unit.objects.get(id=other.id).lon == 121.5


def test_the_api_takes_a_batch_and_answers_with_the_unit(town: Town, client: Client) -> None:
    client.force_login(town["handler_a"])
    body = {"positions": [{"lon": 121.43, "lat": 30.93, "at": MONDAY.isoformat()}], "state": "off"}
    address = "/api/dispatching/units/own/report"
    assert client.post(address, json.dumps(body), content_type="application/json").status_code == 404
    unit = crew(town, "handler_a", 121.4, 30.9)
    answer = client.post(address, json.dumps(body), content_type="application/json")
    assert answer.status_code == 200
    assert answer.json()["moved"] is True
    assert (answer.json()["unit"]["id"], answer.json()["unit"]["state"]) == (str(unit.id), "off")
    assert [one["name"] for one in client.get("/api/dispatching/units").json()] == [unit.name]
    assert client.get("/api/dispatching/units/own").json()["lon"] == 121.43
    client.logout()
    assert client.post(address, json.dumps(body), content_type="application/json").status_code == 401


def test_the_desk_shows_who_should_go_and_sends_with_one_click(town: Town, client: Client) -> None:
    unit = crew(town, "handler_a", 121.41, 30.90)
    case = grave()
    client.force_login(town["dispatcher_a"])
    page = client.get("/desk/dispatch")
    assert page.status_code == 200
    assert str(unit.id) in page.content.decode()
    shown = client.get("/desk/dispatch/points").json()["features"]
    assert {one["properties"]["id"] for one in shown} == {f"case-{case.id}", f"unit-{unit.id}"}
    sent = client.post("/desk/dispatch/send", {"case": str(case.id), "unit": str(unit.id), "version": "1"})
    assert sent.status_code == 302
    assert Unit.objects.get().case_id == case.id
    # the suggestion's reason is in the history
    assert CaseEvent.objects.filter(case_id=case.id).latest("version").note.count("分钟") == 1
    assert client.get("/desk/dispatch").status_code == 200
    late = client.post("/desk/dispatch/send", {"case": str(grave().id), "unit": str(unit.id), "version": "1"})
    assert late.status_code == 409
    assert client.post(f"/desk/dispatch/units/{unit.id}/call-back").status_code == 302
    assert Unit.objects.get().state == "free"
    client.force_login(town["handler_a"])
    assert client.get("/desk/dispatch").status_code == 403


def test_a_unit_is_entered_and_changed_on_its_page(town: Town, client: Client) -> None:
    client.force_login(town["dispatcher_a"])
    assert client.get("/desk/dispatch/units/new").status_code == 200
    filled = {"name": "排水1号", "account": str(town["handler_a"].id), "division": TOWN_A, "skills": ["drainage"],
              "station_lon": "121.4", "station_lat": "30.9", "shift_start": "2026-11-23T08:00",
              "shift_end": "2026-11-23T20:00"}  # fmt: skip
    assert client.post("/desk/dispatch/units/new", filled).status_code == 302
    unit = Unit.objects.get()
    assert (unit.skills, unit.division_path, unit.organisation_id) == (["drainage"], TOWN_A, town.bodies["a"].id)
    assert unit.shift_start == dt.datetime(2026, 11, 23, 0, 0, tzinfo=dt.UTC)
    again = client.post("/desk/dispatch/units/new", {**filled, "name": "另一组"})
    assert again.status_code == 422
    foreign = client.post("/desk/dispatch/units/new", {**filled, "division": TOWN_B})
    assert foreign.status_code == 422
    assert client.get(f"/desk/dispatch/units/{unit.id}").status_code == 200
    assert client.post(f"/desk/dispatch/units/{unit.id}", {**filled, "name": "排水2号"}).status_code == 302
    assert Unit.objects.get().name == "排水2号"
    client.force_login(town["dispatcher"])
    assert client.get(f"/desk/dispatch/units/{unit.id}").status_code == 200
