"""Values of commands as a point takes them: bounded, scaled back, packed. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs import packing
from onecity.kernel.telemetry.codecs.declaration import CodecError
from onecity.kernel.telemetry.fieldbus.forms import ModbusPoint, Writable


def commands(points: Sequence[Writable]) -> frozenset[str]:
    """The names of the commands that write to these points."""
    return frozenset(point.command for point in points if point.command)


def value_of(point: Writable, payload: Mapping[str, Any]) -> float:
    """The number at the source that a command's payload `{"value": …}` means; raises CodecError."""
    value = packing.number(payload.get("value"), "value")
    least, most = point.command_minimum, point.command_maximum
    if (least is not None and value < least) or (most is not None and value > most):
        raise CodecError("value", _("The value must lie between {least} and {most}", least=least, most=most))
    return (value - point.add) / point.scale


def registers_of(point: ModbusPoint, payload: Mapping[str, Any]) -> list[int]:
    """The registers (for a coil, one number: 0 or 1) that a command writes; raises CodecError."""
    value = value_of(point, payload)
    if point.table == "coil":
        if value not in (0, 1):
            raise CodecError("value", _("A coil can be 0 or 1"))
        return [int(value)]
    raw = packing.pack(value, point.type, point.order, "value")
    # one byte means the lower one of its register
    raw = raw.rjust(len(raw) + len(raw) % 2, b"\0")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
