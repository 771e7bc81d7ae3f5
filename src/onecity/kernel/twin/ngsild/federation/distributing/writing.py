"""A write of one entity, shared out between the local store and the sources that hold parts of it (5.6.1-5.6.6, 5.6.17-5.6.19)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import quote

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.terms import Context, iri_of
from onecity.kernel.twin.ngsild.federation.distributing import gate, outcomes, planning, wording
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.names import Names, only
from onecity.kernel.twin.ngsild.federation.distributing.outcomes import Part
from onecity.kernel.twin.ngsild.federation.distributing.planning import Division, Share
from onecity.kernel.twin.ngsild.federation.distributing.retrieving import path
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import PREFIX
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS
from onecity.kernel.twin.ngsild.model.stored import Fragment
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.store.operation import Result

# parameters that mean at a source what they mean here
PASSED: Final = ("options", "format", "lang", "observedAt", "datasetId", "deleteAll")
Local = Callable[[Names], Awaitable[Result]]
"""Writes the attributes that are ours; raises Problem."""

Kind = Literal["entity", "attributes", "attribute"]


@dataclass(frozen=True, slots=True)
class Write:
    """A write. `names`: the attributes that it touches; `below`: the address below that of the entities.

    `body`: the JSON that was sent: of kind `entity` or `attributes` an object by names of attributes, of kind `attribute`
    that of one attribute alone, whose term stands at the end of the address. `types`: those of the entity, as far as
    they are known. `creating`: whether it is wrong that the entity is there already; `selected`: only of these types.
    """

    operation: str
    method: str
    urn: str
    names: Names
    kind: Kind
    below: str
    body: Any = None
    types: tuple[str, ...] = ()
    attribute: str = ""
    creating: bool = False
    selected: TypeExpr | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A write that others have part in."""

    federation: Federation
    write: Write
    division: Division
    context: Context
    query: Mapping[str, str]

    async def carry_out(self, local: Local) -> Response:
        """Tell the sources, write what is ours, and say what came of it; raises Problem where nothing was done."""
        parts = await self._told()
        if self.division.here:
            parts += await _own(local, self.division.local)
        parts = outcomes.settled(parts, creating=self.write.creating)
        if (problem := outcomes.refusal(parts)) is not None:
            raise problem
        if all(part.problem is None for part in parts):
            return self._done()
        return self._partly(parts)

    async def _told(self) -> list[Part]:
        conflicts = [
            outcomes.conflict(share.registration.id, share.names)
            for share in self.division.shares
            if not share.supported
        ]
        shares = [share for share in self.division.shares if share.supported]
        asked = [(share.registration, self._speak(share)) for share in shares]
        replies = await self.federation.ask(asked, body=self.write.body is not None)
        return conflicts + [outcomes.of_reply(reply, share.names) for reply, share in zip(replies, shares, strict=True)]

    def _speak(self, share: Share) -> Speak:
        write, context = self.write, self.context

        def made(words: Words) -> Call:
            rename = words.renamer(context)
            query = {name: self.query[name] for name in PASSED if name in self.query}
            if write.selected is not None:
                query["type"] = wording.types(write.selected, words.context)
            if write.kind == "attribute":
                term = words.context.compact(write.attribute)
                body = _attribute(write.body, rename)
                return Call(write.method, f"{write.below}/{quote(term, safe='')}", query, body)
            body = None if write.body is None else fragment(write.body, context, share.names, rename)
            return Call(write.method, write.below, query, body)

        return made

    def _done(self) -> Response:
        if self.write.creating:
            return responses.created(PREFIX + path(self.write.urn))
        return responses.no_content()

    def _partly(self, parts: list[Part]) -> Response:
        write = self.write
        if write.kind == "entity":
            response = responses.json(outcomes.batch_result(write.urn, parts), outcomes.MULTI_STATUS)
            if write.creating:
                response.headers.append(("Location", PREFIX + path(write.urn)))
            return response
        listed = sorted(write.names.listed)
        return responses.json(
            outcomes.update_result([(name, iri_of(name)) for name in listed], parts), outcomes.MULTI_STATUS
        )


async def carried_out(request: Request, made: Callable[[], Write], local: Local) -> Response | None:
    """What came of a write that others have part in; None where it is ours alone and nothing was done yet."""
    federation = await gate.federation(request, "write")
    if federation is None:
        return None
    shared = await _shared(federation, request, made())
    return None if shared is None else await shared.carry_out(local)


async def _shared(federation: Federation, request: Request, write: Write) -> Shared | None:
    """The write as it is shared with others; None where it is ours alone."""
    types = write.types or await known_types(federation, request, write.urn)
    registrations = [
        one
        for one in federation.about(write.urn, types)
        if write.selected is None or planning.selects(one, (write.urn,), None, write.selected, ())
    ]
    division = planning.write(registrations, write.urn, types, write.names, write.operation)
    if not division.shares:
        return None
    return Shared(federation, write, division, await request.context(), request.query)


def fragment(body: Mapping[str, Any], context: Context, names: Names, rename: wording.Rename | None) -> dict[str, Any]:
    """The part of a body that a source is told: the members of the entity itself and the attributes that are its own."""
    part = {key: value for key, value in body.items() if key in ENTITY_MEMBERS or context.expand(key) in names}
    return wording.entity(part, rename)


def reduced(given: Fragment, names: Names) -> Fragment:
    """The fragment with no other attributes than these."""
    if names.is_everything:
        return given
    attributes = {name: value for name, value in given.attributes.items() if name in names}
    return replace(given, attributes=attributes, bare=given.bare & attributes.keys())


async def known_types(federation: Federation, request: Request, urn: str) -> tuple[str, ...]:
    """The types that the entity has here; none where it is not here. Asked for only where somebody may know of it."""
    if not federation.about(urn, ()):
        return ()
    entity = await request.services.reader.get(request.principal, request.tenant, urn)
    return () if entity is None else entity.types


async def _own(local: Local, names: Names) -> list[Part]:
    """What became of our own part; attributes that were left as they are count as not done."""
    try:
        result = await local(names)
    except Problem as problem:
        return [Part("", names, problem)]
    refused = [] if result.outcome is None else list(result.outcome.not_updated)
    left = only(name for name, _reason in refused)
    parts = [Part("", names - left)] if names - left or not refused else []
    return parts + [Part("", only([name]), problems.bad_request(reason)) for name, reason in refused]


def _attribute(body: Any, rename: wording.Rename | None) -> Any:
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "@context"}
    return wording.fragment(body, rename)
