"""Result columns out of PostgreSQL's binary COPY, whole arrays at a time: no object per row.

Source: PostgreSQL documentation, COPY, "Binary Format". Only columns of fixed width that are never null can be read so.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onecity.kernel.telemetry.logic.copy import HEADER, POSTGRES_EPOCH, TRAILER

Kind = Literal["int4", "int8", "float8", "timestamptz"]
FIELDS: dict[Kind, str] = {"int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}


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


def _row(kinds: Sequence[Kind]) -> np.dtype[np.void]:
    fields = [("fields", ">i2")]
    for number, kind in enumerate(kinds):
        fields += [(f"length{number}", ">i4"), (f"value{number}", FIELDS[kind])]
    return np.dtype(fields)


def _native(table: NDArray[np.void], number: int, kind: Kind) -> NDArray[Any]:
    field = table[f"value{number}"]
    if np.any(table[f"length{number}"] != field.dtype.itemsize):
        raise ValueError(f"column {number} of the COPY stream is not always a {kind}")
    column = field.astype(field.dtype.newbyteorder("="))
    return column + POSTGRES_EPOCH if kind == "timestamptz" else column
