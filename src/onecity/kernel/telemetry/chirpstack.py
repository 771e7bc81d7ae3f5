"""Events of a ChirpStack network server, version 4, in its JSON form: what an uplink says of message and reception.

https://www.chirpstack.io/docs/chirpstack/integrations/events.html (`up`, `status`, `join`); topics as in
https://www.chirpstack.io/docs/chirpstack/integrations/mqtt.html
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs.declaration import CodecError, Payload
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.uplinks import Uplink

NETWORK = "lorawan"
MAX_EVENT = 256 * 1024
# battery levels of a device's status are per cent; −1 means that the device cannot say
UNKNOWN = -1.0


class DeviceInfo(msgspec.Struct, rename="camel"):
    """Which device; everything else about it the platform knows itself."""

    dev_eui: str
    application_id: str = ""


class RxInfo(msgspec.Struct, rename="camel"):
    """How one gateway received the message."""

    gateway_id: str = ""
    rssi: float = 0.0
    snr: float = 0.0
    time: str = ""


class Event(msgspec.Struct, rename="camel"):
    """The parts of an event that are used; members it leaves out are at their defaults."""

    device_info: DeviceInfo
    deduplication_id: str = ""
    time: str = ""
    dr: int = 0
    f_cnt: int = 0
    f_port: int = 0
    data: str = ""
    object: msgspec.Raw = msgspec.Raw()
    rx_info: list[RxInfo] = []
    battery_level: float | None = None
    margin: float | None = None
    external_power_source: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """What an event says: whose it is, the message if it is one, and how the device was received."""

    address: str
    key: str
    signal: Mapping[str, Any]
    uplink: Uplink | None


def read(body: bytes, kind: str, received_at: int, division: str = "") -> Heard | None:
    """An event (`up`, `status`, `join`); None for a kind that says nothing of interest. Raises CodecError.

    `division` is the network server's: it may speak for devices within it. `received_at` (µs) stands for the time where the event names none.
    """
    if kind not in {"up", "status", "join"}:
        return None
    if len(body) > MAX_EVENT:
        raise CodecError("", _("A message may have {most} bytes", most=MAX_EVENT))
    try:
        event = msgspec.json.decode(body, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("", _("This is no event of ChirpStack: {text}", text=str(error)[:200])) from error
    address = event.device_info.dev_eui.lower()
    best = max(event.rx_info, key=lambda info: info.rssi, default=None)
    signal: dict[str, Any] = {"kind": kind, "f_cnt": event.f_cnt, "dr": event.dr}
    if best is not None:
        signal |= {"rssi": best.rssi, "snr": best.snr, "gateways": [info.gateway_id for info in event.rx_info][:20]}
    if kind == "status":
        signal = {"kind": kind, "margin": event.margin, "external_power": event.external_power_source}
        signal["battery_level"] = event.battery_level
    if event.device_info.application_id:
        signal["application"] = event.device_info.application_id[:80]
    moment = times.from_one(event.time)
    at = received_at if moment is None else moment
    uplink = _uplink(event, address, at, signal, division) if kind != "join" else None
    return Heard(address, event.deduplication_id[:80], signal, uplink)


@dataclass(frozen=True, slots=True)
class Told:
    """What the network server tells of a message to a device: `queued` is the number that we gave it.

    `acknowledged` None: it was transmitted; otherwise whether the device confirmed it.
    """

    address: str
    queued: str
    acknowledged: bool | None


class Answer(msgspec.Struct, rename="camel"):
    """The parts of the events `ack` and `txack` that are used."""

    device_info: DeviceInfo
    queue_item_id: str = ""
    acknowledged: bool = False


def told(body: bytes, kind: str) -> Told | None:
    """An event about a message to a device (`ack`, `txack`); None for every other. Raises CodecError."""
    if kind not in {"ack", "txack"}:
        return None
    try:
        event = msgspec.json.decode(body[: MAX_EVENT + 1], type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError("", _("This is no event of ChirpStack: {text}", text=str(error)[:200])) from error
    acknowledged = event.acknowledged if kind == "ack" else None
    return Told(event.device_info.dev_eui.lower(), event.queue_item_id, acknowledged)


def _uplink(event: Event, address: str, at: int, signal: Mapping[str, Any], division: str) -> Uplink:
    measured = {name: signal[name] for name in ("rssi", "snr", "battery_level", "margin") if _known(signal.get(name))}
    if signal["kind"] == "status":
        # no message of the device itself: only what the network knows of it
        return Uplink(NETWORK, address, Payload(b"{}", 0, at), b"", measured, silent=True, division=division)
    try:
        data = base64.b64decode(event.data, validate=True)
    except ValueError as error:
        raise CodecError("data", _("This is not base64")) from error
    return Uplink(NETWORK, address, Payload(data, event.f_port, at), bytes(event.object), measured, division=division)


def _known(value: object) -> bool:
    return isinstance(value, int | float) and value != UNKNOWN


def downlink(
    application: str, address: str, data: bytes, port: int, *, confirmed: bool = False, number: str = ""
) -> tuple[str, bytes]:
    """Topic and message with which the network server is asked to send `data` to a device; `number` (a UUID) names it."""
    body: dict[str, object] = {"id": number} if number else {}
    body |= {"devEui": address, "confirmed": confirmed, "fPort": port, "data": base64.b64encode(data).decode()}
    return f"application/{application}/device/{address}/command/down", msgspec.json.encode(body)
