"""Air quality index: individual indices, the index, primary pollutants and levels, exact and vectorised (HJ 633)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onecity.domains.environment.logic.aqi_tables import (
    EDITIONS,
    FIRST_DAYS,
    INDEX_ROW,
    LEVELS,
    POLLUTANTS,
    Edition,
    Report,
    Row,
)
from onecity.domains.environment.logic.exact import (
    MISSING,
    QUANTUM,
    Bools,
    Floats,
    Ints,
    Rounding,
    divide_up,
    round_ratio,
    to_fixed,
)

NOT_AVAILABLE = -1
"""Stands for "NA" in integer arrays: no value, or one that may not be published (HJ 633, 5.3)."""

NO_PRIMARY_UP_TO = 50
"""At or below this index no primary pollutant is named."""

PUBLISH_INCOMPLETE_ABOVE = 100
"""With pollutants missing, an index is published only above this (HJ 633, 5.3)."""

_INDEX = np.array(INDEX_ROW, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Means:
    """Averages as exact fractions: numerator (millionths, summed) over denominator (how many); both of one shape.

    Absent averages have numerator `MISSING`.
    """

    numerator: Ints
    denominator: Ints

    @classmethod
    def of(cls, values: Floats) -> Means:
        """Wrap plain concentrations, each its own mean of one."""
        fixed = to_fixed(values)
        return cls(fixed, np.ones_like(fixed))

    def as_float(self) -> Floats:
        """Give the means as floats, NaN where absent."""
        return np.where(self.numerator == MISSING, np.nan, self.numerator / (self.denominator * QUANTUM))


@dataclass(frozen=True, slots=True)
class Index:
    """The index of n reports.

    edition: int64[n], position in `EDITIONS` · iaqi: int64[n, 6] in the order of `POLLUTANTS`, -1 where absent · aqi: int64[n], -1 = NA ·
    computed: int64[n], the largest IAQI even where NA must be published · primary: bool[n, 6] ·
    level: int64[n] position in `LEVELS`, -1 = NA · complete: bool[n], all six pollutants present.
    """

    report: Report
    edition: Ints
    iaqi: Ints
    aqi: Ints
    computed: Ints
    primary: Bools
    level: Ints
    complete: Bools

    def edition_of(self, position: int) -> Edition:
        """Give the edition that judged one report."""
        return EDITIONS[int(self.edition[position])]

    def primary_names(self, position: int) -> tuple[str, ...]:
        """Name the primary pollutants (首要污染物) of one report; several when they tie, none when AQI ≤ 50 or NA."""
        return tuple(name for name, is_primary in zip(POLLUTANTS, self.primary[position], strict=True) if is_primary)


def individual_index(values: Floats, row: Row, rounding: Rounding = Rounding.HALF_EVEN) -> Ints:
    """Index of single concentrations (µg/m³, CO mg/m³) by one break-point row; -1 where the value is absent."""
    return individual_index_of_means(Means.of(values), row, rounding)


def individual_index_of_means(means: Means, row: Row, rounding: Rounding) -> Ints:
    """Index of exact means: round the concentration, interpolate between break points, round up (HJ 633, 4.3)."""
    present = means.numerator != MISSING
    numerator = np.where(present, means.numerator, 0)
    concentration = round_ratio(numerator, np.maximum(means.denominator, 1), row.decimals, rounding)
    points = np.array(row.points, dtype=np.int64) * QUANTUM
    last = len(row.points) - 1
    upper = np.clip(np.searchsorted(points, concentration, side="left"), 1, last)
    low, high = points[upper - 1], points[upper]
    index_low, index_high = _INDEX[upper - 1], _INDEX[upper]
    index = index_low + divide_up((index_high - index_low) * (concentration - low), high - low)
    return np.where(present, np.minimum(index, _INDEX[last]), NOT_AVAILABLE)


def index_of(edition: Edition, report: Report, means: NDArray[np.float64] | Means) -> Index:
    """Index of n reports from concentrations [n, 6] in the order of `POLLUTANTS`.

    For the daily report give 24 h means and the day's largest 8 h mean of ozone; for the hourly one 1 h means
    (and for particles what `edition.hourly_particles` asks).
    """
    exact = means if isinstance(means, Means) else Means.of(means)
    columns = [
        individual_index_of_means(
            Means(exact.numerator[:, column], exact.denominator[:, column]), row, edition.rounding
        )
        for column, row in enumerate(edition.rows(report))
    ]
    position = EDITIONS.index(edition) if edition in EDITIONS else NOT_AVAILABLE
    iaqi = np.stack(columns, axis=1)
    return _combine(np.full(iaqi.shape[0], position, dtype=np.int64), report, iaqi)


def index_by_day(days: Ints, report: Report, means: Means) -> Index:
    """Index of n reports [n, 6], each by the edition in force on its own local day int64[n] (days since 1970)."""
    edition = np.clip(np.searchsorted(FIRST_DAYS, days, side="right") - 1, 0, None).astype(np.int64)
    iaqi = np.full(means.numerator.shape, NOT_AVAILABLE, dtype=np.int64)
    for position in np.unique(edition):
        rows = edition == position
        part = Means(means.numerator[rows], means.denominator[rows])
        iaqi[rows] = index_of(EDITIONS[position], report, part).iaqi
    return _combine(edition, report, iaqi)


def level_of(aqi: Ints) -> Ints:
    """Position in `LEVELS` of each index; -1 stays -1."""
    ends = np.array([level.upper for level in LEVELS], dtype=np.int64)
    position = np.minimum(np.searchsorted(ends, aqi, side="left"), len(LEVELS) - 1)
    return np.where(aqi == NOT_AVAILABLE, NOT_AVAILABLE, position)


def without(index: Index, keep: Bools) -> Index:
    """Declare the reports where `keep` is false not available (too few stations, say)."""
    aqi = np.where(keep, index.aqi, NOT_AVAILABLE)
    return replace(index, aqi=aqi, level=level_of(aqi), primary=index.primary & keep[:, None])


def _combine(edition: Ints, report: Report, iaqi: Ints) -> Index:
    computed = iaqi.max(axis=1)
    complete = (iaqi != NOT_AVAILABLE).all(axis=1)
    publishable = complete | (computed > PUBLISH_INCOMPLETE_ABOVE)
    aqi = np.where(publishable, computed, NOT_AVAILABLE)
    primary = (iaqi == computed[:, None]) & (aqi > NO_PRIMARY_UP_TO)[:, None]
    return Index(report, edition, iaqi, aqi, computed, primary, level_of(aqi), complete)
