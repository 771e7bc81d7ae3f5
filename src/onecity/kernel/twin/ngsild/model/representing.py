"""Shows an entity to a client: normalized, concise or simplified, under the client's terms (4.5.1-4.5.5, 4.15, 4.21, 6.3.7).

Values are shared with the stored entity, not copied: what comes out is written as JSON, never changed.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model import languages
from onecity.kernel.twin.ngsild.model.geojson import looks_like_geometry
from onecity.kernel.twin.ngsild.model.kinds import PREVIOUS_MEMBER, VALUE_MEMBER, VALUE_MEMBERS
from onecity.kernel.twin.ngsild.model.shape import DEFAULT_INSTANCE, NORMALIZED, SCOPE, Shape
from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity

Body = dict[str, Any]

HIDDEN: Final = frozenset({"createdAt", "modifiedAt", "deletedAt", "expiresAt", "instanceId"})
"""Members that are shown only where they are asked for (6.3.11)."""
COPIED: Final = frozenset(
    {
        "type",
        "value",
        "object",
        "languageMap",
        "json",
        "valueList",
        "observedAt",
        "unitCode",
        "datasetId",
        "lang",
        "entityIdSealed",
        "entity",
        "entityList",
        "previousValue",
        "previousObject",
        "previousLanguageMap",
        "previousJson",
        "previousValueList",
    }
)
UNCLEAR: Final = frozenset({"type", "@type", "@context", "datasetId", *VALUE_MEMBERS})
"""Members that make a value that is an object look like an instance: it then keeps its `value` in concise form."""


def represent(entity: StoredEntity, context: Context, shape: Shape = NORMALIZED) -> Body:
    """The entity as JSON in the shape that is asked for."""
    body: Body = {}
    if shape.shows("id"):
        body["id"] = entity.urn
    if shape.shows("type"):
        body["type"] = _one_or_all([context.compact(name) for name in entity.types])
    if entity.scopes and shape.attrs is None and _shows_scope(shape):
        body["scope"] = _one_or_all(list(entity.scopes))
    if shape.sys_attrs:
        _times(body, entity, shape)
    attribute = ATTRIBUTE[shape.format]
    compact = context.compact
    for name, instances in _shown(entity, shape):
        body[compact(name)] = attribute(instances, context, shape)
    return _feature(body, entity, shape) if shape.geojson else body


def _one_or_all(names: Sequence[str]) -> Any:
    return names[0] if len(names) == 1 else names


def _shows_scope(shape: Shape) -> bool:
    if shape.pick is not None and "scope" not in shape.pick and SCOPE not in shape.pick:
        return False
    return "scope" not in shape.omit and SCOPE not in shape.omit


def _whole(moment: str | None) -> str | None:
    """Without a fraction of a second that nobody gave: the database writes one always."""
    return moment and moment.replace(".000000Z", "Z")


def _times(body: Body, entity: StoredEntity, shape: Shape) -> None:
    times = {"createdAt": entity.created_at, "modifiedAt": entity.modified_at, "expiresAt": _whole(entity.expires_at)}
    for member, value in times.items():
        if value and member not in shape.omit:
            body[member] = value


def _shown(entity: StoredEntity, shape: Shape) -> Any:
    attributes = entity.attributes
    if shape.pick is None and not shape.omit and shape.attrs is None and shape.dataset_ids is None:
        return attributes.items()
    return [
        (name, instances)
        for name, every in attributes.items()
        if _chosen(name, shape) and (instances := _of_data_sets(every, shape))
    ]


def _chosen(name: str, shape: Shape) -> bool:
    if shape.pick is not None and name not in shape.pick:
        return False
    if shape.attrs is not None and name not in shape.attrs:
        return False
    return name not in shape.omit


def _of_data_sets(instances: list[Instance], shape: Shape) -> list[Instance]:
    if shape.dataset_ids is None:
        return instances
    return [instance for instance in instances if instance.get("datasetId", DEFAULT_INSTANCE) in shape.dataset_ids]


def represent_attribute(instances: list[Instance], context: Context, shape: Shape = NORMALIZED) -> Any:
    """One attribute as it stands in an entity: an instance, an array of them, or the plain value."""
    return ATTRIBUTE[shape.format](instances, context, shape)


def _normalized(instances: list[Instance], context: Context, shape: Shape) -> Any:
    if len(instances) == 1:
        return normalized(instances[0], context, shape)
    return [normalized(instance, context, shape) for instance in instances]


def normalized(instance: Instance, context: Context, shape: Shape = NORMALIZED) -> Body:
    """One instance in normalized representation (4.5.2.2 and its kin)."""
    if shape.lang is not None and "languageMap" in instance:
        instance = _in_language(instance, shape.lang)
    body: Body = {}
    for key, value in instance.items():
        if key in COPIED:
            body[key] = value
        elif key not in HIDDEN:
            _member(body, key, value, context, shape)
        elif shape.sys_attrs and key != "instanceId":
            body[key] = value
    if shape.instance_ids and "instanceId" in instance:
        body["instanceId"] = instance["instanceId"]
    return body


def _member(body: Body, key: str, value: Any, context: Context, shape: Shape) -> None:
    """A member that is written under the client's terms, or a sub-attribute."""
    if key in COMPACTED:
        body[key] = COMPACTED[key](value, context)
    elif isinstance(value, list):
        body[context.compact(key)] = [normalized(item, context, shape) for item in value]
    else:
        body[context.compact(key)] = normalized(value, context, shape)


def _in_language(instance: Instance, lang: str) -> Instance:
    tag, text = languages.choose(instance["languageMap"], lang)
    rest = {key: value for key, value in instance.items() if key not in {"type", "languageMap"}}
    return {"type": "Property", "value": text, "lang": tag} | rest


def _names(value: Any, context: Context) -> Any:
    return [context.compact(item) for item in value] if isinstance(value, list) else context.compact(value)


def _objects(value: Any, context: Context) -> Any:  # noqa: ARG001 - one signature
    return [{"object": item} for item in value]


COMPACTED: Final[dict[str, Callable[[Any, Context], Any]]] = {
    "vocab": _names,
    "previousVocab": _names,
    "objectType": _names,
    "valueType": _names,
    "entityTypeSealed": _names,
    "objectList": _objects,
    "previousObjectList": _objects,
}


def _concise(instances: list[Instance], context: Context, shape: Shape) -> Any:
    if len(instances) == 1:
        return concise(instances[0], context, shape)
    return [_reified(concise(instance, context, shape)) for instance in instances]


def _reified(body: Any) -> Any:
    """Among several instances each is an object, so that the array is not taken for a value."""
    return body if isinstance(body, dict) and not VALUE_MEMBERS.isdisjoint(body) else {"value": body}


def concise(instance: Instance, context: Context, shape: Shape = NORMALIZED) -> Any:
    """One instance in the shortest form that loses nothing (4.5.2.3 and its kin)."""
    body = normalized(instance, context, shape)
    for key in instance:
        if key not in COPIED and key not in HIDDEN and key not in COMPACTED:
            sub = instance[key]
            body[context.compact(key)] = _concise(sub if isinstance(sub, list) else [sub], context, shape)
    kind = body.get("type", "")
    if "value" not in body:
        if kind in VALUE_MEMBER:
            del body["type"]
        return body
    value = body["value"]
    geometry = isinstance(value, dict) and looks_like_geometry(value)
    if kind != ("GeoProperty" if geometry else "Property"):
        return (
            body  # a Property whose value looks like a geometry, or a GeoProperty that does not: the kind must be said
        )
    del body["type"]
    return value if len(body) == 1 and (geometry or _clear(value)) else body


def _clear(value: Any) -> bool:
    """Whether a plain value is read as the value of a Property again."""
    if isinstance(value, dict):
        return "@value" in value or (UNCLEAR.isdisjoint(value) and not any(":" in key for key in value))
    if isinstance(value, list):
        return not any(isinstance(item, dict) and not _clear(item) for item in value)
    return True


def _simplified(instances: list[Instance], context: Context, shape: Shape) -> Any:
    if len(instances) == 1:
        return simplified(instances[0], context, shape)
    return {
        "dataset": {
            instance.get("datasetId", DEFAULT_INSTANCE): simplified(instance, context, shape) for instance in instances
        }
    }


def simplified(instance: Instance, context: Context, shape: Shape = NORMALIZED) -> Any:
    """The value alone (4.5.4)."""
    member = VALUE_MEMBER.get(instance["type"], "value")
    value = instance.get(member)
    if member == "languageMap":
        return {member: value} if shape.lang is None else languages.choose(instance[member], shape.lang)[1]
    if member == "vocab":
        return {member: _names(value, context)}
    return {member: value} if member == "json" else value


ATTRIBUTE: Final[dict[str, Callable[[list[Instance], Context, Shape], Any]]] = {
    "normalized": _normalized,
    "concise": _concise,
    "simplified": _simplified,
}


def _feature(body: Body, entity: StoredEntity, shape: Shape) -> Body:
    """A GeoJSON Feature (4.5.16, 4.5.17): the geometry is null where the entity has none."""
    identifier = body.pop("id", entity.urn)
    return {"id": identifier, "type": "Feature", "geometry": geometry(entity, shape), "properties": body}


def geometry(entity: StoredEntity, shape: Shape) -> Any:
    """The geometry that stands for the entity (4.5.16.1): of its default instance, or the one of the data set asked for."""
    instances = _of_data_sets(entity.attributes.get(shape.geometry_property, []), shape)
    chosen = next((instance for instance in instances if "datasetId" not in instance), None)
    if chosen is None and len(instances) == 1 and shape.dataset_ids is not None:
        chosen = instances[0]
    value = None if chosen is None else chosen.get("value")
    return value if isinstance(value, dict) and looks_like_geometry(value) else None


def collection(features: Sequence[Body]) -> Body:
    """A GeoJSON FeatureCollection of represented features (4.5.16.3)."""
    return {"type": "FeatureCollection", "features": list(features)}


def with_previous(instance: Instance, before: Instance | None) -> Instance:
    """The instance with the value that it had before, for notifications with showChanges (5.8.6)."""
    member = VALUE_MEMBER.get((before or {}).get("type", ""), "")
    if before is None or member not in before:
        return instance
    return instance | {PREVIOUS_MEMBER[member]: before[member]}
