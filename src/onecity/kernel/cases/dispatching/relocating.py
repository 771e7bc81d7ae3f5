"""Where idle units had better wait now, in words: for each at most one place, and what going there gains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from onecity.kernel.cases.dispatching import demand, speeds, units
from onecity.kernel.cases.dispatching.logic import waiting
from onecity.kernel.cases.dispatching.logic.choosing import Floats, Policy
from onecity.kernel.cases.models import Unit, UnitState
from onecity.kernel.cases.opening import district_of
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

# so many places of the most demand are tried beside the stations
MOST_PLACES: Final = 60
# fewer urgent cases than this in a day (a minute's rate) give no ground to send crews about
LEAST_RATE: Final = 1.0 / (24 * 60)


@dataclass(frozen=True)
class Advice:
    """A unit, where it had better wait, minutes of driving, and how many of a hundred cases would be reached in time that
    are not now (or as much sooner)."""

    unit: Unit
    place: str
    lon: float
    lat: float
    minutes: float
    of_hundred: float


def advise(crews: Sequence[Unit], account: Account) -> list[Advice]:
    """Advice for the idle units of each district, the best first; empty where nothing gains enough."""
    moment = now()
    districts: dict[str, list[tuple[Unit, tuple[float, float]]]] = {}
    for unit in crews:
        place = units.place_of(unit, moment) if units.on_shift(unit, moment) else None
        if place is not None:
            districts.setdefault(district_of(unit.division_path), []).append((unit, place))
    return [one for located in districts.values() for one in _of_district(located, account)]


def _of_district(located: Sequence[tuple[Unit, tuple[float, float]]], account: Account) -> list[Advice]:
    force = [unit for unit, _place in located]
    expected = demand.of(account, force[0].division_path)
    idle = np.array([unit.state == UnitState.FREE for unit in force])
    if expected.per_minute < LEAST_RATE or not idle.any():
        return []
    lon, lat = np.array([place for _unit, place in located], dtype=np.float64).T
    to_lon, to_lat = _candidates(force, expected)
    grid = speeds.grid(now())
    moves = waiting.advise(
        grid.minutes(lon[:, None], lat[:, None], expected.lon[None, :], expected.lat[None, :]),
        expected.share,
        idle,
        grid.minutes(to_lon[:, None], to_lat[:, None], expected.lon[None, :], expected.lat[None, :]),
        grid.minutes(lon[:, None], lat[:, None], to_lon[None, :], to_lat[None, :]),
        Policy(),
    )
    return [
        Advice(
            force[move.unit],
            _named(float(to_lon[move.place]), float(to_lat[move.place])),
            float(to_lon[move.place]),
            float(to_lat[move.place]),
            move.minutes,
            100 * move.gain,
        )
        for move in moves
    ]


def _candidates(force: Sequence[Unit], expected: demand.Demand) -> tuple[Floats, Floats]:
    """The stations of the units, and the places from which most cases come."""
    most = np.argsort(-expected.share, kind="stable")[:MOST_PLACES]
    stations = [
        (u.station_lon, u.station_lat) for u in force if u.station_lon is not None and u.station_lat is not None
    ]
    own = np.array(stations or np.zeros((0, 2)), dtype=np.float64).reshape(-1, 2)
    return np.concatenate([own[:, 0], expected.lon[most]]), np.concatenate([own[:, 1], expected.lat[most]])


def _named(lon: float, lat: float) -> str:
    path = places.locate(lon, lat)[0]
    return places.title_for(path, full=True) if path else f"{lon:.3f}, {lat:.3f}"
