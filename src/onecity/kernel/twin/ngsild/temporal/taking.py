"""What a request writes into a history: instances of attributes, in temporal representation or simplified (5.6.11, 5.6.12)."""

from collections.abc import Mapping
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model import problems, reading
from onecity.kernel.twin.ngsild.model.geojson import looks_like_geometry
from onecity.kernel.twin.ngsild.model.instances import new_instance_id
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS, KIND_OF_MEMBER, NULL, VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.rules import EVOLUTION
from onecity.kernel.twin.ngsild.model.stored import Fragment, Instance
from onecity.kernel.twin.ngsild.temporal.evolution import SCOPE
from onecity.kernel.twin.ngsild.temporal.presenting import PLURAL

MEMBER_OF_PLURAL: Final = {plural: member for member, plural in PLURAL.items()}
WRAPPED: Final = frozenset({"languageMap", "vocab", "json"})
PAIR: Final = 2


def read(body: Mapping[str, Any], context: Context, now: str) -> Fragment:
    """The fragment of a history; instances bear the moment of writing and names of their own. Raises Problem 400."""
    plain: dict[str, Any] = {}
    for key, value in body.items():
        plain[key] = value if key in ENTITY_MEMBERS else _spelt_out(key, value)
    scopes = plain.pop(SCOPE, None)
    if isinstance(scopes, str) or (isinstance(scopes, list) and all(isinstance(one, str) for one in scopes)):
        plain[SCOPE], scopes = scopes, None
    fragment = reading.read_fragment(plain, context, now, rules=EVOLUTION)
    fragment.attributes = {
        name: [_fresh(one, now) for one in instances] for name, instances in fragment.attributes.items()
    }
    if fragment.scopes:
        fragment.attributes[SCOPE] = [_scope(list(fragment.scopes), now, now)]
    if scopes is not None:
        fragment.attributes[SCOPE] = _scopes(scopes, now)
    return fragment


def read_one(body: Mapping[str, Any], given: str, context: Context, now: str) -> Instance:
    """The one instance that is to stand in place of another; as a fragment with the attribute, or bare. Raises Problem 400."""
    name = context.name(given)
    keys = [key for key in body if key not in ENTITY_MEMBERS and context.expand(key) == name]
    part = {given: body[keys[0]]} if keys else {given: {k: v for k, v in body.items() if k != "@context"}}
    instances = read(part, context, now).attributes.get(name, [])
    if len(instances) != 1:
        raise problems.bad_request(_("Give exactly one instance of {name}.", name=given), given)
    return instances[0]


def _fresh(instance: Instance, now: str) -> Instance:
    """What only the platform says of an instance is not taken from a client (4.8)."""
    return instance | {"createdAt": now, "modifiedAt": now, "instanceId": new_instance_id()}


def _spelt_out(key: str, value: Any) -> Any:
    """Simplified and concise histories as instances with their kind."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        found: list[Any] = []
        for one in value:
            spelt = _spelt_out(key, one)
            found += spelt if isinstance(spelt, list) else [_with_kind(spelt)]
        return found
    if isinstance(value, dict):
        plural = next((member for member in MEMBER_OF_PLURAL if isinstance(value.get(member), list)), None)
        if plural is not None and value.get("type") in VALUE_MEMBER and MEMBER_OF_PLURAL[plural] not in value:
            return [_from_pair(key, pair, value, MEMBER_OF_PLURAL[plural]) for pair in value[plural]]
    return value


def _from_pair(key: str, pair: Any, whole: Mapping[str, Any], member: str) -> dict[str, Any]:
    if not isinstance(pair, list) or len(pair) != PAIR:
        raise problems.bad_request(_("{name} holds pairs of a value and its moment.", name=key), key)
    value, at = pair
    if member in WRAPPED and isinstance(value, dict) and set(value) == {member}:
        value = value[member]
    found = {"type": whole["type"], member: value, "observedAt": at}
    return found | ({"datasetId": whole["datasetId"]} if "datasetId" in whole else {})


def _with_kind(one: dict[str, Any]) -> dict[str, Any]:
    if "type" in one or "@type" in one:
        return one
    for member, kind in KIND_OF_MEMBER.items():
        if member in one:
            value = one[member]
            geometry = member == "value" and isinstance(value, dict) and looks_like_geometry(value)
            return {"type": "GeoProperty" if geometry else kind} | one
    return one


def _scope(value: Any, at: str, now: str) -> Instance:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return {"type": "Property", "value": value, "observedAt": at, "createdAt": now, "modifiedAt": now,
            "instanceId": new_instance_id()}  # fmt: skip


def _scopes(given: Any, now: str) -> list[Instance]:
    """The history of the scope (4.5.6): instances of a Property whose values are scopes."""
    found = []
    for one in _spelt_out(SCOPE, given if isinstance(given, list) else [given]):
        if not isinstance(one, dict) or one.get("type", "Property") != "Property" or "value" not in one:
            raise problems.bad_request(_("A scope over time is a list of Properties with scopes as values."), SCOPE)
        value = one["value"]
        if value != NULL:
            reading.read_fragment({SCOPE: value}, Context(), now)
        at = reading.read_instances({"type": "Property", "value": 0} | _observed(one), "s", Context(), now)[0]
        instance = _scope(value, at.get("observedAt", now), now)
        found.append(instance)
    return found


def _observed(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"observedAt": one["observedAt"]} if "observedAt" in one else {}
