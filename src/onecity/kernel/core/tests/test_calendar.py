"""Deadlines over the real holidays of 2024 to 2026, pauses, zones, and properties that must hold for any calendar."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.core.calendar import WHOLE_DAY, OutsideCalendar, WorkingCalendar
from onecity.kernel.core.clock import to_us
from onecity.kernel.core.holidays import ChineseHolidays, Weekends

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkingCalendar()
MOMENTS = st.integers(1_072_915_200, 1_924_963_200).map(lambda seconds: dt.datetime.fromtimestamp(seconds, SHANGHAI))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# 国务院办公厅关于2024、2025、2026年部分节假日安排的通知
OFF = "2024-02-10 2024-02-17 2024-04-04 2024-05-03 2024-06-10 2024-09-17 2024-10-07 2025-01-28 2025-02-04 2025-10-01 2025-10-08"
OFF_2026 = "2026-01-01 2026-02-15 2026-02-23 2026-04-06 2026-05-05 2026-06-19 2026-09-25 2026-10-07"
SHIFTED = (
    "2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12 2025-01-26 2025-02-08"
)
SHIFTED_LATER = "2025-04-27 2025-09-28 2025-10-11 2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"


@pytest.mark.parametrize("day", (OFF + " " + OFF_2026).split())
def test_announced_holidays_are_not_worked(day: str) -> None:
    assert not CALENDAR.is_working_day(dt.date.fromisoformat(day))


@pytest.mark.parametrize("day", (SHIFTED + " " + SHIFTED_LATER).split())
def test_announced_weekend_days_are_worked(day: str) -> None:
    assert dt.date.fromisoformat(day).weekday() >= 5
    assert CALENDAR.is_working_day(dt.date.fromisoformat(day))


def test_national_day_2025_has_eight_days_and_two_shifted_ones() -> None:
    days = [dt.date(2025, 9, 27) + dt.timedelta(days=n) for n in range(16)]
    assert [day.day for day in days if CALENDAR.is_working_day(day)] == [28, 29, 30, 9, 10, 11]
    assert ChineseHolidays().name(dt.date(2025, 10, 1)) == "National Day"


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2025-09-30T16:30", 2, "2025-10-09T10:00"),  # an hour before and an hour after the holiday
        ("2025-09-30T16:30", 1, "2025-09-30T17:30"),  # used up exactly at closing time
        ("2025-09-30T11:00", 2, "2025-09-30T14:30"),  # over noon
        ("2025-10-04T22:00", 0.5, "2025-10-09T09:30"),  # begins in the holiday
        ("2025-10-10T15:30", 4, "2025-10-11T11:00"),  # into the shifted Saturday
        ("2025-10-01T00:00", 0, "2025-10-09T09:00"),
        ("2025-09-30T10:00", 0, "2025-09-30T10:00"),
        ("2025-09-26T16:00", 70, "2025-10-16T16:00"),
    ],
)
def test_working_hours(start: str, hours: float, end: str) -> None:
    assert CALENDAR.add_working_hours(at(start), hours) == at(end)
    assert CALENDAR.working_seconds_between(at(start), at(end)) == hours * 3600


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2025-09-30T10:00", 1, "2025-10-09T17:30"),
        ("2025-09-26T10:00", 5, "2025-10-10T17:30"),
        ("2025-10-03T10:00", 1, "2025-10-09T17:30"),
        ("2025-10-03T10:00", 0, "2025-10-09T17:30"),
        ("2025-10-09T23:00", 0, "2025-10-09T17:30"),
        ("2026-02-13T09:00", 2, "2026-02-24T17:30"),  # Saturday 14 is worked, then Spring Festival to the 23rd
    ],
)
def test_working_days_do_not_count_the_first_day(start: str, days: int, end: str) -> None:
    assert CALENDAR.add_working_days(at(start), days) == at(end)


@pytest.mark.parametrize(
    ("start", "days", "rolled", "plain"),
    [
        ("2025-09-25T10:00", 7, "2025-10-09T17:30", "2025-10-03T00:00"),
        ("2025-09-22T10:00", 6, "2025-09-28T17:30", "2025-09-29T00:00"),
    ],
)
def test_calendar_days_move_off_a_day_of_rest(start: str, days: int, rolled: str, plain: str) -> None:
    assert CALENDAR.add_calendar_days(at(start), days) == at(rolled)
    assert CALENDAR.add_calendar_days(at(start), days, roll=False) == at(plain)


@pytest.mark.parametrize(
    ("unit", "deadline", "paused", "resumed", "later"),
    [
        ("working_hours", "2025-09-30T17:30", "2025-09-30T14:30", "2025-10-10T16:30", "2025-10-11T11:00"),
        ("working_days", "2025-09-30T17:30", "2025-09-28T10:00", "2025-09-30T10:00", "2025-10-10T17:30"),
        ("calendar_days", "2025-09-30T17:30", "2025-09-20T10:00", "2025-09-22T10:00", "2025-10-09T17:30"),
        ("working_hours", "2025-09-30T17:30", "2025-10-09T10:00", "2025-10-10T10:00", "2025-09-30T17:30"),
    ],
)
def test_a_pause_does_not_use_up_the_period(unit: str, deadline: str, paused: str, resumed: str, later: str) -> None:
    assert CALENDAR.resume(at(deadline), at(paused), at(resumed), unit) == at(later)  # type: ignore[arg-type]  # one of three words


def test_a_year_that_is_not_announced_is_counted_by_the_week_and_fixed_dates_and_says_so() -> None:
    rule = ChineseHolidays()
    unknown = rule.last_known.year + 1
    assert not CALENDAR.known(dt.datetime(unknown, 3, 2, tzinfo=SHANGHAI))
    assert not CALENDAR.known(at("2025-03-03T10:00"), dt.datetime(unknown, 3, 2, tzinfo=SHANGHAI))
    assert CALENDAR.known(at("2025-03-03T10:00"), at("2026-12-31T23:59"))
    assert not CALENDAR.is_working_day(dt.date(unknown, 10, 1))
    assert not CALENDAR.is_working_day(dt.date(unknown, 1, 1))
    assert [CALENDAR.is_working_day(dt.date(2045, 3, day)) for day in range(6, 13)] == [True] * 5 + [False] * 2


def test_beyond_its_years_the_calendar_refuses() -> None:
    with pytest.raises(OutsideCalendar, match="is not between 2000 and 2060"):
        CALENDAR.add_working_days(dt.datetime(2060, 12, 30, tzinfo=SHANGHAI), 5)
    with pytest.raises(OutsideCalendar):
        CALENDAR.working_seconds_between(dt.datetime(1990, 1, 1, tzinfo=dt.UTC), at("2025-01-01T00:00"))
    with pytest.raises(OutsideCalendar):
        CALENDAR.is_working_day(dt.date(1999, 12, 31))


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_amounts_that_make_no_sense_are_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="not negative"):
        CALENDAR.add(at("2025-01-02T10:00"), amount, "working_hours")


def test_half_days_and_wrong_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        CALENDAR.add(at("2025-01-02T10:00"), 1.5, "working_days")
    with pytest.raises(ValueError, match="opening hours"):
        WorkingCalendar(hours=((dt.time(9), dt.time(12)), (dt.time(11), dt.time(17))))
    with pytest.raises(ValueError, match="without a single opening hour"):
        WorkingCalendar(hours=())
    with pytest.raises(ValueError, match="before it begins"):
        CALENDAR.resume(at("2025-01-02T10:00"), at("2025-01-02T10:00"), at("2025-01-02T09:00"), "working_days")


def test_summer_time_is_exact_for_a_desk_that_never_closes() -> None:
    always = WorkingCalendar("Europe/Berlin", WHOLE_DAY, Weekends(), {5: WHOLE_DAY, 6: WHOLE_DAY})
    berlin = ZoneInfo("Europe/Berlin")
    start, end = dt.datetime(2025, 3, 30, tzinfo=berlin), dt.datetime(2025, 3, 31, tzinfo=berlin)
    assert always.working_seconds_between(start, end) == 23 * 3600
    office = WorkingCalendar(
        "Europe/Berlin", ((dt.time(8), dt.time(16)),), Weekends(), {6: ((dt.time(8), dt.time(16)),)}
    )
    closing = office.add_working_days(dt.datetime(2025, 3, 29, 12, tzinfo=berlin), 1)
    assert closing == dt.datetime(2025, 3, 30, 16, tzinfo=berlin)


def test_a_service_hall_that_opens_on_saturdays() -> None:
    hall = WorkingCalendar(by_weekday={5: ((dt.time(9), dt.time(11)),)})
    assert hall.add_working_hours(at("2025-11-14T17:00"), 2) == at("2025-11-15T10:30")
    assert not hall.is_working_day(dt.date(2025, 10, 4))
    assert hall.is_open(at("2025-11-15T10:59"))
    assert not hall.is_open(at("2025-11-15T11:00"))


@given(MOMENTS, MOMENTS, st.integers(0, 3000 * 60))
def test_adding_and_measuring_agree(start: dt.datetime, other: dt.datetime, minutes: int) -> None:
    end = CALENDAR.add_working_hours(start, minutes / 60)
    assert CALENDAR.working_seconds_between(start, end) == pytest.approx(minutes * 60, abs=1e-5)
    assert CALENDAR.working_seconds_between(start, other) == -CALENDAR.working_seconds_between(other, start)
    assert CALENDAR.next_open(start) >= start


@given(MOMENTS, st.integers(1, 500), st.integers(0, 500))
def test_days_add_up_and_end_on_working_days(start: dt.datetime, first: int, second: int) -> None:
    both = CALENDAR.add_working_days(start, first + second)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(start, first), second) == both
    day = both.astimezone(SHANGHAI).date()
    assert CALENDAR.is_working_day(day)
    opening = CALENDAR.add_working_days(start, 0).astimezone(SHANGHAI).date()
    if CALENDAR.is_working_day(start.date()):
        assert CALENDAR.working_days_between(opening, day) == first + second


def test_arrays_give_what_single_moments_give() -> None:
    rng = np.random.default_rng(7)
    span = to_us(at("2026-12-31T00:00")) - to_us(at("2024-01-01T00:00"))
    start, end = to_us(at("2024-01-01T00:00")) + rng.integers(0, span, size=(2, 500))
    expected = [
        CALENDAR.working_seconds_between(*(dt.datetime.fromtimestamp(us / 1e6, dt.UTC) for us in pair))
        for pair in zip(start // 1_000_000 * 1_000_000, end // 1_000_000 * 1_000_000, strict=True)
    ]
    found = CALENDAR.working_us(start // 1_000_000 * 1_000_000, end // 1_000_000 * 1_000_000)
    assert (found / 1e6).tolist() == expected
