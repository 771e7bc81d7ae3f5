"""Remote diagnosis: what a device last sent, what was refused of it, how well it is heard, and how right its clock goes."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.db.models.functions import Coalesce

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.models import Command, CommandState, DeviceAddress, Latest, Quarantine, Series
from onecity.kernel.telemetry.models.raw import RawMessage

SHOWN = 10
STATUS = "status"
PAYLOAD_SHOWN = 400
# below these a LoRaWAN link is about to break (SX1276 data sheet, table 10: sensitivity at SF12; demodulation limit)
WEAK_RSSI, WEAK_SNR = -120.0, -17.5


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`clock_offset`: how far the newest reading's time lay before its arrival; `reported`: as the device said itself."""

    heard_at: dt.datetime | None
    clock_offset: dt.timedelta | None
    messages: Sequence[Mapping[str, Any]]
    errors: Sequence[Quarantine]
    signal: Mapping[str, Any] = field(default_factory=dict)
    weak: bool = False
    reported: Mapping[str, Any] = field(default_factory=dict)
    uptime_hours: float | None = None


def of(device_id: UUID) -> Diagnosis:
    """Everything known of a device that helps to find out what ails it, as far as the account may see it."""
    series = Series.objects.filter(device_id=device_id, active=True)
    heard = Latest.objects.filter(series__in=series).aggregate(at=Max("observed_at"))["at"]
    messages = list(RawMessage.objects.filter(device_id=device_id).order_by("-received_at", "-id")[:SHOWN])
    errors = list(Quarantine.objects.filter(device_id=device_id).order_by("-received_at")[:SHOWN])
    address = DeviceAddress.objects.filter(device_id=device_id).order_by("id").first()
    signal = dict(address.signal) if address else {}
    reported = _reported(device_id)
    uptime = reported.get("uptime")
    newest = messages[0].received_at if messages else None
    offset = newest - heard if newest and heard and abs(newest - heard) < dt.timedelta(days=1) else None
    return Diagnosis(
        heard_at=max((at for at in (heard, newest, _answered(device_id)) if at is not None), default=None),
        clock_offset=offset,
        messages=[_shown(message) for message in messages],
        errors=errors,
        signal=signal,
        weak=_weak(signal),
        reported=reported,
        uptime_hours=uptime / 3600 if isinstance(uptime, int | float) else None,
    )


def commands(device_id: UUID) -> list[Command]:
    """The newest commands of a device."""
    return list(Command.objects.filter(device_id=device_id).order_by("-created_at", "-id")[:50])


def expiry(hours: int) -> dt.datetime:
    """The end of a command that is valid for so many hours."""
    return now() + dt.timedelta(hours=hours)


def _answered(device_id: UUID) -> dt.datetime | None:
    """When the device last said something of a command."""
    said = Command.objects.filter(
        device_id=device_id, state__in=[CommandState.DELIVERED, CommandState.ACKNOWLEDGED, CommandState.FAILED]
    )
    at: dt.datetime | None = said.aggregate(at=Max(Coalesce("finished_at", "delivered_at")))["at"]
    return at


def _reported(device_id: UUID) -> Mapping[str, Any]:
    """What the device last answered when it was asked for its state."""
    answered = Command.objects.filter(device_id=device_id, name=STATUS, state=CommandState.ACKNOWLEDGED)
    found = answered.order_by("-finished_at").values_list("result", flat=True).first()
    return found or {}


def _weak(signal: Mapping[str, Any]) -> bool:
    rssi, snr = signal.get("rssi"), signal.get("snr")
    return (isinstance(rssi, int | float) and rssi < WEAK_RSSI) or (isinstance(snr, int | float) and snr < WEAK_SNR)


def _shown(message: RawMessage) -> dict[str, Any]:
    """A message as text where it is text, else in hexadecimal."""
    raw = bytes(message.payload)[:PAYLOAD_SHOWN]
    try:
        text = raw.decode()
        text = text if text.isprintable() or "\n" in text else raw.hex(" ")
    except UnicodeDecodeError:
        text = raw.hex(" ")
    return {
        "at": message.received_at,
        "way": message.way,
        "size": message.size,
        "text": text,
        "outcome": message.outcome,
    }
