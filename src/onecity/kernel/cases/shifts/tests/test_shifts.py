"""The roster, who fits a case and why, cases given by themselves, and a shift handed over and back."""

import datetime as dt
from uuid import UUID

import pytest
from django.test import Client
from django.utils import translation

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.logic.provisions import Sending
from onecity.kernel.cases.models import Case, CaseEvent, Duty, HandOver
from onecity.kernel.cases.shifts import automatic, handing, roster, suggesting
from onecity.kernel.cases.shifts.logic.fitting import OnDuty, rank
from onecity.kernel.cases.shifts.roster import NewDuty
from onecity.kernel.cases.tests.conftest import MONDAY, TOWN_A, TOWN_B, VILLAGE_A, Town, clock, litter, town
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem

__all__ = ["clock", "town"]
HOUR = dt.timedelta(hours=1)


def person(
    number: int, path: str, *skills: str, load: int = 0, late: int = 0, until: dt.datetime = MONDAY + HOUR
) -> OnDuty:
    return OnDuty(UUID(int=number), path, until, frozenset(skills), load, late)


def turn(town: Town, name: str, path: str = TOWN_A, **more: object) -> Duty:
    values: dict[str, object] = {"start": MONDAY - HOUR, "end": MONDAY + 9 * HOUR, **more}
    return Duty.objects.create(account_id=town[name].id, division_path=path, **values)


def test_who_is_able_near_and_has_little_to_do_comes_first() -> None:
    people = [
        person(1, "d/t/", load=4),
        person(2, "d/t/v/", load=5),  # one level nearer: like three more cases to him
        person(3, "d/", "drainage", load=9, late=1),
        person(4, "d/x/", "drainage"),  # elsewhere
        person(5, "d/t/v/", "drainage", until=MONDAY),  # just over
        person(6, "d/t/v/", load=20),
        person(6, "d/", load=20),  # twice on duty: the closest counts
    ]
    found = rank(people, "d/t/v/", frozenset(), MONDAY)
    assert [(fit.person.account_id.int, fit.above, fit.weight) for fit in found] == [
        (2, 0, 5), (1, 1, 6), (3, 2, 15), (6, 0, 20),
    ]  # fmt: skip
    able = rank(people, "d/t/v/", frozenset({"drainage"}), MONDAY)
    assert [(fit.person.account_id.int, sorted(fit.missing)) for fit in able][:2] == [(3, []), (2, ["drainage"])]
    assert rank([], "d/", frozenset(), MONDAY) == []


def test_the_reason_names_area_end_skill_and_load(town: Town) -> None:
    service.publish(
        CaseTypeDecl("burst", "Burst", organisation="office-a", provides=Provides(sending=Sending(("drainage",)))),
        effective_from=MONDAY - HOUR,
    )
    case = service.open_case(litter(type_name="burst"))
    turn(town, "handler_a", VILLAGE_A, skills=["drainage"])
    turn(town, "second_a")
    turn(town, "handler_b", TOWN_B, skills=["drainage"])
    turn(town, "dispatcher_a", start=MONDAY + HOUR)
    mine = service.open_case(litter())
    service.assign(mine.id, town["handler_a"].id, None)
    with translation.override("en"):
        found = suggesting.for_case(case)
    assert [(one.account_id, one.able) for one in found] == [(town["handler_a"].id, True), (town["second_a"].id, False)]
    assert found[0].why == "on duty for 区划990100001001 until 11-23 19:00; can: Drainage and floods; 1 open"
    assert found[1].why == "on duty for 区划990100001 until 11-23 19:00; does not have: Drainage and floods; 0 open"


def test_kinds_that_say_so_are_given_by_themselves_once(town: Town) -> None:
    service.publish(
        CaseTypeDecl("auto", "Auto", organisation="office-a", provides=Provides(sending=Sending(automatic=True))),
        effective_from=MONDAY - HOUR,
    )
    cases = [service.open_case(litter(type_name="auto")) for _n in range(4)]
    by_hand = service.open_case(litter())
    assert automatic.assign_waiting() == 0  # nobody is on duty
    turn(town, "handler_a")
    turn(town, "second_a")
    assert automatic.assign_waiting() == 4
    # load by load: two for each
    given = [str(case.assignee_id) for case in Case.objects.filter(type_name="auto")]
    assert sorted(given) == sorted([str(town["handler_a"].id), str(town["second_a"].id)] * 2)
    assert Case.objects.get(id=by_hand.id).assignee_id is None
    entry = CaseEvent.objects.get(case_id=cases[0].id, action="assign")
    assert (entry.actor_id, "当班" in entry.note) == (None, True)
    # who takes a case back from its assignee decides himself
    service.assign(cases[0].id, None, town["dispatcher_a"])
    assert automatic.assign_waiting() == 0
    assert Case.objects.get(id=cases[0].id).assignee_id is None


def test_a_turn_is_entered_for_several_days_once(town: Town) -> None:
    new = NewDuty(town["handler_a"].id, TOWN_A, ["roads"], MONDAY, MONDAY + 12 * HOUR, 3)
    roster.enter(new, town["dispatcher_a"])
    roster.enter(new, town["dispatcher_a"])
    assert list(Duty.objects.values_list("start", flat=True)) == [MONDAY + n * 24 * HOUR for n in range(3)]
    assert [t.running for t in roster.of_day(town["dispatcher_a"], dt.date(2026, 11, 23))] == [True]
    assert roster.of_day(town["handler_b"], dt.date(2026, 11, 23)) == []
    roster.remove(Duty.objects.earliest("start").id, town["dispatcher_a"])
    assert Duty.objects.count() == 2


@pytest.mark.parametrize(
    ("who", "path", "hours", "days", "status"),
    [("handler_a", TOWN_A, 0, 1, 422), ("handler_a", TOWN_A, 49, 1, 422), ("handler_a", TOWN_A, 8, 63, 422),
     ("handler_b", TOWN_A, 8, 1, 422), ("handler_b", TOWN_B, 8, 1, 403)],
)  # fmt: skip
def test_a_turn_that_cannot_be_is_refused(town: Town, who: str, path: str, hours: int, days: int, status: int) -> None:
    with pytest.raises(Problem) as caught:
        roster.enter(NewDuty(town[who].id, path, [], MONDAY, MONDAY + hours * HOUR, days), town["dispatcher_a"])
    assert caught.value.status == status
    assert Duty.objects.count() == 0


def _three(town: Town) -> list[Case]:
    cases = [service.open_case(litter()) for _n in range(3)]
    for case in cases:
        service.assign(case.id, town["handler_a"].id, None)
    return cases


def test_a_shift_is_handed_over_in_one_act_and_back_in_one(town: Town) -> None:
    cases = _three(town)
    made = handing.hand_over(town["handler_a"], town["second_a"], town["handler_a"], "夜班接手")
    assert set(Case.objects.values_list("assignee_id", flat=True)) == {town["second_a"].id}
    notes = CaseEvent.objects.filter(action="assign", actor_id=town["handler_a"].id).values_list("note", flat=True)
    assert len(notes) == 3
    assert all("夜班接手" in note for note in notes)
    # one was worked on meanwhile: it stays, and says why
    service.act(cases[0].id, "accept", town["second_a"])
    handing.undo(made.id, town["second_a"])
    handing.undo(made.id, town["second_a"])
    assert Case.objects.get(id=cases[0].id).assignee_id == town["second_a"].id
    assert {Case.objects.get(id=case.id).assignee_id for case in cases[1:]} == {town["handler_a"].id}
    assert sorted((one.returned, bool(one.kept)) for one in made.cases.all()) == [
        (False, True), (True, False), (True, False),
    ]  # fmt: skip
    assert CaseEvent.objects.filter(case_id=cases[1].id).count() == 4


def test_a_case_that_the_next_one_may_not_have_stays_and_the_rest_goes(town: Town) -> None:
    near, foreign = service.open_case(litter()), service.open_case(litter(division_path=TOWN_B))
    for case in (near, foreign):
        service.assign(case.id, town["dispatcher"].id, None)
    made = handing.hand_over(town["dispatcher"], town["second_a"], town["dispatcher"], "调班")
    assert Case.objects.get(id=near.id).assignee_id == town["second_a"].id
    kept = Case.objects.get(id=foreign.id)
    assert (kept.assignee_id, kept.version) == (town["dispatcher"].id, 2)
    stayed = made.cases.exclude(why="").get()
    assert (stayed.case_id, stayed.version) == (foreign.id, 0)


def test_nobody_hands_over_the_cases_of_others_without_the_right(town: Town) -> None:
    cases = _three(town)
    made = handing.hand_over(town["handler_a"], town["dispatcher_a"], town["second_a"], "越权")
    assert made.cases.filter(why="").count() == 0
    assert set(Case.objects.values_list("assignee_id", "version")) == {(town["handler_a"].id, 2)}
    for giver, taker, note in [
        ("handler_a", "handler_a", "x"),
        ("handler_a", "second_a", " "),
        ("handler_b", "second_a", "x"),
    ]:
        with pytest.raises(Problem) as caught:
            handing.hand_over(town[giver], town[taker], town["dispatcher"], note)
        assert caught.value.status == 422
    assert HandOver.objects.count() == 1
    with pytest.raises(Problem) as hidden:
        handing.undo(made.id, town["handler_b"])
    assert hidden.value.status == 404
    assert len(cases) == 3


def test_row_security_of_roster_and_hand_overs(town: Town, app_role: None) -> None:
    with acting_as(town["dispatcher"].id):
        turn(town, "handler_a")
        turn(town, "handler_b", TOWN_B)
    with acting_as(town["handler_a"].id):
        _mine = service.open_case(litter())
        service.assign(_mine.id, town["handler_a"].id, town["handler_a"])
        assert Duty.objects.count() == 1
        assert Duty.objects.update(skills=["roads"]) == 0
        made = handing.hand_over(town["handler_a"], town["second_a"], town["handler_a"], "换班")
        assert made.cases.filter(why="").count() == 1
    with acting_as(town["second_a"].id):
        assert Case.objects.get().assignee_id == town["second_a"].id
        handing.undo(made.id, town["second_a"])
        assert Case.objects.get().assignee_id == town["handler_a"].id
    with acting_as(town["handler_b"].id):
        assert HandOver.objects.count() == 0
    with acting_as(None):
        assert (Duty.objects.count(), HandOver.objects.count()) == (0, 0)


def test_the_pages_of_roster_and_hand_over(town: Town, client: Client, clock: FixedClock) -> None:
    client.force_login(town["handler_a"])
    assert client.get("/desk/shifts").status_code == 200
    client.force_login(town["dispatcher_a"])
    filled = {"account": str(town["handler_a"].id), "division": TOWN_A, "start": "2026-11-23T08:00",
              "end": "2026-11-23T20:00", "days": "2", "skills": ["roads"]}  # fmt: skip
    assert client.post("/desk/shifts", filled).status_code == 302
    assert client.post("/desk/shifts", {**filled, "end": "2026-11-23T07:00"}).status_code == 422
    assert client.post("/desk/shifts", {**filled, "division": TOWN_B}).status_code == 403
    page = client.get("/desk/shifts?day=2026-11-24").content.decode()
    assert "handler_a·姓名" in page
    case = service.open_case(litter())
    shown = client.get(f"/desk/cases/{case.id}").content.decode()
    assert "handler_a·姓名" in shown
    assert "当班" in shown
    _three(town)
    client.force_login(town["handler_a"])
    assert client.get("/desk/shifts/hand-over").status_code == 200
    empty = {"giver": str(town["handler_a"].id), "taker": str(town["second_a"].id), "note": ""}
    assert client.post("/desk/shifts/hand-over", empty).status_code == 422
    done = client.post("/desk/shifts/hand-over", {**empty, "note": "换班"})
    assert done.status_code == 302
    assert client.get(done.headers["Location"]).status_code == 200
    assert client.post(f"{done.headers['Location']}/undo").status_code == 302
    assert Case.objects.filter(assignee_id=town["handler_a"].id).count() == 3
    assert client.get(done.headers["Location"]).status_code == 200
    duty = Duty.objects.earliest("start")
    assert client.post(f"/desk/shifts/{duty.id}/remove").status_code == 403
    client.force_login(town["dispatcher_a"])
    assert client.post(f"/desk/shifts/{duty.id}/remove").status_code == 302
    assert Duty.objects.count() == 1
