"""Days and moments are taken as they are meant, or refused with the way to write them."""

import datetime as dt

import pytest
from pydantic import TypeAdapter, ValidationError

from onecity.kernel.core.moments import Day, Moment, day_after

day: TypeAdapter[dt.date] = TypeAdapter(Day)
moment: TypeAdapter[dt.datetime] = TypeAdapter(Moment)


def test_a_day_is_taken_as_written() -> None:
    assert day.validate_python("2026-07-01") == dt.date(2026, 7, 1)


@pytest.mark.parametrize(
    "text",
    ["0", "0.5", "20260701", "2026-07-01T08:00:00Z", "2026-13-01", "１９７０-01-01", ""],
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        day.validate_python(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-07-01T08:00:00+08:00", dt.datetime(2026, 7, 1, tzinfo=dt.UTC)),
        ("2026-07-01 00:00Z", dt.datetime(2026, 7, 1, tzinfo=dt.UTC)),
        # the database knows no offset beyond 16 hours
        ("2026-07-01T20:30:00+20:30", dt.datetime(2026, 7, 1, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_comes_out_in_utc(text: str, meant: dt.datetime) -> None:
    found = moment.validate_python(text)
    assert (found, found.utcoffset()) == (meant, dt.timedelta(0))


@pytest.mark.parametrize("text", ["0", "1782864000", "2026-07-01", "2026-07-01T08:00:00", "0266-10-30T19:02:40+20:30"])
def test_a_moment_without_zone_or_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        moment.validate_python(text)


def test_a_number_is_no_moment() -> None:
    with pytest.raises(ValidationError, match="with its zone"):
        moment.validate_python(1_782_864_000)


def test_both_are_described_by_their_format() -> None:
    assert (day.json_schema()["format"], moment.json_schema()["format"]) == ("date", "date-time")


def test_even_the_last_day_has_a_day_after_it() -> None:
    assert day_after(dt.date(2026, 12, 31)) == dt.date(2027, 1, 1)
    assert day_after(dt.date.max) == dt.date.max
