"""Histories out of the local store and of sources that keep some: read, and put together instance by instance (5.7.3, 5.7.4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from onecity.kernel.twin.ngsild.context.terms import CORE, Context
from onecity.kernel.twin.ngsild.federation.distributing import (
    gathering,
    joining,
    limits,
    planning,
    query_calls,
    warning,
)
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.joining import is_history
from onecity.kernel.twin.ngsild.federation.distributing.names import Names, only
from onecity.kernel.twin.ngsild.federation.distributing.query_calls import Asked
from onecity.kernel.twin.ngsild.federation.distributing.retrieving import Along
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS
from onecity.kernel.twin.ngsild.temporal.span import Span, micros

RETRIEVE, QUERY = "retrieveTemporal", "queryTemporal"
# what means at a source what it means here
TEMPORAL: Final = ("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods", "aggrPeriodDuration")
FILTERS: Final = ("datasetId", "lang")
PARTIAL: Final = 206
ONLY_PART: Final = "The source gave only a part of the time"
NOT_GATHERED: Final = "Some aggregates of several sources cannot be put together: those of the first are shown"

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Open:
    """Attributes of an entity that several have, so that their different values are not counted yet.

    `who`: by the name of the attribute the registrations ("" for the local store) that have some.
    """

    who: Mapping[str, frozenset[str]]
    sources: tuple[Registration, ...]

    def names(self, source: str) -> list[str]:
        """The attributes that somebody has some of."""
        return [name for name, sources in self.who.items() if source in sources]


@dataclass(frozen=True, slots=True)
class Told:
    """Histories as they are shown, by id, with warnings; `whole`: every source gave all that it has.

    `sources`: the registrations that had part in it, and `maps`: the entity maps that they used, by registration. `open`:
    by id, of which attributes different values are still to be counted.
    """

    bodies: list[Body]
    warnings: list[str] = field(default_factory=list)
    whole: bool = True
    sources: tuple[str, ...] = ()
    maps: Mapping[str, str] = field(default_factory=dict)
    open: Mapping[str, Open] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How histories are to look: their texts of the request, and what decides how instances are put together."""

    parameters: Mapping[str, Any]
    format: str
    span: Span
    last: int | None
    sys_attrs: bool
    names: Sequence[str] = ()
    omitted: frozenset[str] = frozenset()
    methods: tuple[str, ...] = ()
    whole: bool = False


async def retrieve(
    federation: Federation, urn: str, local: Body | None, wanted: Wanted, along: Along | None = None
) -> Told:
    """The history of one entity as all know it together; `along`: an entity map that the request goes along."""
    context = federation.origin.context
    types = () if local is None else _types(local, context)
    registrations = federation.about(urn, types)
    asked = [
        one
        for one in registrations
        if RETRIEVE in one.operations and tells_of(one, wanted.span) and (along is None or one.id in along.among)
    ]

    def speak(registration: Registration) -> Speak:
        def made(words: Words) -> Call:
            names = planning.covered(registration, urn, types)
            linked = "" if along is None else along.maps.get(registration.id, "")
            headers = {"ngsild-entitymap": linked} if linked else {}
            path = f"/temporal/entities/{quote(urn, safe=':')}"
            return Call("GET", path, _query(wanted, names, words), headers=headers)

        return made

    replies = await federation.ask([(one, speak(one)) for one in asked])
    return _told(registrations, [] if local is None else [local], replies, wanted, context, lambda got: got == urn)


async def query(
    federation: Federation, asked: Sequence[Asked], local: Sequence[Body], wanted: Wanted, most: int
) -> Told | None:
    """The histories that match, up to `most` of each source; None where no source has anything to do with it."""
    pairs = [
        (registration, one)
        for one in asked
        for registration in federation.for_selection(one.selection, one.selection.types)
    ]
    if not pairs:
        return None
    context = federation.origin.context
    offered = [
        (registration, one)
        for registration, one in pairs
        if QUERY in registration.operations and tells_of(registration, wanted.span)
    ]

    def speak(registration: Registration, one: Asked) -> Speak:
        page = {"limit": str(min(most, limits.PAGE))}
        inner = query_calls.speak(registration, one, context, page, path="/temporal/entities")

        def made(words: Words) -> Call:
            call = inner(words)
            names = planning.selects(registration, one.selection.ids, one.selection.id_pattern, one.selection.types, ())
            return Call("GET", call.path, {**call.query, **_query(wanted, names, words)})

        return made

    replies = await federation.ask([(registration, speak(registration, one)) for registration, one in offered])
    registrations = list({registration.id: registration for registration, _one in pairs}.values())
    return _told(registrations, local, replies, wanted, context, lambda _urn: True)


def tells_of(registration: Registration, span: Span) -> bool:
    """Whether the source may tell of the time that is asked for (5.2.9); one that names no time may tell of any."""
    observed = span.timeproperty == "observedAt"
    interval = registration.observation_interval if observed else registration.management_interval
    if interval is None:
        return True
    return micros(interval[0]) < span.last and (interval[1] is None or micros(interval[1]) >= span.first)


def dated(speak: Speak, wanted: Wanted) -> Speak:
    """The call with the time that is asked for."""

    def made(words: Words) -> Call:
        call = speak(words)
        time = {name: str(wanted.parameters[name]) for name in TEMPORAL[:4] if wanted.parameters.get(name)}
        return Call(call.method, call.path, {**call.query, **time})

    return made


def _query(wanted: Wanted, names: Names, words: Words) -> dict[str, str]:
    found = {name: str(wanted.parameters[name]) for name in (*TEMPORAL, *FILTERS) if wanted.parameters.get(name)}
    if wanted.methods:
        found["aggrMethods"] = ",".join(gathering.needed(wanted.methods))
    options = [wanted.format] if wanted.format else []
    found["options"] = ",".join([*options, "sysAttrs"])
    attrs = list(wanted.names) if names.inverted else [n for n in wanted.names or names.listed if n in names.listed]
    if attrs:
        found["attrs"] = ",".join(sorted(words.context.compact(name) for name in attrs))
    return found


def _told(
    registrations: Sequence[Registration],
    local: Sequence[Body],
    replies: Sequence[Reply],
    wanted: Wanted,
    context: Context,
    is_asked: Callable[[str], bool],
) -> Told:
    versions: dict[str, list[tuple[Registration | None, Body]]] = {body["id"]: [(None, body)] for body in local}
    warnings: list[str] = []
    whole = True
    sources, maps = list[str](), dict[str, str]()
    for reply in replies:
        warnings += reply.warnings()
        whole = whole and (reply.ok or reply.missing) and 'rel="next"' not in reply.headers.get("link", "")
        if not reply.ok:
            continue
        bodies = reply.body if isinstance(reply.body, list) else [reply.body]
        if reply.status == PARTIAL:
            warnings.append(warning.written(warning.MISCELLANEOUS, warning.agent(reply.registration), ONLY_PART))
        for body in bodies:
            if not is_history(body) or not is_asked(body["id"]):
                warnings.append(warning.warning(reply.registration, "invalid"))
                continue
            known = versions.setdefault(body["id"], [])
            known.append((reply.registration, in_words(body, reply.context or CORE, context)))
            sources.append(reply.registration.id)
        if location := reply.headers.get("ngsild-entitymap", ""):
            maps[reply.registration.id] = location[:2048]
    open_: dict[str, Open] = {}
    made = [_one(registrations, urn, versions[urn], wanted, context, warnings, open_) for urn in sorted(versions)]
    bodies = [body for body in made if body is not None]
    return Told(bodies, list(dict.fromkeys(warnings)), whole, tuple(dict.fromkeys(sources)), maps, open_)


def _one(
    registrations: Sequence[Registration],
    urn: str,
    versions: Sequence[tuple[Registration | None, Body]],
    wanted: Wanted,
    context: Context,
    warnings: list[str],
    open_: dict[str, Open],
) -> Body | None:
    """One history of its versions, each for the attributes that are its own; None where nobody may tell any."""
    types = tuple(dict.fromkeys(name for _one, body in versions for name in _types(body, context)))
    own = planning.owners(registrations, urn, types)
    parts: list[tuple[Body, bool]] = []
    given: list[tuple[Registration | None, Body]] = []
    for registration, body in versions:
        names = own[planning.INCLUSIVE]
        if registration is not None:
            names = planning.covered(registration, urn, types) & (own[registration.mode] - only(wanted.omitted))
        if names:
            extra = registration is not None and registration.mode == planning.AUXILIARY
            parts.append((_reduced(body, names, context), extra))
            given.append((registration, parts[-1][0]))
    if not parts:
        return None
    parts.sort(key=lambda part: part[1])
    how = joining.How(
        wanted.format, wanted.span.timeproperty, wanted.last, wanted.sys_attrs, wanted.methods, wanted.whole
    )
    body, certain = joining.joined(parts, how)
    if not certain:
        warnings.append(warning.written(warning.MISCELLANEOUS, "-", NOT_GATHERED))
    if "distinctCount" in wanted.methods and (shared := _shared(given)).who:
        open_[urn] = shared
    return body


def _shared(given: Sequence[tuple[Registration | None, Body]]) -> Open:
    """The attributes that several have."""
    who: dict[str, frozenset[str]] = {}
    for registration, body in given:
        for name in body.keys() - ENTITY_MEMBERS:
            who[name] = who.get(name, frozenset()) | {"" if registration is None else registration.id}
    several = {name: sources for name, sources in who.items() if len(sources) > 1}
    named = frozenset[str]().union(*several.values())
    return Open(several, tuple(one for one, _body in given if one is not None and one.id in named))


def _types(body: Body, context: Context) -> tuple[str, ...]:
    given = body.get("type", ())
    names = [given] if isinstance(given, str) else given
    return tuple(context.expand(name) for name in names if isinstance(name, str))


def in_words(body: Body, source: Context, target: Context) -> Body:
    """The history under our names; what is inside its attributes has no names of its own to change."""
    if source is target:
        return {key: value for key, value in body.items() if key != "@context"}
    result: Body = {}
    for key, value in body.items():
        if key == "type":
            result[key] = [
                target.compact(source.expand(name)) for name in ([value] if isinstance(value, str) else value)
            ]
        elif key in ENTITY_MEMBERS:
            result |= {} if key == "@context" else {key: value}
        else:
            result[target.compact(source.expand(key))] = value
    return result


def _reduced(body: Body, names: Names, context: Context) -> Body:
    if names.is_everything:
        return body
    return {key: value for key, value in body.items() if key in ENTITY_MEMBERS or context.expand(key) in names}
