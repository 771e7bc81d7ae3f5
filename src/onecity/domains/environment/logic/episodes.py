"""When something goes wrong in the simulated district: seeded episodes of dust, night works, discharges and faults."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from onecity.domains.environment.logic.exact import Bools, Floats
from onecity.domains.environment.logic.randomness import uniform
from onecity.domains.environment.logic.signals import Instants, Readings, pulse

SLOT_SECONDS = 12 * 3600
"""One episode begins in every slot of twelve hours."""


class EpisodeKind(StrEnum):
    """What can happen."""

    DUST = "dust"
    NIGHT_WORKS = "night_works"
    DISCHARGE = "discharge"
    SILENCE = "silence"
    STUCK = "stuck"


KINDS = (EpisodeKind.DUST, EpisodeKind.DISCHARGE, EpisodeKind.NIGHT_WORKS) * 2 + (
    EpisodeKind.SILENCE,
    EpisodeKind.STUCK,
)
"""What a slot draws from: faults are half as frequent as each of the others."""
TARGETS = {
    EpisodeKind.DUST: ("AirQualityObserved",),
    EpisodeKind.NIGHT_WORKS: ("NoiseLevelObserved",),
    EpisodeKind.DISCHARGE: ("WaterQualityObserved",),
    EpisodeKind.SILENCE: ("AirQualityObserved",),
    EpisodeKind.STUCK: ("NoiseLevelObserved",),
}
"""Types of station that an episode can strike."""
FAULTS = frozenset({EpisodeKind.SILENCE, EpisodeKind.STUCK})
MINUTES = {
    EpisodeKind.DUST: 50.0,
    EpisodeKind.NIGHT_WORKS: 150.0,
    EpisodeKind.DISCHARGE: 200.0,
    EpisodeKind.SILENCE: 280.0,
    EpisodeKind.STUCK: 13.0 * 60,
}


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode: `choice` in [0, 1) picks the station among those it can strike, `strength` in [0, 1) how hard."""

    kind: EpisodeKind
    start: float
    minutes: float
    choice: float
    strength: float

    def strikes(self, entity_type: str, rank: int, stations: int) -> bool:
        """Say whether the station of this rank among the `stations` of its type is the one that is struck."""
        return entity_type in TARGETS[self.kind] and rank == int(self.choice * stations)


def episodes_between(seed: int, first_second: int, last_second: int) -> tuple[Episode, ...]:
    """All episodes that can touch a span of time, the same for every call with the same seed."""
    first, last = first_second // SLOT_SECONDS - 2, last_second // SLOT_SECONDS
    slots = np.arange(first, last + 1, dtype=np.int64)
    draws = uniform(np.array([seed * 31 + k for k in range(4)], dtype=np.int64), slots)
    return tuple(_episode(int(slot), draws[:, position]) for position, slot in enumerate(slots))


def apply(episode: Episode, readings: dict[str, Floats], at: Instants) -> Readings:
    """Change one station's readings (attribute → float[n]) by an episode that strikes it; NaN = nothing is sent."""
    shape = pulse(at, episode.start, episode.minutes)
    force = shape * (0.6 + 0.6 * episode.strength)
    if episode.kind is EpisodeKind.DUST and "pm10" in readings:
        return readings | {"pm10": readings["pm10"] + 420 * force, "pm2_5": readings["pm2_5"] + 60 * force}
    if episode.kind is EpisodeKind.NIGHT_WORKS and "laeq" in readings:
        return readings | {"laeq": np.maximum(readings["laeq"], 70.0 * (shape > 0) + 8 * force)}
    if episode.kind is EpisodeKind.DISCHARGE and "ammonia_nitrogen" in readings:
        return readings | {
            "ammonia_nitrogen": readings["ammonia_nitrogen"] + 3.2 * force,
            "dissolved_oxygen": np.maximum(readings["dissolved_oxygen"] - 5.0 * force, 0.3),
            "total_phosphorus": readings["total_phosphorus"] + 0.25 * force,
        }
    if episode.kind in FAULTS:
        return _broken(episode, readings, shape > 0)
    return readings


def _episode(slot: int, draw: Floats) -> Episode:
    kind = KINDS[int(draw[0] * len(KINDS))]
    start = slot * SLOT_SECONDS + float(draw[1]) * (SLOT_SECONDS - 3600)
    if kind is EpisodeKind.NIGHT_WORKS:
        start = (slot * SLOT_SECONDS // 86_400) * 86_400 + 15.5 * 3600  # 23:30 in UTC+8
    return Episode(kind, start, MINUTES[kind], float(draw[2]), float(draw[3]))


def _broken(episode: Episode, readings: dict[str, Floats], hold: Bools) -> Readings:
    if episode.kind is EpisodeKind.SILENCE:
        return {name: np.where(hold, np.nan, values) for name, values in readings.items()}
    frozen = {name: round(float(30 + 10 * episode.strength), 1) for name in readings if name in ("pm2_5", "laeq")}
    return readings | {name: np.where(hold, value, readings[name]) for name, value in frozen.items()}
