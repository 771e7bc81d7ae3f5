"""Surface-water class of a station and the items that decide it: single-factor judgement (单因子评价), GB 3838-2002."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from onecity.domains.environment.logic.exact import Bools, Floats, Ints
from onecity.domains.environment.logic.water_tables import (
    BEYOND_V,
    CLASSES,
    DO_SATURATION_CLASS_I,
    ITEM,
    JUDGED_LAKE,
    JUDGED_RIVER,
    PH_RANGE,
    SOURCE_WATER,
    WEEKLY_FALL_LIMIT,
    WEEKLY_RISE_LIMIT,
    Body,
    Item,
    Sense,
)

NOT_JUDGED = 0
"""Class number where no value is there to judge."""

_STEPS = 100_000_000
"""Values are compared as whole 1e-8 mg/L, so that a mean of 0.15000000000000002 still equals its limit."""


class BelowDetection(StrEnum):
    """What a value reported as "below the detection limit" is judged as; never as zero."""

    HALF = "half"
    """Half the detection limit: the usual practice of Chinese monitoring reports (general knowledge, not confirmed)."""
    LIMIT = "limit"
    """The detection limit itself: the cautious reading."""


@dataclass(frozen=True, slots=True)
class WaterClass:
    """Judgement of n samples.

    number: int64[n], 1 to 5, 6 = 劣Ⅴ, 0 = nothing to judge · by_item: item → int64[n] of the same numbers.
    """

    number: Ints
    by_item: Mapping[str, Ints]

    def deciding(self, position: int) -> tuple[str, ...]:
        """Name the items (定类项目) that put one sample in its class; none when it is class I or not judged."""
        worst = int(self.number[position])
        if worst <= 1:
            return ()
        return tuple(name for name, classes in self.by_item.items() if classes[position] == worst)

    def label(self, position: int) -> str:
        """Give the class as the standard writes it, an empty string when nothing was judged."""
        number = int(self.number[position])
        return CLASSES[number - 1] if number else ""


def judged_items(body: Body) -> frozenset[str]:
    """Names of the items that count for a kind of water body."""
    return JUDGED_LAKE if body is Body.LAKE else JUDGED_RIVER


def item_class(item: Item, values: Floats, body: Body = Body.RIVER, saturation: Floats | None = None) -> Ints:
    """Class of n values of one item: the best class whose limit holds; equal to the limit is inside.

    `saturation` (percent) may lift dissolved oxygen to class I. NaN gives 0.
    """
    array = np.asarray(values, dtype=np.float64)
    present = np.isfinite(array)
    steps = _steps(np.where(present, array, 0.0))
    inside = np.stack([_inside(item, steps, limit) for limit in _limits(item, body)])
    number = np.where(inside.any(axis=0), inside.argmax(axis=0) + 1, BEYOND_V)
    if saturation is not None and item.name == "dissolved_oxygen":
        number = np.where(np.nan_to_num(saturation) >= DO_SATURATION_CLASS_I, 1, number)
    return np.where(present, number, NOT_JUDGED).astype(np.int64)


def classify(
    values: Mapping[str, Floats],
    body: Body = Body.RIVER,
    *,
    below_detection: Mapping[str, Bools] | None = None,
    rule: BelowDetection = BelowDetection.HALF,
    saturation: Floats | None = None,
) -> WaterClass:
    """Class of n samples: the worst single judged item decides.

    `values` maps item names to float[n] (NaN = not measured); where `below_detection[item]` is true the value is the
    detection limit and is judged by `rule`. Items that do not count for the body are left out.
    """
    flags = below_detection or {}
    counted = [name for name in ITEM if name in values and name in judged_items(body)]
    by_item = {
        name: item_class(ITEM[name], judged_value(values[name], flags.get(name), rule), body, saturation)
        for name in counted
    }
    if not by_item:
        length = max((len(column) for column in values.values()), default=0)
        return WaterClass(np.zeros(length, dtype=np.int64), {})
    return WaterClass(np.max(np.stack(list(by_item.values())), axis=0), by_item)


def judged_value(values: Floats, below: Bools | None, rule: BelowDetection) -> Floats:
    """Replace values flagged as below detection by what they are judged as."""
    array = np.asarray(values, dtype=np.float64)
    if below is None or rule is BelowDetection.LIMIT:
        return array
    return np.where(below, array / 2, array)


def source_water_exceeds(item: str, values: Floats) -> Bools:
    """Say where a source of drinking water exceeds tables 2 and 3; NaN does not exceed."""
    exceeds: Bools = _steps(np.nan_to_num(values)) > _step(SOURCE_WATER[item])
    return exceeds


def temperature_change_allowed(weekly_rise: Floats, weekly_fall: Floats) -> Bools:
    """Say whether the man-made change of the weekly mean water temperature (°C) stays within the standard."""
    allowed: Bools = (_steps(weekly_rise) <= _step(WEEKLY_RISE_LIMIT)) & (
        _steps(weekly_fall) <= _step(WEEKLY_FALL_LIMIT)
    )
    return allowed


def _limits(item: Item, body: Body) -> tuple[float, ...]:
    return item.lake_limits if body is Body.LAKE and item.lake_limits is not None else item.limits


def _inside(item: Item, steps: Ints, limit: float) -> Bools:
    bound = _step(limit)
    inside: Bools = steps <= bound
    if item.sense is Sense.AT_LEAST:
        inside = steps >= bound
    if item.sense is Sense.WITHIN:
        inside = inside & (steps >= _step(PH_RANGE[0]))
    return inside


def _steps(values: Floats) -> Ints:
    return np.rint(np.asarray(values, dtype=np.float64) * _STEPS).astype(np.int64)


def _step(value: float) -> int:
    return round(value * _STEPS)
