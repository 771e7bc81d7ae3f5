"""Alerts end three years after they were over; what goes on, waits for its case or is young stays."""

import datetime as dt

import pytest

from onecity.kernel.core import retention
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.core.ids import new_id
from onecity.kernel.rules import tasks
from onecity.kernel.rules.models import Alert
from onecity.kernel.rules.tests.stage_data import NOON, TOWN, district, rule
from onecity.kernel.rules.types import Level, Threshold

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def alerts() -> None:
    """Alerts of 2000 days ago: over as many days ago as they are named, going on, withdrawn, waiting for a case."""
    district()
    version = rule(Threshold((Level("red", 75),)))
    for name, state, ended, wants in (
        ("1094", "ended", 1094, False),
        ("1096", "ended", 1096, False),
        ("1500", "withdrawn", 1500, False),
        ("open", "open", None, False),
        ("waits", "ended", 1500, True),
    ):
        onset = NOON - 2000 * DAY + Alert.objects.count() * DAY
        Alert.objects.create(
            rule=version.rule, version=version, entity_id=new_id(), entity_urn="urn:x", entity_name=name, entity_type="x",
            series_id=1, attribute="x", division_path=TOWN, severity="red", state=state, onset=onset, raised_at=onset,
            peak_at=onset, peak_value=80, end=None if ended is None else NOON - ended * DAY, wants_case=wants,
        )  # fmt: skip


def left() -> set[str]:
    return set(Alert.objects.values_list("entity_name", flat=True))


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", {"1094", "open", "waits"}),
        ("1000", {"open", "waits"}),
        ("1400", {"1094", "1096", "open", "waits"}),
        ("0", {"1094", "1096", "1500", "open", "waits"}),
    ],
)
def test_alerts_end_by_the_setting(monkeypatch: pytest.MonkeyPatch, setting: str, expected: set[str]) -> None:
    monkeypatch.setenv("ONECITY_ALERT_DAYS", setting)
    with use_clock(FixedClock(NOON)):
        assert tasks.forget() == 5 - len(expected)
    assert left() == expected


def test_they_go_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECITY_ALERT_DAYS", "1000")
    monkeypatch.setattr(retention.remove, "__defaults__", (1, 2))
    with use_clock(FixedClock(NOON)):
        assert (tasks.forget(), tasks.forget()) == (2, 1)
    assert left() == {"open", "waits"}
