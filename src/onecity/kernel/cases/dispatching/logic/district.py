"""A simulated district with its calls, as policies are compared on it: after the setting of the published comparison."""

import numpy as np

from onecity.kernel.cases.dispatching.logic.choosing import Floats, Ints
from onecity.kernel.cases.dispatching.logic.simulating import Calls, District

WIDTH_KM, HEIGHT_KM = 33.0, 21.0
STATIONS, UNITS, PLACES, CENTRES = 12, 18, 400, 4
KM_PER_MINUTE = 0.65
CALLS_PER_MINUTE = 0.10
SERVICE_MEDIAN, SERVICE_SPREAD, HAND_OVER = 45.0, 0.4, 8.0


def district(rng: np.random.Generator) -> District:
    """Demand round a few centres, stations spread among it, units at the stations; distances along streets."""
    centres = rng.uniform((3.0, 3.0), (WIDTH_KM - 3.0, HEIGHT_KM - 3.0), size=(CENTRES, 2))
    places = rng.uniform((0.0, 0.0), (WIDTH_KM, HEIGHT_KM), size=(PLACES, 2))
    apart = np.linalg.norm(places[:, None, :] - centres[None, :, :], axis=2)
    demand = np.exp(-apart / 4.0).sum(axis=1) + 0.02
    stations = _spread(places, demand, STATIONS)
    at = places[stations[np.arange(UNITS) % STATIONS]]
    away = np.abs(at[:, None, :] - places[None, :, :]).sum(axis=2)
    return District(demand / demand.sum(), away / KM_PER_MINUTE)


def _spread(places: Floats, demand: Floats, count: int) -> Ints:
    """Places for stations, one after the other where they shorten the way to demand most (greedy p-median)."""
    away = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2)
    nearest = np.full(len(places), 60.0)
    chosen: list[int] = []
    for _station in range(count):
        saved = (demand * np.maximum(nearest[None, :] - away, 0.0)).sum(axis=1)
        chosen.append(int(np.argmax(saved)))
        nearest = np.minimum(nearest, away[chosen[-1]])
    return np.array(chosen)


def calls(where: District, count: int, rng: np.random.Generator) -> Calls:
    """Poisson calls by demand, with lognormal times on the spot."""
    at = np.cumsum(rng.exponential(1.0 / CALLS_PER_MINUTE, size=count))
    place = rng.choice(len(where.demand), size=count, p=where.demand)
    busy = rng.lognormal(np.log(SERVICE_MEDIAN), SERVICE_SPREAD, size=count) + HAND_OVER
    return Calls(at, place, busy)
