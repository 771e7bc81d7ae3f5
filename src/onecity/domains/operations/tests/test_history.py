"""Alerts of the past as the operations centre sees them: counted where they began, the gravest first."""

import datetime as dt

from onecity.domains.operations.logic.history import Slot, slots

END = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
HALF = dt.timedelta(minutes=30)


def test_alerts_are_counted_in_the_slot_in_which_they_began_gravest_first() -> None:
    onsets = [
        (END - dt.timedelta(minutes=1), "blue"),
        (END - dt.timedelta(minutes=29), "red"),
        (END - dt.timedelta(minutes=30), "yellow"),
        (END - dt.timedelta(hours=9), "red"),
        (END, "red"),
    ]
    found = slots(onsets, END, HALF, 2)
    assert found == [
        Slot(END - 2 * HALF, ()),
        Slot(END - HALF, (("red", 1), ("yellow", 1), ("blue", 1))),
    ]
    assert [slot.total for slot in found] == [0, 3]
