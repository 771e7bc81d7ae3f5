"""Derives the areas of towns and villages from what is known of them: a few points, perhaps a few official outlines, or nothing.

Towns first: an official outline stays; what is left of the district goes to the other towns by the points that are known of
them and of their villages, and a town without any point gets a seed in the widest gap. Then each town is divided among
its villages in the same way. All derived areas together are a partition of the district, and are marked approximate.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Polygon

from onecity.kernel.core.geometry import DIGITS, Area, areal_part, label_point
from onecity.kernel.places.logic import seeds, voronoi
from onecity.kernel.places.logic.entry import Entry

Floats = npt.NDArray[np.float64]


def with_areas(outline: Area, towns: Sequence[Entry], villages: Sequence[Entry]) -> list[Entry]:
    """Return the towns, then the villages, with areas that partition the outline; those that have one keep it.

    Only known positions inside the outline are used. A derived area is `approximate`; the label of a division without
    a position lies well inside its area. A division for which nothing is left has an empty one.
    """
    towns, villages = _by_code(towns), _by_code(villages)
    members = {town.code: [village for village in villages if village.parent == town.code] for town in towns}
    town_areas = _shares(outline, towns, [[town, *members[town.code]] for town in towns])
    leaves: list[tuple[Entry, Area]] = []
    for town, area in zip(towns, town_areas, strict=True):
        own = members[town.code]
        shapes = _shares(area, own, [[one] for one in own]) if own else [area]
        leaves += zip(own or [town], shapes, strict=True)
    cleaned = dict(
        zip((leaf.code for leaf, _area in leaves), voronoi.coverage([area for _leaf, area in leaves]), strict=True)
    )
    result = []
    for town in towns:
        parts = [cleaned[one.code] for one in members[town.code] or [town]]
        result.append(_finished(town, voronoi.dissolve(parts)))
    return result + [_finished(one, cleaned[one.code]) for one in villages if one.code in cleaned]


def without_derived(entry: Entry) -> Entry:
    """Return an entry with only what is known of it: no derived area, and no position that is but a label's."""
    if not entry.approximate:
        return entry
    return replace(entry, shape=None) if entry.located else replace(entry, shape=None, lon=None, lat=None)


def _by_code(entries: Sequence[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.code)


def _shares(area: Area, entries: Sequence[Entry], witnesses: Sequence[Sequence[Entry]]) -> list[Area]:
    """Return the share of each entry in `area`: its own shape, else what is nearest to the positions of its witnesses."""
    official = [entry.shape for entry in entries if entry.shape is not None]
    rest = areal_part(area.difference(shapely.union_all(official))) if official else area
    open_ = [index for index, entry in enumerate(entries) if entry.shape is None]
    shapes = [entry.shape or Polygon() for entry in entries]
    if rest.is_empty or not open_:
        return shapes
    known = [_positions(rest, witnesses[index]) for index in open_]
    lacking = [place for place, points in enumerate(known) if not len(points)]
    placed = seeds.spread(rest, len(lacking), np.concatenate([*known, np.empty((0, 2))]))
    for place, seed in zip(lacking, placed, strict=True):
        known[place] = seed[None, :]
    owners = np.repeat(np.arange(len(open_)), [len(points) for points in known])
    derived = voronoi.partition(rest, seeds.apart(np.concatenate(known)), owners, len(open_))
    for index, share in zip(open_, derived, strict=True):
        shapes[index] = share
    return shapes


def _positions(area: Area, entries: Sequence[Entry]) -> Floats:
    """Return float64[n, 2] of the known positions of the entries that lie in the area."""
    known = [(one.lon, one.lat) for one in entries if one.located]
    points = np.array(known, dtype=np.float64).reshape(-1, 2)
    inside: Floats = points[shapely.contains_xy(area, points[:, 0], points[:, 1])]
    return inside


def _finished(entry: Entry, derived: Area) -> Entry:
    shape = entry.shape or derived
    if shape.is_empty:
        return replace(entry, shape=Polygon())
    lon, lat = entry.lon, entry.lat
    if lon is None or lat is None or not shapely.intersects_xy(shape, lon, lat):
        lon, lat = label_point(shape)
    approximate = entry.approximate if entry.shape else True
    return replace(entry, shape=shape, lon=round(lon, DIGITS), lat=round(lat, DIGITS), approximate=approximate)
