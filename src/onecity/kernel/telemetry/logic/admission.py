"""Whether a reading may enter: does it belong to a series, to this sender, and is it possible at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onecity.kernel.core.units import UnitError, convert
from onecity.kernel.telemetry.batch import Batch, Bools, Int32s, Int64s
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.logic.catalogue import (
    AMBIGUOUS_ENTITY,
    UNKNOWN_ATTRIBUTE,
    UNKNOWN_ENTITY,
    Catalogue,
)
from onecity.kernel.telemetry.logic.readings import Readings, Refusals

# before this nothing was measured by what could send it: it bounds how many day partitions can come to be
FIRST_DAY = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Which times may enter (µs): not before `oldest` (retention) and not after `newest` (clocks that run ahead)."""

    oldest: int
    newest: int


def admit(
    catalogue: Catalogue,
    readings: Readings,
    sender: Int32s,
    window: Window,
    refusals: Refusals,
    units: Sequence[tuple[int, str]] = (),
) -> Batch:
    """The readings that may enter, as a batch in the order they came; the others go to `refusals`.

    `sender` int32[n] is the device number each reading came from. `units`: (position, UCUM unit) where a reading names
    its own; a unit of the same kind is converted.
    """
    if not len(readings):
        return Batch.empty()
    series = catalogue.resolve(readings)
    value, mismatched = _in_series_units(catalogue, series, readings.value, units)
    safe, owner = np.maximum(series, 0), catalogue.owner_of(series)
    checks: list[tuple[str, Bools]] = [
        ("unknown_entity", series == UNKNOWN_ENTITY),
        ("ambiguous_entity", series == AMBIGUOUS_ENTITY),
        ("unknown_attribute", series == UNKNOWN_ATTRIBUTE),
        ("not_yours", (series >= 0) & ((owner != sender) | (owner < 0))),
        ("unit_mismatch", mismatched),
        ("not_a_number", ~np.isfinite(value)),
        ("out_of_range", (value < catalogue.minimum[safe]) | (value > catalogue.maximum[safe])),
        ("future", readings.observed_at > window.newest),
        ("expired", readings.observed_at < max(window.oldest, FIRST_DAY)),
    ]
    left = np.ones(len(readings), np.bool_)
    for reason, hit in checks:
        refused = left & hit
        if refused.any():
            _refuse(catalogue, readings, series, np.flatnonzero(refused), sender, reason, refusals, dict(units))
            left &= ~hit
    if left.all():
        return Batch(series, readings.observed_at, value)
    return Batch(series, readings.observed_at, value).take(left)


def render(entity: str, attribute: str, value: float, observed_at: int, unit: str = "") -> bytes:
    """One reading in the wire format, as a refusal keeps it; `unit` where the reading named its own."""
    text = {
        "entity": entity,
        "attribute": attribute,
        "value": value,
        "observed_at": times.to_text(observed_at) or observed_at,
    }
    if unit:
        text["unit"] = unit
    return json.dumps(text, ensure_ascii=False).encode(errors="replace")


def render_batch(catalogue: Catalogue, batch: Batch) -> Iterator[bytes]:
    """The readings of a batch in the wire format, one after the other."""
    for series, at, value in zip(
        batch.series_id.tolist(), batch.observed_at.tolist(), batch.value.tolist(), strict=True
    ):
        entity, attribute = catalogue.describe(series)
        yield render(entity, attribute, value, at)


def _in_series_units(
    catalogue: Catalogue, series: Int32s, value: np.ndarray, units: Sequence[tuple[int, str]]
) -> tuple[np.ndarray, Bools]:
    mismatched = np.zeros(len(value), np.bool_)
    if not units:
        return value, mismatched
    value = value.copy()
    for position, unit in units:
        if series[position] < 0:
            continue
        wanted = catalogue.unit_of(int(series[position]))
        if unit == wanted:
            continue
        try:
            value[position] = float(convert(value[position], unit, wanted))
        except UnitError:
            mismatched[position] = True
    return value, mismatched


def _refuse(
    catalogue: Catalogue,
    readings: Readings,
    series: Int32s,
    rows: Int64s,
    sender: Int32s,
    reason: str,
    refusals: Refusals,
    units: Mapping[int, str],
) -> None:
    senders = sender[rows]
    for number in np.unique(senders).tolist():
        mine = rows[senders == number]
        first = int(mine[0])
        device = catalogue.device_ids[number] if 0 <= number < len(catalogue.device_ids) else ""
        refusals.add(
            reason,
            _rendered(readings, mine, units),
            count=len(mine),
            detail=_detail(catalogue, readings, series, first, reason),
            line=int(readings.line[first]),
            device=device,
        )


def _rendered(readings: Readings, rows: Int64s, units: Mapping[int, str]) -> Iterator[bytes]:
    columns = (readings.entity, readings.attribute, readings.value, readings.observed_at)
    texts = zip(rows.tolist(), *(column[rows].tolist() for column in columns), strict=True)
    for row, entity, attribute, value, at in texts:
        yield render(readings.entities[entity], readings.attributes[attribute], value, at, units.get(row, ""))


def _detail(catalogue: Catalogue, readings: Readings, series: Int32s, row: int, reason: str) -> str:
    """What exactly, for the first reading refused: names and figures, which need no translation."""
    entity: str = readings.entities[readings.entity[row]]
    attribute: str = readings.attributes[readings.attribute[row]]
    if reason in {"unknown_entity", "ambiguous_entity"}:
        return entity
    if reason in {"future", "expired"}:
        return times.to_text(int(readings.observed_at[row])) or str(int(readings.observed_at[row]))
    if reason == "out_of_range":
        number = int(series[row])
        low, high, unit = catalogue.minimum[number], catalogue.maximum[number], catalogue.unit_of(number)
        return f"{attribute} = {readings.value[row]:g} ({low:g} … {high:g} {unit})"
    return f"{entity} · {attribute} = {readings.value[row]:g}"
