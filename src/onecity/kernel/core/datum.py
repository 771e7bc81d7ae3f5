"""Chinese map datums: GCJ-02 (state survey offset) and BD-09 (Baidu) to and from WGS-84, vectorised.

Public maps of China are published in GCJ-02, shifted by several hundred metres from the WGS-84 that devices measure. The
law's own algorithm is not published; the formula here is the one that is generally used and agrees with it to about a
metre: a shift in metres on the Krasovsky 1940 ellipsoid, applied only inside a rectangle round China. The inverse is found by
fixed-point iteration, because the shift changes by less than one part in a hundred over its own length.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]

KRASOVSKY_A = 6_378_245.0
KRASOVSKY_E2 = 0.006_693_421_622_965_943
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
BD_PI = np.pi * 3000.0 / 180.0
BD_LON, BD_LAT = 0.0065, 0.006
ITERATIONS = 30
PRECISION = 1e-11  # degrees, a micrometre on the ground


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Return longitude and latitude (degrees, any shape) in GCJ-02; points outside China pass unchanged."""
    east, north = _arrays(lon, lat)
    shift_lon, shift_lat = _shift(east, north)
    return east + shift_lon, north + shift_lat


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Return longitude and latitude (degrees, any shape) in WGS-84, exact to 1e-9 degrees; outside China unchanged."""
    return _invert(wgs84_to_gcj02, *_arrays(lon, lat))


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Return longitude and latitude (degrees, any shape) in BD-09."""
    east, north = _arrays(lon, lat)
    radius = np.hypot(east, north) + 2e-5 * np.sin(north * BD_PI)
    angle = np.arctan2(north, east) + 3e-6 * np.cos(east * BD_PI)
    return radius * np.cos(angle) + BD_LON, radius * np.sin(angle) + BD_LAT


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Return longitude and latitude (degrees, any shape) in GCJ-02, exact to 1e-9 degrees."""
    return _invert(gcj02_to_bd09, *_arrays(lon, lat))


def in_china(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return for each point whether the shift of GCJ-02 applies there: the rectangle round China."""
    east, north = _arrays(lon, lat)
    inside: npt.NDArray[np.bool_] = (east > WEST) & (east < EAST) & (north > SOUTH) & (north < NORTH)
    return inside


def _arrays(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _shift(lon: Floats, lat: Floats) -> Pair:
    """Return the shift of GCJ-02 in degrees at points in WGS-84, 0 outside China."""
    x, y = lon - 105.0, lat - 35.0
    wave = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    root = np.sqrt(np.abs(x))
    metres_east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave * 2.0 / 3.0
    metres_east += _waves(x, 20.0, 40.0, 1.0, 3.0) + _waves(x, 150.0, 300.0, 12.0, 30.0)
    metres_north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave * 2.0 / 3.0
    metres_north += _waves(y, 20.0, 40.0, 1.0, 3.0) + _waves(y, 160.0, 320.0, 12.0, 30.0)
    radians = np.radians(lat)
    flat = 1.0 - KRASOVSKY_E2 * np.sin(radians) ** 2
    per_degree_lon = KRASOVSKY_A / np.sqrt(flat) * np.cos(radians) * np.pi / 180.0
    per_degree_lat = KRASOVSKY_A * (1.0 - KRASOVSKY_E2) / (flat * np.sqrt(flat)) * np.pi / 180.0
    inside = in_china(lon, lat)
    return np.where(inside, metres_east / per_degree_lon, 0.0), np.where(inside, metres_north / per_degree_lat, 0.0)


def _waves(value: Floats, low: float, high: float, fast: float, slow: float) -> Floats:
    """Return two sine waves of the offset, with amplitudes `low` and `high` and the given wave lengths."""
    total: Floats = (low * np.sin(value / fast * np.pi) + high * np.sin(value / slow * np.pi)) * 2.0 / 3.0
    return total


def _invert(forward: Callable[[Floats, Floats], Pair], lon: Floats, lat: Floats) -> Pair:
    """Return the points that `forward` takes to (lon, lat); the last error is far below PRECISION after 5 to 10 steps."""
    east, north = lon.copy(), lat.copy()
    for _ in range(ITERATIONS):
        image_east, image_north = forward(east, north)
        miss_east, miss_north = lon - image_east, lat - image_north
        east, north = east + miss_east, north + miss_north
        if np.all(np.abs(miss_east) + np.abs(miss_north) < PRECISION):
            break
    return east, north
