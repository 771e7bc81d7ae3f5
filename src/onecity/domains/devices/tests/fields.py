"""Fields of devices with hours of readings, for tests of what looks at many of them."""

import datetime as dt

import numpy as np

from onecity.domains.devices.models import DeviceModel, DeviceRecord, RecordStatus
from onecity.kernel.core.clock import to_us
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Latest, Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.service import upsert_entity

NOW = dt.datetime(2026, 6, 29, 0, 30, tzinfo=dt.UTC)
HOURS = 14 * 24
NODE = EntityType(
    "TestNode",
    "Node",
    (Attribute("level", "Level", "m", -1000, 1000), Attribute("battery", "Battery", "%", 0, 100)),
    max_age=dt.timedelta(hours=2),
)


def node(name: str, division: str, *, place: int = 0, model: DeviceModel | None = None) -> tuple[DeviceRecord, Entity]:
    """A device in service that measures at a thing of its own; `place` sets where it stands, some 500 m apart."""
    device, _secret = telemetry.create_device(name, division)
    lon, lat = 121.40 + 0.005 * (place % 5), 30.90 + 0.005 * (place // 5)
    entity = upsert_entity(
        type=NODE, key=name, name=name, division_path=division, lon=lon, lat=lat, device_id=device.id
    )
    record = DeviceRecord.objects.create(
        device_id=device.id, name=name, model=model, division_path=division, entity_id=entity.id, lon=lon, lat=lat,
        status=RecordStatus.INSTALLED, installed_at=NOW - dt.timedelta(days=100),
    )  # fmt: skip
    return record, entity


def measured(entity: Entity, attribute: str, values: np.ndarray, per_hour: int = 1, end: dt.datetime = NOW) -> int:
    """Store hourly values that end with the last full hour (NaN: none), each `per_hour` times; returns the series."""
    series = Series.objects.get(entity_id=entity.id, attribute=attribute)
    first = to_us(end.replace(minute=0)) - len(values) * 3_600_000_000
    step = 3_600_000_000 // per_hour
    at = first + step * np.arange(len(values) * per_hour, dtype=np.int64)
    repeated = np.repeat(values, per_hour)
    there = np.isfinite(repeated)
    batch = Batch(np.full(int(there.sum()), series.pk, np.int32), at[there], repeated[there])
    store.Partitions().ensure({day for day, _part in store.by_day(batch)})
    store.append(batch)
    newest = dt.datetime.fromtimestamp(int(at[there][-1]) / 1e6, dt.UTC)
    Latest.objects.update_or_create(
        series=series, defaults={"observed_at": newest, "value": float(repeated[there][-1])}
    )
    return series.pk
