"""Trees beside the administrative one: parks, school districts and the like from a file, and cells of the H3 grid."""

import datetime as dt

import h3
import shapely
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.geometry import areal_part, cover, label_point
from onecity.kernel.places import editions, service
from onecity.kernel.places.editions import EditionReport
from onecity.kernel.places.importing import Options
from onecity.kernel.places.logic import features
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.logic.paths import ADMINISTRATIVE, is_code, is_tree

CELL = "cell"
GRID_RESOLUTION = 8  # hexagons of 0.74 km²


def import_tree(
    content: bytes, tree: str, level: str, effective: dt.date | None, *, options: Options | None = None
) -> EditionReport:
    """Make the features of a GeoJSON FeatureCollection the divisions of a tree (all of one level, none above another).

    Each feature needs a code and a name; what the file no longer lists ends on the day `effective`. All or nothing: raises
    Problem that names each bad feature. The administrative tree is loaded by `district`, not here.
    """
    chosen = options or Options()
    if tree == ADMINISTRATIVE or not is_tree(tree):
        raise Problem("bad-tree", _("This is not the name of a tree that can be imported"), status=422, detail=tree)
    outlines, faults = features.read(content, chosen.code_property, chosen.name_property, chosen.datum)
    faults += [
        FieldError(one.label, _("It needs a name and a code of letters, digits, dots and dashes."))
        for one in outlines
        if not (one.name and is_code(one.code))
    ]
    if faults:
        title = _("The outlines were not imported, nothing has changed")
        raise Problem("bad-outlines", title, status=422, errors=faults[: features.SHOWN])
    entries = []
    for one in outlines:
        lon, lat = label_point(one.shape)
        entries.append(Entry(one.code, one.name, level, lon=lon, lat=lat, shape=one.shape, source=chosen.source))
    return editions.apply(tree, entries, effective)


def make_grid(path: str, resolution: int = GRID_RESOLUTION, *, tree: str = "grid") -> EditionReport:
    """Make the H3 cells that touch the division `path` the divisions of a tree, below a root with the division's code.

    A cell's code is its H3 index, so that any program can compute it from a position; its outline is the whole hexagon.
    """
    row = service.by_path(path)
    shape = editions.as_entry(row).shape if row else None
    if row is None or shape is None:
        raise Problem("no-division", _("There is no such division"), status=404, detail=path)
    root = Entry(row.code, row.name, row.level, lon=row.lon, lat=row.lat, shape=shape, source=f"H3 {resolution}")
    cells = cover(shape, resolution)
    return editions.apply(tree, [root, *(_cell(index, row.code) for index in cells)], None)


def _cell(index: str, parent: str) -> Entry:
    lat, lon = h3.cell_to_latlng(index)
    hexagon = areal_part(shapely.Polygon([(x, y) for y, x in h3.cell_to_boundary(index)]))
    return Entry(index, index, CELL, parent, round(lon, 6), round(lat, 6), shape=hexagon, source="H3")
