"""What the door asks for: an entity or a page, from here alone or from all who know of it, with what is to be told of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from onecity.kernel.core import clock
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing import querying, retrieving, warning
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, only
from onecity.kernel.twin.ngsild.federation.distributing.query_calls import Asked
from onecity.kernel.twin.ngsild.federation.distributing.querying import LEAST, Query
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
    local = await request.services.reader.get(request.principal, request.tenant, urn)
    if federation is None:
        return Told(local)
    wanted = EVERYTHING if attrs is None else only(attrs)
    found = await retrieving.retrieve(federation, urn, local, text_of(clock.now_us()), wanted=wanted, types=types)
    return Told(found.entity, found.warnings, warning.headers(found.warnings))


async def page(
    request: Request,
    federation: Federation | None,
    parameters: Mapping[str, Any],
    question: Question,
    operations: frozenset[str],
) -> Served | None:
    """A page of a query (5.7.2); None where it is for the local store alone."""
    if federation is None or question.local:
        return None
    query = Query(asked(parameters, question), operations, question.limit, question.offset, question.count)
    found = await querying.query(federation, request, query, text_of(clock.now_us()))
    if found is None:
        return None
    headers = warning.headers(found.warnings)
    if found.least is not None:
        headers.append((LEAST, str(found.least)))
    return Served(found.entities, found.more, found.total, headers)


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
