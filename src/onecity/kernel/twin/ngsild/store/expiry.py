"""Transient entities and attributes (4.22): what is over is not there, whether or not it has been removed yet."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.store.times import read


def living(entity: StoredEntity, now: str) -> StoredEntity | None:
    """The entity without what has expired by `now`; None when it is over itself."""
    if entity.expires_at is not None and _over(entity.expires_at, now):
        return None
    over = {name for name, instances in entity.attributes.items() if any(_expired(i, now) for i in instances)}
    if not over:
        return entity
    kept = {
        name: left
        for name, instances in entity.attributes.items()
        if (left := [i for i in instances if not _expired(i, now)] if name in over else instances)
    }
    return replace(entity, attributes=kept)


@dataclass(frozen=True, slots=True)
class Over:
    """What expired of an entity, as a change; `outcome` None: all of it."""

    outcome: Outcome | None


def expired(entity: StoredEntity, now: str) -> Over | None:
    """The change that takes away what is over by `now`; None where nothing is."""
    left = living(entity, now)
    if left is None:
        return Over(None)
    if left is entity:
        return None
    gone = {
        name: left.attributes.get(name)
        for name, instances in entity.attributes.items()
        if left.attributes.get(name) is not instances
    }
    left = replace(left, modified_at=now)
    return Over(Outcome(left, gone, {name: entity.attributes[name] for name in gone}, [], unchanged=False))


def first(entity: StoredEntity) -> str | None:
    """The first moment at which the entity or one of its attributes expires; None for what does not."""
    moments = [moment for moment in (entity.expires_at, *_moments(entity)) if moment]
    return min(moments, key=read) if moments else None


def _moments(entity: StoredEntity) -> Iterator[str]:
    for instances in entity.attributes.values():
        for instance in instances:
            if "expiresAt" in instance:
                yield instance["expiresAt"]


def _expired(instance: dict[str, Any], now: str) -> bool:
    return "expiresAt" in instance and _over(instance["expiresAt"], now)


def _over(moment: str, now: str) -> bool:
    return read(moment) <= read(now)
