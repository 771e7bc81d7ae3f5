"""What other packages do with the twin: declare kinds, put entities in their place, relate them, ask for their state."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import feed
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin.models import Entity, EntityKind, EntityStatus, Relation
from onecity.kernel.twin.models.kind import AttributeFacts, Titles
from onecity.kernel.twin.ngsild.store import mirror

KEY_FORBIDDEN = frozenset(" \t\r\n\"'<>\\^`{|}")


@dataclass(frozen=True, slots=True)
class CurrentValue:
    """The newest reading of one attribute; `value` None means none has come yet. `stale`: older than its `max_age`."""

    series_id: int
    attribute: str
    unit: str
    decimals: int
    value: float | None
    observed_at: dt.datetime | None
    age: dt.timedelta | None
    stale: bool


def urn_for(type_name: str, key: str) -> str:
    """Return the name of an entity for every other system (NGSI-LD, annex A.3: `urn:ngsi-ld:<type>:<key>`)."""
    return f"urn:ngsi-ld:{type_name}:{key}"


def declare_kind(entity_type: EntityType, domain: str = "") -> bool:
    """Write an entity type into the database; returns whether that changed anything."""
    facts: dict[str, Any] = {
        "domain": domain,
        "titles": _titles(entity_type.title),
        "attributes": [_facts(attribute) for attribute in entity_type.attributes],
        "icon": entity_type.icon,
        "model_name": entity_type.model_name,
        "model_names": {a.name: a.model_name for a in entity_type.attributes if a.model_name},
        "max_age": entity_type.max_age,
        "late_after": entity_type.late_after,
    }
    known = EntityKind.objects.filter(name=entity_type.name).first()
    if known is not None and all(getattr(known, name) == value for name, value in facts.items()):
        return False
    EntityKind.objects.update_or_create(name=entity_type.name, defaults=facts)
    return True


def _check_key(key: str) -> None:
    if not key or len(key) > 180 or KEY_FORBIDDEN.intersection(key):
        raise Problem(
            "entity-key", _("The key of an entity is 1 to 180 characters without spaces or quotes."), status=422
        )


@transaction.atomic
def upsert_entity(  # noqa: PLR0913 - an entity has these nine facts; a parameter object would repeat the model
    *,
    type: EntityType,  # noqa: A002 - the field's own name, as NGSI-LD has it
    key: str,
    name: str,
    division_path: str,
    lon: float | None = None,
    lat: float | None = None,
    properties: Mapping[str, Any] | None = None,
    device_id: UUID | None = None,
    public: bool = False,
) -> Entity:
    """Create or change the entity `key` of a type, together with its series; a second call with the same changes nothing.

    Raises Problem 422 for a key that cannot stand in a URN.
    """
    _check_key(key)
    if not EntityKind.objects.filter(name=type.name).exists():
        declare_kind(type)
    facts: dict[str, Any] = {
        "name": name,
        "division_path": division_path,
        "lon": lon,
        "lat": lat,
        "properties": dict(properties or {}),
        "device_id": device_id,
        "public": public,
        "status": EntityStatus.ACTIVE,
    }
    entity, created = Entity.objects.get_or_create(
        type=type.name, key=key, defaults={"urn": urn_for(type.name, key), **facts}
    )
    before = None if created else mirror.Known.of(entity)
    changed = [] if created else _take_over(entity, facts)
    telemetry.register_series(
        entity_id=entity.id,
        entity_urn=entity.urn,
        entity_type=type,
        division_path=division_path,
        device_id=device_id,
        public=public,
    )
    mirror.write(entity, type.model_name or type.name, before)
    if created or changed:
        _announce(entity)
    return entity


def _take_over(entity: Entity, facts: Mapping[str, Any]) -> list[str]:
    """Give the entity these facts and keep it; returns which of them are new."""
    changed = [field for field, value in facts.items() if getattr(entity, field) != value]
    if changed:
        for field in changed:
            setattr(entity, field, facts[field])
        entity.changed_at = now()
        entity.save(update_fields=[*changed, "changed_at"])
    return changed


@transaction.atomic
def relate(source: Entity, kind: str, target: Entity) -> Relation:
    """State that `source` stands in `kind` to `target`; a second call changes nothing."""
    relation, created = Relation.objects.get_or_create(source=source, kind=kind, target=target)
    if created:
        targets = Relation.objects.filter(source=source, kind=kind).order_by("id").values_list("target__urn", flat=True)
        mirror.write_relation(source, kind, list(targets))
    return relation


def state(entities: Iterable[Entity] | Iterable[UUID]) -> dict[UUID, tuple[CurrentValue, ...]]:
    """Return the newest reading of every attribute of each entity, with its age; two queries whatever their number."""
    identities: Sequence[UUID] = [e.id if isinstance(e, Entity) else e for e in entities]
    found: dict[UUID, list[CurrentValue]] = {identity: [] for identity in identities}
    moment = now()
    # the outer join makes the last two None where nothing has come yet, which the stubs do not know
    rows: Iterable[tuple[Any, ...]] = (
        Series.objects.filter(entity_id__in=identities, active=True)
        .order_by("id")
        .values_list(
            "entity_id", "id", "attribute", "unit", "decimals", "max_age", "latest__value", "latest__observed_at"
        )
    )
    for entity_id, series_id, attribute, unit, decimals, max_age, value, observed_at in rows:
        age = None if observed_at is None else moment - observed_at
        stale = age is not None and age > max_age
        found[entity_id].append(CurrentValue(series_id, attribute, unit, decimals, value, observed_at, age, stale))
    return {identity: tuple(values) for identity, values in found.items()}


def _announce(entity: Entity) -> None:
    feed.publish(
        "entity",
        division_path=entity.division_path,
        ref=str(entity.id),
        payload={"type": entity.type, "name": entity.name, "lon": entity.lon, "lat": entity.lat},
        public=entity.public,
    )


def _titles(title: object) -> Titles:
    titles: Titles = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            titles[code] = str(title)
    return titles


def _facts(attribute: Any) -> AttributeFacts:
    facts: AttributeFacts = {
        "name": attribute.name,
        "titles": _titles(attribute.title),
        "unit": attribute.unit,
        "minimum": attribute.minimum,
        "maximum": attribute.maximum,
        "decimals": attribute.decimals,
    }
    return facts | {"derived": True} if attribute.derived else facts
