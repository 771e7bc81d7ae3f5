"""Imports official outlines from GeoJSON: they replace approximate ones from a day on, all of them or none."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import shapely
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.geometry import Area, label_point
from onecity.kernel.places import editions, service
from onecity.kernel.places.editions import EditionReport
from onecity.kernel.places.logic import features, voronoi
from onecity.kernel.places.logic.areas import with_areas, without_derived
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.logic.features import Outline
from onecity.kernel.places.logic.paths import ADMINISTRATIVE


@dataclass(frozen=True, slots=True)
class Options:
    """How the file is to be read: properties with code and name, its datum, and the words for its source."""

    code_property: str = "code"
    name_property: str = "name"
    datum: features.Datum = "wgs84"
    source: str = ""


def import_outlines(
    content: bytes,
    level: str,
    effective: dt.date | None,
    *,
    tree: str = ADMINISTRATIVE,
    options: Options = Options(),
) -> EditionReport:
    """Give the divisions of a level the outlines of a GeoJSON FeatureCollection, from the day `effective` on.

    A feature belongs to the division with its code, else with its name. Sibling outlines that are approximate give way,
    and the approximate areas below an imported outline are derived anew within it. `effective` None corrects the present
    outlines without history. Raises Problem naming each bad feature and the reason; then nothing has changed.
    """
    outlines, faults = features.read(content, options.code_property, options.name_property, options.datum)
    with transaction.atomic():
        editions.lock()
        top = service.root(tree)
        if top is None:
            raise Problem("no-district", _("No district is loaded yet"), status=409)
        entries = {row.code: editions.as_entry(row) for row in (top, *service.descendants(top.path))}
        matched, more = _matched(outlines, {c: one for c, one in entries.items() if one.level == level})
        faults = [*faults, *more, *_outside(matched, entries)]
        faults += features.overlaps({entries[code].name: shape for code, shape in matched.items()})
        if faults:
            title = _("The outlines were not imported, nothing has changed")
            raise Problem("bad-outlines", title, status=422, errors=faults[: features.SHOWN])
        changed = _refitted(entries, matched, options.source)
        return editions.apply(tree, changed, effective, complete=False)


def _matched(outlines: Sequence[Outline], there: Mapping[str, Entry]) -> tuple[dict[str, Area], list[FieldError]]:
    names = [entry.name for entry in there.values()]
    by_name = {entry.name: code for code, entry in there.items() if names.count(entry.name) == 1}
    matched: dict[str, Area] = {}
    faults: list[FieldError] = []
    for outline in outlines:
        code = outline.code if outline.code in there else by_name.get(outline.name)
        if code is None:
            faults.append(FieldError(outline.label, _("No division of this level has its code or its name.")))
        elif code in matched:
            faults.append(FieldError(outline.label, _("The division stands in the file more than once.")))
        else:
            matched[code] = outline.shape
    return matched, faults


def _outside(matched: Mapping[str, Area], entries: Mapping[str, Entry]) -> list[FieldError]:
    """Return the outlines that lie mostly outside their parent: the wrong place, or another datum."""
    found = []
    for code, shape in matched.items():
        parent = entries.get(entries[code].parent)
        frame = parent.shape if parent else entries[code].shape
        if frame is not None and shape.intersection(frame).area < features.MIN_SHARE_INSIDE * shape.area:
            reason = _(
                "It lies outside the division above it. Is the file in another datum (GCJ-02) or another projection?"
            )
            found.append(FieldError(entries[code].name, reason))
    return found


def _refitted(entries: Mapping[str, Entry], matched: Mapping[str, Area], source: str) -> list[Entry]:
    """Return all entries that the import changes: the imported ones, approximate siblings, and two levels below."""
    result = dict(entries)
    for code, shape in matched.items():
        result[code] = _official(entries[code], shape, source)
    for parent in sorted({entries[code].parent for code in matched}):
        if parent in matched or not parent:
            continue
        siblings = _under([parent], result)
        if all(one.shape is not None and not one.approximate for one in siblings) and result[parent].approximate:
            whole = voronoi.dissolve(voronoi.coverage([one.shape for one in siblings if one.shape is not None]))
            result[parent] = _official(result[parent], whole, source)
        result |= _derived(result[parent], siblings, result)
    for code in sorted(code for code in matched if not entries[code].parent):
        result |= _derived(result[code], _under([code], result), result)
    return [entry for code, entry in result.items() if entry is not entries[code]]


def _derived(parent: Entry, members: Sequence[Entry], entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the members and what lies below them with areas that partition the parent; official ones stay as they are."""
    lower = _under([one.code for one in members], entries)
    if parent.shape is None:
        return {}
    entries_with_areas = with_areas(parent.shape, [*map(without_derived, members)], [*map(without_derived, lower)])
    return {one.code: one for one in entries_with_areas}


def _under(parents: Sequence[str], entries: Mapping[str, Entry]) -> list[Entry]:
    return [one for one in entries.values() if one.parent in parents]


def _official(entry: Entry, shape: Area, source: str) -> Entry:
    lon, lat = entry.lon, entry.lat
    inside = entry.located and lon is not None and lat is not None and bool(shapely.intersects_xy(shape, lon, lat))
    if not inside:
        lon, lat = label_point(shape)
    return replace(entry, shape=shape, approximate=False, source=source, lon=lon, lat=lat, located=inside)
