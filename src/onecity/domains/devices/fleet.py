"""All series of devices in service as columns: what the check-up has to know about each."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from onecity.domains.devices.logic.fitness import NEVER, Bools
from onecity.domains.devices.logic.health import Floats, Ints
from onecity.domains.devices.models import DeviceRecord, RecordStatus
from onecity.kernel.core.clock import to_us
from onecity.kernel.telemetry.models import Device, Series
from onecity.kernel.telemetry.models.device import DeviceStatus
from onecity.kernel.twin.models import Entity, EntityKind

MICROSECOND = dt.timedelta(microseconds=1)
HOUR = dt.timedelta(hours=1)
# what a battery is called where no model says it, with the per cent below which it is low
BATTERIES = frozenset({"battery", "battery_level", "batteryLevel"})
BATTERY_LOW = 20.0


@dataclass(frozen=True)
class _Kept:
    """What management knows of a device: readings an hour it should send (0: unknown), and its battery."""

    an_hour: float = 0.0
    battery: str = ""
    minimum: float = BATTERY_LOW


@dataclass(frozen=True)
class Fleet:
    """n series. Columns: `series` int64[n]; `devices`, `paths`, `attributes`, `units`, `kinds` lists; `newest_us`, `max_age_us`
    int64[n]; `active` bool[n]; `lon`, `lat` float64[n] (NaN: nowhere); `an_hour` float64[n]; `battery_minimum` float64[n]
    (NaN where it is no battery); `derived` bool[n]: computed from other values by the platform."""

    series: Ints
    devices: list[UUID]
    paths: list[str]
    attributes: list[str]
    units: list[str]
    kinds: list[str]
    newest_us: Ints
    max_age_us: Ints
    active: Bools
    lon: Floats
    lat: Floats
    an_hour: Floats
    battery_minimum: Floats
    derived: Bools

    def __len__(self) -> int:
        return len(self.series)

    @classmethod
    def load(cls) -> "Fleet":
        """Every series of a device that is not in stock, in repair or out of service; those of other installations apart."""
        kept = _kept()
        away = set(DeviceRecord.objects.exclude(status=RecordStatus.INSTALLED).values_list("device_id", flat=True))
        revoked = set(Device.objects.exclude(status=DeviceStatus.ACTIVE).values_list("id", flat=True))
        rows = [row for row in _series() if row[1] not in away]
        where = {key: (lon, lat) for key, lon, lat in _positions() if lon is not None and lat is not None}
        places = [where.get(row[2], (np.nan, np.nan)) for row in rows]
        facts = [kept.get(row[1], _Kept()) for row in rows]
        derived = _derived()
        return cls(
            series=np.array([row[0] for row in rows], np.int64),
            devices=[row[1] for row in rows],
            paths=[row[3] for row in rows],
            attributes=[row[4] for row in rows],
            units=[row[5] for row in rows],
            kinds=[row[6] for row in rows],
            newest_us=np.array([NEVER if row[8] is None else to_us(row[8]) for row in rows], np.int64),
            max_age_us=np.array([row[7] // MICROSECOND for row in rows], np.int64),
            active=np.array([row[1] not in revoked for row in rows], np.bool_),
            lon=np.array([place[0] for place in places], np.float64),
            lat=np.array([place[1] for place in places], np.float64),
            an_hour=np.array([fact.an_hour for fact in facts], np.float64),
            battery_minimum=np.array(
                [_battery(fact, row[4], row[5]) for fact, row in zip(facts, rows, strict=True)], np.float64
            ),
            derived=np.array([(row[6], row[4]) in derived for row in rows], np.bool_),
        )

    def by_channel(self) -> Iterator[Ints]:
        """Rows of the same kind and attribute together: those can be compared."""
        names = [f"{kind}\0{attribute}" for kind, attribute in zip(self.kinds, self.attributes, strict=True)]
        if not names:
            return
        _, channel = np.unique(np.array(names), return_inverse=True)
        order = np.argsort(channel, kind="stable")
        edges = np.flatnonzero(np.diff(channel[order])) + 1
        yield from np.split(order, edges)

    def paths_by_device(self) -> dict[UUID, str]:
        """Where each device is."""
        return dict(zip(self.devices, self.paths, strict=True))


def _derived() -> set[tuple[str, str]]:
    """Kind and attribute of what manifests declare as computed."""
    kinds = EntityKind.objects.values_list("name", "attributes")
    return {(kind, facts["name"]) for kind, attributes in kinds for facts in attributes if facts.get("derived")}


def _series() -> list[tuple[int, UUID, UUID, str, str, str, str, dt.timedelta, dt.datetime | None]]:
    rows = Series.objects.filter(active=True, origin="", device_id__isnull=False).order_by("id")
    columns = ("id", "device_id", "entity_id", "division_path", "attribute", "unit", "entity_type", "max_age")
    return list(rows.values_list(*columns, "latest__observed_at"))


def _positions() -> Iterator[tuple[UUID, float | None, float | None]]:
    return Entity.objects.filter(device_id__isnull=False).values_list("id", "lon", "lat").iterator(10_000)


def _kept() -> dict[UUID, _Kept]:
    columns = ("device_id", "model__expected_interval", "model__battery_attribute", "model__battery_minimum")
    rows = DeviceRecord.objects.filter(model__isnull=False).values_list(*columns)
    return {
        device: _Kept(HOUR / every if every else 0.0, battery or "", BATTERY_LOW if least is None else least)
        for device, every, battery, least in rows
    }


def _battery(kept: _Kept, attribute: str, unit: str) -> float:
    """Below which a series is a low battery, NaN where it is none."""
    if kept.battery:
        return kept.minimum if attribute == kept.battery else np.nan
    return kept.minimum if attribute in BATTERIES and unit == "%" else np.nan
