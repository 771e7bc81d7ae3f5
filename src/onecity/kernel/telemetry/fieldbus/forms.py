"""What the settings of a source consist of, by protocol; checked when they are saved and again when they are used."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.units import unit as parse_unit
from onecity.kernel.telemetry.codecs.declaration import BCD, ORDERS, WIDTHS
from onecity.kernel.telemetry.models import Protocol

Host = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=60)]
Points = msgspec.Meta(min_length=1, max_length=5_000)


class Point(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A value at the source and the attribute of an entity that it is: `value * scale + add`, in `unit` (UCUM)."""

    entity: Name
    attribute: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    unit: Annotated[str, msgspec.Meta(max_length=40)] = ""
    scale: float = 1.0
    add: float = 0.0


class Writable(Point, forbid_unknown_fields=True, kw_only=True):
    """A point that a command of the name `command` may set to its payload's `value`, within these bounds."""

    command: Annotated[str, msgspec.Meta(max_length=100)] = ""
    command_minimum: float | None = None
    command_maximum: float | None = None


class ModbusPoint(Writable, forbid_unknown_fields=True, kw_only=True):
    """A value in registers (`type`, `order` and `bits` as in a codec) or one coil; `address` counts from 0."""

    table: Literal["holding", "input", "coil", "discrete"] = "holding"
    address: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    unit_id: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    type: str = "uint16"
    length: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    order: str = "big"
    bits: tuple[int, int] | None = None
    signed: bool = False
    lookup: dict[str, float] | None = None
    invalid: list[float] = []


class Modbus(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Modbus TCP; neighbouring points are read together where at most `gap` registers lie between them."""

    host: Host
    port: Port = 502
    timeout: Seconds = 3.0
    gap: Annotated[int, msgspec.Meta(ge=0, le=100)] = 8
    points: Annotated[list[ModbusPoint], Points]


class OpcUaPoint(Writable, forbid_unknown_fields=True, kw_only=True):
    """The value of a node, as in `ns=2;s=Pump.Level`."""

    node: Annotated[str, msgspec.Meta(pattern=r"^(ns=\d{1,5};)?[isgb]=.{1,400}$")]


class OpcUa(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """OPC UA, followed by subscription or polled; with `history`, what the server kept meanwhile is read afterwards.

    `server_thumbprint`: SHA-1 of the server's certificate in hex, which alone is then accepted.
    """

    url: Annotated[str, msgspec.Meta(pattern=r"^opc\.tcp://[^\s]{1,400}$")]
    mode: Literal["subscribe", "poll"] = "subscribe"
    policy: Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] = "None"
    security: Literal["Sign", "SignAndEncrypt"] = "SignAndEncrypt"
    server_thumbprint: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{40})?$")] = ""
    history: bool = True
    timeout: Seconds = 4.0
    points: Annotated[list[OpcUaPoint], Points]


class SnmpPoint(Point, forbid_unknown_fields=True, kw_only=True):
    """The value of an object, by its whole OID."""

    oid: Annotated[str, msgspec.Meta(pattern=r"^\.?[0-2](\.\d{1,10}){1,127}$")]


class Snmp(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """SNMP: version 2c with a community, or version 3 with a user."""

    host: Host
    port: Port = 161
    version: Literal["2c", "3"] = "3"
    timeout: Seconds = 2.0
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 1
    context: Annotated[str, msgspec.Meta(max_length=32)] = ""
    points: Annotated[list[SnmpPoint], Points]


class ChirpStack(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The MQTT broker of a ChirpStack network server (version 4, JSON)."""

    host: Host
    port: Port = 1883
    tls: bool = False
    topic: Annotated[str, msgspec.Meta(min_length=1, max_length=400)] = "application/+/device/+/event/+"


Form = Modbus | OpcUa | Snmp | ChirpStack
FORMS: Mapping[str, type[Form]] = {
    Protocol.MODBUS: Modbus,
    Protocol.OPCUA: OpcUa,
    Protocol.SNMP: Snmp,
    Protocol.CHIRPSTACK: ChirpStack,
}
CREDENTIALS: Mapping[str, frozenset[str]] = {
    Protocol.MODBUS: frozenset(),
    Protocol.OPCUA: frozenset({"username", "password"}),
    Protocol.SNMP: frozenset({"community", "user", "auth", "auth_key", "privacy", "privacy_key"}),
    Protocol.CHIRPSTACK: frozenset({"username", "password", "ca"}),
}


def check(protocol: str, settings: Mapping[str, Any]) -> Form:
    """The settings as their form; raises Problem 422 with the place of what is wrong."""
    form = FORMS.get(protocol)
    if form is None:
        raise _wrong("protocol", _("There is no such protocol."))
    try:
        found = msgspec.convert(settings, form, strict=True)
    except msgspec.ValidationError as error:
        text, _at, place = str(error).partition(" - at `")
        raise _wrong(place.rstrip("`").removeprefix("$").lstrip(".") or "settings", text) from error
    for number, point in enumerate(() if isinstance(found, ChirpStack) else found.points):
        _check_point(point, f"points[{number}]")
    return found


def _check_point(point: Point, at: str) -> None:
    try:
        parse_unit(point.unit)
    except Problem as error:
        raise _wrong(f"{at}.unit", error.detail) from error
    if isinstance(point, Writable) and point.command and not point.scale:
        raise _wrong(f"{at}.scale", _("The scale of a point that is written must not be 0."))
    if not isinstance(point, ModbusPoint):
        return
    if point.command and (point.table not in {"holding", "coil"} or point.bits or point.lookup or point.type == BCD):
        detail = _("Only whole holding registers and coils can be written, without a table of values.")
        raise _wrong(f"{at}.command", detail)
    if point.type not in WIDTHS and point.type != BCD:
        raise _wrong(f"{at}.type", _("The type must be one of %(list)s.") % {"list": ", ".join((*WIDTHS, BCD))})
    if point.order not in ORDERS:
        raise _wrong(f"{at}.order", _("The order must be one of %(list)s.") % {"list": ", ".join(ORDERS)})
    width = 8 * width_of(point)
    if point.bits is not None and not (point.bits[0] >= 0 and 1 <= point.bits[1] <= width - point.bits[0]):
        raise _wrong(f"{at}.bits", _("Bits are given as [lowest, how many]."))


def width_of(point: ModbusPoint) -> int:
    """How many bytes the value of a point has."""
    return point.length if point.type == BCD else WIDTHS[point.type]


def _wrong(field: str, detail: object) -> Problem:
    title = _("The settings of the source cannot be used")
    return Problem("source-settings", title, status=422, errors=[FieldError(field, detail)])
