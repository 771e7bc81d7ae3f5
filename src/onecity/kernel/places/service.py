"""What other packages may ask places: the tree, its divisions by path, and the division of a point."""

import datetime as dt
from collections.abc import Iterable

import numpy.typing as npt

from onecity.kernel.places import snapshot
from onecity.kernel.places.logic import paths
from onecity.kernel.places.logic.paths import ADMINISTRATIVE
from onecity.kernel.places.models import Division


def root(tree: str = ADMINISTRATIVE, at: dt.date | None = None) -> Division | None:
    """Return the top division of a tree (of the administrative one: the district), None when none is loaded."""
    on = at or snapshot.today()
    found = snapshot.as_on(snapshot.alive(on).filter(tree=tree, parent=None).order_by("path")[:1], on)
    return found[0] if found else None


def by_path(path: str, at: dt.date | None = None) -> Division | None:
    """Return the division with that path on a day (today when None), None when there is none."""
    on = at or snapshot.today()
    found = snapshot.as_on(snapshot.alive(on).filter(path=path), on)
    return found[0] if found else None


def children(path: str, at: dt.date | None = None) -> list[Division]:
    """Return the divisions directly below `path` on a day, in the order of their codes."""
    on = at or snapshot.today()
    return snapshot.as_on(snapshot.alive(on).filter(parent__path=path).order_by("path"), on)


def descendants(path: str, at: dt.date | None = None, level: str | None = None) -> list[Division]:
    """Return all divisions below `path` on a day, without itself; only those of `level` when it is given."""
    on = at or snapshot.today()
    below = snapshot.alive(on).filter(path__startswith=path).exclude(path=path).order_by("path")
    return snapshot.as_on(below.filter(level=level) if level else below, on)


def title_for(path: str, *, full: bool = False, at: dt.date | None = None) -> str:
    """Return the name of a division; with `full` the names from below the root down, joined by spaces.

    A path that is not known (any more) gives its last code, so that old records still show something true.
    """
    return titles_for([path], full=full, at=at)[path]


def titles_for(wanted: Iterable[str], *, full: bool = False, at: dt.date | None = None) -> dict[str, str]:
    """Return the names of many divisions by path; see `title_for`."""
    names: dict[str, dict[str, str]] = {}
    titles: dict[str, str] = {}
    for path in wanted:
        tree = paths.tree_of(path)
        if tree not in names:
            names[tree] = snapshot.take(tree, at).names()
        chain = paths.ancestors(path)
        shown = (chain[1:] or chain) if full else chain[-1:]
        titles[path] = " ".join(names[tree].get(one) or paths.code_of(one) for one in shown)
    return titles


def locate(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    at: dt.date | None = None,
    *,
    tree: str = ADMINISTRATIVE,
    level: str | None = None,
    snap_m: float = 0.0,
) -> list[str]:
    """Return for each point (degrees, WGS-84; one number or many) the path of its division, "" when it lies in none.

    `level` names the level of the answer; None gives the deepest division whose outline is known. `at` is the day (today
    when None). A point on a common border belongs to the division that comes first by path. `snap_m` > 0 gives a point
    outside everything the nearest division within that many metres (of the deepest level): for stations on a quay.
    """
    return snapshot.paths_of(snapshot.take(tree, at), lon, lat, level, snap_m)
