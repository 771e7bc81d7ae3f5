"""Several histories of one entity as one: instance by instance, or value by value (4.5.5, 4.5.7, 4.5.8); pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from onecity.kernel.twin.ngsild.federation.distributing import gathering
from onecity.kernel.twin.ngsild.federation.distributing.gathering import VALUES
from onecity.kernel.twin.ngsild.model.combining import moment_key
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS, SYSTEM_MEMBERS
from onecity.kernel.twin.ngsild.model.names import is_uri

Body = dict[str, Any]
TEXTS: Final = ("datasetId", "observedAt", "createdAt", "modifiedAt", "deletedAt")


@dataclass(frozen=True, slots=True)
class How:
    """How a history is written: `format` "", temporalValues or aggregatedValues; by which time; how many at most.

    `methods`: of aggregation, those that are shown; `whole`: there is one period for all the time.
    """

    format: str
    timeproperty: str
    last: int | None = None
    sys_attrs: bool = False
    methods: tuple[str, ...] = ()
    whole: bool = False


def is_history(body: object) -> bool:
    """Whether a body is the history of an entity, as far as it must be to be put together with others."""
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not is_uri(body["id"]):
        return False
    kinds = body.get("type")
    names = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        return False
    return all(_is_attribute(value) for key, value in body.items() if key not in ENTITY_MEMBERS)


def joined(parts: Sequence[tuple[Body, bool]], how: How) -> tuple[Body, bool]:
    """One history of several, the extra ones (True) last, which fill gaps only; and whether nothing had to be left out."""
    first = parts[0][0]
    types = list(dict.fromkeys(name for body, _extra in parts for name in _listed(body["type"])))
    result: Body = {**first, "type": types[0] if len(types) == 1 else types}
    certain = True
    for body, extra in parts[1:]:
        for key, value in body.items():
            if key in ENTITY_MEMBERS:
                result.setdefault(key, value)
            elif key not in result:
                result[key] = value
            elif how.format == "aggregatedValues":
                result[key], sure = gathering.together(result[key], value, whole=how.whole)
                certain = certain and sure
            elif how.format == "temporalValues":
                result[key] = _values(result[key], value)
            else:
                result[key] = _instances(result[key], value, how.timeproperty, extra=extra)
    hidden = frozenset[str]() if how.sys_attrs else SYSTEM_MEMBERS
    shown = {key: value for key, value in result.items() if key not in hidden}
    return {key: value if key in ENTITY_MEMBERS else _last(value, how) for key, value in shown.items()}, certain


def _is_attribute(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_part(one) for one in value)
    return _is_part(value)


def _is_part(value: object) -> bool:
    """Whether an instance, or the values of a data set, has members that can be compared with those of others."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name, ""), str) for name in TEXTS):
        return False
    return all(isinstance(value.get(member, []), list) for member in VALUES)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _instances(one: Any, other: Any, timeproperty: str, *, extra: bool) -> list[Body]:
    """All instances, each moment of a data set once: the one that was changed last, and of extra ones only what is new."""
    found: dict[tuple[object, object], Body] = {}
    for place, instance in enumerate([*_listed(one), *_listed(other)]):
        at = instance.get(timeproperty)
        key = (instance.get("datasetId"), at if at is not None else place)
        known = found.get(key)
        if known is None or (not extra and _changed(instance) > _changed(known)):
            found[key] = instance
    return sorted(found.values(), key=lambda instance: _moment(instance.get(timeproperty)))


def _changed(instance: Body) -> str:
    return _moment(instance.get("modifiedAt"))


def _moment(value: object) -> str:
    return moment_key(value if isinstance(value, str) else None)


def _values(one: Any, other: Any) -> Any:
    """The values of both, by data set, each moment once."""
    kept = {part.get("datasetId"): dict(part) for part in _listed(one)}
    for part in _listed(other):
        known = kept.get(part.get("datasetId"))
        if known is None:
            kept[part.get("datasetId")] = dict(part)
            continue
        for member in VALUES:
            if isinstance(part.get(member), list):
                pairs = [*known.get(member, ()), *part[member]]
                by_time = {pair[1]: pair for pair in reversed(pairs) if _is_pair(pair)}
                known[member] = sorted(by_time.values(), key=lambda pair: moment_key(pair[1]))
    made = list(kept.values())
    return made[0] if len(made) == 1 else made


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], str)


def _last(value: Any, how: How) -> Any:
    """Only the last so many, where lastN says so; without what the server set, where that is not asked for."""
    if how.format == "aggregatedValues":
        return gathering.shown(value, how.methods)
    if how.format:
        parts = [
            {key: held[-how.last :] if how.last and key in VALUES else held for key, held in part.items()}
            for part in _listed(value)
        ]
        return parts if isinstance(value, list) else parts[0]
    instances = sorted(_listed(value), key=lambda one: _moment(one.get(how.timeproperty)))
    chosen = instances[-how.last :] if how.last else instances
    if how.sys_attrs:
        return chosen
    hidden = SYSTEM_MEMBERS - {"instanceId", how.timeproperty}
    return [{key: held for key, held in one.items() if key not in hidden} for one in chosen]
