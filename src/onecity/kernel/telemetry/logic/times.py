"""Times as senders write them, to microseconds since 1970 UTC: ISO 8601 text with a zone, or a number since 1970."""

import datetime as dt

import numpy as np
import polars as pl

from onecity.kernel.telemetry.batch import NEVER, Floats, Int64s

UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
PLAIN = "%Y-%m-%dT%H:%M:%SZ"
PLAIN_LENGTH = 20
# a number below 1e11 is in seconds (until the year 5138), below 1e14 in milliseconds (from 1973), then µs, then ns
SECONDS_BELOW, MILLIS_BELOW, MICROS_BELOW, NANOS_BELOW = 1e11, 1e14, 1e17, 9.2e18


def from_text(column: pl.Series) -> Int64s:
    """A column of ISO 8601 texts with zone as int64[n] µs; NEVER where the text is none."""
    first = column.first()
    if isinstance(first, str) and len(first) == PLAIN_LENGTH and first.endswith("Z"):
        times = column.str.to_datetime(PLAIN, time_unit="us", time_zone="UTC", strict=False)
        if times.null_count() == column.null_count():
            return _micros(times)
    return _micros(column.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False))


def from_numbers(values: Floats) -> Int64s:
    """Numbers since 1970 as int64[n] µs; their size tells s, ms, µs or ns; NEVER where it is no time."""
    size = np.abs(values)
    factor = np.select([size < SECONDS_BELOW, size < MILLIS_BELOW, size < MICROS_BELOW], [1e6, 1e3, 1.0], 1e-3)
    known = np.isfinite(values) & (size < NANOS_BELOW)
    scaled = np.where(known, values * factor, 0.0)
    return np.where(known, np.rint(scaled).astype(np.int64), NEVER)


def from_integers(values: Int64s) -> Int64s:
    """Whole numbers since 1970 as int64[n] µs, exactly; their size tells s, ms, µs or ns."""
    size = np.abs(values.astype(np.float64))
    conditions = [size < SECONDS_BELOW, size < MILLIS_BELOW, size < MICROS_BELOW]
    with np.errstate(over="ignore"):  # the branches not selected may overflow
        return np.select(conditions, [values * 1_000_000, values * 1_000, values], values // 1_000)


def from_one(value: object) -> int | None:
    """One time from JSON in µs, or None when it is none: text must name its zone."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            micros = int(from_numbers(np.array([value], np.float64))[0])
        except OverflowError:
            return None
        return None if micros == NEVER else micros
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = dt.datetime.fromisoformat(value.strip())
        return None if moment.tzinfo is None else (moment - UNIX_EPOCH) // MICROSECOND
    except (ValueError, OverflowError):
        return None


def to_text(micros: int) -> str:
    """A time in µs as ISO 8601 text in UTC, with the fraction only where there is one; "" beyond what a calendar has."""
    try:
        moment = UNIX_EPOCH + dt.timedelta(microseconds=micros)
    except OverflowError:
        return ""
    return moment.isoformat().replace("+00:00", "Z")


def _micros(column: pl.Series) -> Int64s:
    return column.to_physical().fill_null(NEVER).to_numpy().astype(np.int64, copy=False)
