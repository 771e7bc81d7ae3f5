"""Shows histories to a client: normalized or simplified (4.5.7-4.5.9), within one answer that is not too long (6.3.10); pure.

Readings are written from arrays, a column at a time; everything else from its instances.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model.kinds import VALUE_MEMBER
from onecity.kernel.twin.ngsild.model.representing import normalized, simplified
from onecity.kernel.twin.ngsild.model.shape import SCOPE as SCOPE_IRI
from onecity.kernel.twin.ngsild.model.shape import Shape
from onecity.kernel.twin.ngsild.model.stored import Instance
from onecity.kernel.twin.ngsild.temporal.evolution import Evolution, Timed
from onecity.kernel.twin.ngsild.temporal.readings import Found

encode = msgspec.json.Encoder().encode
PLURAL: Final = {
    "value": "values",
    "object": "objects",
    "languageMap": "languageMaps",
    "vocab": "vocabs",
    "json": "jsons",
    "valueList": "valueLists",
    "objectList": "objectLists",
}
"""Kind's value member → the member that holds its pairs in simplified form (4.5.9)."""
DEFAULT: Final = "@none"
READING_ID: Final = "urn:ngsi-ld:instance:reading:"


class Reading(msgspec.Struct, omit_defaults=True):
    """One reading as an instance of a Property."""

    type: str
    value: float
    observedAt: str  # noqa: N815 - the standard's own name
    instanceId: str  # noqa: N815 - same
    unitCode: str = ""  # noqa: N815 - same
    createdAt: str = ""  # noqa: N815 - same
    modifiedAt: str = ""  # noqa: N815 - same


@dataclass(slots=True)
class Shown:
    """What is shown of one entity: instances by attribute, readings by attribute, each in the order of the answer."""

    evolution: Evolution
    instances: dict[str, list[Timed]] = field(default_factory=dict)
    readings: dict[str, Found] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.instances and not self.readings


def texts(at: NDArray[np.int64]) -> list[str]:
    """Moments (µs since 1970 UTC) as they are written: `2026-07-01T08:00:00.000000Z`."""
    found: list[str] = np.char.add(np.datetime_as_string(at.astype("datetime64[us]"), unit="us"), "Z").tolist()
    return found


def body(shown: Shown, context: Context, shape: Shape, timeproperty: str, *, simple: bool) -> dict[str, Any]:
    """The entity as JSON, `msgspec.Raw` where it was written from arrays."""
    found = head(shown.evolution, context, shape)
    for name in dict.fromkeys((*shown.instances, *shown.readings)):
        instances, readings = shown.instances.get(name, []), shown.readings.get(name)
        term = context.compact(name)
        if simple:
            found[term] = _pairs(instances, readings, context, shape, timeproperty)
        else:
            found[term] = _instances(instances, readings, shown.evolution, name, context, shape, timeproperty)
    return found


def head(evolution: Evolution, context: Context, shape: Shape) -> dict[str, Any]:
    """The members of the entity itself."""
    found: dict[str, Any] = {}
    if shape.shows("id"):
        found["id"] = evolution.urn
    if shape.shows("type"):
        types = [context.compact(name) for name in evolution.types]
        found["type"] = types[0] if len(types) == 1 else types
    if shape.sys_attrs:
        times = {"createdAt": evolution.created_at, "modifiedAt": evolution.modified_at}
        times |= {"deletedAt": evolution.deleted_at or "", "expiresAt": evolution.expires_at or ""}
        found |= {member: text for member, text in times.items() if text and member not in shape.omit}
    return found


def shows_scope(shape: Shape) -> bool:
    """Whether the scope is among what is shown."""
    if shape.attrs is not None or "scope" in shape.omit or SCOPE_IRI in shape.omit:
        return False
    return shape.pick is None or "scope" in shape.pick or SCOPE_IRI in shape.pick


def _instances(
    instances: Sequence[Timed],
    readings: Found | None,
    evolution: Evolution,
    name: str,
    context: Context,
    shape: Shape,
    timeproperty: str,
) -> Any:
    shown = [_instance(one.instance, context, shape, timeproperty) for one in instances]
    if readings is None or not len(readings):
        return shown
    series = evolution.series[name]
    times = texts(readings.at)
    ids = np.char.add(f"{READING_ID}{series.id}:", readings.at.astype(str)).tolist()
    system: Any = times if shape.sys_attrs else repeat("")
    rows = list(
        map(Reading, repeat("Property"), readings.value.tolist(), times, ids, repeat(series.unit), system, system)
    )
    if not shown:
        return msgspec.Raw(encode(rows))
    moments = [one.at or 0 for one in instances]
    return _merged(shown, moments, rows, readings)


def _merged(shown: Sequence[Any], moments: Sequence[int], rows: Sequence[Any], readings: Found) -> list[Any]:
    """Instances and readings in one order of time; backwards where the readings are."""
    keys = np.r_[np.array(moments, np.int64), readings.at]
    backwards = len(readings) > 1 and readings.at[0] > readings.at[-1]
    order = np.argsort(-keys if backwards else keys, kind="stable").tolist()
    both = [*shown, *rows]
    return [both[number] for number in order]


def _instance(instance: Instance, context: Context, shape: Shape, timeproperty: str) -> dict[str, Any]:
    shown = normalized(instance, context, shape)
    if timeproperty in instance:
        shown[timeproperty] = instance[timeproperty]
    return shown


def _pairs(
    instances: Sequence[Timed], readings: Found | None, context: Context, shape: Shape, timeproperty: str
) -> Any:
    """Pairs of value and moment, one object a data set (4.5.9)."""
    groups: dict[str, list[Instance]] = {}
    for one in instances:
        groups.setdefault(one.instance.get("datasetId", DEFAULT), []).append(one.instance)
    objects = []
    if readings is not None and len(readings):
        own = groups.pop(DEFAULT, [])
        objects.append(_of_readings(own, readings, context, shape, timeproperty))
    objects += [_group(dataset, group, context, shape, timeproperty) for dataset, group in groups.items()]
    return objects[0] if len(objects) == 1 else objects


def _of_readings(
    own: Sequence[Instance], readings: Found, context: Context, shape: Shape, timeproperty: str
) -> dict[str, Any]:
    pairs: list[Any] = list(zip(readings.value.tolist(), texts(readings.at), strict=True))
    if own:
        more = [_pair(instance, context, shape, timeproperty) for instance in own]
        backwards = len(readings) > 1 and readings.at[0] > readings.at[-1]
        pairs = sorted([*pairs, *more], key=_moment, reverse=bool(backwards))
    return {"type": "Property", "values": pairs if own else msgspec.Raw(encode(pairs))}


def _moment(pair: Sequence[Any]) -> str:
    return str(pair[1]).ljust(27, "0")


def _group(
    dataset: str, group: Sequence[Instance], context: Context, shape: Shape, timeproperty: str
) -> dict[str, Any]:
    kind = _shown_kind(group[-1], shape)
    found: dict[str, Any] = {"type": kind}
    if dataset != DEFAULT:
        found["datasetId"] = dataset
    found[PLURAL[VALUE_MEMBER[kind]]] = [_pair(instance, context, shape, timeproperty) for instance in group]
    return found


def _shown_kind(instance: Instance, shape: Shape) -> str:
    """A language map that is reduced to one language is a Property (4.15)."""
    reduced = shape.lang is not None and instance["type"] == "LanguageProperty"
    return "Property" if reduced else str(instance["type"])


def _pair(instance: Instance, context: Context, shape: Shape, timeproperty: str) -> list[Any]:
    at = next(
        (instance[name] for name in (timeproperty, "deletedAt", "observedAt", "modifiedAt") if name in instance), ""
    )
    return [simplified(instance, context, shape), at]


def range_header(start: str, end: str, size: int | None) -> tuple[str, str]:
    """The header that says which part of the time the answer has (6.3.10)."""
    return "Content-Range", f"DateTime {start}-{end}/{'*' if size is None else size}"


def limited(shown: Mapping[str, Shown], end: int | None, *, backwards: bool) -> None:
    """Take away what lies at or behind `end` (before or at it, backwards); None takes nothing."""
    if end is None:
        return
    for one in shown.values():
        for name, instances in list(one.instances.items()):
            kept = [i for i in instances if i.at is None or (i.at > end if backwards else i.at < end)]
            if kept:
                one.instances[name] = kept
            else:
                del one.instances[name]
        for name, readings in list(one.readings.items()):
            left = readings.take(readings.at > end if backwards else readings.at < end)
            if len(left):
                one.readings[name] = left
            else:
                del one.readings[name]
