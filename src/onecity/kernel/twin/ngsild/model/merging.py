"""What a write makes of an entity: append, update, merge, replace and delete, entity or attribute (5.5.8, 5.5.12, 5.6).

Nothing is changed in place: an outcome's entity shares with the old one what did not change.
"""

from collections.abc import Sequence
from typing import Any

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.instances import is_null
from onecity.kernel.twin.ngsild.model.kinds import NULL, VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.patching import as_kind_of, merged, with_members, without_nulls
from onecity.kernel.twin.ngsild.model.problems import attribute_not_found, bad_request
from onecity.kernel.twin.ngsild.model.stored import Attributes, Fragment, Instance, Outcome, StoredEntity

__all__ = [
    "Outcome",
    "append",
    "created",
    "delete_attribute",
    "merge_patch",
    "partial",
    "removed",
    "replace",
    "replace_attribute",
    "update",
]


class _Draft:
    """The entity as it is about to be; the old one stays as it is."""

    __slots__ = ("attributes", "changed", "entity", "expires_at", "not_updated", "now", "previous", "scopes", "types")

    def __init__(self, entity: StoredEntity, now: str) -> None:
        self.entity = entity
        self.now = now
        self.attributes: Attributes = entity.attributes
        self.types = entity.types
        self.scopes = entity.scopes
        self.expires_at = entity.expires_at
        self.changed: dict[str, Any] = {}
        self.previous: dict[str, Any] = {}
        self.not_updated: list[tuple[str, Text | str]] = []

    def put(self, name: str, instances: list[Instance]) -> None:
        """Let the attribute have these instances; none: it is gone."""
        if self.attributes is self.entity.attributes:
            self.attributes = dict(self.attributes)
        self.previous.setdefault(name, self.entity.attributes.get(name))
        if instances:
            self.attributes[name] = instances
        else:
            self.attributes.pop(name, None)
        self.changed[name] = instances or None

    def add_types(self, types: Sequence[str]) -> None:
        """Types are only ever added (4.16)."""
        fresh = [name for name in types if name not in self.types]
        if fresh:
            self.types = (*self.types, *fresh)
            self._member("type", list(self.entity.types), list(self.types))

    def set_scopes(self, scopes: tuple[str, ...]) -> None:
        """Replace the scopes."""
        if scopes != self.scopes:
            self.scopes = scopes
            self._member("scope", list(self.entity.scopes) or None, list(scopes) or None)

    def set_expiry(self, expires_at: str | None) -> None:
        """Replace the moment at which the entity may go."""
        if expires_at != self.expires_at:
            self.expires_at = expires_at
            self._member("expiresAt", self.entity.expires_at, expires_at)

    def _member(self, name: str, before: object, after: object) -> None:
        self.previous[name] = before
        self.changed[name] = after

    def outcome(self) -> Outcome:
        """What came of it."""
        if not self.changed:
            return Outcome(self.entity, {}, {}, self.not_updated, unchanged=True)
        entity = StoredEntity(
            self.entity.urn,
            self.types,
            self.scopes,
            self.attributes,
            self.entity.created_at,
            self.now,
            self.expires_at,
        )
        return Outcome(entity, self.changed, self.previous, self.not_updated, unchanged=False)


def find(instances: Sequence[Instance], dataset_id: str | None) -> int:
    """Where the instance of a data set stands (None: the default instance), -1 where there is none."""
    for index, instance in enumerate(instances):
        if instance.get("datasetId") == dataset_id:
            return index
    return -1


def created(entity: StoredEntity) -> Outcome:
    """The outcome of bringing a new entity in."""
    changed: dict[str, Any] = dict(entity.attributes)
    changed["type"] = list(entity.types)
    if entity.scopes:
        changed["scope"] = list(entity.scopes)
    if entity.expires_at is not None:
        changed["expiresAt"] = entity.expires_at
    return Outcome(entity, changed, {}, [], unchanged=False)


def removed(entity: StoredEntity) -> Outcome:
    """The outcome of deleting an entity: everything it had is gone."""
    previous = created(entity).changed
    return Outcome(entity, dict.fromkeys(previous), previous, [], unchanged=False)


def append(entity: StoredEntity, fragment: Fragment, now: str, *, overwrite: bool = True) -> Outcome:
    """Add attributes; those that are there are replaced, or left and listed where `overwrite` is False (5.6.3)."""
    draft = _Draft(entity, now)
    for name, given in fragment.attributes.items():
        _write(draft, name, given, overwrite=overwrite)
    draft.add_types(fragment.types)
    if fragment.scopes is not None:
        draft.set_scopes(fragment.scopes if overwrite else tuple(dict.fromkeys((*entity.scopes, *fragment.scopes))))
    if fragment.expires_at is not None and (overwrite or entity.expires_at is None):
        draft.set_expiry(None if fragment.expires_at == NULL else fragment.expires_at)
    return draft.outcome()


def update(entity: StoredEntity, fragment: Fragment, now: str) -> Outcome:
    """Replace attributes as a whole, add those that are not there, delete those that are NGSI-LD Null (5.6.2)."""
    draft = _Draft(entity, now)
    for name, given in fragment.attributes.items():
        _write(draft, name, given, overwrite=True)
    draft.add_types(fragment.types)
    if fragment.scopes is not None and entity.scopes:
        draft.set_scopes(() if fragment.scopes == (NULL,) else fragment.scopes)
    if fragment.expires_at is not None:
        draft.set_expiry(None if fragment.expires_at == NULL else fragment.expires_at)
    return draft.outcome()


def _write(draft: _Draft, name: str, given: list[Instance], *, overwrite: bool) -> None:
    before = draft.entity.attributes.get(name)
    if before is None and not any(map(is_null, given)):
        draft.put(name, given)
        return
    after = list(before or ())
    written = False
    for instance in given:
        at = find(after, instance.get("datasetId"))
        if is_null(instance):
            written = _delete_at(draft, name, after, at) or written
        elif at < 0:
            after.append(instance)
            written = True
        elif overwrite:
            after[at] = instance | {"createdAt": after[at].get("createdAt", instance["createdAt"])}
            written = True
        else:
            draft.not_updated.append((name, _("The attribute is there already and is not overwritten.")))
    if written:
        draft.put(name, after)


def _delete_at(draft: _Draft, name: str, after: list[Instance], at: int) -> bool:
    if at < 0:
        draft.not_updated.append((name, _("There is no such attribute to delete.")))
        return False
    del after[at]
    return True


def partial(entity: StoredEntity, name: str, given: Instance | Sequence[Instance], now: str) -> Outcome:
    """Replace single members of one or several instances of an attribute, read under rules.PARTIAL (5.6.4).

    Raises Problem 404 where the instance is not there.
    """
    draft = _Draft(entity, now)
    after = list(entity.attributes.get(name, ()))
    for part in (given,) if isinstance(given, dict) else given:
        at = find(after, part.get("datasetId"))
        if at < 0:
            raise attribute_not_found(entity.urn, name, part.get("datasetId"))
        if is_null(part):
            del after[at]
        else:
            after[at] = with_members(after[at], part, name, now)
    draft.put(name, after)
    return draft.outcome()


def merge_patch(
    entity: StoredEntity, fragment: Fragment, now: str, *, observed_at: str | None = None, lang: str | None = None
) -> Outcome:
    """Merge a fragment, read under rules.MERGE, into the entity to any depth (5.5.12, 5.6.17); raises Problem 400.

    `observed_at`: what merged attributes that have an observedAt get where the fragment gives none. `lang`: the language
    in which a plain text is written into a language map.
    """
    draft = _Draft(entity, now)
    for name, given in fragment.attributes.items():
        before = entity.attributes.get(name)
        after = list(before or ())
        written = False
        for instance in given:
            at = find(after, instance.get("datasetId"))
            if is_null(instance):
                written = _delete_at(draft, name, after, at) or written
                continue
            written = True
            if at < 0:
                after.append(_whole(instance, name))
            else:
                part = as_kind_of(after[at], _bare(instance), name, lang) if name in fragment.bare else instance
                after[at] = merged(after[at], part, name, now, observed_at)
        if written:
            draft.put(name, after)
    draft.add_types(fragment.types)
    if fragment.scopes is not None:
        draft.set_scopes(() if fragment.scopes == (NULL,) else fragment.scopes)
    if fragment.expires_at is not None:
        draft.set_expiry(None if fragment.expires_at == NULL else fragment.expires_at)
    return draft.outcome()


def _bare(instance: Instance) -> Any:
    return instance[VALUE_MEMBER[instance["type"]]]


def _whole(instance: Instance, name: str) -> Instance:
    stored = without_nulls(instance)
    if VALUE_MEMBER.get(stored.get("type", ""), "") not in stored:
        raise bad_request(_("{name} is not there yet: give its type and value.", name=name), name)
    return stored


def replace(entity: StoredEntity, new: StoredEntity, now: str) -> Outcome:
    """The new content in place of all the old; only the time of creation stays (5.6.18)."""
    fresh = StoredEntity(entity.urn, new.types, new.scopes, new.attributes, entity.created_at, now, new.expires_at)
    before, after = created(entity).changed, created(fresh).changed
    changed: dict[str, Any] = dict.fromkeys(before) | dict(after)
    previous = {name: before.get(name) for name in changed}
    for name in ("type", "scope", "expiresAt"):
        if name in changed and changed[name] == previous[name]:
            del changed[name], previous[name]
    return Outcome(fresh, changed, previous, [], unchanged=False)


def replace_attribute(entity: StoredEntity, name: str, given: Sequence[Instance], now: str) -> Outcome:
    """Instances of one attribute in place of those of the same data sets, which must be there (5.6.19). Raises Problem 404."""
    draft = _Draft(entity, now)
    after = list(entity.attributes.get(name, ()))
    for instance in given:
        at = find(after, instance.get("datasetId"))
        if at < 0:
            raise attribute_not_found(entity.urn, name, instance.get("datasetId"))
        after[at] = instance | {"createdAt": after[at].get("createdAt", instance["createdAt"])}
    draft.put(name, after)
    return draft.outcome()


def delete_attribute(
    entity: StoredEntity,
    name: str,
    dataset_id: str | None,
    delete_all: bool,
    now: str,
) -> Outcome:
    """Without one attribute: its default instance, that of a data set, or all; `scope` stands for the scopes (5.6.5).

    `name` is a stored name. Raises Problem 404.
    """
    draft = _Draft(entity, now)
    if name in {"scope", "https://uri.etsi.org/ngsi-ld/scope"}:
        if not entity.scopes:
            raise attribute_not_found(entity.urn, "scope")
        draft.set_scopes(())
        return draft.outcome()
    instances = entity.attributes.get(name)
    if not instances:
        raise attribute_not_found(entity.urn, name)
    if delete_all:
        draft.put(name, [])
        return draft.outcome()
    wanted = None if dataset_id == "@none" else dataset_id
    at = find(instances, wanted)
    if at < 0:
        raise attribute_not_found(entity.urn, name, wanted)
    draft.put(name, instances[:at] + instances[at + 1 :])
    return draft.outcome()
