"""Urgent cases and units as points of one map (GeoJSON, RFC 7946)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from onecity.kernel.cases.dispatching import units
from onecity.kernel.cases.dispatching.urgent import Urgent
from onecity.kernel.cases.models import Unit, UnitState
from onecity.kernel.core.clock import now

# the map's own words for its symbols
SYMBOLS: Final[Mapping[str, str]] = {UnitState.FREE: "ok", UnitState.OFF: "stale"}


def points(found: Sequence[Urgent], crews: Sequence[Unit]) -> dict[str, Any]:
    """Cases by colour; units green where they are free, blue where they are at work, hollow where they are off."""
    moment = now()
    features = [
        _feature(
            (one.case.lon or 0.0, one.case.lat or 0.0), f"case-{one.case.id}", one.case.shown_title,
            one.case.severity or "yellow", f"/desk/cases/{one.case.id}", f"{one.case.number} · {one.row.state}",
        )
        for one in found
    ]  # fmt: skip
    for unit in crews:
        place = units.place_of(unit, moment)
        if place is None:
            continue
        off = not units.on_shift(unit, moment)
        word = _("Off duty") if off else str(UnitState(unit.state).label)
        symbol = "stale" if off else SYMBOLS.get(unit.state, "blue")
        href = f"/desk/cases/{unit.case_id}" if unit.case_id else ""
        features.append(_feature(place, f"unit-{unit.id}", unit.name, symbol, href, word))
    return {"type": "FeatureCollection", "features": features}


def _feature(
    place: tuple[float, float], identity: str, title: str, state: str, href: str, detail: str
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(place)},
        "properties": {"id": identity, "title": title, "state": state, "href": href, "detail": detail},
    }
