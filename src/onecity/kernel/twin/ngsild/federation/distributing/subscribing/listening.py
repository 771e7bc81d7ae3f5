"""What a source says of one entity in a notification, in our own form, as far as its registration lets it speak (5.8.6)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import answers, planning
from onecity.kernel.twin.ngsild.federation.distributing.names import Names
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model import reading
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS, NULL, PREVIOUS_MEMBER, VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.rules import Rules
from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled

# an entity of another broker with what a notification may say besides: that an attribute was deleted (5.5.4)
TOLD: Final = Rules(system=True, deleted=True)
NULLS: Final = (NULL, [NULL], {"@none": NULL})
PREVIOUS: Final = frozenset(PREVIOUS_MEMBER.values())
DELETED, MODIFIED = "deletedAt", "modifiedAt"


@dataclass(frozen=True, slots=True)
class Heard:
    """One entity of a notification. `deleted_at`: the whole entity went then; `digest`: "" where it may come again."""

    entity: StoredEntity
    names: Names
    deleted_at: str = ""
    digest: str = ""


def heard(
    body: object,
    registration: Registration,
    registrations: Sequence[Registration],
    context: Context,
    now: str,
) -> Heard | None:
    """What may be told of an entity; None where it is none, or none that the source is registered for."""
    if not isinstance(body, dict):
        return None
    plain, previous = _without_previous(body, context)
    try:
        entity = reading.read_entity(plain, context, now, rules=TOLD)
    except Problem:
        return None
    own = planning.owners([*registrations, registration], entity.urn, entity.types)[registration.mode]
    names = planning.covered(registration, entity.urn, entity.types) & own
    if not names:
        return None
    for name, dataset, member, value in previous:
        _put_back(entity, name, dataset, member, value)
    gone = body.get(DELETED)
    return Heard(entity, names, gone if isinstance(gone, str) else "", _digest(body, names, context))


def concerns(one: Compiled, found: Heard) -> bool:
    """Whether the subscription is about the entity, and its conditions are met by what the source says of it.

    Conditions that lead to other entities were for the source; of split entities they are asked later.
    """
    candidates = (Selection(ids=each.ids, id_pattern=each.id_pattern, types=each.types) for each in one.selections)
    if found.deleted_at or one.split:
        return any(matches(each, found.entity) for each in candidates)
    living = without_gone(found.entity)
    return any(
        matches(each if not each.follows_links() else candidate, living)
        for each, candidate in zip(one.selections, candidates, strict=True)
    )


def reduced(found: Heard) -> StoredEntity:
    """The entity with what the source may speak of."""
    return answers.reduced(found.entity, found.names)


def without_gone(entity: StoredEntity) -> StoredEntity:
    """The entity without the attributes that were deleted."""
    living = {name: [one for one in instances if not is_gone(one)] for name, instances in entity.attributes.items()}
    return replace(entity, attributes={name: instances for name, instances in living.items() if instances})


def is_gone(instance: Instance) -> bool:
    """Whether an instance says that it was deleted."""
    return instance.get(VALUE_MEMBER.get(instance["type"], "value")) in NULLS


def _without_previous(
    body: Mapping[str, Any], context: Context
) -> tuple[dict[str, Any], list[tuple[str, Any, str, Any]]]:
    """The body without what values were before, which no entity has, and that by attribute and data set."""
    plain: dict[str, Any] = {}
    taken: list[tuple[str, Any, str, Any]] = []
    for key, value in body.items():
        if key in ENTITY_MEMBERS:
            plain[key] = value
            continue
        parts = value if isinstance(value, list) else [value]
        taken += [
            (context.expand(key), part.get("datasetId"), member, part[member])
            for part in parts
            if isinstance(part, dict)
            for member in PREVIOUS.intersection(part)
        ]
        cut = [{k: v for k, v in p.items() if k not in PREVIOUS} if isinstance(p, dict) else p for p in parts]
        plain[key] = cut if isinstance(value, list) else cut[0]
    return plain, taken


def _put_back(entity: StoredEntity, name: str, dataset: Any, member: str, value: Any) -> None:
    for instance in entity.attributes.get(name, ()):
        if instance.get("datasetId") == dataset:
            instance[member] = value


def _digest(body: Mapping[str, Any], names: Names, context: Context) -> str:
    """By what the same news is known that comes by two ways; "" where the source does not say when it changed what."""
    told = {context.expand(key): value for key, value in body.items() if key not in ENTITY_MEMBERS}
    told = {name: value for name, value in told.items() if name in names}
    parts = [part for value in told.values() for part in (value if isinstance(value, list) else [value])]
    if not any(isinstance(part, dict) and (MODIFIED in part or DELETED in part) for part in [body, *parts]):
        return ""
    what = [body["id"], body.get(DELETED), body.get("scope"), told]
    return hashlib.sha256(msgspec.json.encode(what, order="deterministic")).hexdigest()
