"""Noise of a place: energy means, percentiles, day and night levels, judged by GB 3096-2008 (声环境质量标准)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from onecity.domains.environment.logic.exact import Bools, Floats, Ints

EDITION = "GB3096-2008"
EFFECTIVE_FROM = date(2008, 10, 1)
"""Start date from general knowledge, not read in the official copy."""

SUDDEN_NIGHT_EXCESS = 15.0
"""dB by which the maximum of a sudden night noise may exceed the night limit (read in the 1993 text; cut in 2008)."""

EVENING_PENALTY = 5.0
NIGHT_PENALTY = 10.0

MINIMUM_SHARE = 0.75
"""Share of a period that must be measured for its level to count (45 of 60 minutes, HJ 906; not confirmed)."""

LIMITS: dict[str, tuple[int, int]] = {
    "0": (50, 40),
    "1": (55, 45),
    "2": (60, 50),
    "3": (65, 55),
    "4a": (70, 55),
    "4b": (70, 60),
}
"""Class of acoustic environment → limits by day and by night, dB(A). 4b: beside rail approved after 2011-01-01."""

OLD_RAIL_BACKGROUND = (70, 55)
"""Limits beside rail that was approved before 2011, without passing trains, dB(A)."""


DAY, EVENING, NIGHT = range(3)
"""Numbers of the parts of a day."""


@dataclass(frozen=True, slots=True)
class DayParts:
    """Hours (0-23, local) at which day, evening and night begin; data, because a local government may set them."""

    day: int
    night: int
    evening: int | None = None

    def part_of(self, hours: Ints) -> Ints:
        """Sort hours into 0 = day, 1 = evening, 2 = night."""
        evening = self.night if self.evening is None else self.evening
        since_day = (hours - self.day) % 24
        return np.select(
            [since_day < (evening - self.day) % 24, since_day < (self.night - self.day) % 24], [0, 1], default=2
        ).astype(np.int64)

    def length(self, part: int) -> int:
        """Hours that a part lasts."""
        return int((self.part_of(np.arange(24)) == part).sum())


GB3096_PARTS = DayParts(day=6, night=22)
"""06:00-22:00 and 22:00-06:00, unless the local government sets otherwise (general knowledge, not confirmed)."""

EUROPEAN_PARTS = DayParts(day=7, evening=19, night=23)
"""The day, evening and night of Directive 2002/49/EC as most publish Lden."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Equivalent levels of a whole series in dB(A); NaN where nothing was measured in a part."""

    day: float
    evening: float
    night: float
    day_evening_night: float
    day_night: float
    whole: float


@dataclass(frozen=True, slots=True)
class NoiseVerdict:
    """One period against the limit of its class: by how many dB it exceeds (≤ 0 = meets)."""

    level: float
    limit: int
    excess: float

    @property
    def exceeds(self) -> bool:
        """Say whether the limit is exceeded; equal meets it, as does a level that is not known."""
        return self.excess > 0


def energy_mean(levels: Floats) -> float:
    """Equivalent level (Leq) of samples of equal length, dB; NaN samples are left out, NaN when none is there."""
    array = np.asarray(levels, dtype=np.float64)
    usable = array[np.isfinite(array)]
    if usable.size == 0:
        return float("nan")
    return float(10.0 * np.log10(np.mean(np.power(10.0, usable / 10.0))))


def exceeded_level(levels: Floats, percent: float) -> float:
    """Level exceeded during `percent` of the time (L10, L50, L90), dB, linear between samples."""
    array = np.asarray(levels, dtype=np.float64)
    usable = array[np.isfinite(array)]
    return float(np.percentile(usable, 100.0 - percent)) if usable.size else float("nan")


def energy_mean_by_group(levels: Floats, groups: Ints, count: int) -> tuple[Floats, Ints]:
    """Equivalent level of each group 0…count-1 and how many samples it had; empty groups give NaN."""
    usable = np.isfinite(levels)
    energy = np.power(10.0, levels[usable] / 10.0)
    totals = np.bincount(groups[usable], weights=energy, minlength=count)
    samples = np.bincount(groups[usable], minlength=count).astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = 10.0 * np.log10(totals / samples)
    return np.where(samples > 0, means, np.nan), samples


def levels_of(levels: Floats, local_hours: Ints, parts: DayParts = GB3096_PARTS) -> Levels:
    """Equivalent levels of day, evening and night over a whole series, and their penalised means.

    Lden and Ldn weigh the parts by their hours: 10·lg(Σ hours·10^((L + penalty)/10) / 24), penalties 0, 5 and 10 dB.
    """
    means, _ = energy_mean_by_group(np.asarray(levels, dtype=np.float64), parts.part_of(local_hours), 3)
    day, evening, night = (float(value) for value in means)
    weighted = [
        (parts.length(part), level + penalty)
        for part, level, penalty in ((0, day, 0.0), (1, evening, EVENING_PENALTY), (2, night, NIGHT_PENALTY))
    ]
    combined = _weighted(weighted)
    whole = energy_mean(levels)
    return Levels(day, evening, night, combined, combined if parts.evening is None else float("nan"), whole)


def complete_share(samples: int, seconds_each: float, hours: float) -> float:
    """Share of a period that `samples` of `seconds_each` cover, at most 1."""
    return min(1.0, samples * seconds_each / (hours * 3600.0))


def judge(level: float, class_name: str, *, night: bool) -> NoiseVerdict:
    """Compare an equivalent level, rounded to 0.1 dB as meters report, with the limit of a class."""
    limit = LIMITS[class_name][1 if night else 0]
    return _verdict(level, limit)


def judge_sudden_night(maximum: float, class_name: str) -> NoiseVerdict:
    """Compare the largest level of a sudden night noise with the night limit plus 15 dB."""
    return _verdict(maximum, LIMITS[class_name][1] + int(SUDDEN_NIGHT_EXCESS))


def night_of(local_days: Ints, local_hours: Ints, parts: DayParts = GB3096_PARTS) -> tuple[Ints, Bools]:
    """Give for each sample its day and whether it is night; a night belongs to the day on which it begins."""
    night = parts.part_of(local_hours) == NIGHT
    after_midnight = night & (local_hours < parts.day)
    return local_days - after_midnight.astype(np.int64), night


@dataclass(frozen=True, slots=True)
class DailyLevels:
    """Levels of consecutive days: first (days since 1970, local) and per day Ld and Ln in dB(A) with their coverage.

    Ln of a day is the night that begins on it. Levels covered by less than the wanted share are NaN; `day_share` and
    `night_share` (0 to 1) say how much was measured.
    """

    first_day: int
    day: Floats
    night: Floats
    day_share: Floats
    night_share: Floats


def daily_levels(
    levels: Floats,
    local_seconds: Ints,
    seconds_each: float,
    parts: DayParts = GB3096_PARTS,
    minimum_share: float = MINIMUM_SHARE,
) -> DailyLevels:
    """Day and night level of every day from n samples at local seconds since 1970 that each last `seconds_each`.

    An evening counts to the day, as GB 3096 has two parts only.
    """
    days, hours = np.divmod(local_seconds, 86_400)
    owner, night = night_of(days, hours // 3600, parts)
    first, count = int(owner.min()), int(owner.max() - owner.min()) + 1
    group = (owner - first) * 2 + night.astype(np.int64)
    means, samples = energy_mean_by_group(np.asarray(levels, dtype=np.float64), group, count * 2)
    night_hours = parts.length(2)
    hours_of_part = np.tile(np.array([24 - night_hours, night_hours], dtype=np.float64), count)
    share = np.minimum(1.0, samples * seconds_each / (hours_of_part * 3600.0))
    kept = np.where(share >= minimum_share, means, np.nan).reshape(count, 2)
    shares = share.reshape(count, 2)
    return DailyLevels(first, kept[:, 0], kept[:, 1], shares[:, 0], shares[:, 1])


def _weighted(parts: list[tuple[int, float]]) -> float:
    total = sum(hours * 10.0 ** (level / 10.0) for hours, level in parts if hours)
    return float(10.0 * np.log10(total / 24.0)) if total > 0 else float("nan")


def _verdict(level: float, limit: int) -> NoiseVerdict:
    excess = round(round(level, 1) - limit, 1) if np.isfinite(level) else float("nan")
    return NoiseVerdict(level, limit, excess)
