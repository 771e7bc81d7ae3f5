"""Reads what a request says of an entity: validates it after the standard and turns names into stored names (4.5, 5.5.4).

Normalized, concise and simplified input may stand side by side; values are kept as they came (4.6.4).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model.instances import FORBIDDEN, is_null, read_attribute
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS, GEO_ATTRIBUTES, NULL
from onecity.kernel.twin.ngsild.model.limits import ATTRIBUTES, SCOPES, TYPES
from onecity.kernel.twin.ngsild.model.names import is_scope, moment, moment_or_null, require_uri
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.model.rules import FOREIGN, MERGE, PARTIAL, UPDATE, WHOLE, Reading, Rules
from onecity.kernel.twin.ngsild.model.stored import Attributes, Fragment, Instance, StoredEntity

__all__ = [
    "FOREIGN",
    "MERGE",
    "PARTIAL",
    "UPDATE",
    "WHOLE",
    "Rules",
    "read_entity",
    "read_fragment",
    "read_id",
    "read_instances",
    "read_types",
]


def read_entity(body: object, context: Context, now: str, *, rules: Rules = WHOLE) -> StoredEntity:
    """The entity that a body describes, as created at `now` (RFC 3339 UTC); raises Problem BadRequestData."""
    whole = _object(body, context)
    urn = read_id(whole)
    types = read_types(_given(whole, "type"), context)
    entity = StoredEntity(urn, types, created_at=now, modified_at=now)
    if "scope" in whole:
        entity.scopes = _scopes(whole["scope"], nulls=False)
    if "expiresAt" in whole:
        entity.expires_at = moment(whole["expiresAt"], "expiresAt")
    if rules.system:
        entity.created_at = moment(whole.get("createdAt", now), "createdAt")
        entity.modified_at = moment(whole.get("modifiedAt", now), "modifiedAt")
    entity.attributes = _attributes(whole, Reading(context, now, rules))
    return entity


def read_fragment(
    body: object, context: Context, now: str, *, nulls: bool = True, rules: Rules | None = None
) -> Fragment:
    """What a body wants to write onto an entity (5.4); `id` and `type` may be missing; raises Problem BadRequestData.

    `nulls` chooses between UPDATE and WHOLE; a merge patch gives `rules=MERGE`.
    """
    rules = rules or (UPDATE if nulls else WHOLE)
    part = _object(body, context)
    fragment = Fragment()
    if "id" in part or "@id" in part:
        fragment.urn = read_id(part)
    given = _given(part, "type")
    if given is not None:
        fragment.types = read_types(given, context)
    if "scope" in part:
        fragment.scopes = _scopes(part["scope"], nulls=rules.nulls)
    if "expiresAt" in part:
        fragment.expires_at = moment_or_null(part["expiresAt"], "expiresAt", nulls=rules.nulls)
    fragment.attributes = _attributes(part, Reading(context, now, rules))
    if rules.partial:
        fragment.bare = frozenset(
            name for key, name in _names(part, context) if _is_bare(part[key], fragment.attributes[name])
        )
    return fragment


def read_instances(  # one argument a fact of the request
    body: object, name: str, context: Context, now: str, *, nulls: bool = False, rules: Rules | None = None
) -> list[Instance]:
    """The instances of one attribute as a request to it gives them; `name` is a term or a stored name. Raises Problem.

    `nulls` chooses between PARTIAL, under which an instance may lack `type` and value, and WHOLE.
    """
    rules = rules or (PARTIAL if nulls else WHOLE)
    stored = context.name(name)
    if stored in FORBIDDEN or name in ENTITY_MEMBERS:
        raise bad_request(_("{name} is no name of an attribute.", name=name), name)
    if isinstance(body, dict) and "@context" in body:
        body = {key: value for key, value in body.items() if key != "@context"}
    return _checked(read_attribute(body, name, Reading(context, now, rules)), name, stored)


def read_id(body: Mapping[str, Any]) -> str:
    """The identifier of an entity, which must be a URI; raises Problem."""
    given = _given(body, "id")
    if given is None:
        raise bad_request(_("An entity has an `id`, such as urn:ngsi-ld:AirQualityObserved:1."), "id")
    if given == NULL:
        raise bad_request(_("The `id` of an entity cannot be deleted."), "id")
    return require_uri(given, "id")


def read_types(given: object, context: Context) -> tuple[str, ...]:
    """The stored names of one or several types; raises Problem."""
    names = [name for name in given if isinstance(name, str)] if isinstance(given, list) else [str(given)]
    whole = isinstance(given, str) or (isinstance(given, list) and len(names) == len(given))
    if not whole or not 0 < len(names) <= TYPES:
        raise bad_request(_("An entity has a `type`: a name such as AirQualityObserved, or a list of names."), "type")
    if NULL in names:
        raise bad_request(_("The `type` of an entity cannot be deleted."), "type")
    return tuple(dict.fromkeys([context.name(name) for name in names]))


def _given(body: Mapping[str, Any], member: str) -> Any:
    return body[member] if member in body else body.get(f"@{member}")


def _object(body: object, context: Context) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise bad_request(_("An entity is a JSON object."))
    aliases = context.aliases
    if aliases and not aliases.keys().isdisjoint(body):
        return {_renamed(key, aliases): value for key, value in body.items()}
    return body


def _renamed(key: str, aliases: Mapping[str, str]) -> str:
    return aliases.get(key, key)


def _scopes(given: object, *, nulls: bool) -> tuple[str, ...]:
    if given == NULL and nulls:
        return (NULL,)
    scopes = given if isinstance(given, list) else [given]
    if len(scopes) > SCOPES or not all(is_scope(scope) for scope in scopes):
        raise bad_request(_("A scope is a path of names such as /Madrid/Gardens, or a list of them."), "scope")
    return tuple(dict.fromkeys(scopes))


def _attributes(body: Mapping[str, Any], reading: Reading) -> Attributes:
    attributes: Attributes = {}
    for key, stored in _names(body, reading.context):
        if stored in attributes:
            raise bad_request(_("{name} is given twice, under two names of the same meaning.", name=key), key)
        attributes[stored] = _checked(read_attribute(body[key], key, reading), key, stored)
    if len(attributes) > ATTRIBUTES:
        raise bad_request(_("An entity has at most {most} attributes.", most=ATTRIBUTES))
    return attributes


def _checked(instances: list[Instance], name: str, stored: str) -> list[Instance]:
    if stored in GEO_ATTRIBUTES and any(
        instance.get("type", NULL) not in {"GeoProperty", NULL} for instance in instances
    ):
        raise bad_request(_("{name} is always a GeoProperty: give a GeoJSON geometry.", name=name), name)
    return instances


def _names(body: Mapping[str, Any], context: Context) -> Iterator[tuple[str, str]]:
    for key in body:
        if key not in ENTITY_MEMBERS:
            stored = context.name(key)
            if stored in FORBIDDEN:
                raise bad_request(_("{name} is no name of an attribute.", name=key), key)
            yield key, stored


def _is_bare(given: object, instances: list[Instance]) -> bool:
    """Whether a plain value was given, which may be meant for an attribute of any kind (5.6.17, simplified input)."""
    return len(instances) == 1 and not is_null(instances[0]) and instances[0].get("value") is given


def deletions(attributes: Attributes) -> bool:
    """Whether anything in `attributes` asks for deletion."""
    return any(is_null(instance) for instances in attributes.values() for instance in instances)
