"""What somebody asks the public list for: near a point, in a town, of a kind, in a state; wrong values are taken as none."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import catalogue, type_store
from onecity.kernel.cases.publishing.reading import Wanted
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now
from onecity.kernel.places import service as places
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE

METRES_PER_DEGREE: Final = 111_320.0
# what is usual stands first: a page without an address shows it
RADII: Final = (("1000", _("within 1 km")), ("500", _("within 500 m")), ("3000", _("within 3 km")))
STATES: Final = (("", _("Running and ended")), ("running", _("Running")), ("ended", _("Ended")))
DAYS: Final = (("90", _("Last 90 days")), ("30", _("Last 30 days")), ("365", _("Last year")))
USUAL_DAYS: Final = 90
USUAL_RADIUS: Final = "1000"


class NearbyForm(forms.Form):
    """The filter of the public list."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)
    place = forms.ChoiceField(label=_("Town or street"), required=False)
    days = forms.ChoiceField(label=_("Reported"), required=False, choices=DAYS)
    radius = forms.ChoiceField(label=_("Distance"), required=False, choices=RADII)
    lon = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-85, max_value=85, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        towns = [(p.path, p.name) for p in snapshot.take(ADMINISTRATIVE).places if p.depth == 2]
        _offer(self, "kind", [("", _("All kinds")), *_kinds()])
        _offer(self, "place", [("", _("The whole district")), *towns])


def _offer(form: forms.Form, name: str, offered: list[object]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = offered  # type: ignore[assignment]  # groups of choices are choices, too


def _kinds() -> list[object]:
    classes = {one.code: in_language(one.title) for one in catalogue.classes()}
    groups: dict[str, list[tuple[str, str]]] = {}
    for kind in type_store.all_in_force():
        if kind.definition.published:
            groups.setdefault(kind.definition.category, []).append((kind.name, kind.title))
    return [
        (classes.get(code, _("Others")), groups[code]) for code in dict.fromkeys([*classes, *groups]) if code in groups
    ]


@dataclass(frozen=True)
class Asked:
    """A filter that was read: what to ask the database for, and the point from which distances are told."""

    wanted: Wanted
    point: tuple[float, float] | None

    def metres(self, lon: float | None, lat: float | None) -> float | None:
        """How far a place is from the point, on a plane that fits a district."""
        if self.point is None or lon is None or lat is None:
            return None
        east = (lon - self.point[0]) * math.cos(math.radians(self.point[1]))
        return math.hypot(east, lat - self.point[1]) * METRES_PER_DEGREE


def read(form: NearbyForm, *, most: int, skip: int = 0) -> Asked:
    """The filter as it was sent."""
    form.is_valid()
    values = form.cleaned_data
    lon, lat = values.get("lon"), values.get("lat")
    point = (lon, lat) if lon is not None and lat is not None else None
    box = _around(point, float(values.get("radius") or USUAL_RADIUS)) if point else None
    days = int(values.get("days") or USUAL_DAYS)
    state = values.get("state", "")
    wanted = Wanted(
        services=(values["kind"],) if values.get("kind") else (),
        running=None if not state else state == "running",
        since=now() - dt.timedelta(days=days),
        place=values.get("place") or _root(),
        box=box,
        most=most,
        skip=skip,
    )
    return Asked(wanted, point)


def _around(point: tuple[float, float], metres: float) -> tuple[float, float, float, float]:
    high = metres / METRES_PER_DEGREE
    wide = high / math.cos(math.radians(point[1]))
    return point[0] - wide, point[1] - high, point[0] + wide, point[1] + high


def _root() -> str:
    root = places.root()
    return root.path if root else ""
