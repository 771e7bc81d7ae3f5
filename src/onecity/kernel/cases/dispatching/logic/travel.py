"""How long units take from place to place: along a street grid at the speed of the hour, or as a road network says."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
KM_PER_DEGREE = 111.195  # of latitude, on the mean sphere (IUGG radius 6371.0088 km)


class TravelTimes(Protocol):
    """Knows travel times; places are WGS-84 degrees, arrays broadcast."""

    def minutes(self, lon: npt.ArrayLike, lat: npt.ArrayLike, to_lon: npt.ArrayLike, to_lat: npt.ArrayLike) -> Floats:
        """Minutes from each place to each other."""
        ...


@dataclass(frozen=True, slots=True)
class StreetGrid:
    """Streets that run along the meridians and parallels, at one speed in km a minute: a good guess without a road graph.

    The sum of both legs is on average 4/π = 1.27 times the straight line, about the detour that real streets make.
    """

    km_per_minute: float = 0.65

    def minutes(self, lon: npt.ArrayLike, lat: npt.ArrayLike, to_lon: npt.ArrayLike, to_lat: npt.ArrayLike) -> Floats:
        """See TravelTimes."""
        east, north, to_east, to_north = (np.asarray(one, dtype=np.float64) for one in (lon, lat, to_lon, to_lat))
        along = np.abs(to_north - north)
        across = np.abs(to_east - east) * np.cos(np.radians((north + to_north) / 2))
        found: Floats = (along + across) * KM_PER_DEGREE / self.km_per_minute
        return found
