"""Types and attributes that sources know of, counted together with our own (5.7.5-5.7.11)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.federation.distributing import gate, planning, warning
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Words
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.store.census import ENTITY, Count

# each resource with `details` or without, or of one name → the operation of Table 4.20-1
OPERATIONS: Final[Mapping[tuple[str, str], str]] = {
    ("types", "names"): "retrieveEntityTypes",
    ("types", "details"): "retrieveEntityTypeDetails",
    ("types", "one"): "retrieveEntityTypeInfo",
    ("attributes", "names"): "retrieveAttrTypes",
    ("attributes", "details"): "retrieveAttrTypeDetails",
    ("attributes", "one"): "retrieveAttrTypeInfo",
}
ADDED: Final = "Counts of several sources are added; who is known to two is counted twice"
MOST: Final = 10_000

Read = Callable[[Any, Context], Iterator[Count]]


async def counted(
    request: Request, own: Sequence[Count], resource: str, *, details: bool = False, name: str = ""
) -> tuple[list[Count], list[tuple[str, str]]]:
    """Our counts with those of all sources that offer the operation, and the headers that go with the answer.

    `name`: the stored name of the one type or attribute that is asked for.
    """
    federation = await gate.federation(request, "read")
    if federation is None:
        return list(own), []
    kind = "one" if name else "details" if details else "names"
    operation = OPERATIONS[resource, kind]
    asked = [
        one
        for one in planning.encountered(federation.roster.registrations, federation.encountered)
        if operation in one.operations and _may_know(one, resource, name)
    ]

    def speak(words: Words) -> Call:
        if name:
            return Call("GET", f"/{resource}/{quote(words.context.compact(name), safe='')}")
        return Call("GET", f"/{resource}", {"details": "true"} if details else {})

    replies = await federation.ask([(one, speak) for one in asked])
    warnings, found = [], list(own)
    for reply in replies:
        warnings += reply.warnings()
        if reply.ok:
            told = _told(reply, READERS[resource, kind])
            warnings += [] if told is not None else [warning.warning(reply.registration, "invalid")]
            found += told or []
    if name and len(found) > len(own):
        warnings.append(warning.written(warning.MISCELLANEOUS, "-", ADDED))
    return _summed(found), warning.headers(warnings)


def _may_know(registration: Registration, resource: str, name: str) -> bool:
    """Whether a source can know of the one type or attribute that is asked for."""
    if not name:
        return True
    for one in registration.information:
        if resource == "types":
            types = {known for info in one.entities for known in info.types}
            if not types or name in types:
                return True
        elif not (one.properties | one.relationships) or name in one.properties | one.relationships:
            return True
    return False


def _told(reply: Reply, read: Read) -> list[Count] | None:
    """What a source says, None where that cannot be understood."""
    try:
        return list(read(reply.body, reply.context or CORE))[:MOST]
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _summed(counts: Sequence[Count]) -> list[Count]:
    totals: dict[tuple[str, str, str], int] = {}
    for one in counts:
        key = (one.type, one.attribute, one.kind)
        totals[key] = totals.get(key, 0) + one.entities
    return [Count(*key, total) for key, total in sorted(totals.items())]


def _list(body: Any) -> list[dict[str, Any]]:
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        raise TypeError("a list of objects is wanted")
    return body


def _names(given: Any, context: Context) -> list[str]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise TypeError("a list of names is wanted")
    return [context.expand(one) for one in names]


def _type_names(body: Any, context: Context) -> Iterator[Count]:
    for name in _names(body["typeList"], context):
        yield Count(name, ENTITY, "", 1)


def _type_details(body: Any, context: Context) -> Iterator[Count]:
    for one in _list(body):
        name = context.expand(one["typeName"])
        yield Count(name, ENTITY, "", 1)
        for attribute in _names(one.get("attributeNames", []), context):
            yield Count(name, attribute, "", 0)


def _type(body: Any, context: Context) -> Iterator[Count]:
    name = context.expand(body["typeName"])
    yield Count(name, ENTITY, "", max(int(body.get("entityCount", 0)), 0))
    for one in _list(body.get("attributeDetails", [])):
        attribute = context.expand(one["attributeName"])
        for kind in one.get("attributeTypes") or [""]:
            yield Count(name, attribute, str(kind), 0)


def _attribute_names(body: Any, context: Context) -> Iterator[Count]:
    for name in _names(body["attributeList"], context):
        yield Count("", name, "", 0)


def _attribute_details(body: Any, context: Context) -> Iterator[Count]:
    for one in _list(body):
        name = context.expand(one["attributeName"])
        for type_name in _names(one.get("typeNames", []), context) or [""]:
            yield Count(type_name, name, "", 0)


def _attribute(body: Any, context: Context) -> Iterator[Count]:
    name, count = context.expand(body["attributeName"]), max(int(body.get("attributeCount", 0)), 0)
    for type_name in _names(body.get("typeNames", []), context) or [""]:
        for kind in body.get("attributeTypes") or [""]:
            yield Count(type_name, name, str(kind), count)
            count = 0


READERS: Final[Mapping[tuple[str, str], Read]] = {
    ("types", "names"): _type_names,
    ("types", "details"): _type_details,
    ("types", "one"): _type,
    ("attributes", "names"): _attribute_names,
    ("attributes", "details"): _attribute_details,
    ("attributes", "one"): _attribute,
}
