"""Refused readings and callers are kept for their time, then removed in bounded steps, and nothing else with them."""

import datetime as dt

import pytest

from onecity.kernel.core import retention
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import forgetting, tasks
from onecity.kernel.telemetry.models import Quarantine, TurnedAway

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def refuse(*days_ago: float) -> None:
    Quarantine.objects.bulk_create(
        Quarantine(
            id=new_id(), received_at=NOW - dt.timedelta(days=days), reason="malformed", readings=1, kept=1, raw=b"x"
        )
        for days in days_ago
    )


def turn_away(days_ago: float) -> None:
    at = NOW - dt.timedelta(days=days_ago)
    TurnedAway.objects.create(
        reason="wrong_secret", source="http", claimed=str(days_ago), times=1, first_at=at, last_at=at
    )


@pytest.mark.parametrize(("setting", "left"), [("", 2), ("30", 1), ("0", 4), ("95", 3)])
def test_what_is_older_than_the_setting_ends(monkeypatch: pytest.MonkeyPatch, setting: str, left: int) -> None:
    monkeypatch.setenv("ONECITY_QUARANTINE_DAYS", setting)
    refuse(1, 89.9, 90.1, 400)
    turn_away(100)
    with use_clock(FixedClock(NOW)):
        removed = tasks.forget()
    assert Quarantine.objects.count() == left
    assert TurnedAway.objects.count() == (1 if setting == "0" else 0)
    assert removed == 4 - left + (setting != "0")


def test_it_goes_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONECITY_QUARANTINE_DAYS", raising=False)
    monkeypatch.setattr(retention.remove, "__defaults__", (2, 2))
    refuse(*range(91, 98))
    with use_clock(FixedClock(NOW)):
        assert forgetting.forget() == 4
        # the oldest first
        assert min(Quarantine.objects.values_list("received_at", flat=True)) == NOW - dt.timedelta(days=93)
        assert forgetting.forget() == 3
        assert forgetting.forget() == 0


def test_a_setting_that_is_no_number_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(400)
    for text in ("-1", "soon", "1.5", "99999999"):
        monkeypatch.setenv("ONECITY_QUARANTINE_DAYS", text)
        with use_clock(FixedClock(NOW)), pytest.raises(ValueError, match="ONECITY_QUARANTINE_DAYS"):
            forgetting.forget()
    assert Quarantine.objects.count() == 1
