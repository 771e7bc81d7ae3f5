"""New rows with all that comes along (OGC 18-088, 10.2.1): deep insert and links; the caller's transaction keeps it whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry.logic import times
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import Entity, EntityKind, Relation
from onecity.kernel.twin.sensorthings import documents, kept, sets, shelf
from onecity.kernel.twin.sensorthings import series as measuring
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.documents import Document, wrong
from onecity.kernel.twin.sensorthings.observed import Wanted
from onecity.kernel.twin.sensorthings.options import Options


@dataclass(slots=True)
class Maker:
    """Makes rows on somebody's behalf; `observations` are to go to the log once everything is kept."""

    asker: Asker
    observations: list[Wanted] = field(default_factory=list)

    def make(self, name: str, document: Document) -> object:
        """A row of the set `name`; returns its id. Raises Problem 400, 401, 403 and 409."""
        if name == "Things":
            return str(self.thing(document).id)
        if name == "Locations":
            return str(self.location(document).id)
        if name == "Datastreams":
            return self.datastream(document).id
        if name == "HistoricalLocations":
            return str(self.history(document).id)
        return self.simple(name, document)[0]

    def thing(self, document: Document, place: Entity | None = None) -> Entity:
        """A Thing with its Locations and Datastreams."""
        if document.links.get("Datastreams"):
            raise stays()
        places = self.linked("Locations", document.links.get("Locations", []))
        places += [self.location(inner) for inner in document.inner.get("Locations", [])]
        places += [place] if place is not None else []
        position = position_of(places)
        made = shelf.add(self.asker, "Things", document.facts, self.asker.home(position), position)
        if places:
            locate(self.asker, made, places)
        for inner in document.inner.get("Datastreams", []):
            self.datastream(inner, thing=made)
        return made

    def location(self, document: Document) -> Entity:
        """A Location with the Things that are there."""
        things = self.linked("Things", document.links.get("Things", []))
        position = documents.position("Locations", document.facts)
        made = shelf.add(self.asker, "Locations", document.facts, self.asker.home(position), position)
        for thing in things:
            locate(self.asker, thing, [made])
        for inner in document.inner.get("Things", []):
            self.thing(inner, made)
        return made

    def simple(self, name: str, document: Document) -> tuple[str, str]:
        """A Sensor, ObservedProperty or FeatureOfInterest: its id and name."""
        if document.links.get("Datastreams"):
            raise wrong("Datastreams", _("Link a datastream to another sensor or property by changing the datastream"))
        position = documents.position(name, document.facts)
        made = shelf.add(self.asker, name, document.facts, self.asker.home(position), position)
        for inner in document.inner.get("Datastreams", []):
            if name == "Sensors":
                self.datastream(inner, sensor=str(made.id))
            else:
                self.datastream(inner, observed=(str(made.id), made.name))
        return str(made.id), made.name

    def datastream(
        self,
        document: Document,
        thing: Entity | None = None,
        sensor: str = "",
        observed: tuple[str, str] | None = None,
    ) -> Series:
        """A Datastream: a series of its thing."""
        thing = shelf.locked(thing or self.one("Thing", "Things", document))
        self.asker.require(thing.division_path)
        if EntityKind.objects.filter(name=thing.type).exists():
            raise declared()
        sensor = sensor or self.beside("Sensor", "Sensors", document)[0]
        observed = observed or self.beside("ObservedProperty", "ObservedProperties", document)
        device = self.asker.device
        made = measuring.add(thing, observed[1], document.facts["unitOfMeasurement"], device.id if device else None)
        facts = document.facts | {"thing": str(thing.id), "sensor": sensor, "observedProperty": observed[0]}
        shelf.add(self.asker, "Datastreams", facts, thing.division_path, key=str(made.id))
        self.observations += [replace(one, series=made.id) for one in document.observations]
        return made

    def history(self, document: Document) -> Entity:
        """Where a thing was at a time; the newest says where it is."""
        thing = shelf.locked(self.one("Thing", "Things", document))
        places = self.linked("Locations", document.links.get("Locations", []))
        places += [self.location(inner) for inner in document.inner.get("Locations", [])]
        at = moment(document.facts["time"])
        later = Entity.objects.filter(
            inverse_relations__source=thing, inverse_relations__kind=kept.FORMER, created_at__gt=at
        )
        newest = not later.exists()
        made = remember(self.asker, thing, places, at)
        if newest:
            stand(self.asker, thing, places)
        return made

    def one(self, link: str, name: str, document: Document) -> Entity:
        """The one row that a link must lead to, made where it comes along."""
        if inner := document.inner.get(link):
            return self.thing(inner[0])
        return self.linked(name, document.links[link][:1])[0]

    def beside(self, link: str, name: str, document: Document) -> tuple[str, str]:
        """The Sensor or ObservedProperty of a new Datastream: its id and name."""
        if inner := document.inner.get(link):
            return self.simple(name, inner[0])
        return named(self.asker, name, document.links[link][0])

    def linked(self, name: str, keys: Sequence[str]) -> list[Entity]:
        """The rows of these ids."""
        return [entity_of(self.asker, name, key) for key in keys]


def entity_of(asker: Asker, name: str, key: str) -> Entity:
    """A row that is linked to. Raises Problem 400."""
    found = None if parse_id(key) is None else sets.rows_of(name, asker).filter(id=key).first()
    if found is None or (name != "Things" and found.type not in kept.BESIDE):
        raise wrong(f"{name}({key})", _("What is linked to is not there, or you may not see it"))
    return found


def named(asker: Asker, name: str, key: str) -> tuple[str, str]:
    """Id and name of a Sensor or ObservedProperty that is linked to. Raises Problem 400."""
    rows = sets.page(name, asker, sets.key_scope(name, key), Options()).rows
    if not rows:
        raise wrong(f"{name}({key})", _("What is linked to is not there, or you may not see it"))
    return str(rows[0]["@iot.id"]), str(rows[0]["name"])


def moment(text: str) -> dt.datetime:
    """A time that has been checked."""
    return clock.from_us(times.from_one(text) or 0)


def position_of(places: Sequence[Entity]) -> tuple[float, float] | None:
    """The first position among Locations."""
    return next(((p.lon, p.lat) for p in places if p.lon is not None and p.lat is not None), None)


def locate(asker: Asker, thing: Entity, places: Sequence[Entity]) -> None:
    """Put a thing where it is now, and remember since when. Raises Problem 401, 403 and 409."""
    thing = shelf.locked(thing) if asker.may_write(thing.division_path) else thing
    asker.require(thing.division_path)
    if places:
        remember(asker, thing, places, clock.now())
    stand(asker, thing, places)


def stand(asker: Asker, thing: Entity, places: Sequence[Entity]) -> None:
    """Link a thing to its Locations in place of those it had."""
    if EntityKind.objects.filter(name=thing.type).exists():
        raise declared()
    Relation.objects.filter(source=thing, kind=kept.LOCATED).delete()
    distinct = {place.pk: place for place in places}
    Relation.objects.bulk_create(Relation(source=thing, kind=kept.LOCATED, target=p) for p in distinct.values())
    shelf.move(asker, thing, position_of(places))


def remember(asker: Asker, thing: Entity, places: Sequence[Entity], at: dt.datetime) -> Entity:
    """A HistoricalLocation."""
    facts: dict[str, Any] = {"name": sets.time_text(at), "description": ""}
    made = shelf.add(asker, "HistoricalLocations", facts, thing.division_path, at=at)
    distinct = {place.pk: place for place in places}
    links = [Relation(source=thing, kind=kept.FORMER, target=made)]
    links += [Relation(source=made, kind=kept.LOCATED, target=place) for place in distinct.values()]
    Relation.objects.bulk_create(links)
    return made


def declared() -> Problem:
    """The answer to a change of what the platform itself declares."""
    title = _("This is declared by the platform and cannot be changed by SensorThings")
    return Problem("sensorthings-declared", title, status=409)


def stays() -> Problem:
    """The answer to giving a datastream another thing."""
    title = _("A datastream stays with its thing, since its observations belong to it")
    return Problem("sensorthings-conflict", title, status=409)
