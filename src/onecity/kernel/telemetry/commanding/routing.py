"""Which way a command goes: to the device itself, through its network server, or written by a source of the platform."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.telemetry.chirpstack import NETWORK
from onecity.kernel.telemetry.codecs import encoding
from onecity.kernel.telemetry.codecs.declaration import CodecError, Downlink
from onecity.kernel.telemetry.codecs.reading import read
from onecity.kernel.telemetry.fieldbus import forms, writing
from onecity.kernel.telemetry.models import (
    CodecStatus,
    CodecVersion,
    CommandRoute,
    Device,
    DeviceAddress,
    FieldSource,
    Protocol,
)

WRITING = (Protocol.MODBUS, Protocol.OPCUA)


def route_of(device: Device, name: str, payload: Mapping[str, Any]) -> tuple[str, str]:
    """The route and its target (see Command). Raises Problem 422 where that way does not know the command."""
    for source in FieldSource.objects.filter(device_id=device.id, protocol__in=WRITING).order_by("id"):
        points = _written(source, name)
        if points:
            _possible(lambda found=points: [_write(point, payload) for point in found])
            return CommandRoute.SOURCE, str(source.id)
    address = DeviceAddress.objects.filter(device_id=device.id, network=NETWORK).order_by("id").first()
    if address is not None:
        downlink = downlink_of(address, name)
        _possible(lambda: encoding.encode(downlink, payload))
        return CommandRoute.LORAWAN, address.address
    return CommandRoute.DIRECT, ""


def downlink_of(address: DeviceAddress, name: str) -> Downlink:
    """What the codec of a LoRaWAN device declares for a command; raises Problem 422 where it declares none."""
    versions = CodecVersion.objects.filter(name=address.codec)
    if address.codec_version is None:
        versions = versions.filter(status=CodecStatus.PUBLISHED)
    else:
        versions = versions.filter(version=address.codec_version).exclude(status=CodecStatus.DRAFT)
    row = versions.first()
    found: list[Downlink] = []
    if row is not None:
        _possible(lambda: found.extend(item for item in read(row.definition).downlinks if item.name == name))
    if not found:
        detail = _("Declare it in the codec under “downlinks”.")
        title = _("The codec of the device does not know this command")
        raise Problem("command-unknown", title, status=422, detail=detail)
    return found[0]


def _written(source: FieldSource, name: str) -> list[forms.ModbusPoint | forms.OpcUaPoint]:
    form = forms.check(source.protocol, source.settings)
    if not isinstance(form, forms.Modbus | forms.OpcUa):
        return []
    return [point for point in form.points if point.command == name]


def _write(point: forms.ModbusPoint | forms.OpcUaPoint, payload: Mapping[str, Any]) -> object:
    if isinstance(point, forms.ModbusPoint):
        return writing.registers_of(point, payload)
    return writing.value_of(point, payload)


def _possible(act: Any) -> None:
    """Do it; raises Problem 422 with the place in the payload where it cannot be done."""
    try:
        act()
    except CodecError as error:
        errors = [FieldError(f"payload.{error.where}".rstrip("."), error.what)]
        raise Problem("command", _("The command cannot be given"), status=422, errors=errors) from error
