"""From data frames to readings: names become small integers, wide rows become one reading for each value."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from onecity.kernel.telemetry.batch import Int32s, Int64s
from onecity.kernel.telemetry.logic.readings import Readings


def factorize(names: pl.Series) -> tuple[Int32s, list[str]]:
    """A column of texts without nulls as codes int32[n] and the distinct texts they point into."""
    if not len(names):
        return np.empty(0, np.int32), []
    distinct = names.unique()
    codes = names.replace_strict(distinct, np.arange(len(distinct), dtype=np.int32), return_dtype=pl.Int32)
    return codes.to_numpy(), distinct.to_list()


def from_long(frame: pl.DataFrame, observed_at: Int64s, line: Int32s) -> Readings:
    """Rows `entity`, `attribute`, `value` (no nulls) with their times int64[n] (µs) and lines int32[n]."""
    entity, entities = factorize(frame["entity"])
    attribute, attributes = factorize(frame["attribute"])
    return Readings(entities, attributes, entity, attribute, observed_at, frame["value"].to_numpy(), line)


def from_wide(entity: pl.Series, values: Sequence[pl.Series], observed_at: Int64s, line: Int32s) -> Readings:
    """Rows of one entity each, with a column of `values` for each attribute; a null is no reading."""
    codes, entities = factorize(entity)
    rows, columns, numbers = [], [], []
    for position, column in enumerate(values):
        present = np.flatnonzero(column.is_not_null().to_numpy())
        rows.append(present)
        columns.append(np.full(len(present), position, np.int32))
        numbers.append(column.drop_nulls().cast(pl.Float64).to_numpy())
    if not rows:
        return Readings.empty()
    row = np.concatenate(rows)
    return Readings(
        entities,
        [column.name for column in values],
        codes[row],
        np.concatenate(columns),
        observed_at[row],
        np.concatenate(numbers),
        line[row],
    )


def join(parts: Sequence[Readings]) -> Readings:
    """All readings of `parts`, in order; names are kept apart by part, which costs nothing and changes nothing."""
    filled = [part for part in parts if len(part)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        return Readings.empty()
    entities = np.cumsum([0] + [len(part.entities) for part in filled])
    attributes = np.cumsum([0] + [len(part.attributes) for part in filled])
    return Readings(
        [name for part in filled for name in part.entities],
        [name for part in filled for name in part.attributes],
        np.concatenate([part.entity + np.int32(at) for part, at in zip(filled, entities, strict=False)]),
        np.concatenate([part.attribute + np.int32(at) for part, at in zip(filled, attributes, strict=False)]),
        np.concatenate([part.observed_at for part in filled]),
        np.concatenate([part.value for part in filled]),
        np.concatenate([part.line for part in filled]),
    )
