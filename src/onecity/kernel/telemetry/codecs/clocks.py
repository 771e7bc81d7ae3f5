"""Times as devices write them: counted from an epoch, as a calendar in decimal digits, or as text in some zone."""

import datetime as dt

import numpy as np

from onecity.kernel.telemetry.batch import NEVER, Floats, Int64s
from onecity.kernel.telemetry.codecs.declaration import Moment
from onecity.kernel.telemetry.logic import times

# layout of a time whose decimal digits are YYMMDDhhmmss or YYYYMMDDhhmmss
CALENDAR = "bcd"
ISO = "iso"
# the years that a count may lead to, so that no sum leaves int64
EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_000_000
MINUTE_US = 60_000_000


def from_count(counts: Floats, moment: Moment, received: Int64s) -> Int64s:
    """Counts of a unit since the epoch (or before the message came) as int64[k] µs; NEVER beyond the calendar."""
    away = counts * moment.unit_us
    good = np.isfinite(away) & (np.abs(away) < LATEST)
    whole = np.rint(np.where(good, away, 0.0)).astype(np.int64)
    found = received - whole if moment.ago else moment.epoch_us - moment.zone * MINUTE_US + whole
    return np.where(good & (found > EARLIEST) & (found < LATEST), found, NEVER)


def from_calendar(digits: Floats, zone: int) -> Int64s:
    """Times whose decimal digits are YYMMDDhhmmss (of this century) or YYYYMMDDhhmmss, as int64[k] µs."""
    whole = digits.astype(np.int64)
    parts = []
    for _ in range(5):
        parts.append(whole % 100)
        whole = whole // 100
    second, minute, hour, day, month = parts
    year = np.where(whole < 100, whole + 2000, whole)
    good = (year >= 1970) & (year <= 9998) & (month >= 1) & (month <= 12) & (hour < 24) & (minute < 60) & (second < 60)
    first = ((np.where(good, year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1).astype("datetime64[M]")
    days = first.astype("datetime64[D]").astype(np.int64) + day - 1
    good &= (day >= 1) & ((first + 1).astype("datetime64[D]").astype(np.int64) > days)
    found = ((days * 24 + hour) * 60 + minute - zone) * MINUTE_US + second * 1_000_000
    return np.where(good, found, NEVER)


def from_document(raw: object, moment: Moment, received: int) -> int:
    """The time in a document in µs; NEVER where it is none."""
    if isinstance(raw, bool):
        return NEVER
    if isinstance(raw, str) and moment.layout:
        return _from_text(raw, moment)
    if isinstance(raw, str) and not _is_count(raw):
        found = times.from_one(raw)
        return NEVER if found is None else found
    try:
        count = np.array([float(raw)]) if isinstance(raw, int | float | str) else np.array([np.nan])
    except (ValueError, OverflowError):
        return NEVER
    if moment.layout == CALENDAR:
        return NEVER if not np.isfinite(count[0]) else int(from_calendar(count, moment.zone)[0])
    return int(from_count(count, moment, np.array([received], np.int64))[0])


def _is_count(text: str) -> bool:
    return len(text) <= 25 and text.replace(".", "", 1).isdigit() and text.isascii()


def _from_text(text: str, moment: Moment) -> int:
    try:
        if moment.layout == CALENDAR:
            return int(from_calendar(np.array([float(text)]), moment.zone)[0]) if _is_count(text) else NEVER
        if moment.layout == ISO:
            found = dt.datetime.fromisoformat(text.strip())
        else:
            found = dt.datetime.strptime(text.strip()[:100], moment.layout)  # noqa: DTZ007 - its zone is set below
        if found.tzinfo is None:
            found = found.replace(tzinfo=dt.timezone(dt.timedelta(minutes=moment.zone)))
        return (found - times.UNIX_EPOCH) // times.MICROSECOND
    except (ValueError, OverflowError):
        return NEVER
