"""Entities, devices and catalogues that the tests of telemetry share."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from onecity.kernel.core.ids import new_id
from onecity.kernel.telemetry import service
from onecity.kernel.telemetry.batch import Int64s
from onecity.kernel.telemetry.logic.catalogue import SERIES_SCHEMA, Catalogue, KnownDevice, build
from onecity.kernel.telemetry.models import Device
from onecity.kernel.telemetry.types import Attribute, EntityType

T0 = 1_772_323_200_000_000  # 2026-03-01T00:00:00Z
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

SeriesRow = tuple[int, str, str, str, str | None]
"""Id, key, type, attribute and device id of a series."""

AIR = EntityType(
    "AirStation",
    "Air station",
    (Attribute("pm2_5", "PM2.5", "ug/m3", 0, 1000), Attribute("pm10", "PM10", "ug/m3", 0, 1000)),
    late_after=dt.timedelta(days=30),
)
NOISE = EntityType("NoiseStation", "Noise station", (Attribute("laeq", "LAeq", "dB", 0, 150),))


def urn(key: str, kind: str = "AirStation") -> str:
    return f"urn:ngsi-ld:{kind}:{key}"


def known_device(
    number: int, name: str, active: bool = True, rate: int = 1_000_000, secret_hash: bytes = bytes(32)
) -> KnownDevice:
    return KnownDevice(number, name, secret_hash, active, rate, "adm/1/")


def catalogue(rows: Sequence[SeriesRow], devices: list[KnownDevice]) -> Catalogue:
    """Rows of (id, key, type, attribute, device id), all with range 0 to 1000 ug/m3 and late after 30 days."""
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), (), ()]
    count = len(rows)
    frame = pl.DataFrame(
        {
            "id": list(columns[0]),
            "entity_urn": [urn(key, kind) for key, kind in zip(columns[1], columns[2], strict=True)],
            "entity_key": list(columns[1]),
            "entity_type": list(columns[2]),
            "attribute": list(columns[3]),
            "unit": ["ug/m3"] * count,
            "minimum": [0.0] * count,
            "maximum": [1000.0] * count,
            "late_after": [30 * DAY] * count,
            "device_id": list(columns[4]),
            "active": [True] * count,
        },
        schema=dict(SERIES_SCHEMA),
    )
    return build(frame, devices)


def two_stations() -> Catalogue:
    """a and b with pm2_5 and pm10 (series 1 to 4), of devices d1 and d2; n with laeq (5) of d1."""
    return catalogue(
        [
            (1, "a", "AirStation", "pm2_5", "d1"),
            (2, "a", "AirStation", "pm10", "d1"),
            (3, "b", "AirStation", "pm2_5", "d2"),
            (4, "b", "AirStation", "pm10", "d2"),
            (5, "n", "NoiseStation", "laeq", "d1"),
        ],
        [known_device(0, "d1"), known_device(1, "d2")],
    )


def station(
    key: str = "a", division: str = "adm/1/", public: bool = False, device: Device | None = None, kind: EntityType = AIR
) -> tuple[Device, str, dict[str, int]]:
    """A device (unless given) with the series of one entity: (device, secret, series ids by attribute)."""
    secret = ""
    if device is None:
        device, secret = service.create_device(f"device of {key}", division, readings_per_second=1_000_000)
    series = service.register_series(new_id(), urn(key, kind.name), kind, division, device.id, public)
    return device, secret, dict(series)


def ints(*values: int) -> Int64s:
    return np.array(values, np.int64)
