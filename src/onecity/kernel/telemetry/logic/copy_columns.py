"""Result columns out of PostgreSQL's binary COPY, whole arrays at a time: no object per row.

Sources: PostgreSQL documentation, COPY, "Binary Format"; for arrays its `array_send`. Only columns of fixed width that are
never null can be read so. A stream comes in one piece a row, which is slow for many: they are sent as arrays of thousands.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onecity.kernel.telemetry.logic.copy import HEADER, POSTGRES_EPOCH, TRAILER

Kind = Literal["int4", "int8", "float8", "timestamptz"]
FIELDS: dict[Kind, str] = {"int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}
NATIVE: dict[Kind, type] = {"int4": np.int32, "int8": np.int64, "float8": np.float64, "timestamptz": np.int64}
ARRAY_HEAD = 20


def read_columns(data: bytes, kinds: Sequence[Kind]) -> list[NDArray[Any]]:
    """The columns of a whole COPY stream, n rows each: int32, int64, float64; times as int64 µs since 1970 UTC.

    Raises ValueError when the stream does not hold exactly such rows.
    """
    if not (data.startswith(HEADER) and data.endswith(TRAILER)):
        raise ValueError("not a whole binary COPY stream")
    table = np.frombuffer(memoryview(data)[len(HEADER) : -len(TRAILER)], _row(kinds))
    if np.any(table["fields"] != len(kinds)):
        raise ValueError("a row of the COPY stream has another number of columns")
    return [_native(table, number, kind) for number, kind in enumerate(kinds)]


def read_blocks(data: bytes, kinds: Sequence[Kind]) -> list[NDArray[Any]]:
    """The columns of a whole COPY stream whose rows are blocks: each field holds many values as an array of its kind.

    Raises ValueError when the stream does not hold exactly such rows.
    """
    if not (data.startswith(HEADER) and data.endswith(TRAILER)):
        raise ValueError("not a whole binary COPY stream")
    found: list[list[NDArray[Any]]] = [[] for _kind in kinds]
    at, end = len(HEADER), len(data) - len(TRAILER)
    while at < end:
        if int.from_bytes(data[at : at + 2], "big") != len(kinds):
            raise ValueError("a row of the COPY stream has another number of columns")
        at += 2
        for number, kind in enumerate(kinds):
            size = int.from_bytes(data[at : at + 4], "big", signed=True)
            found[number].append(_elements(data[at + 4 : at + 4 + size], kind))
            at += 4 + size
    return [
        np.concatenate(parts) if parts else np.empty(0, NATIVE[kind]) for parts, kind in zip(found, kinds, strict=True)
    ]


def _elements(field: bytes, kind: Kind) -> NDArray[Any]:
    """The values of an array: dimensions, whether there are nulls, type, length, first index; then each with its size."""
    head = np.frombuffer(field[:ARRAY_HEAD], ">i4") if len(field) >= ARRAY_HEAD else np.zeros(5, ">i4")
    element = np.dtype([("length", ">i4"), ("value", FIELDS[kind])])
    if head[0] != 1 or head[1] or len(field) != ARRAY_HEAD + int(head[3]) * element.itemsize:
        raise ValueError(f"a field of the COPY stream is no array of {kind}")
    table = np.frombuffer(field, element, offset=ARRAY_HEAD)
    if np.any(table["length"] != table["value"].dtype.itemsize):
        raise ValueError(f"an array of the COPY stream is not always of {kind}")
    return _plain(table["value"], kind)


def _row(kinds: Sequence[Kind]) -> np.dtype[np.void]:
    fields = [("fields", ">i2")]
    for number, kind in enumerate(kinds):
        fields += [(f"length{number}", ">i4"), (f"value{number}", FIELDS[kind])]
    return np.dtype(fields)


def _native(table: NDArray[np.void], number: int, kind: Kind) -> NDArray[Any]:
    field = table[f"value{number}"]
    if np.any(table[f"length{number}"] != field.dtype.itemsize):
        raise ValueError(f"column {number} of the COPY stream is not always a {kind}")
    return _plain(field, kind)


def _plain(field: NDArray[Any], kind: Kind) -> NDArray[Any]:
    column = field.astype(field.dtype.newbyteorder("="))
    return column + POSTGRES_EPOCH if kind == "timestamptz" else column
