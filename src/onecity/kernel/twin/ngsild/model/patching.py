"""Writes part of an instance onto a stored one: member by member (5.5.8), or into its values as RFC 7396 does (5.5.12)."""

from collections.abc import Callable
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model.geojson import require_geometry
from onecity.kernel.twin.ngsild.model.instances import is_null, new_instance_id
from onecity.kernel.twin.ngsild.model.kinds import MEMBERS, NULL, VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.model.stored import Instance

FRESH: Final = frozenset({"createdAt", "modifiedAt", "instanceId", "type", "datasetId"})
DEEP: Final = frozenset({"value", "languageMap", "json"})


def with_members(target: Instance, given: Instance, name: str, now: str) -> Instance:
    """The stored instance with the given members in place of its own; NGSI-LD Null takes one away. Raises Problem."""
    kind = given.get("type")
    if kind is not None and kind != target["type"]:
        raise bad_request(
            _("{name} is a {kind}; its kind cannot be changed to {given}.", name=name, kind=target["type"], given=kind),
            name,
        )
    member = VALUE_MEMBER[target["type"]]
    for other in VALUE_MEMBER.values():
        if other in given and other != member:
            raise bad_request(
                _("{name} is a {kind} and has no `{member}`.", name=name, kind=target["type"], member=other), name
            )
    result = dict(target)
    for key, value in given.items():
        if key not in FRESH:
            _place(result, key, value, merged=False)
    if target["type"] == "GeoProperty" and member in given:
        result[member] = require_geometry(given[member], name)
    return restamped(result, now)


def merged(target: Instance, given: Instance, name: str, now: str, observed_at: str | None = None) -> Instance:
    """The stored instance with the given one merged into it to any depth; raises Problem."""
    result = dict(target)
    kind: str = given["type"] if "type" in given else target["type"]
    member = VALUE_MEMBER[kind]
    if kind != target["type"]:
        if member not in given:
            raise bad_request(_("{name} becomes a {kind} only together with a value.", name=name, kind=kind), name)
        result.pop(VALUE_MEMBER[target["type"]], None)
        result["type"] = kind
    for key, value in given.items():
        if key not in FRESH:
            _place(result, key, value, merged=True)
    if kind == "GeoProperty" and member in given:
        result[member] = require_geometry(result.get(member), name)
    if member not in result:
        raise bad_request(_("{name} would be left without a value.", name=name), name)
    if observed_at is not None and "observedAt" in target and "observedAt" not in given:
        result["observedAt"] = observed_at
    return restamped(result, now)


def _place(result: Instance, key: str, value: Any, *, merged: bool) -> None:
    if key in MEMBERS:
        if value == NULL:
            result.pop(key, None)
        elif merged and key in DEEP:
            result[key] = patch(result.get(key), value)
        else:
            result[key] = value
        return
    kept = _sub_attribute(result.get(key), value, merged=merged)
    if kept is None:
        result.pop(key, None)
    else:
        result[key] = kept


def _sub_attribute(before: Any, given: Any, *, merged: bool) -> Any:
    """A sub-attribute afterwards; None when nothing of it is left."""
    after = {item.get("datasetId"): item for item in _listed(before)}
    for item in _listed(given):
        data_set = item.get("datasetId")
        if is_null(item):
            after.pop(data_set, None)
        elif merged and data_set in after:
            after[data_set] = _sub_merged(after[data_set], item)
        else:
            after[data_set] = without_nulls(item)
    left = list(after.values())
    if len(left) == 1 and "datasetId" not in left[0]:
        return left[0]
    return left or None


def _sub_merged(target: Instance, given: Instance) -> Instance:
    result = dict(target)
    kind: str = given["type"] if "type" in given else target["type"]
    if kind != target["type"] and VALUE_MEMBER[kind] in given:
        result.pop(VALUE_MEMBER[target["type"]], None)
        result["type"] = kind
    for key, value in given.items():
        if key not in FRESH:
            _place(result, key, value, merged=True)
    return result


def _listed(value: Any) -> list[Instance]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def patch(target: Any, given: Any) -> Any:
    """RFC 7396, 2, with NGSI-LD Null for null; nothing is changed in place."""
    if not isinstance(given, dict):
        return given
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in given.items():
        if value == NULL:
            result.pop(key, None)
        else:
            result[key] = patch(result.get(key), value)
    return result


def without_nulls(given: Instance) -> Instance:
    """A new instance as it is stored: members and values that ask for deletion are left out."""
    result: Instance = {}
    for key, value in given.items():
        if value == NULL:
            continue
        if key in DEEP:
            result[key] = patch(None, value)
        elif key in MEMBERS:
            result[key] = value
        else:
            kept = _sub_attribute(None, value, merged=False)
            if kept is not None:
                result[key] = kept
    return result


def restamped(instance: Instance, now: str) -> Instance:
    """The instance as written at `now`: a new identifier, the time of creation kept."""
    instance["modifiedAt"] = now
    instance["instanceId"] = new_instance_id()
    return instance


def as_kind_of(target: Instance, bare: Any, name: str, lang: str | None) -> Instance:
    """A plain value as an instance of the stored one's kind (5.6.17, simplified input); raises Problem."""
    return BARE[target["type"]](bare, name, lang)


def _bare_relationship(bare: Any, name: str, lang: str | None) -> Instance:  # noqa: ARG001 - one signature
    objects = [require_uri(item, name) for item in bare] if isinstance(bare, list) and bare else require_uri(bare, name)
    return {"object": objects}


def _bare_language(bare: Any, name: str, lang: str | None) -> Instance:
    if not isinstance(bare, str):
        raise bad_request(_("{name} is a LanguageProperty: give its text, or a languageMap.", name=name), name)
    return {"languageMap": {lang or "@none": bare}}


def _bare_vocabulary(bare: Any, name: str, lang: str | None) -> Instance:  # noqa: ARG001 - one signature
    if not isinstance(bare, str):
        raise bad_request(_("{name} is a VocabProperty: give a name, or `vocab`.", name=name), name)
    return {"vocab": bare}


def _bare_json(bare: Any, name: str, lang: str | None) -> Instance:  # noqa: ARG001 - one signature
    if not isinstance(bare, dict | list):
        raise bad_request(_("{name} is a JsonProperty: give an object or a list of objects.", name=name), name)
    return {"json": bare}


def _bare_list(bare: Any, name: str, lang: str | None) -> Instance:  # noqa: ARG001 - one signature
    if not isinstance(bare, list):
        raise bad_request(_("{name} must be a list.", name=name), name)
    return {"valueList": bare}


def _bare_objects(bare: Any, name: str, lang: str | None) -> Instance:  # noqa: ARG001 - one signature
    if not isinstance(bare, list):
        raise bad_request(_("{name} must be a list.", name=name), name)
    return {"objectList": [require_uri(item, name) for item in bare]}


def _bare_value(bare: Any, name: str, lang: str | None) -> Instance:  # noqa: ARG001 - one signature
    return {"value": bare}


BARE: Final[dict[str, Callable[[Any, str, str | None], Instance]]] = {
    "Property": _bare_value,
    "GeoProperty": _bare_value,
    "Relationship": _bare_relationship,
    "LanguageProperty": _bare_language,
    "VocabProperty": _bare_vocabulary,
    "JsonProperty": _bare_json,
    "ListProperty": _bare_list,
    "ListRelationship": _bare_objects,
}
