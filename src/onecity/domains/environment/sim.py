"""What the simulated district does here: plans stations in every town and says what they read at any moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onecity.domains.environment.domain import AIR_STATION, NOISE_STATION, WATER_STATION
from onecity.domains.environment.logic.episodes import FAULTS, Episode, EpisodeKind, apply, episodes_between
from onecity.domains.environment.logic.exact import Floats, Ints
from onecity.domains.environment.logic.randomness import uniform
from onecity.domains.environment.logic.signals import Instants, Readings, Weather, air, canal, noise, weather
from onecity.kernel.places import service as places
from onecity.kernel.places.models import Division
from onecity.kernel.telemetry.types import EntityType

SAMPLING_MINUTES = 10
"""Each simulated reading stands for so many minutes of measuring."""

NAMES = {
    AIR_STATION.name: _("%(place)s air station"),
    NOISE_STATION.name: _("%(place)s noise station"),
    WATER_STATION.name: _("%(place)s canal station"),
}
KEYS = {AIR_STATION.name: "air", NOISE_STATION.name: "noise", WATER_STATION.name: "water"}
NOISE_SITES = (("2", 50.0), ("4a", 58.5), ("1", 45.0), ("3", 54.0))
"""Class of acoustic environment and usual day level of the simulated places, dB(A)."""
CANAL_TARGETS = (3, 4, 3, 3)


@dataclass(frozen=True, slots=True)
class Station:
    """A planned station: who it is, where it stands, and the seed and trait that shape its signal."""

    type: EntityType
    key: str
    name: str
    division_path: str
    lon: float
    lat: float
    properties: Mapping[str, Any]
    seed: int
    trait: float


@dataclass
class Simulation:
    """The stations of one district; `opening` is an extra episode that begins soon after the start."""

    seed: int = 1
    stations: tuple[Station, ...] = ()
    offset_seconds: int = 8 * 3600
    opening: list[Episode] = field(default_factory=list)
    name: str = "environment"

    def plan(self) -> Sequence[Station]:
        """Place one air, one noise and one water station in every town of the district that is loaded."""
        root = places.root()
        if root is None:
            return ()
        self.seed = sum(root.code.encode()) + 7
        self.stations = tuple(
            _station(kind, town, rank, self.seed)
            for rank, town in enumerate(places.children(root.path))
            for kind in (AIR_STATION, NOISE_STATION, WATER_STATION)
        )
        return self.stations

    def open(self, second: int) -> None:
        """Let dust blow at one air station as soon as it starts, so that the first visitor sees an alert."""
        self.opening = [Episode(EpisodeKind.DUST, second + 20.0, 40.0, 0.3, 0.6)]

    def read(self, seconds: Ints) -> Mapping[str, Readings]:
        """Readings of every station at n instants (UTC seconds): key → attribute → float[n]; NaN = nothing is sent."""
        at = Instants.of(seconds, self.offset_seconds)
        sky = weather(self.seed, at)
        events = [*episodes_between(self.seed, int(seconds.min()), int(seconds.max())), *self.opening]
        found: dict[str, Readings] = {}
        for kind in (AIR_STATION, NOISE_STATION, WATER_STATION):
            group = [station for station in self.stations if station.type is kind]
            columns = _signal(kind, group, at, sky)
            for rank, station in enumerate(group):
                own: Readings = {name: values[rank] for name, values in columns.items()}
                struck = [event for event in events if event.strikes(kind.name, rank, len(group))]
                for event in _heard(struck, self.opening):
                    own = apply(event, dict(own), at)
                found[station.key] = _rounded(kind, own)
        return found


def _heard(struck: Sequence[Episode], opening: Sequence[Episode]) -> Sequence[Episode]:
    """A station that opens the demonstration must not be silent or stuck meanwhile."""
    opens = any(event in opening for event in struck)
    return [event for event in struck if not (opens and event.kind in FAULTS)]


def _signal(kind: EntityType, group: Sequence[Station], at: Instants, sky: Weather) -> Readings:
    if not group:
        return {}
    seeds = np.array([station.seed for station in group], dtype=np.int64)
    traits = np.array([station.trait for station in group])
    model = {AIR_STATION.name: air, NOISE_STATION.name: noise, WATER_STATION.name: canal}[kind.name]
    return model(seeds, traits, at, sky)


def _rounded(kind: EntityType, readings: Readings) -> Readings:
    return {name: np.round(values, max(1, kind.attribute(name).decimals)) for name, values in readings.items()}


def _station(kind: EntityType, town: Division, rank: int, seed: int) -> Station:
    draw = uniform(np.array([seed + 97 * rank], dtype=np.int64), np.arange(8) + len(kind.name) * 100)[0]
    lon, lat = point_inside(town, seed + 1009 * rank + len(kind.name))
    with translation.override(settings.LANGUAGE_CODE):
        name = NAMES[kind.name] % {"place": town.name}
    trait, properties = _site(kind, rank, float(draw[0]))
    facts = {"simulated": True, "sampling_minutes": SAMPLING_MINUTES, **properties}
    own_seed = seed * 10_000 + rank * 10 + len(kind.name) % 10
    return Station(kind, f"sim-{KEYS[kind.name]}-{town.code}", name, town.path, lon, lat, facts, own_seed, trait)


def _site(kind: EntityType, rank: int, draw: float) -> tuple[float, dict[str, Any]]:
    if kind is NOISE_STATION:
        class_name, level = NOISE_SITES[rank % len(NOISE_SITES)]
        return level + 2 * draw, {"noise_class": class_name}
    if kind is WATER_STATION:
        return 0.75 + 0.75 * draw, {"water_body": "river", "target_class": CANAL_TARGETS[rank % len(CANAL_TARGETS)]}
    return draw, {}


def point_inside(town: Division, seed: int) -> tuple[float, float]:
    """Give a seeded point inside a division, away from its edge where there is room; its own point without a polygon."""
    if not town.geometry:
        return float(town.lon or 0.0), float(town.lat or 0.0)
    area = shapely.from_wkb(bytes(town.geometry))
    inner = area.buffer(-0.006)
    wanted = area if inner.is_empty else inner
    west, south, east, north = wanted.bounds
    draws: Floats = uniform(np.array([seed, seed + 1], dtype=np.int64), np.arange(400))
    points = shapely.points(west + draws[0] * (east - west), south + draws[1] * (north - south))
    inside = np.flatnonzero(shapely.contains(wanted, points))
    point = points[inside[0]] if inside.size else wanted.representative_point()
    return round(float(point.x), 6), round(float(point.y), 6)
