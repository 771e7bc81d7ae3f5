"""Cases in hexagonal cells (H3, Uber 2018): counted by cell and kind, without a loop over cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import h3
import numpy as np
import numpy.typing as npt
from h3 import int_to_str, str_to_int
from h3.api.basic_int import latlng_to_cell

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# 64-bit indexes of H3
Spots = npt.NDArray[np.uint64]
# cells of about 0.015 km², in which the same thing counts as reported again
SPOT: Final = 10
# about eleven metres: cases of one address share a point, and each point is looked up once
DIGITS: Final = 4
# more than the degrees of latitude times the scale of rounding
WIDE: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells that hold anything, the fullest first: names, counts, and which kind is most frequent in each."""

    names: Sequence[str]
    count: Ints
    kind: Ints
    of_kind: Ints


@dataclass(frozen=True, slots=True)
class Again:
    """The same kind in the same cell more than once, the most frequent first; `last`: the place of its newest case."""

    cell: Sequence[str]
    kind: Ints
    count: Ints
    first: Ints
    last: Ints


def spots_of(lon: Floats, lat: Floats) -> Spots:
    """The cell of each point at the resolution of a spot."""
    scale = 10**DIGITS
    rounded = np.round(np.asarray(lon) * scale).astype(np.int64) * WIDE + np.round(np.asarray(lat) * scale).astype(
        np.int64
    )
    points, which = np.unique(rounded, return_inverse=True)
    # the remainder of a division by WIDE is a latitude again, south of the equator too
    y = (points + WIDE // 2) % WIDE - WIDE // 2
    x = (points - y) // WIDE
    pairs = zip((y / scale).tolist(), (x / scale).tolist(), strict=True)
    found = np.fromiter((latlng_to_cell(at, along, SPOT) for at, along in pairs), dtype=np.uint64, count=len(points))
    return found[which.ravel()]


def cells_of(spots: Spots, resolution: int) -> tuple[list[str], Ints]:
    """The different cells of a resolution that hold spots, and the number of each spot's cell.

    A cell holds the spots that stand below it in the hierarchy of H3, whose borders cross the outline of the cell a little.
    """
    cells, number = np.unique(_above(spots, resolution), return_inverse=True)
    return [int_to_str(int(cell)) for cell in cells], number.ravel().astype(np.int64)


def _above(spots: Spots, resolution: int) -> Spots:
    """The cells above at a resolution: its number stands in bits 52 to 55, and the digits of finer ones, three bits each
    from the left, are all ones (H3, "H3 index")."""
    if resolution == SPOT:
        return spots
    finer = np.uint64((1 << 3 * (15 - resolution)) - 1)
    level = np.uint64(0xF << 52)
    return ((spots & ~level) | np.uint64(resolution << 52)) | finer


def counted(names: Sequence[str], cell: Ints, kind: Ints) -> Cells:
    """Cases by cell; `kind` numbers the kind of each case."""
    kinds = int(kind.max(initial=0)) + 1
    table = np.bincount(cell * kinds + kind, minlength=len(names) * kinds).reshape(-1, kinds)
    count = table.sum(axis=1)
    order = np.argsort(-count, kind="stable")
    most = table.argmax(axis=1)
    return Cells([names[i] for i in order.tolist()], count[order], most[order], table[order, most[order]])


def again(names: Sequence[str], cell: Ints, kind: Ints) -> Again:
    """What came more than once; cases are given newest first."""
    kinds = int(kind.max(initial=0)) + 1
    keys, newest, count = np.unique(cell * kinds + kind, return_index=True, return_counts=True)
    _same, oldest = np.unique((cell * kinds + kind)[::-1], return_index=True)
    kept = np.flatnonzero(count > 1)
    kept = kept[np.argsort(-count[kept], kind="stable")]
    return Again(
        [names[i] for i in (keys[kept] // kinds).tolist()], keys[kept] % kinds, count[kept],
        len(cell) - 1 - oldest[kept], newest[kept],
    )  # fmt: skip


def outline(cell: str) -> list[tuple[float, float]]:
    """The corners of a cell as longitude and latitude; raises ValueError for what is no cell."""
    if not h3.is_valid_cell(cell):
        raise ValueError(f"{cell!r} is no cell")
    return [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]


def holding(cell: str, lon: Floats, lat: Floats) -> Flags:
    """Which points are counted in a cell."""
    wanted = np.uint64(str_to_int(cell))
    return np.equal(_above(spots_of(lon, lat), h3.get_resolution(cell)), wanted)
