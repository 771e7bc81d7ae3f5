"""What the door asks for: an entity or a page, from here alone or from all who know of it, with what is to be told of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from onecity.kernel.core import clock
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing import gate, mapping, maps, querying, retrieving, warning
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, only
from onecity.kernel.twin.ngsild.federation.distributing.query_calls import Asked
from onecity.kernel.twin.ngsild.federation.distributing.querying import LEAST, Query
from onecity.kernel.twin.ngsild.federation.distributing.retrieving import Along, Found
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Header
from onecity.kernel.twin.ngsild.http.selecting import Question
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import Order, TypeExpr
from onecity.kernel.twin.ngsild.store.times import text_of

TRUE: Final = frozenset({"true", "1"})
FALSE: Final = frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class Told:
    """An entity, None where nobody has it, with the warnings that go with the answer."""

    entity: StoredEntity | None
    warnings: list[str] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)


@dataclass(slots=True)
class Served:
    """A page with the headers that go with it; `created`: an entity map was made for it."""

    entities: list[StoredEntity]
    more: bool
    total: int | None = None
    headers: list[Header] = field(default_factory=list)
    created: bool = False


async def entity(
    request: Request,
    federation: Federation | None,
    urn: str,
    types: TypeExpr | None,
    attrs: Collection[str] | None,
) -> Told:
    """One entity (5.7.1)."""
    used = await using(request, request.query, maps.ENTITY)
    if federation is None and used is None:
        return Told(await request.services.reader.get(request.principal, request.tenant, urn))
    known = None if used is None or used.map is None else used.map
    among = None if known is None else known.entries.get(urn, ())
    local = None
    if among is None or maps.LOCAL in among:
        local = await request.services.reader.get(request.principal, request.tenant, urn)
    if federation is None:
        found = Found(local, sources=(maps.LOCAL,) if local is not None else ())
    else:
        wanted = EVERYTHING if attrs is None else only(attrs)
        found = await retrieving.retrieve(
            federation,
            urn,
            local,
            text_of(clock.now_us()),
            wanted=wanted,
            types=types,
            along=None if known is None else Along(known.entries.get(urn, ()), known.linked),
            system=_system(request),
        )
    headers = warning.headers(found.warnings)
    if used is not None and found.entity is not None:
        if known is None:
            entries = {urn: list(found.sources)}
            known = await mapping.store(request).add(maps.ENTITY, entries, found.maps, used.seconds)
        headers.append((mapping.HEADER, known.address))
    return Told(found.entity, found.warnings, headers)


def concerned(federation: Federation | None, question: Question) -> Federation | None:
    """The sources, where any of them may have what is asked for; so that other questions go the short way."""
    if federation is None or question.local:
        return None
    return federation if any(federation.for_selection(one, one.types) for one in question.selections) else None


async def page(
    request: Request,
    federation: Federation | None,
    parameters: Mapping[str, Any],
    question: Question,
    operations: frozenset[str],
) -> Served | None:
    """A page of a query (5.7.2); None where it is for the local store alone."""
    used = await using(request, parameters, maps.ENTITY)
    if federation is None and used is None:
        return None
    bare = "limit" not in request.query and "offset" not in request.query
    query = Query(
        asked(parameters, question),
        operations,
        question.limit,
        question.offset,
        question.count,
        bare,
        used is not None or _system(request),
    )
    now = text_of(clock.now_us())
    if used is not None:
        return await _along(request, federation, query, used, now)
    found = None if federation is None else await querying.query(federation, request, query, now)
    return None if found is None else Served(found.entities, found.more, found.total, _headers(found))


async def _along(request: Request, federation: Federation | None, query: Query, used: "Used", now: str) -> Served:
    """A page along an entity map, which is made where there is none yet."""
    known, warnings = used.map, list[str]()
    if known is None:
        known, warnings = await mapping.create(federation, request, query, used.seconds, now)
    found = await mapping.page(federation, request, query, known, now)
    found.warnings += warnings
    headers = [*_headers(found), (mapping.HEADER, known.address)]
    return Served(found.entities, found.more, found.total, headers, created=used.map is None)


def _system(request: Request) -> bool:
    return "sysAttrs" in request.query.get("options", "")


def _headers(found: querying.Page) -> list[Header]:
    """What is to be told with a page: warnings, and a number of results that is not certain."""
    least = [] if found.least is None else [(LEAST, str(found.least))]
    return warning.headers(found.warnings) + least


@dataclass(frozen=True, slots=True)
class Used:
    """That a request is to go along a map: the one that it names, None for a new one that lives so many seconds."""

    map: maps.EntityMap | None
    seconds: float


async def using(request: Request, parameters: Mapping[str, Any], kind: str) -> Used | None:
    """The map that a request goes along; None where it wants none (5.7.1.4, 5.7.2.4)."""
    reference = request.headers.get(mapping.HEADER.lower(), "")
    if not reference and ("entityMap" not in parameters or not flag(parameters, "entityMap")):
        return None
    found = await mapping.store(request).find(reference) if reference else None
    return Used(found if found is not None and found.kind == kind else None, mapping.lifetime(parameters))


async def own(request: Request, question: Question, order: Order | None) -> Served:
    """A page of the local store."""
    found = await request.services.reader.find(
        request.principal,
        request.tenant,
        question.selections,
        limit=question.limit,
        offset=question.offset,
        count=question.count,
        order=order,
    )
    return Served(found.entities, found.more, found.total)


async def linked(request: Request, urns: Sequence[str], warnings: list[str]) -> dict[str, StoredEntity]:
    """Entities that others lead to, from here and from all who know of them; adds what is to be warned of."""
    local = await request.services.reader.get_many(request.principal, request.tenant, urns)
    federation = await gate.federation(request, "read")
    if federation is None:
        return local
    found, told = await querying.linked(federation, urns, local, text_of(clock.now_us()))
    warnings += told
    return found


def asked(parameters: Mapping[str, Any], question: Question) -> tuple[Asked, ...]:
    """The selections of a question with the texts that they were made of."""
    split = flag(parameters, "splitEntities")
    texts = [dict(parameters) | one for one in parameters.get("selectors", ({},))]
    return tuple(Asked(one, text, split) for one, text in zip(question.selections, texts, strict=True))


def flag(parameters: Mapping[str, Any], name: str) -> bool:
    """A parameter that is true or false; raises Problem 400."""
    given = str(parameters.get(name) or "false").lower()
    if given not in TRUE | FALSE:
        raise problems.bad_request(_("The parameter {name} must be true or false.", name=name))
    return given in TRUE
