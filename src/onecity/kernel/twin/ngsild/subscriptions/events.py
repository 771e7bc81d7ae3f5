"""A change of the log, and what it means to subscriptions: which attributes were created, updated, deleted (5.8.6)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from onecity.kernel.twin.models.change import Operation
from onecity.kernel.twin.ngsild.model.kinds import SYSTEM_MEMBERS
from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity

MEMBERS: Final = frozenset({"type", "scope", "expiresAt"})  # keys of a change that are no attributes
CREATED, UPDATED, DELETED = "attributeCreated", "attributeUpdated", "attributeDeleted"
ENTITY_CREATED, ENTITY_DELETED = "entityCreated", "entityDeleted"

State = StoredEntity | None


@dataclass(slots=True)
class Event:
    """One row of the change log; `at_text` is `at` as the stored form writes it."""

    number: int
    txid: str
    at: dt.datetime
    at_text: str
    tenant: str
    entity_id: UUID
    urn: str
    types: tuple[str, ...]
    operation: int
    changes: Mapping[str, Any]
    previous: Mapping[str, Any]
    division: str
    public: bool
    touched: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def created(self) -> bool:
        """Whether the entity came into being."""
        return self.operation == Operation.CREATED

    @property
    def deleted(self) -> bool:
        """Whether the entity went."""
        return self.operation == Operation.DELETED


def touched(event: Event) -> dict[str, frozenset[str]]:
    """Attribute → what happened to it. Of a deleted entity every attribute is named, and nothing happened to any."""
    if event.deleted:
        return dict.fromkeys(event.previous, frozenset())
    found = {}
    for name, after in event.changes.items():
        if name not in MEMBERS and (happened := _happened(event.previous.get(name) or (), after or ())):
            found[name] = happened
    return found


def _happened(before: Sequence[Instance], after: Sequence[Instance]) -> frozenset[str]:
    old = {instance.get("datasetId"): instance for instance in before}
    new = {instance.get("datasetId"): instance for instance in after}
    happened = set()
    for dataset, instance in new.items():
        if dataset not in old:
            happened.add(CREATED)
        elif not same(old[dataset], instance):
            happened.add(UPDATED)
    if old.keys() - new.keys():
        happened.add(DELETED)
    return frozenset(happened)


def same(one: Any, other: Any) -> bool:
    """Whether two instances differ in nothing but what the server sets."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = (one.keys() | other.keys()) - SYSTEM_MEMBERS
        return all(key in one and key in other and same(one[key], other[key]) for key in keys)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) is type(other) and bool(one == other)) or _equal_numbers(one, other)


def _equal_numbers(one: Any, other: Any) -> bool:
    numbers = (int, float)
    truths = isinstance(one, bool) or isinstance(other, bool)
    return not truths and isinstance(one, numbers) and isinstance(other, numbers) and one == other


def sets_off(event: Event, triggers: frozenset[str], watched: frozenset[str]) -> bool:
    """Whether the change is one that a subscription with these triggers and watched attributes waits for."""
    names = event.touched
    if (event.created and ENTITY_CREATED in triggers) or (event.deleted and ENTITY_DELETED in triggers):
        return not watched or not watched.isdisjoint(names)
    if watched:
        return any(name in watched and not happened.isdisjoint(triggers) for name, happened in names.items())
    return any(not happened.isdisjoint(triggers) for happened in names.values())


def states(current: State, events: Sequence[Event]) -> list[tuple[State, State]]:
    """The entity before and after each of its events, which are all that happened since the first, in their order.

    `current` is the entity after the last one. What lies before is found by undoing.
    """
    found: list[tuple[State, State]] = []
    after = current
    for event in reversed(events):
        if after is None and not event.deleted:
            after = _as_told(event)  # it is gone without a word since: it expired
        elif after is not None and event.deleted:
            after = None
        if after is not None and event.operation == Operation.MEASURED:
            after = replace(after, attributes=after.attributes | dict(event.changes))
        before = undone(after, event)
        found.append((before, None if after is None else replace(after, modified_at=event.at_text)))
        after = before
    return found[::-1]


def undone(after: State, event: Event) -> State:
    """The entity before the event."""
    if event.created:
        return None
    if event.deleted or after is None:
        return StoredEntity(
            event.urn, event.types, (), dict(event.previous), _earliest(event.previous), _latest(event.previous)
        )
    attributes = dict(after.attributes)
    for name in event.changes:
        if name in MEMBERS:
            continue
        before = event.previous.get(name)
        if before:
            attributes[name] = before
        else:
            attributes.pop(name, None)
    types, scopes = event.previous.get("type"), event.previous.get("scope")
    return replace(
        after,
        attributes=attributes,
        types=tuple(types) if "type" in event.changes and types else after.types,
        scopes=tuple(scopes or ()) if "scope" in event.changes else after.scopes,
    )


def _as_told(event: Event) -> StoredEntity:
    """As much of an entity that cannot be read any more as the event itself tells."""
    told = {name: value for name, value in event.changes.items() if name not in MEMBERS and value}
    return StoredEntity(event.urn, event.types, (), told, _earliest(told), event.at_text)


def _earliest(attributes: Mapping[str, Any]) -> str:
    return min(_moments(attributes, "createdAt"), default="")


def _latest(attributes: Mapping[str, Any]) -> str:
    return max(_moments(attributes, "modifiedAt"), default="")


def _moments(attributes: Mapping[str, Any], member: str) -> list[str]:
    return [one[member] for instances in attributes.values() for one in instances if member in one]
