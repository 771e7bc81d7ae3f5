"""Claiming: labels with one-time codes, and the phone at the device that says where it hangs."""

import base64
import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices import photos
from onecity.domains.devices.models import Claim, DeviceRecord, RecordStatus, WrongCode
from onecity.domains.devices.permissions import MANAGE
from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.telemetry.models import Device, Series

CODE_BYTES = 10
LASTS = dt.timedelta(days=365)
# so many wrong codes in so long close the door for an account: of 2^80 codes nobody finds one that way
MOST_WRONG, WITHIN = 10, dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device hangs, WGS-84 degrees, with the name that it gets there ("": the one it has) and a photo."""

    lon: float
    lat: float
    name: str = ""
    photo: bytes = b""


def labels(records: Sequence[DeviceRecord], actor: Account) -> list[tuple[DeviceRecord, str]]:
    """New codes for these devices, shown this once; a code before it ends. Raises Problem 403."""
    for record in records:
        policy.require(actor, MANAGE, record.division_path)
    made = []
    with transaction.atomic():
        for record in records:
            code = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
            values = {"code_hash": _hash(code), "created_at": now(), "expires_at": now() + LASTS}
            Claim.objects.update_or_create(record=record, defaults=values | {"used_at": None, "used_by": None})
            made.append((record, code))
        audit.record(
            "devices.labels_made", actor_id=actor.id, object_type="device", object_id=actor.id,
            division_path=records[0].division_path if records else "", detail={"devices": len(made)},
        )  # fmt: skip
    return made


def address(code: str) -> str:
    """What the label's QR code says."""
    return settings.ONECITY_BASE_URL.rstrip("/") + reverse("devices:claim", args=[code])


def find(code: str, actor: Account) -> Claim | None:
    """The claim of a code that still opens; None where it does not, which counts against the account.

    Raises Problem 429 after too many. The caller lets its transaction end well, or the count is lost.
    """
    since = now() - WITHIN
    if WrongCode.objects.filter(account_id=actor.id, at__gte=since).count() >= MOST_WRONG:
        detail = _("Too many wrong codes. Try again in an hour, or ask your data officer for a new label.")
        raise Problem("claim-throttled", detail, status=429, extra={"retry_after": int(WITHIN.total_seconds())})
    rows = Claim.objects.filter(code_hash=_hash(code), used_at__isnull=True, expires_at__gt=now())
    found = rows.select_related("record__model").first()
    if found is None or not policy.may(actor, MANAGE, found.record.division_path):
        WrongCode.objects.create(account_id=actor.id)
        return None
    return found


def claim(code: str, place: Place, actor: Account) -> DeviceRecord | None:
    """Install the device of a code: the code is used up, the device has its place. None: the code opens nothing.

    Raises Problem 422 (no place of the division, a bad photo), 429.
    """
    found = find(code, actor)
    if found is None:
        return None
    with transaction.atomic():
        row = Claim.objects.select_for_update(of=("self",)).select_related("record").get(record_id=found.record_id)
        if row.used_at is not None:
            return None
        record = row.record
        _settle(record, place, actor)
        if place.photo:
            photos.add(record, place.photo, actor)
        row.used_at, row.used_by = now(), actor.id
        row.save(update_fields=["used_at", "used_by"])
        audit.record(
            "devices.claimed", actor_id=actor.id, object_type="device", object_id=record.device_id,
            division_path=record.division_path, detail={"lon": place.lon, "lat": place.lat},
        )  # fmt: skip
    return record


def _settle(record: DeviceRecord, place: Place, actor: Account) -> None:
    """Write where it hangs; a device that measures at nothing yet comes into the smallest division around it."""
    if not (-180 <= place.lon <= 180 and -90 <= place.lat <= 90):
        raise _nowhere(_("The position is not a point of the earth."))
    found = places.locate([place.lon], [place.lat])[0]
    if places.root() is not None and not found.startswith(record.division_path):
        raise _nowhere(_("The position lies outside the division of the device."))
    device = Device.objects.select_for_update().get(id=record.device_id)
    free = record.entity_id is None and not Series.objects.filter(device_id=device.id).exists()
    if found and free and policy.may(actor, MANAGE, found):
        device.division_path = found
    device.name = place.name.strip()[:200] or device.name
    device.save(update_fields=["division_path", "name"])
    record.division_path, record.name = device.division_path, device.name
    record.lon, record.lat, record.status = place.lon, place.lat, RecordStatus.INSTALLED
    record.installed_at = record.installed_at or now()
    record.changed_at = now()
    record.save()


def _nowhere(detail: object) -> Problem:
    return Problem("claim-position", detail, status=422, errors=[FieldError("lon", detail)])


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.strip().lower().encode()).digest()
