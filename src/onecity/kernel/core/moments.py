"""Days and moments as the HTTP APIs take them: written as ISO 8601 says, moments in a range that every part can hold.

Left to itself the parser also takes bare numbers (`0` is then 1970-01-01, `0.5` half a second later), which are slips and no
dates; and offsets up to 24 hours, which the database refuses (it knows none beyond 16).
"""

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

EARLIEST = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
DAY_TEXT = re.compile(r"\d{4}-\d\d-\d\d\Z")
MOMENT_TEXT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


def day_after(day: dt.date) -> dt.date:
    """The next day; the last day that there is stands for the one after it."""
    return day + dt.timedelta(days=1) if day < dt.date.max else day


def _day(value: object) -> object:
    if isinstance(value, str) and not DAY_TEXT.match(value):
        raise PydanticCustomError("date_parsing", "Write a day as 2026-07-01")
    return value


def _moment(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and not MOMENT_TEXT.match(value)):
        raise PydanticCustomError("datetime_parsing", "Write a moment with its zone, as 2026-07-01T08:00:00+08:00")
    return value


def _utc(value: dt.datetime) -> dt.datetime:
    return value.astimezone(dt.UTC)


Day = Annotated[dt.date, BeforeValidator(_day)]
"""A calendar day, written YYYY-MM-DD."""

Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST), BeforeValidator(_moment), AfterValidator(_utc)]
"""A moment with its zone between EARLIEST and LATEST; what comes out is UTC."""
