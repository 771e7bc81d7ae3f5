"""Numbers out of bytes, for many messages of one length at once: columns of uint8[k, length] in, float64[k] out."""

import numpy as np
from numpy.typing import NDArray

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.batch import Bools, Floats
from onecity.kernel.telemetry.codecs.declaration import BCD, CodecError, Number

Bytes = NDArray[np.uint8]
Unsigned = NDArray[np.uint64]


def span(number: Number, length: int) -> tuple[int, int]:
    """Where a number begins and ends in a message of `length` bytes; raises CodecError where the message is too short."""
    start = number.offset if number.offset >= 0 else length + number.offset
    if start < 0 or start + number.length > length:
        raise CodecError(
            f"byte {number.offset}",
            _("The message has {length} bytes, {needed} are needed", length=length, needed=start + number.length),
        )
    return start, start + number.length


def extract(messages: Bytes, number: Number) -> tuple[Floats, Bools]:
    """The number in each message, float64[k], and whether it is one, bool[k] (a decimal digit above 9 is none).

    Integers beyond 2^53 are rounded as every float64 is. Raises CodecError where the messages are too short.
    """
    start, end = span(number, messages.shape[1])
    raw = _ordered(messages[:, start:end], number.order)
    good = np.ones(len(raw), np.bool_)
    if number.kind == BCD:
        return _decimal(raw)
    if number.kind.startswith("float"):
        kind = {2: ">f2", 4: ">f4", 8: ">f8"}[number.length]
        values = np.ascontiguousarray(raw).view(kind)[:, 0].astype(np.float64)
        return values, good
    whole = integers(raw)
    width = 8 * number.length
    if number.bits is not None:
        lowest, width = number.bits
        whole = (whole >> np.uint64(lowest)) & np.uint64((1 << width) - 1)
    return _signed(whole, width) if number.signed else whole.astype(np.float64), good


def integers(raw: Bytes) -> Unsigned:
    """Big-endian unsigned integers of up to eight bytes, uint64[k]."""
    wide: Bytes = np.zeros((len(raw), 8), np.uint8)
    wide[:, 8 - raw.shape[1] :] = raw
    return wide.view(">u8")[:, 0].astype(np.uint64)


def _signed(whole: Unsigned, width: int) -> Floats:
    left = np.uint64(64 - width)
    return ((whole << left).view(np.int64) >> np.int64(64 - width)).astype(np.float64)


def _ordered(raw: Bytes, order: str) -> Bytes:
    """The bytes in big-endian order."""
    if order == "little":
        return raw[:, ::-1]
    if order == "big-words":
        return _words(raw)
    return _words(raw[:, ::-1]) if order == "little-words" else raw


def _words(raw: Bytes) -> Bytes:
    """The 16-bit words in reverse order, the bytes within them as they are."""
    words = raw.reshape(len(raw), -1, 2)[:, ::-1]
    return words.reshape(len(raw), -1)


def _decimal(raw: Bytes) -> tuple[Floats, Bools]:
    digits = np.stack([raw >> 4, raw & 0x0F], axis=2).reshape(len(raw), -1)
    good = np.asarray((digits <= 9).all(axis=1), np.bool_)
    powers = 10.0 ** np.arange(digits.shape[1] - 1, -1, -1)
    return (digits * powers).sum(axis=1), good
