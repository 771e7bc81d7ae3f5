"""The bodies of requests that write (OGC 18-088, 8 and 10.2): read, bounded and checked before anything is touched. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import shapely
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.logic import times
from onecity.kernel.twin.sensorthings import observed
from onecity.kernel.twin.sensorthings.observed import Wanted
from onecity.kernel.twin.sensorthings.sets import LINKS, SINGLE

Facts = dict[str, Any]
LONGEST_VALUE, MOST_NUMBER = 1_000_000, 2.0**63
MOST_BYTES, DEEPEST, MOST_INNER, LONGEST_NAME, LONGEST_TEXT = 4 * 1024 * 1024, 20, 2_000, 200, 20_000
GEOJSON = frozenset({"application/geo+json", "application/vnd.geo+json"})


@dataclass(slots=True)
class Document:
    """An entity as a body gives it: its own facts, rows that come along (`inner`), and those it is linked to (`links`)."""

    facts: Facts
    inner: dict[str, list["Document"]] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)
    observations: list[Wanted] = field(default_factory=list)

    def named(self, link: str) -> bool:
        """Whether the body says anything about a link."""
        return link in self.inner or link in self.links


def wrong(member: str, text: object = "") -> Problem:
    """The answer to a body that is not what the standard asks for; `member`: where."""
    title = text or _("This member is missing or is not what it has to be")
    return Problem("sensorthings-body", title, status=400, detail=member[:200])


def load(body: bytes) -> Facts:
    """The JSON object of a body. Raises Problem 400 and 413."""
    if len(body) > MOST_BYTES:
        raise Problem("too_large", _("The request is too large"), status=413)
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise wrong(str(error)[:200], _("The body is not JSON that can be read")) from error
    if not isinstance(found, dict):
        raise wrong("{…}")
    _bound(found, "", 0)
    return found


def _bound(value: object, place: str, depth: int) -> None:
    """What the database could not keep is refused by name."""
    if depth > DEEPEST:
        raise wrong(place, _("The body is nested too deeply"))
    if isinstance(value, dict):
        for name, inner in value.items():
            _bound(name, place, depth)
            _bound(inner, f"{place}/{name}", depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _bound(inner, f"{place}/{number}", depth + 1)
    elif isinstance(value, str):
        _bound_text(value, place)
    elif isinstance(value, int | float) and not abs(value) < MOST_NUMBER:
        raise wrong(place, _("A number is too large"))


def _bound_text(value: str, place: str) -> None:
    if "\0" in value or len(value) > LONGEST_VALUE or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise wrong(place, _("A text holds characters that cannot be kept"))


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise wrong(place)
    return value


def _name(value: object, place: str) -> str:
    if len(text := _text(value, place)) > LONGEST_NAME:
        raise wrong(place, _("A name has at most 200 characters"))
    return text


def _prose(value: object, place: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise wrong(place)
    return value


def _object(value: object, place: str) -> Facts:
    if not isinstance(value, dict):
        raise wrong(place)
    return value


def _anything(value: object, place: str) -> object:
    if value is None:
        raise wrong(place)
    return value


def _unit(value: object, place: str) -> Facts:
    given = _object(value, place)
    for name in ("name", "symbol", "definition"):
        if not isinstance(given.get(name), str | None):
            raise wrong(f"{place}/{name}")
    return {name: given.get(name) for name in ("name", "symbol", "definition")}


def _result(value: object, place: str) -> str:
    text = _text(value, place)
    if text.removeprefix(observed.KIND) not in observed.KINDS or not text.startswith(observed.KIND):
        raise wrong(place, _("There is no such type of observation"))
    return text


def _time(value: object, place: str) -> str:
    if not isinstance(value, str) or times.from_one(value) is None:
        raise wrong(place, _("The time cannot be read"))
    return value


def _geometry(value: object, place: str) -> Facts:
    geometry(value, place)
    return _object(value, place)


Check = Callable[[object, str], Any]
NAMED: Mapping[str, Check] = {"name": _name, "description": _prose}
REQUIRED: Mapping[str, Mapping[str, Check]] = {
    "Things": NAMED,
    "Locations": {**NAMED, "encodingType": _text, "location": _anything},
    "Sensors": {**NAMED, "encodingType": _text, "metadata": _anything},
    "ObservedProperties": {**NAMED, "definition": _text},
    "Datastreams": {**NAMED, "observationType": _result, "unitOfMeasurement": _unit},
    "FeaturesOfInterest": {**NAMED, "encodingType": _text, "feature": _anything},
    "HistoricalLocations": {"time": _time},
}
MAY: Mapping[str, Mapping[str, Check]] = {
    name: {"properties": _object} for name in REQUIRED if name != "HistoricalLocations"
}
MAY_ALSO: Mapping[str, Check] = {"observedArea": _geometry}
# what the service itself says of a row; clients send it back with what they got
OURS = frozenset({"phenomenonTime", "resultTime"})
PLACES: Mapping[str, str] = {"Locations": "location", "FeaturesOfInterest": "feature"}
# links that a new row cannot be without (8.2)
MUST_LINK: Mapping[str, Sequence[str]] = {
    "Datastreams": ("Thing", "Sensor", "ObservedProperty"), "HistoricalLocations": ("Thing", "Locations"),
}  # fmt: skip
# what can be made along with another row; the others are made by the service or by themselves
CARRIED: Mapping[str, Sequence[str]] = {
    "Things": ("Locations", "Datastreams"), "Locations": ("Things",),
    "Datastreams": ("Thing", "Sensor", "ObservedProperty"), "Sensors": ("Datastreams",),
    "ObservedProperties": ("Datastreams",), "HistoricalLocations": ("Thing", "Locations"), "FeaturesOfInterest": (),
}  # fmt: skip


def geometry(value: object, place: str) -> shapely.Geometry:
    """The shape of GeoJSON (a geometry or a Feature), WGS-84. Raises Problem 400."""
    try:
        found = shapely.from_geojson(msgspec.json.encode(value))
    except (shapely.errors.GEOSException, TypeError, ValueError) as error:
        raise wrong(place, _("The geometry cannot be read")) from error
    bounds = shapely.bounds(found).tolist()
    inside = all(math.isfinite(edge) for edge in bounds) and bounds[0] >= -180 and bounds[2] <= 180
    if found.is_empty or not inside or bounds[1] < -90 or bounds[3] > 90:
        raise wrong(place, _("A place is longitude and latitude in degrees (WGS-84)"))
    return found


def position(name: str, facts: Facts) -> tuple[float, float] | None:
    """Where a Location or Feature is: its point, or one inside its shape; None where it is no GeoJSON."""
    if name not in PLACES or facts.get("encodingType") not in GEOJSON:
        return None
    shape = geometry(facts[PLACES[name]], PLACES[name])
    point = shape if isinstance(shape, shapely.Point) else shapely.point_on_surface(shape)
    return float(point.x), float(point.y)


class Reader:
    """Reads one body; `whole`: every required member must be there (POST, PUT), else only what is given counts (PATCH).

    `fresh`: the row is new (POST), so that others may come along and those it cannot be without must be named.
    """

    def __init__(self, *, whole: bool, fresh: bool) -> None:
        self.whole, self.fresh, self.read = whole, fresh, 0

    def document(self, name: str, given: Facts, above: str = "", place: str = "") -> Document:
        """A row of the set `name`; `above`: the link by which it hangs on the row around it. Raises Problem 400."""
        self.read += 1
        if self.read > MOST_INNER:
            raise wrong(place, _("Too many entities in one request"))
        needed, allowed = REQUIRED[name], MAY.get(name, {})
        extra = MAY_ALSO if name == "Datastreams" else {}
        checks = {**needed, **allowed, **extra}
        found = Document({})
        for member, value in given.items():
            where = f"{place}{member}"
            if member in checks:
                if member in needed or value is not None:
                    found.facts[member] = checks[member](value, where)
            elif member in LINKS[name]:
                self._link(found, name, member, value, where)
            elif not member.startswith("@iot.") and "@iot." not in member and member not in OURS:
                raise wrong(where, _("There is no such member"))
        self._complete(found, name, above, place)
        return found

    def _complete(self, found: Document, name: str, above: str, place: str) -> None:
        if self.whole:
            for member in REQUIRED[name]:
                if member not in found.facts:
                    raise wrong(f"{place}{member}")
            for link in MUST_LINK.get(name, ()) if self.fresh else ():
                if link != above and not (found.inner.get(link) or found.links.get(link)):
                    raise wrong(f"{place}{link}")
        if PLACES.get(name) in found.facts and found.facts.get("encodingType") in GEOJSON:
            geometry(found.facts[PLACES[name]], f"{place}{PLACES[name]}")

    def _link(self, found: Document, name: str, link: str, value: object, place: str) -> None:
        if name == "Datastreams" and link == "Observations" and self.fresh:
            rows = [_object(one, place) for one in _rows(value, place)]
            found.observations = [observed.of_datastream(0, one, f"{place}/") for one in rows]
            self.read += len(found.observations)
            return
        if link not in CARRIED[name]:
            raise wrong(place, _("This cannot be sent along here"))
        target, back = LINKS[name][link], _inverse(name, link)
        for one in [value] if link in SINGLE else _rows(value, place):
            inner = _object(one, place)
            key = inner.get("@iot.id")
            if key is None:
                if not self.fresh:
                    raise wrong(place, _("A change links to what is there, by its @iot.id"))
                document = self.document(target, inner, back, f"{place}/")
                found.inner.setdefault(link, []).append(document)
            else:
                found.links.setdefault(link, []).append(key_text(key, place))
        found.links.setdefault(link, [])


def key_text(key: object, place: str) -> str:
    """An id as text. Raises Problem 400."""
    if isinstance(key, bool) or not isinstance(key, int | str) or not 0 < len(str(key)) <= 200:
        raise wrong(f"{place}/@iot.id")
    return str(key)


def _rows(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong(place)
    return value


def back(source: str, name: str) -> str:
    """The link of a row of the set `name` that leads to rows of `source`; "" where there is none."""
    return next((own for own, target in LINKS[name].items() if target == source), "")


def _inverse(name: str, link: str) -> str:
    return back(name, LINKS[name][link])
