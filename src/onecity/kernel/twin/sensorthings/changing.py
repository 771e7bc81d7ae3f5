"""Changes and deletions of rows and of links between them (OGC 18-088, 10.3 and 10.4), with what depends on them."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import Entity, EntityKind, Relation
from onecity.kernel.twin.sensorthings import documents, keeping, kept, making, sets, shelf
from onecity.kernel.twin.sensorthings import series as measuring
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.documents import Document
from onecity.kernel.twin.sensorthings.filtering import unsupported
from onecity.kernel.twin.sensorthings.options import Options

MEMBERS: Mapping[str, str] = {"Sensor": "sensor", "ObservedProperty": "observedProperty"}
SETS: Mapping[str, str] = {"Sensor": "Sensors", "ObservedProperty": "ObservedProperties"}


def row(asker: Asker, name: str, key: str) -> Entity:
    """A row that is to be changed, held; raises Problem 401, 403, 404 and 409."""
    if name == "Datastreams":
        return _stream(asker, key)
    if parse_id(key) is None:
        if name in SETS.values() and sets.page(name, asker, sets.key_scope(name, key), Options()).rows:
            raise making.declared()
        raise sets.none_such()
    found = sets.rows_of(name, asker).filter(id=key).first()
    if found is None:
        raise sets.none_such()
    asker.require(found.division_path)
    if name != "Things" and found.type not in kept.BESIDE:
        raise making.declared()
    if found.type != kept.TYPES[name] and found.type in kept.BESIDE:
        title = _("This feature is a place: change the Location with that id instead")
        raise Problem("sensorthings-conflict", title, status=409)
    return shelf.locked(found)


def _stream(asker: Asker, key: str) -> Entity:
    number = key.isdigit() and len(key) < 10
    if not number or not sets.streams(asker).filter(id=key).exists():
        raise sets.none_such()
    found = kept.streams([int(key)]).get(int(key))
    if found is None:
        raise making.declared()
    asker.require(found.division_path)
    return shelf.locked(found)


def change(asker: Asker, name: str, entity: Entity, document: Document, *, whole: bool) -> None:
    """Give a row new members; `whole`: in place of all it had (PUT), else only those that were given (PATCH)."""
    before = kept.unpack(entity)
    facts = document.facts if whole else before | document.facts
    if name == "Datastreams":
        facts = _of_stream(asker, entity, before, facts, document)
    if name in documents.PLACES:
        _check_place(name, facts)
    if name == "Things" and entity.type != kept.THING:
        own = facts.get("properties") or {}
        facts = facts | {"properties": {n: v for n, v in own.items() if n not in {"urn", "type", "key"}}}
    position = documents.position(name, facts) if name in documents.PLACES else _position(entity)
    at = making.moment(facts["time"]) if name == "HistoricalLocations" and "time" in facts else None
    if at is not None:
        facts = {"name": sets.time_text(at), "description": ""}
    shelf.change(asker, entity, facts, position, at)
    if name == "Locations":
        for thing in _there(entity):
            shelf.move(asker, shelf.locked(thing), making.position_of(_places(thing)))
    _relink(asker, name, entity, document)


def _check_place(name: str, facts: Mapping[str, object]) -> None:
    for member in (documents.PLACES[name], "encodingType"):
        if facts.get(member) is None:
            raise documents.wrong(member)


def _position(entity: Entity) -> tuple[float, float] | None:
    return None if entity.lon is None or entity.lat is None else (entity.lon, entity.lat)


def _of_stream(
    asker: Asker, entity: Entity, before: Mapping[str, object], facts: dict[str, object], document: Document
) -> dict[str, object]:
    """The members of a datastream with its links; its series gets the new unit."""
    links = {name: before.get(name) for name in ("thing", *MEMBERS.values())}
    if document.links.get("Thing") and document.links["Thing"][0] != links["thing"]:
        raise making.stays()
    for link, member in MEMBERS.items():
        if keys := document.links.get(link):
            links[member] = making.named(asker, SETS[link], keys[0])[0]
    unit = facts["unitOfMeasurement"]
    if unit != before.get("unitOfMeasurement") and isinstance(unit, dict):
        Series.objects.filter(id=int(entity.key)).update(unit=measuring.unit_of(unit))
    return facts | links


def _relink(asker: Asker, name: str, entity: Entity, document: Document) -> None:
    """Follow the links of a change."""
    maker = making.Maker(asker)
    if name == "Things":
        if document.links.get("Datastreams"):
            raise making.stays()
        if "Locations" in document.links:
            making.locate(asker, entity, maker.linked("Locations", document.links["Locations"]))
    elif name == "Locations":
        for thing in maker.linked("Things", document.links.get("Things", [])):
            making.locate(asker, thing, [entity])
    elif name == "HistoricalLocations":
        _rewrite(asker, entity, document)
    elif name in SETS.values() and document.links.get("Datastreams"):
        title = _("Link a datastream to another sensor or property by changing the datastream")
        raise documents.wrong("Datastreams", title)


def _rewrite(asker: Asker, entity: Entity, document: Document) -> None:
    """A HistoricalLocation's place and thing."""
    maker = making.Maker(asker)
    for place in maker.linked("Locations", document.links.get("Locations", [])):
        Relation.objects.get_or_create(source=entity, kind=kept.LOCATED, target=place)
    for thing in maker.linked("Things", document.links.get("Thing", [])):
        asker.require(thing.division_path)
        Relation.objects.filter(target=entity, kind=kept.FORMER).delete()
        Relation.objects.create(source=thing, kind=kept.FORMER, target=entity)


def _places(thing: Entity) -> list[Entity]:
    """The Locations of a thing."""
    return list(
        Entity.objects.filter(inverse_relations__source=thing, inverse_relations__kind=kept.LOCATED).order_by("id")
    )


def _there(place: Entity) -> list[Entity]:
    """The things at a Location."""
    found = Entity.objects.filter(relations__target=place, relations__kind=kept.LOCATED)
    return list(found.exclude(type__in=kept.BESIDE).order_by("id"))


def delete(asker: Asker, name: str, entity: Entity) -> None:
    """Take a row out with what cannot be without it (10.4, table 24); readings stay in the store, seen by nobody here."""
    DELETE.get(name, shelf.remove)(asker, entity)


def _delete_thing(asker: Asker, entity: Entity) -> None:
    if EntityKind.objects.filter(name=entity.type).exists():
        raise making.declared()
    former = Entity.objects.filter(inverse_relations__source=entity, inverse_relations__kind=kept.FORMER)
    for history in list(former):
        shelf.remove(asker, history)
    numbers = Series.objects.filter(entity_id=entity.id, active=True).values_list("id", flat=True)
    for stream in kept.streams(list(numbers)).values():
        _delete_stream(asker, stream)
    Series.objects.filter(entity_id=entity.id, active=True).update(active=False)
    shelf.remove(asker, entity)


def _delete_location(asker: Asker, entity: Entity) -> None:
    things = _there(entity)
    for history in list(
        Entity.objects.filter(relations__target=entity, relations__kind=kept.LOCATED, type=kept.HISTORY)
    ):
        shelf.remove(asker, history)
    shelf.remove(asker, entity)
    for thing in things:
        shelf.move(asker, shelf.locked(thing), making.position_of(_places(thing)))


def _delete_beside(asker: Asker, entity: Entity) -> None:
    """A Sensor or ObservedProperty goes with its datastreams."""
    member = "sensor" if entity.type == kept.TYPES["Sensors"] else "observedProperty"
    for stream in list(
        Entity.objects.filter(type=kept.STREAM, **{f"properties__{kept.MEMBER}__{member}": str(entity.id)})
    ):
        _delete_stream(asker, stream)
    shelf.remove(asker, entity)


def _delete_feature(asker: Asker, entity: Entity) -> None:
    """A feature goes with the observations that were said to be about it."""
    keeping.hide(keeping.of_feature(entity))
    shelf.remove(asker, entity)


def _delete_stream(asker: Asker, entity: Entity) -> None:
    shelf.remove(asker, entity)
    Series.objects.filter(id=int(entity.key)).update(active=False)


DELETE: Mapping[str, Callable[[Asker, Entity], None]] = {
    "Things": _delete_thing, "Locations": _delete_location, "Datastreams": _delete_stream, "Sensors": _delete_beside,
    "ObservedProperties": _delete_beside, "FeaturesOfInterest": _delete_feature,
}  # fmt: skip


def link(asker: Asker, source: tuple[str, str], name: str, target: str, *, instead: bool) -> None:
    """Link a row to another (`$ref`); `instead`: of those it was linked to. Raises Problem 400, 404 and 409."""
    entity = row(asker, *source)
    if source[0] == "Things" and name == "Locations":
        found = [making.entity_of(asker, "Locations", target)]
        before = [] if instead else [place for place in _places(entity) if str(place.id) != target]
        making.locate(asker, entity, [*before, *found])
    elif source[0] == "Locations" and name == "Things":
        thing = making.entity_of(asker, "Things", target)
        making.locate(asker, thing, [*_places(thing), entity])
    elif source[0] in SETS.values() and name == "Datastreams":
        back = next(own for own, of in SETS.items() if of == source[0])
        link(asker, ("Datastreams", target), back, source[1], instead=True)
    elif source[0] in {"Datastreams", "HistoricalLocations"}:
        change(asker, source[0], entity, Document({}, links={name: [target]}), whole=False)
    else:
        raise making.stays() if name == "Datastreams" else unsupported(f"{source[0]}/{name}/$ref")


def unlink(asker: Asker, source: tuple[str, str], name: str, target: str) -> None:
    """Part a row from another (`$ref`). Raises Problem 404, and 409 where the one cannot be without the other."""
    entity = row(asker, *source)
    here = str(entity.id)
    thing, place = (here, target) if name == "Locations" else (target, here)
    if {source[0], name} != {"Things", "Locations"}:
        title = _("The one cannot be without the other: link it to another instead, or delete it")
        raise Problem("sensorthings-conflict", title, status=409)
    if parse_id(target) is None:
        raise sets.none_such()
    found = (
        Relation.objects.filter(source__id=thing, target__id=place, kind=kept.LOCATED).select_related("source").first()
    )
    if found is None:
        raise sets.none_such()
    left = [one for one in _places(found.source) if str(one.id) != place]
    making.locate(asker, found.source, left)
