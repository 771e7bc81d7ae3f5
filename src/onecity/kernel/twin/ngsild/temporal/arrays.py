"""Arrays as PostgreSQL sends them in binary form, read whole: no object a value.

Source: PostgreSQL source, array_send: dimensions, flags, element type, then for each dimension length and lower bound, then
for each element its length and its bytes.
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["int4", "int8", "float8", "timestamptz"]
FIELDS: Final[dict[Kind, str]] = {"int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}
HEAD: Final = 20
# µs from 1970-01-01 to 2000-01-01, PostgreSQL's own beginning of time
POSTGRES_EPOCH: Final = 946_684_800_000_000


def read_array(data: bytes, kind: Kind) -> NDArray[Any]:
    """The values of a one-dimensional array without nulls; times as int64 µs since 1970 UTC. Raises ValueError otherwise."""
    head = np.frombuffer(data, ">i4", 2)
    if head[0] == 0:
        return np.empty(0, np.dtype(FIELDS[kind]).newbyteorder("="))
    if head[0] != 1 or head[1] != 0:
        raise ValueError("not an array of one dimension without nulls")
    table = np.frombuffer(data, np.dtype([("length", ">i4"), ("value", FIELDS[kind])]), offset=HEAD)
    field = table["value"]
    if np.any(table["length"] != field.dtype.itemsize):
        raise ValueError(f"not an array of {kind}")
    values = field.astype(field.dtype.newbyteorder("="))
    return values + POSTGRES_EPOCH if kind == "timestamptz" else values
