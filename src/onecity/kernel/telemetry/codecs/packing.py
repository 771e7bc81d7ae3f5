"""Numbers into bytes: the way back from `numbers`, for commands that a device gets in its own form. Pure."""

import math
import struct

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs.declaration import WIDTHS, CodecError

FLOATS = {2: ">e", 4: ">f", 8: ">d"}


def number(value: object, where: str) -> float:
    """A value of a payload as a number; raises CodecError where it is none, or larger than any."""
    if not isinstance(value, int | float):
        raise CodecError(where, _("The value must be a number"))
    try:
        return float(value)
    except OverflowError as error:
        raise CodecError(where, _("The value is not a finite number")) from error


def pack(value: float, kind: str, order: str, where: str) -> bytes:
    """A number as bytes of this type and order (of WIDTHS and ORDERS); whole-number types take the nearest whole number.

    Raises CodecError where it does not fit.
    """
    width = WIDTHS[kind]
    if not math.isfinite(value):
        raise CodecError(where, _("The value is not a finite number"))
    try:
        if kind.startswith("float"):
            raw = struct.pack(FLOATS[width], value)
        else:
            raw = round(value).to_bytes(width, "big", signed=kind.startswith("int"))
    except (OverflowError, struct.error) as error:
        raise CodecError(where, _("{value} does not fit into {type}", value=value, type=kind)) from error
    return ordered(raw, order)


def ordered(raw: bytes, order: str) -> bytes:
    """Big-endian bytes in another order; the same again leads back."""
    if order == "big":
        return raw
    if order == "little":
        return raw[::-1]
    words = [raw[at : at + 2] for at in range(0, len(raw), 2)]
    if order == "big-words":
        return b"".join(reversed(words))
    return b"".join(word[::-1] for word in words)
