"""What the door to histories asks for: one or a page, from here and from sources that keep some (5.7.3, 5.7.4)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing import (
    distinct,
    evolutions,
    gate,
    gathering,
    limits,
    mapping,
    maps,
    past_maps,
    querying,
    serving,
    warning,
)
from onecity.kernel.twin.ngsild.federation.distributing.distinct import Values
from onecity.kernel.twin.ngsild.federation.distributing.evolutions import Told, Wanted
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.maps import EntityMap
from onecity.kernel.twin.ngsild.federation.distributing.pulling import COUNT
from onecity.kernel.twin.ngsild.federation.distributing.retrieving import Along
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Header, encode
from onecity.kernel.twin.ngsild.http.selecting import Question
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.store.rows import decode
from onecity.kernel.twin.ngsild.temporal.asking import Asked
from onecity.kernel.twin.ngsild.temporal.searching import Page

Body = dict[str, Any]
Local = Callable[[Question, int, bool], Awaitable[tuple[list[Body], Page]]]
"""The first so many histories of the local store, where wanted (True) as they are shown, and their page."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A page of histories that several sources have, with the headers that go with it."""

    bodies: list[Body]
    more: bool
    headers: list[Header] = field(default_factory=list)
    created: bool = False


async def widened(request: Request, asked: Asked) -> Asked:
    """What is asked of each part, so that aggregates of several can be put together; the same where nobody else is asked."""
    if not asked.methods or await gate.federation(request, "read") is None:
        return asked
    return replace(asked, methods=gathering.needed(asked.methods))


async def one(request: Request, urn: str, local: list[Body], asked: Asked, values: Values) -> tuple[Told, list[Header]]:
    """The history of one entity and the headers that go with it; `local`: what is known of it here, nothing or one.

    Along an entity map only those are asked who knew of the entity when the map was made (5.7.3.4).
    """
    federation = await gate.federation(request, "read")
    used = await serving.using(request, request.query, maps.TEMPORAL)
    if federation is None and used is None:
        return Told(local), []
    known = None if used is None else used.map
    among = None if known is None else known.entries.get(urn, ())
    own = decode(encode(local[0])) if local and (among is None or maps.LOCAL in among) else None
    if federation is None:
        told = Told([] if own is None else [own])
    else:
        along = None if known is None or among is None else Along(among, known.linked)
        wanted = _wanted(request.query, asked)
        told = await evolutions.retrieve(federation, urn, own, wanted, along)
        told = await distinct.settled(federation, told, wanted, values)
    headers = warning.headers(told.warnings)
    if used is not None and told.bodies:
        if known is None:
            entries = {urn: [*([] if own is None else [maps.LOCAL]), *told.sources]}
            known = await mapping.store(request).add(maps.TEMPORAL, entries, told.maps, used.seconds)
        headers.append((mapping.HEADER, known.address))
    return told, headers


async def sources(request: Request, question: Question, *, ordered: bool) -> Federation | None:
    """The sources that a query may be shared with; raises Problem 400 where it wants an order and is not local (5.7.4.4)."""
    federation = None if question.local else await gate.federation(request, "read")
    if federation is not None and ordered:
        raise problems.bad_request(_("An order can be kept only among local entities; add local=true."))
    return federation


async def page(
    federation: Federation,
    parameters: Mapping[str, Any],
    question: Question,
    asked: Asked,
    local: Local,
    values: Values,
) -> Shared | None:
    """A page of a query; None where no source has anything to do with it."""
    end = question.offset + question.limit
    if not any(federation.for_selection(one, one.types) for one in question.selections):
        return None
    if end > limits.MOST_PAGED:
        raise problems.problem(
            "TooManyResults",
            _("Where several sources answer, pages end at {most} entities; narrow the query.", most=limits.MOST_PAGED),
        )
    bodies, own = await local(question, end + 1, True)
    whole = [decode(encode(body)) for body in bodies]
    wanted = _wanted(parameters, asked)
    told = await evolutions.query(federation, serving.asked(parameters, question), whole, wanted, end + 1)
    if told is None:
        return None
    told = await distinct.settled(federation, told, wanted, values)
    more = len(told.bodies) > end or own.more or not told.whole
    warnings, headers = list(told.warnings), list[Header]()
    if question.count and not own.more and told.whole:
        headers.append((COUNT, str(len(told.bodies))))
    elif question.count:
        headers.append((querying.LEAST, str(max(len(told.bodies), own.total or 0))))
        warnings.append(warning.written(warning.MISCELLANEOUS, "-", querying.LOWER_BOUND))
    return Shared(told.bodies[question.offset : end], more, headers + warning.headers(warnings))


async def along(
    request: Request,
    federation: Federation | None,
    parameters: Mapping[str, Any],
    question: Question,
    asked: Asked,
    local: Local,
    values: Values,
) -> Shared | None:
    """A page along an entity map, which is made where there is none yet; None where none is wanted."""
    used = await serving.using(request, parameters, maps.TEMPORAL)
    if used is None:
        return None
    wanted, warnings, known = _wanted(parameters, asked), list[str](), used.map
    if known is None:
        known, warnings = await past_maps.create(federation, request, parameters, question, wanted, _urns(local))

    async def bodies(narrowed: Question) -> Told:
        found, _page = await local(narrowed, narrowed.limit, True)
        own = [decode(encode(body)) for body in found]
        if federation is None:
            return Told(own)
        told = await evolutions.query(federation, serving.asked(parameters, narrowed), own, wanted, narrowed.limit)
        if told is None:
            # nobody else has anything to do with it: only what was asked for is shown
            return Told([gathering.of(body, asked.methods) for body in own])
        return await distinct.settled(federation, told, wanted, values)

    walked = await past_maps.walk(request, known, question, bodies)
    headers = [*warning.headers([*warnings, *walked.told.warnings]), (mapping.HEADER, known.address)]
    if question.count:
        headers.append((COUNT if walked.certain else querying.LEAST, str(walked.number)))
    return Shared(walked.told.bodies, walked.more, headers, created=used.map is None)


async def made_map(
    request: Request, parameters: Mapping[str, Any], question: Question, asked: Asked, local: Local
) -> tuple[EntityMap, list[str]]:
    """A new map (5.14.5), with warnings of sources that could not be asked."""
    federation = None if question.local else await gate.federation(request, "read")
    wanted = _wanted(parameters, asked)
    return await past_maps.create(federation, request, parameters, question, wanted, _urns(local))


def _urns(local: Local) -> past_maps.Urns:
    async def urns(question: Question, most: int) -> list[str]:
        _bodies, page = await local(replace(question, count=False), most, False)
        return [one.urn for one in page.evolutions]

    return urns


def _wanted(parameters: Mapping[str, Any], asked: Asked) -> Wanted:
    return Wanted(
        parameters,
        asked.format,
        asked.span,
        asked.last,
        asked.shape.sys_attrs,
        sorted(asked.names or ()),
        frozenset(asked.shape.omit),
        asked.methods,
        asked.duration.whole,
    )
