"""What the columns of a table mean, and the readings that follow: each cell with a value is one reading, none is lost."""

import json
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import polars as pl

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.core.units import unit as parse_unit
from onecity.kernel.telemetry.batch import NEVER, Bools, Int64s
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.logic.columns import from_wide, join
from onecity.kernel.telemetry.logic.readings import Readings, Refusals
from onecity.kernel.telemetry.uploads.tables import Table

AUTO = "auto"
LAYOUTS = (
    "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M", "%Y.%m.%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日%H时%M分", "%Y年%m月%d日 %H:%M",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
)  # fmt: skip
EMPTY = ("", "-", "--", "—", "/", "NA", "N/A", "null", "NULL", "无")
ENTITY_WORDS = re.compile(r"entity|station|site|device|编号|编码|站点|点位|设备", re.IGNORECASE)
TIME_WORDS = re.compile(r"time|date|observed|时间|日期|时刻", re.IGNORECASE)
HEADER = re.compile(r"^(?P<name>[^()（）\[\]]+?)\s*[(（\[](?P<unit>[^()（）\[\]]+)[)）\]]\s*$")
ATTRIBUTE = r"^[a-z][a-z0-9_]{0,62}$"


class ValueColumn(msgspec.Struct, forbid_unknown_fields=True):
    """A column of values: which attribute, in which unit (UCUM, "" for the series' own)."""

    column: str
    attribute: str = msgspec.field(default="")
    unit: str = ""


class Meaning(msgspec.Struct, forbid_unknown_fields=True):
    """What the columns mean. `entity` is a fixed one where `entity_column` is ""; `layout` of times is a strptime pattern.

    `zone` holds for times that name none. Where `attribute_column` is given, each row has one value in `values[0]`.
    """

    time_column: str
    values: list[ValueColumn]
    entity_column: str = ""
    entity: str = ""
    attribute_column: str = ""
    layout: str = AUTO
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a mapping: which part, and why."""

    field: str
    what: Text


def read(document: Mapping[str, Any]) -> Meaning | Wrong:
    """A mapping from its JSON form."""
    try:
        return msgspec.convert(document, Meaning)
    except msgspec.ValidationError as error:
        text, _at, place = str(error).partition(" - at `")
        return Wrong(place.rstrip("`").removeprefix("$").lstrip("."), _("{text}", text=text))


def check(meaning: Meaning, columns: Sequence[str]) -> list[Wrong]:
    """What is wrong with a mapping for a table of these columns."""
    found: list[Wrong] = []
    named = [
        ("time_column", meaning.time_column),
        *((f"values[{i}].column", v.column) for i, v in enumerate(meaning.values)),
    ]
    named += [(field, name) for field in ("entity_column", "attribute_column") if (name := getattr(meaning, field))]
    found += [Wrong(field, _("There is no column “{name}”", name=name)) for field, name in named if name not in columns]
    if not meaning.values:
        found.append(Wrong("values", _("Choose at least one column with values")))
    if not meaning.entity_column and not meaning.entity:
        found.append(Wrong("entity", _("Say which entity the values belong to")))
    if meaning.attribute_column and len(meaning.values) != 1:
        found.append(Wrong("values", _("Where a column names the attribute there is one column of values")))
    for number, value in enumerate(meaning.values):
        if not meaning.attribute_column and not re.match(ATTRIBUTE, value.attribute):
            found.append(Wrong(f"values[{number}].attribute", _("“{name}” names no attribute", name=value.attribute)))
        try:
            parse_unit(value.unit)
        except Problem as error:
            found.append(Wrong(f"values[{number}].unit", _("{text}", text=error.detail)))
    if meaning.zone not in zoneinfo.available_timezones():
        found.append(Wrong("zone", _("There is no time zone “{name}”", name=meaning.zone)))
    return found


def guess(table: Table, zone: str) -> Meaning:
    """A first mapping by the names of the columns: `PM2.5 (ug/m3)` is the attribute pm2_5 in ug/m3."""
    time = next((name for name in table.columns if TIME_WORDS.search(name)), table.columns[0])
    entity = next((name for name in table.columns if name != time and ENTITY_WORDS.search(name)), "")
    values = []
    for name in table.columns:
        if name in (time, entity) or not _numeric(table.frame[name].head(50)):
            continue
        match = HEADER.match(name)
        plain, unit = (match["name"], match["unit"]) if match else (name, "")
        values.append(ValueColumn(name, re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_"), _unit(unit)))
    return Meaning(time, values, entity, "", "", AUTO, zone)


def _unit(text: str) -> str:
    try:
        return parse_unit(text).code if text else ""
    except Problem:
        return ""


def _numeric(column: pl.Series) -> bool:
    filled = column.filter(~column.is_in(EMPTY))
    return bool(len(filled)) and filled.cast(pl.Float64, strict=False).null_count() < len(filled) / 2


def readings(
    table: Table, meaning: Meaning, refusals: Refusals, device: str = ""
) -> tuple[Readings, list[tuple[int, str]], int]:
    """The readings of a table, units that differ from "" by position, and how many readings the table has.

    What is no number, has no time or no entity goes to `refusals`; `line` counts rows from 0.
    """
    frame = table.frame
    moments = moments_of(frame[meaning.time_column], meaning)
    entity = frame[meaning.entity_column] if meaning.entity_column else pl.Series([meaning.entity] * len(frame))
    parts: list[Readings] = []
    units: list[tuple[int, str]] = []
    total = before = 0
    touched = np.zeros(len(frame), np.bool_)
    for value in meaning.values:
        text = frame[value.column]
        filled: Bools = ~text.is_in(EMPTY).to_numpy()
        numbers = text.str.replace_all(",", "").cast(pl.Float64, strict=False)
        touched |= filled
        total += int(filled.sum())
        good = filled & ~numbers.is_null().to_numpy()
        _refuse(refusals, table, filled & ~good, "wrong_type", value.column, device)
        _refuse(refusals, table, good & (moments == NEVER), "bad_time", meaning.time_column, device)
        good &= moments != NEVER
        nameless = good & (entity == "").to_numpy()
        _refuse(refusals, table, nameless, "malformed", meaning.entity_column, device)
        good &= ~nameless
        part = _part(frame, meaning, value, entity, numbers, moments, np.flatnonzero(good))
        units += [(before + row, value.unit) for row in range(len(part))] if value.unit else []
        before += len(part)
        parts.append(part)
    _refuse(refusals, table, ~touched, "malformed", "", device)
    return join(parts), units, total + int((~touched).sum())


def _part(
    frame: pl.DataFrame,
    meaning: Meaning,
    value: ValueColumn,
    entity: pl.Series,
    numbers: pl.Series,
    moments: Int64s,
    rows: Int64s,
) -> Readings:
    lines = rows.astype(np.int32)
    if not meaning.attribute_column:
        return from_wide(entity[rows], [numbers[rows].alias(value.attribute)], moments[rows], lines)
    names = frame[meaning.attribute_column][rows]
    found = from_wide(entity[rows], [numbers[rows].alias("value")], moments[rows], lines)
    distinct = names.unique(maintain_order=True)
    codes = names.replace_strict(distinct, np.arange(len(distinct), dtype=np.int32), return_dtype=pl.Int32)
    return Readings(
        found.entities, distinct.to_list(), found.entity, codes.to_numpy(), found.observed_at, found.value, found.line
    )


def moments_of(column: pl.Series, meaning: Meaning) -> Int64s:
    """A column of texts as times in µs; NEVER where one cannot be read. Times without a zone are those of the mapping."""
    if meaning.layout != AUTO:
        local = column.str.to_datetime(meaning.layout, time_unit="us", strict=False)
        return _micros(_placed(local, meaning.zone))
    found = pl.Series([None] * len(column), dtype=pl.Datetime("us", "UTC"))
    for layout in LAYOUTS:
        if not found.null_count():
            break
        parsed = _placed(column.str.to_datetime(layout, time_unit="us", strict=False, exact=True), meaning.zone)
        found = pl.select(pl.coalesce(found, parsed)).to_series()
    zoned = column.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    moments = _micros(pl.select(pl.coalesce(found, zoned)).to_series())
    numbers = column.cast(pl.Float64, strict=False)
    counted = times.from_numbers(numbers.fill_null(float("nan")).to_numpy())
    # below this a number is a year or a clock's digits, not a time since 1970
    return np.where((moments == NEVER) & (counted > 10**14), counted, moments)


def _placed(local: pl.Series, zone: str) -> pl.Series:
    """Local times of a zone in UTC; in the hour that occurs twice the first is meant, one that does not exist is none."""
    placed = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


def _micros(column: pl.Series) -> Int64s:
    return column.to_physical().fill_null(NEVER).to_numpy().astype(np.int64, copy=False)


def _refuse(refusals: Refusals, table: Table, rows: Bools, reason: str, column: str, device: str) -> None:
    """Refuse readings with the whole rows they stand in, so that nothing of the file is lost."""
    chosen = np.flatnonzero(rows)
    if not len(chosen):
        return
    first = table.frame.row(int(chosen[0]), named=True)
    detail = f"{column}: {first[column]}" if column else ", ".join(first.values())
    texts = (json.dumps(row, ensure_ascii=False).encode() for row in table.frame[chosen].iter_rows(named=True))
    refusals.add(reason, texts, count=len(chosen), detail=detail, line=int(chosen[0]), device=device)
