"""A recorded file as an ordered stream of single readings, with nothing left out: what cannot be read is sent as it is."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.units import convert
from onecity.sim.profiles import Column, Profile

WEEK = dt.timedelta(weeks=1)
ZONED = r"(Z|[+-]\d\d:?\d\d)$"
ISO_FORMS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f")


@dataclass(frozen=True, slots=True)
class Recording:
    """Readings in order of time: `frame` has attribute, value, raw (text that is no number), ms (null: no time), time."""

    frame: pl.DataFrame
    first: dt.datetime
    last: dt.datetime

    def __len__(self) -> int:
        return self.frame.height

    def shifted(self, by: dt.timedelta) -> "Recording":
        """The same readings later by `by`."""
        step = by // dt.timedelta(milliseconds=1)
        return Recording(self.frame.with_columns(pl.col("ms") + step), self.first + by, self.last + by)


def read(path: Path, profile: Profile, zone: str) -> Recording:
    """Read a .csv or .csv.gz; raises Problem 422 when columns are missing or no time at all can be read."""
    table = _table(path, profile)
    times = _times(table, profile, zone)
    rows = table.with_columns(times.alias("ms")).with_row_index("row")
    rows = rows.with_columns(order=pl.col("ms").forward_fill().fill_null(strategy="backward")).sort("order", "row")
    parts = [_column(rows, column, profile, position) for position, column in enumerate(profile.columns)]
    frame = pl.concat(parts).sort("order", "row", "position").select("attribute", "value", "raw", "ms", "time")
    known = rows["ms"].drop_nulls()
    if known.is_empty():
        raise Problem(
            "replay-times",
            _("No time in the column “%(column)s” can be read.") % {"column": profile.time_column},
            status=422,
        )
    first, last = known.to_numpy()[[0, -1]] if known.is_sorted() else (known.to_numpy().min(), known.to_numpy().max())
    return Recording(frame, _instant(int(first)), _instant(int(last)))


def weeks_until(last: dt.datetime, now: dt.datetime) -> dt.timedelta:
    """Give the whole number of weeks by which `last` can move without passing `now`; hours of the week stay the same."""
    return max(dt.timedelta(0), (now - last) // WEEK * WEEK)


def ndjson(frame: pl.DataFrame, entity: str) -> bytes:
    """Encode readings for the gateway, one line each, in the flat form {"entity", "attribute", "value", "observed_at"}."""
    plain = frame.filter(pl.col("raw").is_null() & pl.col("ms").is_not_null())
    odd = frame.filter(pl.col("raw").is_not_null() | pl.col("ms").is_null())
    name = pl.lit(entity).alias("entity")
    body = plain.select(name, "attribute", "value", pl.col("ms").alias("observed_at")).write_ndjson()
    if not odd.is_empty():
        value = pl.coalesce("raw", pl.col("value").cast(pl.String)).alias("value")
        time = pl.coalesce(pl.from_epoch("ms", time_unit="ms").dt.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"), "time")
        body += odd.select(name, "attribute", value, time.alias("observed_at")).write_ndjson()
    return body.encode()


def _table(path: Path, profile: Profile) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Problem(
            "replay-file", _("The file cannot be read as CSV: %(reason)s") % {"reason": error}, status=422
        ) from error
    wanted = [profile.time_column, *(column.source for column in profile.columns)]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise Problem(
            "replay-columns",
            _("The file has no column %(missing)s; the profile %(profile)s needs it. It has: %(present)s")
            % {"missing": ", ".join(missing), "profile": profile.name, "present": ", ".join(table.columns)},
            status=422,
        )
    return table


def _times(table: pl.DataFrame, profile: Profile, zone: str) -> pl.Series:
    text = table[profile.time_column].str.strip_chars().str.replace(" ", "T", literal=True)
    zoned = text.str.contains(ZONED).fill_null(value=False)
    aware = _parsed(text.set(~zoned, None).str.replace("Z$", "+00:00"), "%z")
    local = _parsed(text.set(zoned, None), "")
    placed = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    return pl.select(pl.coalesce(aware.dt.convert_time_zone("UTC"), placed).dt.epoch("ms")).to_series()


def _parsed(text: pl.Series, end: str) -> pl.Series:
    """Times in the first of the ISO forms that fits; null where none does."""
    found = [text.str.to_datetime(form + end, time_unit="us", strict=False) for form in ISO_FORMS]
    return pl.select(pl.coalesce(found)).to_series()


def _column(rows: pl.DataFrame, column: Column, profile: Profile, position: int) -> pl.DataFrame:
    unit = profile.entity_type.attribute(column.attribute).unit
    text = rows[column.source].str.strip_chars()
    number = text.cast(pl.Float64, strict=False)
    if column.words:
        number = text.replace_strict(dict(column.words), default=None, return_dtype=pl.Float64)
    known = number.is_not_null()
    values = convert(number.fill_null(np.nan).to_numpy(), column.unit, unit)
    if column.unit != unit:
        values = np.round(values, 9)  # 300 µg/m³ is 0.3 mg/m³, not 0.30000000000000004
    present = rows.select(
        "order",
        "row",
        "ms",
        position=pl.lit(position),
        attribute=pl.lit(column.attribute),
        value=pl.Series(values).set(~known, None),
        raw=pl.Series(text).set(known, None),
        time=pl.col(profile.time_column),
    )
    return present.filter(pl.col("value").is_not_null() | (pl.col("raw").is_not_null() & (pl.col("raw") != "")))


def _instant(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
