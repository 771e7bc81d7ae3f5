"""Deadlines over Chinese holidays and shifted working days, and the sweep that reminds and warns once."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from onecity.kernel.cases import service, sweep
from onecity.kernel.cases.logic import deadline
from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import Town, litter
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.calendar import WorkingCalendar
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.notify.models import FeedEvent, Message

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkingCalendar()


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("limit", "start", "due"),
    [
        # one hour before closing, four working hours: the next working day
        (Limit(4, "working_hours"), "2026-11-23 16:30", "2026-11-24 12:00"),
        (Limit(2, "working_hours"), "2026-11-23 11:00", "2026-11-23 14:30"),
        # Friday evening: the hours begin on Monday
        (Limit(4, "working_hours"), "2026-11-27 20:00", "2026-11-30 14:30"),
        (Limit(4, "working_hours", start="next_day"), "2026-11-23 09:00", "2026-11-24 14:30"),
        # National Day 2025: 1 to 8 October free, Saturday 11 October worked, and Sunday 28 September before it
        (Limit(1, "working_days"), "2025-09-30 10:00", "2025-10-09 17:30"),
        (Limit(3, "working_days"), "2025-09-30 10:00", "2025-10-11 17:30"),
        (Limit(1, "working_days"), "2025-09-26 10:00", "2025-09-28 17:30"),
        (Limit(4, "working_hours"), "2025-09-30 16:30", "2025-10-09 12:00"),
        # Spring Festival 2025: 28 January to 4 February free, Sunday 26 January and Saturday 8 February worked
        (Limit(2, "working_days"), "2025-01-25 10:00", "2025-01-27 17:30"),
        (Limit(5, "working_days"), "2025-01-27 10:00", "2025-02-10 17:30"),
        # counting from the same day
        (Limit(1, "working_days", start="same_day"), "2026-11-23 10:00", "2026-11-23 17:30"),
        # calendar days end at midnight, or roll to the next working day where the rule says so
        (Limit(3, "calendar_days"), "2025-09-29 10:00", "2025-10-03 00:00"),
        (Limit(3, "calendar_days", roll=True), "2025-09-29 10:00", "2025-10-09 17:30"),
    ],
)
def test_the_end_of_a_limit(limit: Limit, start: str, due: str) -> None:
    assert deadline.end(limit, at(start), CALENDAR) == at(due)


def test_the_limit_of_the_severity_goes_before_the_general_one() -> None:
    limits = (Limit(5, "working_days"), Limit(4, "working_hours", severities=("red", "orange")))
    assert deadline.limit_for(limits, "", "red") is limits[1]
    assert deadline.limit_for(limits, "", "blue") is limits[0]
    assert deadline.limit_for(limits, "verify", "blue") is None


def test_the_reminder_comes_after_80_percent_of_the_working_time() -> None:
    # Monday 09:00 to Tuesday 17:30 is 14 working hours, 80 % of it 11.2: Tuesday 13:30 plus 1.2 hours less 1
    due = deadline.due(
        (Limit(1, "working_days"),), "", stage="", stage_since=at("2026-11-23 09:00"), opened_at=at("2026-11-23 09:00"),
        calendar=CALENDAR,
    )  # fmt: skip
    assert due.deadline == due.final == at("2026-11-24 17:30")
    assert due.remind_at == at("2026-11-24 14:42")


def test_without_a_limit_nothing_is_due() -> None:
    due = deadline.due(
        (), "", stage="x", stage_since=at("2026-11-23 09:00"), opened_at=at("2026-11-23 09:00"), calendar=CALENDAR
    )
    assert due == deadline.Due(None, None, None)


def actions(case: Case) -> list[str]:
    return list(CaseEvent.objects.filter(case=case).order_by("version").values_list("action", flat=True))


def test_the_sweep_reminds_once_and_warns_once(town: Town, clock: FixedClock) -> None:
    # opened Monday 10:00, to be accepted by 15:30: 4 working hours, 80 % of them are up at 14:42
    case = service.open_case(litter())
    clock.set(at("2026-11-23 14:41"))
    assert (sweep.sweep(), actions(case)) == (0, ["open"])
    clock.set(at("2026-11-23 14:42"))
    assert (sweep.sweep(), sweep.sweep(), actions(case)) == (1, 0, ["open", "due_soon"])
    clock.set(at("2026-11-23 15:29"))
    assert sweep.sweep() == 0
    clock.set(at("2026-11-23 15:30"))
    assert (sweep.sweep(), sweep.sweep(), actions(case)) == (1, 0, ["open", "due_soon", "overdue"])
    case.refresh_from_db()
    assert (case.overdue_since, case.version, case.state) == (at("2026-11-23 15:30"), 3, "opened")
    told = Message.objects.filter(account_id=town["dispatcher_a"].id).order_by("id").values_list("template", flat=True)
    assert list(told) == ["case_opened", "case_due_soon", "case_overdue"]
    published = [e.payload["action"] for e in FeedEvent.objects.filter(kind="case").order_by("id")]
    assert published == ["open", "due_soon", "overdue"]


def test_a_late_sweep_warns_at_once_and_only_once(town: Town, clock: FixedClock) -> None:
    case = service.open_case(litter())
    clock.set(at("2026-12-01 09:00"))
    assert (sweep.sweep(), sweep.sweep(), actions(case)) == (1, 0, ["open", "overdue"])


def test_the_assignee_is_told_and_a_closed_case_is_left_alone(town: Town, clock: FixedClock) -> None:
    mine, gone = service.open_case(litter()), service.open_case(litter())
    service.assign(mine.id, town["handler_a"].id, town["handler_a"])
    service.act(gone.id, "cancel", town["dispatcher_a"], "重复")
    clock.set(at("2026-12-01 09:00"))
    assert sweep.sweep() == 1
    assert Message.objects.get(template="case_overdue").account_id == town["handler_a"].id
    assert actions(gone) == ["open", "cancel"]


def test_accepting_in_time_moves_the_clock_to_the_next_stage(town: Town, clock: FixedClock) -> None:
    case = service.open_case(litter())
    clock.set(at("2026-11-23 14:50"))
    sweep.sweep()
    service.act(case.id, "accept", town["handler_a"])
    clock.set(at("2026-11-23 16:00"))
    assert (sweep.sweep(), actions(case)) == (0, ["open", "due_soon", "accept"])
    clock.set(at("2026-11-25 17:30"))
    assert (sweep.sweep(), actions(case)) == (1, ["open", "due_soon", "accept", "overdue"])


def test_many_are_swept_in_few_statements(town: Town, clock: FixedClock, django_assert_max_num_queries: object) -> None:
    service.publish(CaseTypeDecl("quick", "Quick", deadline=(1, "working_hours")))
    cases = service.open_cases([litter(type_name="quick", source_key=f"q{i}") for i in range(500)])
    clock.set(at("2026-12-01 09:00"))
    with django_assert_max_num_queries(16):  # type: ignore[operator]  # a fixture without types
        assert sweep.sweep() == 500
    assert CaseEvent.objects.filter(action="overdue").count() == len(cases) == 500
    # nobody reads five hundred messages: one says how many there are
    told = Message.objects.filter(account_id=town["dispatcher_a"].id, template__endswith="overdue")
    assert [(m.template, m.context["count"]) for m in told] == [("cases_overdue", 500)]
    assert told.get().link == "/desk/cases?scope=office&overdue=on"
