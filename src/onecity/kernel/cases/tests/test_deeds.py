"""Side paths of a case: more time, suspension, supervision, help of other bodies, outside bodies, and parts."""

import datetime as dt
from typing import Any

import pytest

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import acting, service
from onecity.kernel.cases.logic.definition import Limit, Provides
from onecity.kernel.cases.logic.provisions import Choice, Contact, Extension, Forwarding, Span, Suspension, Whistle
from onecity.kernel.cases.models import Case, CaseEvent, Participant
from onecity.kernel.cases.tests.conftest import LONG_AGO, Town, litter
from onecity.kernel.cases.types import DEFAULT_LIFE_CYCLE, CaseTypeDecl
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify.models import Message
from onecity.kernel.people.models import Account

PAPERS = Choice("materials", {"zh": "材料不齐", "en": "Papers are missing"})
REASONS = (PAPERS, Choice("weather", {"zh": "天气原因", "en": "Weather"}))
FULL = Provides(
    contact=Contact(Span(1, "working_days")),
    extension=Extension(Span(5, "working_days"), times=1, reasons=REASONS),
    suspension=Suspension(Span(10, "working_days"), reasons=REASONS),
    supervision=Limit(3, "working_days"),
    forwarding=Forwarding((Choice("railway", {"zh": "铁路局", "en": "Railway"}),), clock="pause"),
    whistle=Whistle(Span(4, "working_hours"), rejections=1),
    parts=True,
    joint=True,
)
GUARDED = DEFAULT_LIFE_CYCLE.changed(
    transitions=[
        t.__class__(**{**{f: getattr(t, f) for f in t.__struct_fields__}, "guards": ("parts_ended", "joint_done")})
        for t in DEFAULT_LIFE_CYCLE.transitions
        if t.name == "finish"
    ]
)


@pytest.fixture
def case(town: Town) -> Case:
    service.publish(
        CaseTypeDecl("litter", "Litter", deadline=(5, "working_days"), provides=FULL, life_cycle=GUARDED),
        effective_from=LONG_AGO,
    )
    opened = service.open_case(litter(), actor=town["dispatcher_a"])
    service.assign(opened.id, town["handler_a"].id, town["dispatcher_a"])
    service.act(opened.id, "accept", town["handler_a"])
    return service.act(opened.id, "start", town["handler_a"])


def do(case: Case, action: str, actor: Account | None, note: str = "说明", **data: Any) -> Case:
    return service.act(case.id, action, actor, note, data)


def refused(case: Case, action: str, actor: Account, status: int, note: str = "说明", **data: Any) -> Problem:
    """The deed is refused, and nothing at all has changed."""
    before = (Case.objects.filter(id=case.id).values().get(), CaseEvent.objects.count(), Participant.objects.count())
    with pytest.raises(Problem) as caught:
        do(case, action, actor, note, **data)
    assert caught.value.status == status
    after = (Case.objects.filter(id=case.id).values().get(), CaseEvent.objects.count(), Participant.objects.count())
    assert before == after
    return caught.value


def test_more_time_is_asked_by_one_and_granted_by_another(case: Case, town: Town) -> None:
    before = case.deadline
    assert before is not None
    refused(case, "ask_extension", town["handler_a"], 422, amount=9, reason="weather")
    refused(case, "ask_extension", town["handler_a"], 422, amount=2, reason="mood")
    refused(case, "ask_extension", town["handler_a"], 422, note="", amount=2, reason="weather")
    asked = do(case, "ask_extension", town["handler_a"], amount=2, reason="weather")
    assert (asked.asked, asked.deadline) == ("extension", before)
    refused(case, "grant_extension", town["handler_a"], 403)
    granted = do(case, "grant_extension", town["dispatcher_a"])
    assert (granted.asked, granted.deadline) == ("", before + dt.timedelta(days=2))
    refused(granted, "ask_extension", town["handler_a"], 422, amount=1, reason="weather")


def test_nobody_grants_himself_more_time(case: Case, town: Town) -> None:
    do(case, "ask_extension", town["dispatcher_a"], amount=2, reason="weather")
    refused(case, "grant_extension", town["dispatcher_a"], 422)
    refusal = do(case, "refuse_extension", town["dispatcher"])
    assert (refusal.asked, refusal.deadline) == ("", case.deadline)


def test_more_time_is_asked_for_before_it_is_over(case: Case, town: Town, clock: FixedClock) -> None:
    clock.advance(dt.timedelta(days=9))
    refused(case, "ask_extension", town["handler_a"], 422, amount=2, reason="weather")


def test_a_suspended_case_has_no_deadline_and_gets_it_back(case: Case, town: Town, clock: FixedClock) -> None:
    before = case.deadline
    assert before is not None
    refused(case, "suspend", town["handler_a"], 403, reason="weather")
    still = do(case, "suspend", town["dispatcher_a"], reason="weather")
    assert (still.deadline, still.final_deadline, still.paused_since) == (None, None, clock_now(clock))
    assert still.sweep_at == dt.datetime(2026, 12, 7, 9, 30, tzinfo=dt.UTC)
    refused(still, "ask_extension", town["handler_a"], 409, amount=2, reason="weather")
    clock.advance(dt.timedelta(days=2))
    again = do(case, "resume", town["dispatcher_a"])
    assert again.paused_since is None
    assert again.deadline == before + dt.timedelta(days=2)


def clock_now(clock: FixedClock) -> dt.datetime:
    return dt.datetime.fromtimestamp(clock.now_us() / 1e6, dt.UTC)


def test_what_is_stored_is_what_the_ledger_says(case: Case, town: Town, clock: FixedClock) -> None:
    do(case, "ask_extension", town["handler_a"], amount=3, reason="weather")
    do(case, "grant_extension", town["dispatcher_a"])
    do(case, "suspend", town["dispatcher_a"], reason="weather")
    clock.advance(dt.timedelta(days=1))
    stored = do(case, "resume", town["dispatcher_a"])
    ledger = CaseEvent.objects.filter(case_id=case.id, action__in=["grant_extension", "suspend", "resume"])
    assert [e.actor_name for e in ledger.order_by("version")] == [str(town["dispatcher_a"])] * 3
    assert stored.deadline == dt.datetime(2026, 12, 4, 9, 30, tzinfo=dt.UTC)


def test_supervision_has_its_own_limit_and_is_answered(case: Case, town: Town) -> None:
    refused(case, "supervise", town["handler_a"], 403)
    role = town["dispatcher"].role_assignments.get().role
    role.permissions = [*role.permissions, "cases.supervise"]
    role.save()
    watched = do(case, "supervise", town["dispatcher"])
    assert watched.supervised_until == dt.datetime(2026, 11, 26, 9, 30, tzinfo=dt.UTC)
    refused(watched, "answer_supervision", town["handler_a"], 422, note="")
    assert do(case, "answer_supervision", town["handler_a"]).supervised_until is None


def test_the_first_word_counts_only_when_the_resident_was_reached(case: Case, town: Town) -> None:
    refused(case, "contact", town["handler_a"], 422)
    assert do(case, "contact", town["handler_a"], reached=False).contacted_at is None
    reached = do(case, "contact", town["handler_a"], reached=True)
    assert reached.contacted_at is not None
    refused(case, "contact", town["handler_a"], 409, reached=True)


def test_joint_handling_ends_only_when_everybody_has_done_his_share(case: Case, town: Town) -> None:
    b, own = town.bodies["b"], town.bodies["a"]
    refused(case, "join", town["dispatcher_a"], 422, organisations=[str(own.id)])
    refused(case, "join", town["dispatcher_a"], 422, organisations=["nonsense"])
    do(case, "join", town["dispatcher_a"], organisations=[str(b.id)])
    assert Message.objects.filter(template="case_called", account_id=town["handler_b"].id).count() == 1
    refused(case, "join", town["dispatcher_a"], 422, organisations=[str(b.id)])
    with pytest.raises(Problem) as caught:
        service.act(case.id, "finish", town["handler_a"], "清理完毕")
    assert [e.field for e in caught.value.errors] == ["action"]
    do(case, "joint_done", town["handler_b"])
    refused(case, "joint_done", town["handler_b"], 409)
    assert service.act(case.id, "finish", town["handler_a"], "清理完毕").state == "handled"


def test_a_call_of_the_grid_may_be_turned_down_once(case: Case, town: Town) -> None:
    office = town.bodies["district"]
    do(case, "whistle", town["handler_a"], organisations=[str(office.id)])
    due = Participant.objects.get(case_id=case.id).due_at
    assert due == dt.datetime(2026, 11, 23, 7, 30, tzinfo=dt.UTC)
    refused(case, "reject_whistle", town["dispatcher"], 422, note="")
    do(case, "reject_whistle", town["dispatcher"])
    do(case, "whistle", town["handler_a"], organisations=[str(office.id)])
    refused(case, "reject_whistle", town["dispatcher"], 422)
    do(case, "report_in", town["dispatcher"])
    states = Participant.objects.filter(case_id=case.id).order_by("asked_at", "id").values_list("state", flat=True)
    assert list(states) == ["rejected", "in"]


def test_an_outside_body_stops_the_clock_where_the_type_says_so(case: Case, town: Town, clock: FixedClock) -> None:
    refused(case, "forward", town["dispatcher_a"], 422, body="airport")
    away = do(case, "forward", town["dispatcher_a"], body="railway")
    assert (away.external, away.deadline, away.paused_since) == ("railway", None, clock_now(clock))
    refused(case, "resume", town["dispatcher_a"], 409)
    clock.advance(dt.timedelta(days=1))
    back = do(case, "recall", town["dispatcher_a"])
    assert (back.external, back.deadline) == ("", (case.deadline or LONG_AGO) + dt.timedelta(days=1))


def test_parts_share_the_clock_and_hold_the_whole(case: Case, town: Town) -> None:
    a, b = town.bodies["a"], town.bodies["b"]
    refused(case, "split", town["dispatcher_a"], 422, parts=[])
    refused(case, "split", town["dispatcher_a"], 422, parts=[{"title": "", "organisation_id": str(a.id)}])
    do(
        case,
        "split",
        town["dispatcher_a"],
        parts=[{"title": "清运", "organisation_id": str(a.id)}, {"title": "处罚", "organisation_id": str(b.id)}],
    )
    parts = list(Case.objects.filter(parent_id=case.id).order_by("number"))
    assert [(p.title, p.organisation_id, p.final_deadline) for p in parts] == [
        ("清运", a.id, case.final_deadline),
        ("处罚", b.id, case.final_deadline),
    ]
    with pytest.raises(Problem):
        service.act(case.id, "finish", town["handler_a"], "完")
    for part in parts:
        service.act(part.id, "cancel", None, "已并入")
    told = CaseEvent.objects.filter(case_id=case.id, action="part_ended").values_list("note", flat=True)
    assert sorted(told) == sorted(p.number for p in parts)
    assert service.act(case.id, "finish", town["handler_a"], "完").state == "handled"


def test_what_a_type_does_not_provide_for_is_not_offered(town: Town) -> None:
    plain = service.open_case(litter(type_name="noise"), actor=town["dispatcher_a"])
    for action in ("ask_extension", "suspend", "supervise", "join", "whistle", "forward", "split", "contact"):
        refused(plain, action, town["dispatcher"], 409, reason="weather")


def test_only_what_one_may_do_is_offered(case: Case, town: Town) -> None:
    kind = CaseTypeDecl("litter", "Litter", provides=FULL).definition()
    names = {deed.name for deed in acting.deeds(case, kind, town["handler_a"])}
    assert names == {"contact", "ask_extension", "whistle"}
    names = {deed.name for deed in acting.deeds(case, kind, town["dispatcher_a"])}
    assert names == {"contact", "ask_extension", "whistle", "suspend", "join", "forward", "split"}
    assert acting.deeds(case, kind, town["nobody"]) == ()


def test_the_wall_in_the_database_holds_for_other_bodies(case: Case, town: Town, app_role: None) -> None:
    with acting_as(town["dispatcher_a"].id):
        do(case, "join", town["dispatcher_a"], organisations=[str(town.bodies["b"].id)])
    with acting_as(town["handler_a"].id):
        assert Participant.objects.count() == 1
    with acting_as(town["handler_b"].id):
        assert Participant.objects.count() == 1
        assert Case.objects.filter(id=case.id).count() == 1
        do(case, "joint_done", town["handler_b"])
    with acting_as(town["handler_b"].id):
        assert (Participant.objects.count(), Case.objects.count()) == (0, 0)
    with acting_as(town["nobody"].id):
        assert (Participant.objects.count(), Case.objects.count()) == (0, 0)
