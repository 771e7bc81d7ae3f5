"""Devices and series: the acts by which someone or something may send readings, and a place to put them."""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Mapping

from django.db import transaction

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.models import Device, Series
from onecity.kernel.telemetry.models.device import DEFAULT_READINGS_PER_SECOND, DeviceStatus
from onecity.kernel.telemetry.types import Attribute, EntityType

SECRET_BYTES = 32


def hash_secret(secret: str) -> bytes:
    """SHA-256 of a device's secret; enough, because the secret is 256 random bits and not a person's password."""
    return hashlib.sha256(secret.encode()).digest()


def create_device(
    name: str, division_path: str, *, readings_per_second: int = DEFAULT_READINGS_PER_SECOND
) -> tuple[Device, str]:
    """Register a device; returns it with its secret, which is shown this once and kept nowhere."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    device = Device.objects.create(
        name=name,
        division_path=division_path,
        secret_hash=hash_secret(secret),
        readings_per_second=readings_per_second,
    )
    return device, secret


def rotate_secret(device_id: uuid.UUID, overlap: dt.timedelta = dt.timedelta()) -> str:
    """Give a device a new secret. The old one opens for `overlap` longer, and any before that no more; all within two
    seconds. Raises Device.DoesNotExist.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        device = Device.objects.select_for_update().get(id=device_id)
        device.earlier_hash = bytes(device.secret_hash) if overlap else b""
        device.earlier_until = now() + overlap if overlap else None
        device.secret_hash = hash_secret(secret)
        device.secret_changed_at = now()
        device.save(update_fields=["earlier_hash", "earlier_until", "secret_hash", "secret_changed_at"])
    return secret


def revoke_device(device_id: uuid.UUID) -> None:
    """End a device's right to send, within two seconds everywhere; what it sent stays. Raises Device.DoesNotExist."""
    with transaction.atomic():
        device = Device.objects.select_for_update().get(id=device_id)
        if device.status == DeviceStatus.REVOKED:
            return
        device.status = DeviceStatus.REVOKED
        device.revoked_at = now()
        device.save(update_fields=["status", "revoked_at"])


def end_overlap(device_id: uuid.UUID) -> None:
    """Let only the newest secret open from now on, within two seconds everywhere. Raises Device.DoesNotExist."""
    with transaction.atomic():
        device = Device.objects.select_for_update().get(id=device_id)
        device.earlier_hash, device.earlier_until = b"", None
        device.save(update_fields=["earlier_hash", "earlier_until"])


def register_series(
    entity_id: uuid.UUID,
    entity_urn: str,
    entity_type: EntityType,
    division_path: str,
    device_id: uuid.UUID | None = None,
    public: bool = False,
) -> Mapping[str, int]:
    """Intern every attribute of an entity; returns attribute name → series id. Idempotent; writes only what differs.

    An attribute the type no longer declares keeps its history but accepts nothing more.
    """
    with transaction.atomic():
        present = {s.attribute: s for s in Series.objects.filter(entity_id=entity_id).select_for_update()}
        wanted = {
            a.name: _row(a, entity_type)
            | {"entity_urn": entity_urn, "entity_key": key_of(entity_urn), "division_path": division_path}
            | {"device_id": device_id, "public": public, "active": True}
            for a in entity_type.attributes
        }
        changed = [_changed(present[name], fields) for name, fields in wanted.items() if name in present]
        changed += [_changed(series, {"active": False}) for name, series in present.items() if name not in wanted]
        fields = ["entity_urn", "entity_key", "entity_type", "unit", "decimals", "minimum", "maximum", "max_age"]
        fields += ["late_after", "division_path", "device_id", "public", "active"]
        if rows := [series for series in changed if series is not None]:
            Series.objects.bulk_update(rows, fields)
        new = [Series(entity_id=entity_id, attribute=n, **f) for n, f in wanted.items() if n not in present]
        Series.objects.bulk_create(new)
        known = present | {series.attribute: series for series in new}
        return {name: known[name].id for name in wanted}


def key_of(urn: str) -> str:
    """The short name within a URN: `urn:ngsi-ld:AirStation:fx-1` → `fx-1`; what is no such URN is its own key."""
    parts = urn.split(":", 3)
    return parts[3] if len(parts) == 4 and parts[0] == "urn" else urn


def _row(attribute: Attribute, entity_type: EntityType) -> dict[str, object]:
    return {
        "entity_type": entity_type.name,
        "unit": attribute.unit,
        "decimals": attribute.decimals,
        "minimum": attribute.minimum,
        "maximum": attribute.maximum,
        "max_age": entity_type.max_age,
        "late_after": entity_type.late_after,
    }


def _changed(series: Series, fields: Mapping[str, object]) -> Series | None:
    """The series with these values set, or None when it had them all."""
    differing = {name: value for name, value in fields.items() if getattr(series, name) != value}
    for name, value in differing.items():
        setattr(series, name, value)
    return series if differing else None
