"""Devices come into management: registered with all that is known of them, or taken up from the gateways' list."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models import DeviceModel, DeviceRecord, RecordStatus
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.kernel.access import audit, policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.chirpstack import NETWORK
from onecity.kernel.telemetry.models import Device, DeviceAddress, Series
from onecity.kernel.twin.models import Entity

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be registered; `entity_id` is what it measures at, which then takes readings from it alone."""

    name: str
    division_path: str
    model: DeviceModel | None = None
    serial: str = ""
    dev_eui: str = ""
    entity_id: UUID | None = None
    lon: float | None = None
    lat: float | None = None
    organisation_id: UUID | None = None
    purchase_cost: Decimal | None = None
    running_cost: Decimal | None = None
    installed_at: dt.datetime | None = None
    note: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def register_device(new: NewDevice, actor: Account | None) -> tuple[DeviceRecord, str]:
    """Register a device; returns its record and the secret, which is shown this once and kept nowhere.

    `actor` None: the platform itself. Raises Problem 403, 404 (no such entity there), 409 (serial number or DevEUI known).
    """
    if actor is not None:
        policy.require(actor, MANAGE, new.division_path)
    entity = _entity(new)
    try:
        with transaction.atomic():
            device, secret = telemetry.create_device(new.name, new.division_path)
            record = DeviceRecord.objects.create(device_id=device.id, **_values(new))
            if entity is not None:
                _measures_at(device, entity)
            if new.dev_eui and entity is not None:
                _address(device, new, entity)
            audit.record(
                "devices.registered",
                actor_id=actor.id if actor else None,
                object_type="device",
                object_id=device.id,
                division_path=new.division_path,
                detail={"name": new.name, "model": new.model.name if new.model else ""},
            )
    except IntegrityError as error:
        raise taken() from error
    return record, secret


def taken() -> Problem:
    """409 for a number that another device bears."""
    detail = _("Another device bears this serial number or DevEUI.")
    errors = [FieldError("serial", detail)]
    return Problem("device-known", _("The device is registered already"), status=409, detail=detail, errors=errors)


def devices_of(account: Principal, division_path: str = "") -> QuerySet[DeviceRecord]:
    """The records of devices below a division that the account may see."""
    rows = policy.visible(DeviceRecord.objects.select_related("model"), account, VIEW)
    return rows.filter(division_path__startswith=division_path) if division_path else rows


def one(account: Principal, device_id: UUID) -> DeviceRecord:
    """One visible device; raises Problem 404."""
    found = devices_of(account).filter(device_id=device_id).first()
    if found is None:
        raise Problem("no-device", _("There is no such device"), status=404)
    return found


def adopt() -> int:
    """Take up devices that the gateways know and management does not, with what they measure at; gives how many."""
    known = DeviceRecord.objects.filter(device_id=OuterRef("id"))
    devices = list(Device.objects.filter(~Exists(known)).order_by("id")[:AT_ONCE])
    things: dict[UUID | None, list[Entity]] = {}
    for entity in Entity.objects.filter(device_id__in=[device.id for device in devices]).order_by("id"):
        things.setdefault(entity.device_id, []).append(entity)
    rows = [_adopted(device, things.get(device.id, [])) for device in devices]
    DeviceRecord.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _adopted(device: Device, things: list[Entity]) -> DeviceRecord:
    """A device that speaks for one thing alone stands where that thing stands."""
    only = things[0] if len(things) == 1 else None
    return DeviceRecord(
        device_id=device.id,
        name=device.name,
        division_path=device.division_path,
        entity_id=only.id if only else None,
        lon=only.lon if only else None,
        lat=only.lat if only else None,
        status=RecordStatus.INSTALLED if things else RecordStatus.STOCK,
        installed_at=device.created_at if things else None,
    )


def _values(new: NewDevice) -> dict[str, Any]:
    """The columns of the record."""
    names = [
        *("name", "division_path", "model", "serial", "entity_id", "lon", "lat", "organisation_id"),
        *("purchase_cost", "running_cost", "installed_at", "note"),
    ]
    status = RecordStatus.INSTALLED if new.installed_at else RecordStatus.STOCK
    values = {name: getattr(new, name) for name in names}
    return values | {"dev_eui": new.dev_eui.lower(), "status": status} | new.facts


def _entity(new: NewDevice) -> Entity | None:
    if new.entity_id is None:
        return None
    found = Entity.objects.filter(id=new.entity_id, division_path__startswith=new.division_path).first()
    if found is None:
        detail = _("It must stand in the division of the device.")
        raise Problem("no-entity", _("There is no such place to measure at"), status=404, detail=detail)
    return found


def measures_at(device_id: UUID, things: Sequence[Entity], actor: Account) -> None:
    """Have things take their readings from this device alone. Raises Problem 403 for a thing in another's division."""
    device = Device.objects.get(id=device_id)
    for thing in things:
        policy.require(actor, MANAGE, thing.division_path)
        _measures_at(device, thing)


def _measures_at(device: Device, entity: Entity) -> None:
    entity.device_id = device.id
    entity.save(update_fields=["device_id"])
    Series.objects.filter(entity_id=entity.id).update(device_id=device.id)


def _address(device: Device, new: NewDevice, entity: Entity) -> None:
    """Under its DevEUI the LoRaWAN network names it."""
    DeviceAddress.objects.create(
        network=NETWORK,
        address=new.dev_eui.lower(),
        device_id=device.id,
        codec=new.model.codec if new.model else "",
        entity=entity.urn,
        division_path=new.division_path,
        changed_at=now(),
    )
