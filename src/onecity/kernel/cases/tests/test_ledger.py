"""The ledger: pauses and extensions move an end of a limit by rule, and what is stored can be recomputed."""

import datetime as dt
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.cases.logic import ledger
from onecity.kernel.cases.logic.deadline import due, end
from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.logic.ledger import Entry, adjusted
from onecity.kernel.core.calendar import WorkingCalendar

CALENDAR = WorkingCalendar()
SHANGHAI = CALENDAR.zone


def at(text: str) -> dt.datetime:
    """A moment of the wall clock in Shanghai."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(dt.UTC)


MONDAY = at("2026-11-23 10:00")


def test_working_hours_stand_still_in_a_pause() -> None:
    four = Limit(4, "working_hours")
    assert end(four, MONDAY, CALENDAR) == at("2026-11-23 15:30")
    # two of four hours were left at noon, and are left on Wednesday at nine
    entries = [Entry("pause", at("2026-11-23 12:00")), Entry("resume", at("2026-11-25 09:00"))]
    assert adjusted(at("2026-11-23 15:30"), "working_hours", MONDAY, entries, CALENDAR) == at("2026-11-25 11:00")


def test_working_days_move_by_the_working_days_crossed() -> None:
    # five working days from Monday end on Monday; a pause from Friday over the weekend to Tuesday crosses two
    entries = [Entry("pause", at("2026-11-27 16:00")), Entry("resume", at("2026-12-01 09:00"))]
    first = end(Limit(5, "working_days"), MONDAY, CALENDAR)
    assert first == at("2026-11-30 17:30")
    assert adjusted(first, "working_days", MONDAY, entries, CALENDAR) == at("2026-12-02 17:30")


def test_an_extension_is_counted_from_the_end() -> None:
    first = end(Limit(5, "working_days"), MONDAY, CALENDAR)
    entries = [Entry("extend", at("2026-11-26 10:00"), 3, "working_days")]
    assert adjusted(first, "working_days", MONDAY, entries, CALENDAR) == at("2026-12-03 17:30")


def test_while_it_stands_still_nobody_knows_the_end() -> None:
    found = due(
        (Limit(5, "working_days"),), "", stage="", stage_since=MONDAY, opened_at=MONDAY, calendar=CALENDAR,
        ledger=[Entry("pause", at("2026-11-24 10:00"))],
    )  # fmt: skip
    assert found.deadline is None
    assert found.final is None
    assert found.remind_at is None


def test_a_pause_before_a_stage_counts_from_the_stage_on() -> None:
    since = at("2026-11-24 09:00")
    entries = [Entry("pause", at("2026-11-23 16:00")), Entry("resume", at("2026-11-24 10:00"))]
    # four hours from nine; the clock stood still for the first of them
    assert adjusted(end(Limit(4, "working_hours"), since, CALENDAR), "working_hours", since, entries, CALENDAR) == at(
        "2026-11-24 15:30"
    )


def test_the_ledger_is_read_from_the_history() -> None:
    history: list[tuple[str, dt.datetime, dict[str, Any]]] = [
        ("open", MONDAY, {}),
        ("forward", MONDAY, {"pauses": False}),
        ("recall", MONDAY, {"pauses": False}),
        ("suspend", MONDAY, {}),
        ("grant_extension", MONDAY, {"amount": 2, "unit": "working_days"}),
    ]
    found = ledger.read(history)
    assert [entry.kind for entry in found] == ["pause", "extend"]
    assert ledger.paused_since(found) == MONDAY
    assert ledger.paused_since([*found, Entry("resume", MONDAY)]) is None


@given(
    hours=st.integers(1, 200),
    moments=st.lists(st.integers(1, 60 * 24 * 60), min_size=2, max_size=8, unique=True).filter(
        lambda x: len(x) % 2 == 0
    ),
)
def test_pauses_never_shorten_and_take_what_they_stood_still(hours: int, moments: list[int]) -> None:
    steps = [MONDAY + dt.timedelta(minutes=minute) for minute in sorted(moments)]
    entries = [Entry("pause" if n % 2 == 0 else "resume", moment) for n, moment in enumerate(steps)]
    first = end(Limit(hours, "working_hours"), MONDAY, CALENDAR)
    after = adjusted(first, "working_hours", MONDAY, entries, CALENDAR)
    assert after is not None
    assert after >= first
    stood = sum(
        CALENDAR.working_seconds_between(a, min(b, after))
        for a, b in zip(steps[::2], steps[1::2], strict=True)
        if a < after
    )
    worked = CALENDAR.working_seconds_between(MONDAY, after) - stood
    assert abs(worked - hours * 3600) < 0.001
