"""The makes of simulated devices, and what device management knows of each device."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models import DeviceModel, DeviceRecord, RecordStatus
from onecity.kernel.core.clock import now
from onecity.kernel.places import service as places
from onecity.kernel.telemetry.models import Device
from onecity.kernel.twin.models import Entity

FIRMWARE = "1.0.0"
OLDEST_DAYS = 900


@dataclass(frozen=True, slots=True)
class Make:
    """A simulated make; costs in yuan."""

    name: str
    title: object
    unit_cost: Decimal
    yearly_cost: Decimal
    calibration_days: int


MAKES = {
    "AirQualityObserved": Make(
        "sim-air-6", _("Air micro-station, six pollutants"), Decimal(28_000), Decimal(3_200), 180
    ),
    "NoiseLevelObserved": Make("sim-noise-1", _("Noise terminal, class 1"), Decimal(12_500), Decimal(900), 365),
    "WaterQualityObserved": Make(
        "sim-water-5", _("Water quality buoy, five parameters"), Decimal(46_000), Decimal(7_800), 90
    ),
}


def device_name(entity_name: str) -> str:
    """What the device at a simulated place is called, in the language of the stored data."""
    with translation.override(settings.LANGUAGE_CODE):
        return _("%(place)s terminal") % {"place": entity_name}


def record(entities: Sequence[Entity]) -> None:
    """Write the models and records of simulated devices; what is there already stays as people left it."""
    root = places.root()
    if root is None:
        return
    models = {kind: _model(kind, make, root.path) for kind, make in MAKES.items()}
    known = set(DeviceRecord.objects.filter(model__isnull=False).values_list("device_id", flat=True))
    names = dict(Device.objects.filter(id__in=[e.device_id for e in entities]).values_list("id", "name"))
    for entity in entities:
        if entity.device_id is None or entity.device_id in known or entity.type not in models:
            continue
        installed = now() - dt.timedelta(days=_draw(entity.key, OLDEST_DAYS))
        facts = {
            "name": names[entity.device_id], "model": models[entity.type], "serial": f"SIM-{_draw(entity.key, 10**8):08d}",
            "entity_id": entity.id, "division_path": entity.division_path, "lon": entity.lon, "lat": entity.lat,
            "status": RecordStatus.INSTALLED, "installed_at": installed, "firmware_version": FIRMWARE,
            "calibrated_at": now() - dt.timedelta(days=_draw(f"calibrated {entity.key}", 200)),
        }  # fmt: skip
        DeviceRecord.objects.update_or_create(device_id=entity.device_id, defaults=facts)


def _model(kind: str, make: Make, path: str) -> DeviceModel:
    with translation.override(settings.LANGUAGE_CODE):
        facts = {
            "title": str(make.title), "maker": str(_("Simulated")), "entity_type": kind, "division_path": path,
            "unit_cost": make.unit_cost, "yearly_cost": make.yearly_cost, "calibration_days": make.calibration_days,
            "expected_interval": dt.timedelta(minutes=1),
        }  # fmt: skip
    return DeviceModel.objects.get_or_create(name=make.name, defaults=facts)[0]


def _draw(text: str, below: int) -> int:
    """A number that is the same at every start."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % below
