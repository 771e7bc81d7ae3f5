"""A request or an answer in the words of another @context: names and types change, values stay (4.3.6.6)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS, KIND_OF_MEMBER, SYSTEM_MEMBERS, VALUE_MEMBER
from onecity.kernel.twin.ngsild.query.language import TypeExpr

Rename = Callable[[str], str]

# members of an instance that are no sub-attributes; their values are not looked into
KEPT: Final = frozenset(
    {
        "type",
        "datasetId",
        "observedAt",
        "unitCode",
        "expiresAt",
        "valueType",
        "ngsildproof",
        "instanceId",
        "entity",
        "entityList",
        "@context",
        *SYSTEM_MEMBERS,
        *VALUE_MEMBER.values(),
    }
)
NAMED: Final = ("objectType", "vocab")


def renamer(source: Context, target: Context) -> Rename | None:
    """Turns a term of one @context into one of another; None where both are the same."""
    if source is target:
        return None
    return lambda term: target.compact(source.expand(term))


def entity(body: Mapping[str, Any], rename: Rename | None) -> dict[str, Any]:
    """An entity or fragment without its @context, in other words."""
    if rename is None:
        return {key: value for key, value in body.items() if key != "@context"}
    result: dict[str, Any] = {}
    for key, value in body.items():
        if key in {"type", "@type"}:
            result[key] = names(value, rename)
        elif key in ENTITY_MEMBERS:
            if key != "@context":
                result[key] = value
        else:
            result[rename(key)] = attribute(value, rename)
    return result


def attribute(value: Any, rename: Rename | None) -> Any:
    """An attribute's instance or instances in other words; a plain value stays as it is."""
    if rename is None:
        return value
    if isinstance(value, list) and value and all(_is_instance(item) for item in value):
        return [_instance(item, rename) for item in value]
    return _instance(value, rename) if _is_instance(value) else value


def fragment(value: Any, rename: Rename | None) -> Any:
    """Parts of an attribute's instances, which may lack their value (5.6.4), in other words."""
    if rename is None:
        return value
    if isinstance(value, list):
        return [fragment(item, rename) for item in value]
    return _instance(value, rename) if isinstance(value, dict) else value


def names(value: Any, rename: Rename | None) -> Any:
    """A name or a list of names in other words."""
    if rename is None:
        return value
    if isinstance(value, list):
        return [rename(item) if isinstance(item, str) else item for item in value]
    return rename(value) if isinstance(value, str) else value


def types(expression: TypeExpr | None, context: Context) -> str:
    """A selection of types as the parameter `type` writes it (4.17); "" for none."""
    if expression is None:
        return ""
    groups = [[context.compact(name) for name in group] for group in expression.any_of]
    if all(len(group) == 1 for group in groups):
        return ",".join(group[0] for group in groups)
    return ",".join(f"({';'.join(group)})" if len(group) > 1 else group[0] for group in groups)


def _is_instance(value: Any) -> bool:
    return isinstance(value, dict) and (
        (isinstance(value.get("type"), str) and value["type"] in VALUE_MEMBER)
        or any(member in value for member in KIND_OF_MEMBER)
    )


def _instance(instance: Mapping[str, Any], rename: Rename) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in instance.items():
        if key in NAMED:
            result[key] = names(value, rename)
        elif key in KEPT:
            result[key] = value
        else:
            result[rename(key)] = attribute(value, rename)
    return result
