"""Cases in hexagonal cells (H3, Uber 2018): counted by cell and kind, without a loop over cases."""

from collections.abc import Sequence
from dataclasses import dataclass

import h3
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# about eleven metres: cases of one address share a point, and each point is looked up once
DIGITS = 4


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


def cells_of(lon: Floats, lat: Floats, resolution: int) -> tuple[list[str], Ints]:
    """The different cells of points, and the number of each point's cell."""
    points, which = np.unique(np.round(np.stack([lon, lat]), DIGITS), axis=1, return_inverse=True)
    found = [str(h3.latlng_to_cell(y, x, resolution)) for x, y in points.T.tolist()]
    names, number = np.unique(np.array(found, dtype="U16"), return_inverse=True)
    return names.tolist(), number[which.ravel()].astype(np.int64)


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


def holds(cell: str, lon: float, lat: float) -> bool:
    """Whether a point lies in a cell, rounded as for counting."""
    point = (round(lat, DIGITS), round(lon, DIGITS))
    return str(h3.latlng_to_cell(*point, h3.get_resolution(cell))) == cell
