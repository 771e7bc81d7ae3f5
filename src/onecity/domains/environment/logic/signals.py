"""What air, noise and canals of a lowland district by the sea could read: a seeded model for the simulated district.

Nothing here is a measurement. Day and season, weather that lasts for days, rain that washes the air and dirties the
canals, traffic that makes noise, tides that push salt and water: enough for indices, rules and charts to meet real
shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from onecity.domains.environment.logic.exact import Floats, Ints
from onecity.domains.environment.logic.randomness import autoregressive, normal

Readings = Mapping[str, Floats]

SYNOPTIC_MEMORY = 0.97
LOCAL_MEMORY = 0.9
M2_HOURS = 12.4206012
"""Period of the principal lunar tide, hours."""
K1_HOURS = 23.9344696
"""Period of the luni-solar diurnal tide, hours."""


@dataclass(frozen=True, slots=True)
class Instants:
    """Times as the models need them: seconds since 1970 UTC [n], hour of the local day [n], day of the year [n]."""

    seconds: Ints
    hour: Floats
    day_of_year: Floats

    @classmethod
    def of(cls, seconds: Ints, offset_seconds: int) -> Instants:
        """Derive local hour and day from UTC seconds and the zone's offset."""
        local = seconds + offset_seconds
        return cls(seconds, (local % 86_400) / 3600.0, (local / 86_400.0) % 365.2425)

    @property
    def hours(self) -> Floats:
        """Hours since 1970 with fraction."""
        return self.seconds / 3600.0


@dataclass(frozen=True, slots=True)
class Weather:
    """Weather over the district [n]: °C, %, hPa, m/s, degrees, mm/h, and how polluted the air mass is (≈ N(0, 1))."""

    temperature: Floats
    humidity: Floats
    pressure: Floats
    wind_speed: Floats
    wind_direction: Floats
    rain: Floats
    load: Floats


def weather(seed: int, at: Instants) -> Weather:
    """Give the weather that all stations of a district share at n instants."""
    mass, front, load = autoregressive(_seeds(seed, 1, 3), at.hours, SYNOPTIC_MEMORY)
    season = np.cos(2 * np.pi * (at.day_of_year - 25) / 365.2425)
    day = np.cos(2 * np.pi * (at.hour - 14.5) / 24)
    rain = np.clip(front - 1.1, 0, None) * 6.0
    wet = np.clip(rain, 0, 1)
    temperature = 17.0 - 11.5 * season + 3.6 * day * (1 - 0.7 * wet) + 3.0 * mass
    humidity = np.clip(74 - 11 * day + 6 * front + 14 * wet, 25, 100)
    pressure = 1016.0 + 9.0 * season - 5.0 * front + 0.8 * np.cos(4 * np.pi * (at.hour - 10) / 24)
    wind_speed = np.clip(2.6 + 0.9 * day + 1.2 * np.abs(front), 0.2, 18)
    wind_direction = (110 - 90 * season + 45 * mass) % 360
    return Weather(temperature, humidity, pressure, wind_speed, wind_direction, rain, load)


def air(seeds: Ints, traffic: Floats, at: Instants, sky: Weather) -> Readings:
    """Concentrations and weather at s air stations: attribute → float[s, n]; µg/m³, CO in mg/m³.

    `seeds` int[s] tell stations apart, `traffic` float[s] (0 = background site, 1 = beside a trunk road).
    """
    local = autoregressive(seeds, at.hours, LOCAL_MEMORY)
    season = np.cos(2 * np.pi * (at.day_of_year - 15) / 365.2425)
    rush = _rush(at.hour)[None, :] * traffic[:, None]
    washed = np.exp(-0.35 * np.clip(sky.rain, 0, 3))[None, :]
    still = (np.clip(3.0 - sky.wind_speed, -3, 2) * 0.08)[None, :]
    load = sky.load[None, :]
    sun = _sun(at)[None, :] * (1 - 0.8 * np.clip(sky.rain, 0, 1))[None, :]
    fine = 19.0 * np.exp(0.30 * load + 0.14 * local + 0.28 * season[None, :] + 0.18 * rush + still) * washed
    coarse = fine * (1.35 + 0.25 * traffic[:, None] + 0.1 * rush) + 6.0
    nitrogen = 15.0 * np.exp(0.28 * load + 0.12 * local + 0.3 * season[None, :] + 0.75 * rush + still - 0.35 * sun)
    ozone = 38.0 + 78.0 * sun * (1 + 0.12 * load) + 6.0 * local - 0.35 * np.clip(nitrogen - 15, 0, 40)
    jitter = {name: normal(seeds + 7919 * (k + 1), at.seconds) for k, name in enumerate(("pm2_5", "pm10", "no2", "o3"))}
    return {
        "pm2_5": _floor(fine * (1 + 0.01 * jitter["pm2_5"]), 1.0),
        "pm10": _floor(coarse * (1 + 0.01 * jitter["pm10"]), 2.0),
        "so2": _floor(6.5 * np.exp(0.15 * load + 0.08 * local) * washed, 1.0),
        "no2": _floor(nitrogen * (1 + 0.04 * jitter["no2"]), 2.0),
        "co": _floor(0.42 * np.exp(0.2 * load + 0.1 * local + 0.25 * rush + 0.15 * season[None, :]), 0.1),
        "o3": _floor(ozone * (1 + 0.02 * jitter["o3"]), 4.0),
        "temperature": sky.temperature[None, :] + 0.4 * local,
        "humidity": np.clip(sky.humidity[None, :] - 1.5 * local, 15, 100),
        "pressure": np.broadcast_to(sky.pressure[None, :], local.shape) + 0.1 * local,
        "wind_speed": _floor(sky.wind_speed[None, :] * (1 + 0.08 * local), 0.1),
        "wind_direction": (sky.wind_direction[None, :] + 8 * local) % 360,
    }


def noise(seeds: Ints, day_level: Floats, at: Instants, sky: Weather) -> Readings:
    """A-weighted level at s places whose usual day level is `day_level` float[s]: laeq → float[s, n], dB(A)."""
    activity = np.interp(at.hour, [0, 3, 5, 7, 9, 12, 18, 20, 22, 24], [-9, -12, -10, -1, 1, 0, 1, -1, -6, -9])
    local = autoregressive(seeds, at.hours, 0.8)
    passing = normal(seeds + 104_729, at.seconds)
    rain = 2.5 * np.clip(sky.rain, 0, 2)[None, :]
    level = day_level[:, None] + activity[None, :] + 1.1 * local + 1.6 * passing + rain
    return {"laeq": np.clip(level, 28, 110)}


def canal(seeds: Ints, burden: Floats, at: Instants, sky: Weather) -> Readings:
    """Water of s canal stations: attribute → float[s, n]; mg/L unless the attribute says otherwise.

    `burden` float[s] is how loaded a canal is (1 = usual, 2 = beside drains).
    """
    local = autoregressive(seeds, at.hours, SYNOPTIC_MEMORY)
    tide = np.cos(2 * np.pi * at.hours / M2_HOURS) + 0.35 * np.cos(2 * np.pi * at.hours / K1_HOURS)
    runoff = np.clip(sky.rain, 0, 4)[None, :]
    temperature = np.clip(0.85 * (sky.temperature[None, :] - 16) + 17 + 0.3 * local, 2, 35)
    light = np.clip(np.sin(np.pi * (at.hour - 6) / 12), 0, None)[None, :]
    load = burden[:, None] * np.exp(0.16 * local)
    oxygen = 14.6 - 0.36 * temperature + 0.0036 * temperature**2 - 1.5 * load + 0.7 * light - 0.15 * runoff
    return {
        "temperature": temperature,
        "ph": 7.55 + 0.12 * light + 0.08 * local,
        "dissolved_oxygen": np.clip(oxygen, 0.3, 15),
        "cod_mn": _floor(4.0 * load**0.6 + 0.35 * runoff, 0.5),
        "ammonia_nitrogen": _floor(0.42 * load * (1 + 0.22 * runoff), 0.02),
        "total_phosphorus": _floor(0.115 * load**0.8 * (1 + 0.15 * runoff), 0.01),
        "total_nitrogen": _floor(1.7 * load**0.5 * (1 + 0.1 * runoff), 0.05),
        "turbidity": _floor(24 * load**0.5 * (1 + 0.6 * runoff) * (1 + 0.15 * np.abs(tide)[None, :]), 1.0),
        "conductivity": 620 + 55 * tide[None, :] + 40 * local,
    }


def pulse(at: Instants, start: float, minutes: float, ramp_minutes: float = 8.0) -> Floats:
    """Shape of an episode [n]: 0 outside, 1 inside, rising and falling over `ramp_minutes`; `start` in seconds UTC."""
    since = (at.seconds - start) / 60.0
    shape: Floats = np.clip(np.minimum(since, minutes - since) / ramp_minutes, 0.0, 1.0)
    return shape


def _rush(hour: Floats) -> Floats:
    peaks: Floats = np.exp(-(((hour - 8.0) / 1.4) ** 2)) + 0.9 * np.exp(-(((hour - 18.3) / 1.8) ** 2))
    return peaks


def _sun(at: Instants) -> Floats:
    height = np.clip(np.sin(np.pi * (at.hour - 5.8) / 13.0), 0, None)
    season = 0.62 + 0.38 * np.cos(2 * np.pi * (at.day_of_year - 172) / 365.2425)
    strength: Floats = height**1.3 * season
    return strength


def _floor(values: Floats, least: float) -> Floats:
    return np.maximum(values, least)


def _seeds(seed: int, first: int, count: int) -> Ints:
    return seed * 1000 + np.arange(first, first + count, dtype=np.int64)
