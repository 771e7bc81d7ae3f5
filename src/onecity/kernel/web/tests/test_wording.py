"""Numbers, days, spans and ages as people write them in both languages."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from onecity.kernel.web import wording

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 25, 14, 5, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234567, None, "1,234,567"),
        (35.25, 1, "35.2"),
        (-3.5, None, "−3.5"),
        (-0.04, 1, "0.0"),
        (12.0, None, "12"),
        (None, 1, "–"),
        (float("nan"), 1, "–"),
        (float("inf"), 1, "–"),
        (True, None, "–"),
    ],
)
def test_numbers(value: object, decimals: int | None, text: str) -> None:
    assert wording.number(value, decimals) == text


def test_days_are_written_as_people_write_them() -> None:
    assert wording.day(NOW, "zh-hans") == "2026年11月25日"
    assert wording.day(NOW, "en") == "25 Nov 2026"
    assert wording.moment(NOW, NOW, "zh-hans") == "14:05"
    assert wording.moment(NOW - dt.timedelta(days=2), NOW, "zh-hans") == "11月23日 14:05"
    assert wording.moment(NOW - dt.timedelta(days=400), NOW, "en") == "21 Oct 2025 14:05"


def test_zones_are_offsets() -> None:
    assert wording.zone(NOW) == "UTC+8"
    assert wording.zone(NOW.astimezone(ZoneInfo("Asia/Kolkata"))) == "UTC+5:30"
    assert wording.zone(NOW.astimezone(ZoneInfo("America/New_York"))) == "UTC−5"


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (5, "5秒钟", "5 seconds"),
        (60, "1分钟", "1 minute"),
        (7500, "2小时5分钟", "2 hours 5 minutes"),
        (8 * 3600 + 300, "8小时", "8 hours"),
        (26 * 3600, "1天2小时", "1 day 2 hours"),
        (5 * 86400 + 3600, "5天", "5 days"),
    ],
)
def test_spans_in_their_two_largest_units(seconds: int, chinese: str, english: str) -> None:
    with translation.override("zh-hans"):
        assert wording.duration(seconds) == chinese
    with translation.override("en"):
        assert wording.duration(-seconds) == english


def test_ages_turn_stale() -> None:
    with translation.override("en"):
        assert wording.age(NOW, NOW) == wording.Age("just now", stale=False)
        assert wording.age(NOW + dt.timedelta(seconds=9), NOW) == wording.Age("just now", stale=False)
        assert wording.age(NOW - dt.timedelta(hours=3), NOW) == wording.Age("3 hours ago", stale=True)
        assert wording.remaining(NOW - dt.timedelta(hours=1), NOW) == "1 hour overdue"
