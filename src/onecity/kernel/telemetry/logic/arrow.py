"""Readings from an Arrow IPC stream, whole columns as they lie in memory.

Long form: columns `entity`, `attribute` (text or dictionary), `value` (number), `observed_at`. Wide form: `entity`,
`observed_at` and a column of numbers for each attribute, where null is no reading. `observed_at` is a timestamp with a
zone (without one nobody knows when that was), a number since 1970 (its size tells s, ms, µs or ns), or ISO 8601 text with
zone.
"""

import io
import json

import numpy as np
import polars as pl

from onecity.kernel.telemetry.batch import NEVER, Bools, Int64s
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.logic.columns import from_long, from_wide, join
from onecity.kernel.telemetry.logic.readings import Readings, Refusals, TooMuchRefusedError
from onecity.kernel.telemetry.logic.why import why

LONG = {"entity", "attribute", "value", "observed_at"}
MAX_COLUMNS = 1_000
NAME_BYTES = 255
LARGEST_MILLIS = 9.2e15


class SchemaError(ValueError):
    """The stream is not Arrow, or its columns are not those of a reading; its text is a `why`."""


def parse(body: bytes, refusals: Refusals, device: str = "") -> Readings:
    """All readings of a stream; rows without a name or a time go to `refusals`. Raises SchemaError."""
    try:
        return _readings(pl.read_ipc_stream(io.BytesIO(body)).rechunk(), refusals, device)
    # the reader panics on some damaged streams, and its panic is a BaseException of no public name
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | SchemaError | TooMuchRefusedError):
            raise
        raise SchemaError(why("arrow_incomplete")) from error


def _readings(frame: pl.DataFrame, refusals: Refusals, device: str) -> Readings:
    if len(frame.columns) > MAX_COLUMNS:
        raise SchemaError(why("arrow_columns", MAX_COLUMNS))
    if not len(frame):
        return Readings.empty()
    if set(frame.columns) >= LONG:
        return _long(frame, refusals, device)
    if {"entity", "observed_at"} <= set(frame.columns):
        return _wide(frame, refusals, device)
    raise SchemaError(why("arrow_names"))


def _long(frame: pl.DataFrame, refusals: Refusals, device: str) -> Readings:
    frame = frame.with_columns(
        entity=_text(frame["entity"]), attribute=_text(frame["attribute"]), value=_numbers(frame["value"])
    )
    observed_at = _times(frame["observed_at"])
    line = np.arange(len(frame), dtype=np.int32)
    named = _named(frame["entity"]) & _named(frame["attribute"])
    valued = frame["value"].is_not_null().to_numpy()
    whole = named & valued & (observed_at != NEVER)
    if whole.all():
        return from_long(frame, observed_at, line)
    for reason, rows in (
        ("malformed", ~named),
        ("wrong_type", named & ~valued),
        ("bad_time", named & valued & (observed_at == NEVER)),
    ):
        _refuse(frame, np.flatnonzero(rows), reason, refusals, device)
    kept = frame.filter(pl.Series(whole))
    return from_long(kept, observed_at[whole], line[whole]) if whole.any() else Readings.empty()


def _wide(frame: pl.DataFrame, refusals: Refusals, device: str) -> Readings:
    values = [_numbers(frame[name]) for name in frame.columns if name not in {"entity", "observed_at"}]
    entity, observed_at = _text(frame["entity"]), _times(frame["observed_at"])
    whole = _named(entity) & (observed_at != NEVER)
    line = np.arange(len(frame), dtype=np.int32)
    if whole.all():
        return from_wide(entity, values, observed_at, line)
    mask = pl.Series(whole)
    for column in values:
        part = pl.DataFrame({"entity": entity, "value": column, "observed_at": frame["observed_at"]})
        rows = np.flatnonzero(~whole & column.is_not_null().to_numpy())
        reason = "bad_time" if _named(entity)[rows].all() else "malformed"
        _refuse(part.with_columns(attribute=pl.lit(column.name)), rows, reason, refusals, device)
    kept = [column.filter(mask) for column in values]
    return join([from_wide(entity.filter(mask), kept, observed_at[whole], line[whole])])


def _text(column: pl.Series) -> pl.Series:
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    raise SchemaError(why("arrow_text", column.name[:80], column.dtype))


def _numbers(column: pl.Series) -> pl.Series:
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return column.cast(pl.Float64)
    raise SchemaError(why("arrow_numbers", column.name[:80], column.dtype))


def _times(column: pl.Series) -> Int64s:
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is None:
            raise SchemaError(why("arrow_zone"))
        return _scaled(column.to_physical(), column.dtype.time_unit)
    if column.dtype.is_integer():
        moments = times.from_integers(column.fill_null(0).cast(pl.Int64).to_numpy())
        return np.where(column.is_null().to_numpy(), NEVER, moments)
    if column.dtype.is_float():
        return times.from_numbers(column.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    if column.dtype == pl.String:
        return times.from_text(column)
    raise SchemaError(why("arrow_times", column.dtype))


def _scaled(numbers: pl.Series, unit: str) -> Int64s:
    """A timestamp's whole numbers as µs; NEVER for a null and for what lies beyond every calendar."""
    values = numbers.fill_null(NEVER).to_numpy()
    if unit == "ns":
        return np.where(values == NEVER, NEVER, values // 1000)
    if unit == "us":
        return values
    fits = np.abs(values.astype(np.float64)) < LARGEST_MILLIS
    return np.where(fits, np.where(fits, values, 0) * 1000, NEVER)


def _named(column: pl.Series) -> Bools:
    lengths = column.str.len_bytes().fill_null(0).to_numpy()
    return (lengths > 0) & (lengths <= NAME_BYTES)


def _refuse(frame: pl.DataFrame, rows: Int64s, reason: str, refusals: Refusals, device: str) -> None:
    if not len(rows):
        return
    stamp = frame["observed_at"]
    # a number, not a date: some numbers are no date
    stamps = (stamp.to_physical() if isinstance(stamp.dtype, pl.Datetime) else stamp).to_list()
    columns = [frame[name].to_list() for name in ("entity", "attribute", "value")]

    def text(row: int) -> bytes:
        entity, attribute, value = (column[row] for column in columns)
        reading = {"entity": entity, "attribute": attribute, "value": value, "observed_at": stamps[row]}
        return json.dumps(reading, ensure_ascii=False).encode(errors="replace")

    first = int(rows[0])
    detail = text(first).decode()
    refusals.add(
        reason, (text(row) for row in rows.tolist()), count=len(rows), detail=detail, line=first, device=device
    )
