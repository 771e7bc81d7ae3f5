"""A tree as it is on one day, read once and kept until the tree changes: what point location, titles and layers work on."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from django.db.models import Q, QuerySet
from django.utils import timezone
from shapely import MultiPolygon, Polygon

from onecity.kernel.core import clock
from onecity.kernel.core.geometry import Area
from onecity.kernel.places.logic import locator
from onecity.kernel.places.logic.paths import ADMINISTRATIVE
from onecity.kernel.places.models import Division, DivisionState, TreeVersion

STATE_FIELDS = ("name", "geometry", "lon", "lat", "approximate", "source")
KEPT = 12  # days and trees whose snapshot stays in memory


@dataclass(frozen=True, slots=True)
class Place:
    """One division on that day, with its shape; `shape` is None when its outline is not known."""

    path: str
    code: str
    name: str
    level: str
    lon: float | None
    lat: float | None
    approximate: bool
    shape: Area | None

    @property
    def depth(self) -> int:
        """How many codes the path has: 1 for a root."""
        return self.path.count("/") - 1


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All divisions of a tree on one day, in the order of their paths."""

    tree: str
    version: uuid.UUID | None
    places: tuple[Place, ...]

    def names(self) -> dict[str, str]:
        """Return the name by path."""
        return {place.path: place.name for place in self.places}

    def at_level(self, level: str | None) -> list[tuple[Place, Area]]:
        """Return the places of a level (every level with None) whose outline is known, in the order of their paths."""
        known = [(place, place.shape) for place in self.places if level in {None, place.level}]
        return [(place, shape) for place, shape in known if shape is not None]


def today() -> dt.date:
    """Return the current day in the district's time zone."""
    return timezone.localdate(clock.now())


def alive(at: dt.date) -> QuerySet[Division]:
    """Return the divisions that exist on a day, of all trees."""
    return Division.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), valid_from__lte=at)


def as_on(divisions: Iterable[Division], at: dt.date) -> list[Division]:
    """Return the divisions with the names and outlines that held on a day; not to be saved."""
    found = list(divisions)
    older = [division.pk for division in found if division.current_from > at]
    if older:
        held = DivisionState.objects.filter(division_id__in=older, valid_from__lte=at, valid_to__gt=at)
        states = {state.division_id: state for state in held}
        for division in found:
            for field in STATE_FIELDS if division.pk in states else ():
                setattr(division, field, getattr(states[division.pk], field))
    return found


def take(tree: str = ADMINISTRATIVE, at: dt.date | None = None) -> Snapshot:
    """Return the tree as it is on a day (today when None), from memory when nothing in it has changed since."""
    version = TreeVersion.objects.filter(tree=tree).values_list("version", flat=True).first()
    return Snapshot(tree, None, ()) if version is None else _read(tree, version, at or today())


@lru_cache(maxsize=KEPT)
def _read(tree: str, version: uuid.UUID, at: dt.date) -> Snapshot:
    divisions = as_on(alive(at).filter(tree=tree).order_by("path"), at)
    blobs = [bytes(division.geometry) if division.geometry else None for division in divisions]
    shapes = shapely.from_wkb(np.array(blobs, dtype=object))
    places = (
        Place(one.path, one.code, one.name, one.level, one.lon, one.lat, one.approximate, _area(shape))
        for one, shape in zip(divisions, shapes, strict=True)
    )
    return Snapshot(tree, version, tuple(places))


def _area(shape: object) -> Area | None:
    return shape if isinstance(shape, Polygon | MultiPolygon) else None


def paths_of(snapshot: Snapshot, lon: npt.ArrayLike, lat: npt.ArrayLike, level: str | None, snap_m: float) -> list[str]:
    """Return for each point (degrees, WGS-84) the path of its division of that level, of the deepest one with None."""
    east, north = np.atleast_1d(np.asarray(lon, dtype=np.float64)), np.atleast_1d(np.asarray(lat, dtype=np.float64))
    found = np.full(east.shape, "", dtype=object)
    depths = sorted({place.depth for place, _shape in snapshot.at_level(level)}, reverse=True)
    for depth, reach in [*((depth, 0.0) for depth in depths), *((depth, snap_m) for depth in depths[:1] if snap_m > 0)]:
        open_ = np.flatnonzero(found == "")
        if not open_.size:
            break
        paths, table = _table(snapshot, level, depth)
        hit = table.locate(east[open_], north[open_], reach)
        found[open_[hit >= 0]] = paths[hit[hit >= 0]]
    return [str(path) for path in found]


@lru_cache(maxsize=3 * KEPT)
def _table(snapshot: Snapshot, level: str | None, depth: int) -> tuple[npt.NDArray[np.object_], locator.Locator]:
    """Return the paths of the places of a level and depth, and the locator that answers with their positions."""
    chosen = [(place.path, shape) for place, shape in snapshot.at_level(level) if place.depth == depth]
    return np.array([path for path, _shape in chosen], dtype=object), locator.build([shape for _path, shape in chosen])
