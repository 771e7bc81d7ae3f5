"""The ladder of reminders: rungs by share of working time, missed ones left out, and told level by level."""

import datetime as dt

import pytest

from onecity.kernel.cases import service, sweep
from onecity.kernel.cases.logic import ladder
from onecity.kernel.cases.logic.definition import DefinitionError, Provides
from onecity.kernel.cases.logic.ladder import Way
from onecity.kernel.cases.logic.provisions import Rung
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.cases.tests.conftest import LONG_AGO, Town, litter
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.core.calendar import WorkingCalendar
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.notify.models import Message

CALENDAR = WorkingCalendar()
RUNGS = (Rung(0.5, "remind"), Rung(1.0, "warn"), Rung(1.5, "escalate"), Rung(2.0, "escalate"))
START = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)  # Monday, nine in Shanghai
FOUR_HOURS = dt.datetime(2026, 11, 23, 6, 30, tzinfo=dt.UTC)


def test_rungs_come_by_share_of_working_time() -> None:
    way = Way(RUNGS, START, FOUR_HOURS, "working_hours")
    first = ladder.climb(way, 0, START + dt.timedelta(hours=2), CALENDAR)
    assert (first.rung, first.action, first.next_at) == (1, "remind", FOUR_HOURS)
    second = ladder.climb(way, 1, FOUR_HOURS, CALENDAR)
    assert (second.rung, second.action) == (2, "warn")
    # two working hours more, today
    assert second.next_at == dt.datetime(2026, 11, 23, 8, 30, tzinfo=dt.UTC)
    last = ladder.climb(way, 3, START + dt.timedelta(days=9), CALENDAR)
    assert (last.rung, last.action, last.next_at) == (4, "escalate", None)


def test_of_missed_rungs_only_the_highest_is_taken() -> None:
    way = Way(RUNGS, START, FOUR_HOURS, "working_hours")
    found = ladder.climb(way, 0, START + dt.timedelta(days=30), CALENDAR)
    assert (found.rung, found.action, found.next_at) == (4, "escalate", None)


def test_a_ladder_that_does_not_rise_is_refused() -> None:
    with pytest.raises(DefinitionError, match="rise"):
        CaseTypeDecl("x", "X", provides=Provides(ladder=(Rung(1.0, "warn"), Rung(0.8, "remind")))).definition()


def test_who_does_not_act_is_reported_upwards(town: Town, clock: FixedClock) -> None:
    service.publish(
        CaseTypeDecl("litter", "Litter", deadline=(4, "working_hours"), provides=Provides(ladder=RUNGS)),
        effective_from=LONG_AGO,
    )
    case = service.open_case(litter(), actor=town["handler_a"])
    service.assign(case.id, town["handler_a"].id, town["handler_a"])
    told = []
    for _hour in range(40):
        clock.advance(dt.timedelta(hours=1))
        if sweep.sweep():
            told.append(CaseEvent.objects.filter(case_id=case.id).latest("version").action)
    assert told == ["due_soon", "overdue", "escalated", "escalated"]
    upwards = Message.objects.filter(template="case_escalated").values_list("account_id", flat=True)
    assert set(upwards) == {town["dispatcher"].id}
    assert sweep.sweep() == 0
    found = Case.objects.get(id=case.id)
    assert (found.rung, found.sweep_at, found.overdue_since) == (4, None, found.deadline)
