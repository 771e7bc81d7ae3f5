"""Answers as an older version of NGSI-LD knows them, for `Prefer: ngsi-ld=<major.minor>` (ETSI GS CIM 009 V1.9.1, 4.3.6.8)."""

import re
from typing import Any, Final

from onecity.kernel.twin.ngsild.model.kinds import KIND_OF_MEMBER, SYSTEM_MEMBERS, VALUE_MEMBER

Version = tuple[int, int]
Body = dict[str, Any]

NEWEST: Final[Version] = (1, 9)
PREFERENCE: Final = re.compile(r"(?:^|[,;\s])ngsi-ld\s*=\s*\"?(\d{1,3})\.(\d{1,3})", re.ASCII | re.IGNORECASE)

# Tables 4.3.6.8-1 to -3: what came with which version; what is older takes the fallback
ENTITY_MEMBERS: Final[dict[str, Version]] = {"expiresAt": (1, 9), "scope": (1, 4)}
ATTRIBUTE_MEMBERS: Final[dict[str, Version]] = {
    "datasetId": (1, 3),
    "observedAt": (1, 3),
    "unitCode": (1, 3),
    "objectType": (1, 8),
    "expiresAt": (1, 9),
    "valueType": (1, 9),
}
KINDS: Final[dict[str, tuple[Version, str, str]]] = {
    "LanguageProperty": ((1, 4), "Property", "value"),
    "JsonProperty": ((1, 8), "Property", "value"),
    "VocabProperty": ((1, 8), "Property", "value"),
    "ListProperty": ((1, 8), "Property", "value"),
    "ListRelationship": ((1, 8), "Relationship", "object"),
}
SEVERAL: Final[Version] = (1, 3)  # several types, several instances
PLAIN: Final = frozenset({"id", "@context", "type", "scope", "expiresAt", *SYSTEM_MEMBERS})
PREVIOUS: Final = "previous"
WRAPPED: Final = {"Notification": "data", "FeatureCollection": "features", "Feature": "properties"}


def preferred(prefer: str) -> Version | None:
    """The version that a Prefer header asks for; None where it asks for none."""
    found = PREFERENCE.search(prefer)
    return None if found is None else (int(found[1]), int(found[2]))


def applied(wanted: Version) -> Version:
    """The version that an answer conforms to when `wanted` is asked for."""
    return min(wanted, NEWEST)


def downgraded(body: Any, version: Version) -> Any:
    """A represented body (entity, list, Feature, FeatureCollection, notification) as `version` knows it; a new one."""
    if version >= NEWEST:
        return body
    if isinstance(body, list):
        return [downgraded(item, version) for item in body]
    if not isinstance(body, dict):
        return body
    member = WRAPPED.get(body["type"]) if isinstance(body.get("type"), str) else None
    if member is not None and member in body:
        return body | {member: downgraded(body[member], version)}
    return _entity(body, version)


def _entity(body: Body, version: Version) -> Body:
    result: Body = {}
    for key, value in body.items():
        if version < ENTITY_MEMBERS.get(key, version):
            continue
        if key == "type":
            result[key] = value[0] if isinstance(value, list) and value and version < SEVERAL else value
        else:
            result[key] = value if key in PLAIN else _attribute(value, version)
    return result


def _attribute(value: Any, version: Version) -> Any:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        if version < SEVERAL:
            return _attribute(next((item for item in value if "datasetId" not in item), value[0]), version)
        return [_attribute(item, version) for item in value]
    return _instance(value, version) if isinstance(value, dict) and _kind(value) else value


def _kind(instance: Body) -> str:
    given = instance.get("type")
    if isinstance(given, str):
        return given if given in VALUE_MEMBER else ""
    return next((kind for member, kind in KIND_OF_MEMBER.items() if member in instance), "")


def _instance(instance: Body, version: Version) -> Body:
    kind = _kind(instance)
    since, older, member = KINDS.get(kind, (version, kind, ""))
    replaced = VALUE_MEMBER[kind] if version < since else ""
    result: Body = {}
    for key, value in instance.items():
        if version < ATTRIBUTE_MEMBERS.get(key, version):
            continue
        if key == replaced:
            result[member] = _objects(value) if older == "Relationship" else value
        elif key == "type" and replaced:
            result[key] = older
        elif key in VALUE_MEMBER.values() or key in PLAIN or key.startswith(PREVIOUS) or key in ATTRIBUTE_MEMBERS:
            result[key] = value
        else:
            result[key] = _attribute(value, version)
    return result


def _objects(value: Any) -> Any:
    return [item.get("object", item) if isinstance(item, dict) else item for item in value]
