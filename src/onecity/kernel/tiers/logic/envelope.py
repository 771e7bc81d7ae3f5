"""How a message is written: a fixed head that says whose it is and its number there, then what it carries.

Readings travel as columns (town's series number int32, time int64 µs, value float64, little-endian, deflated), everything
else as JSON.
"""

import struct
import zlib
from dataclasses import dataclass
from uuid import UUID

import msgspec
import numpy as np

from onecity.kernel.telemetry.batch import Batch

HEAD = struct.Struct(">q16sB")
JSON, COLUMNS = 1, 2
ROW = 20
# nothing a town may send inflates beyond this
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message: `number` in the channel of the installation `sender`, and its content in one of two forms."""

    sender: UUID
    number: int
    form: int
    content: bytes

    def write(self) -> bytes:
        """The message as bytes."""
        return HEAD.pack(self.number, self.sender.bytes, self.form) + self.content


def read(payload: bytes) -> Envelope:
    """The message in these bytes; raises ValueError where they are none."""
    if len(payload) < HEAD.size:
        raise ValueError("a message of another tier is cut off")
    number, sender, form = HEAD.unpack_from(payload)
    if number < 1 or form not in (JSON, COLUMNS):
        raise ValueError("a message of another tier has a head that cannot be")
    return Envelope(UUID(bytes=sender), number, form, payload[HEAD.size :])


def pack_json(content: object) -> bytes:
    """Content as JSON."""
    return msgspec.json.encode(content)


def unpack_json(content: bytes) -> object:
    """JSON content; raises ValueError."""
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(f"a message of another tier is no JSON: {error}") from error


def pack_readings(batch: Batch) -> bytes:
    """Readings as deflated columns."""
    columns = (batch.series_id.astype("<i4"), batch.observed_at.astype("<i8"), batch.value.astype("<f8"))
    return zlib.compress(b"".join(column.tobytes() for column in columns), 1)


def unpack_readings(content: bytes) -> Batch:
    """The readings of deflated columns; raises ValueError for what is none, or is larger than a message may be."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(content, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"readings of another tier cannot be inflated: {error}") from error
    if inflater.unconsumed_tail or not inflater.eof or len(data) % ROW:
        raise ValueError("readings of another tier are cut off or too many")
    n = len(data) // ROW
    return Batch(
        np.frombuffer(data, "<i4", n).astype(np.int32),
        np.frombuffer(data, "<i8", n, 4 * n).astype(np.int64),
        np.frombuffer(data, "<f8", n, 12 * n).astype(np.float64),
    )
