"""PostgreSQL's binary COPY format straight from arrays: a numpy structured array of big-endian fields is that format.

Source: PostgreSQL documentation, COPY, "Binary Format": signature, flags, then for each row the number of fields and each
field's length and bytes; timestamptz is int64 µs since 2000-01-01 UTC.
"""

from collections.abc import Iterator

import numpy as np

from onecity.kernel.telemetry.batch import Batch, Floats, Int32s, Int64s

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
# µs from 1970-01-01 to 2000-01-01, PostgreSQL's own beginning of time
POSTGRES_EPOCH = 946_684_800_000_000

ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("observed_at_length", ">i4"),
        ("observed_at", ">i8"),
        ("value_length", ">i4"),
        ("value", ">f8"),
        ("series_id_length", ">i4"),
        ("series_id", ">i4"),
    ]
)
COLUMNS = "observed_at, value, series_id"
# about a megabyte: stays in the processor's cache between being made and being sent
PIECE_ROWS = 32_768


def pieces(batch: Batch) -> Iterator[bytes | memoryview]:
    """The readings as a COPY stream of the columns COLUMNS, piece by piece: memory for a few thousand rows is enough."""
    yield HEADER
    out = np.empty(min(len(batch), PIECE_ROWS), ROW)
    out["fields"], out["observed_at_length"], out["value_length"], out["series_id_length"] = 3, 8, 8, 4
    for start in range(0, len(batch), PIECE_ROWS):
        rows = slice(start, min(start + PIECE_ROWS, len(batch)))
        part = out[: rows.stop - start]
        part["observed_at"] = batch.observed_at[rows] - POSTGRES_EPOCH
        part["value"] = batch.value[rows]
        part["series_id"] = batch.series_id[rows]
        yield part.view(np.uint8).data
    yield TRAILER


def rows(batch: Batch) -> bytes:
    """The readings as one whole COPY stream of the columns COLUMNS."""
    return b"".join(bytes(piece) for piece in pieces(batch))


def read_rows(data: bytes) -> tuple[Int32s, Int64s, Floats]:
    """A whole COPY stream of COLUMNS without nulls back: series ids int32[n], times int64[n] (µs), values float64[n]."""
    return read_table(data[len(HEADER) : -len(TRAILER)])


def read_table(body: bytes) -> tuple[Int32s, Int64s, Floats]:
    """The same from the rows alone, without the stream's head and end."""
    table = np.frombuffer(body, ROW)
    return (
        table["series_id"].astype(np.int32),
        table["observed_at"].astype(np.int64) + POSTGRES_EPOCH,
        table["value"].astype(np.float64),
    )
