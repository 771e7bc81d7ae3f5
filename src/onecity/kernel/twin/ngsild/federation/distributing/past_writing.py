"""A write of a history, shared out between the local store and the sources that keep parts of it (5.6.11-5.6.16)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.context.terms import Context, iri_of
from onecity.kernel.twin.ngsild.federation.distributing import gate, outcomes, planning, wording, writing
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, Names
from onecity.kernel.twin.ngsild.federation.distributing.outcomes import Part
from onecity.kernel.twin.ngsild.federation.distributing.planning import Division, Share
from onecity.kernel.twin.ngsild.federation.distributing.writing import Write
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response
from onecity.kernel.twin.ngsild.http.router import PREFIX
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS

HISTORIES: Final = "/temporal/entities"
PASSED: Final = ("datasetId", "deleteAll", "options")
Local = Callable[[Names], Awaitable[bool]]
"""Writes the attributes that are ours; True where a history was begun. Raises Problem."""


@dataclass(frozen=True, slots=True)
class Past:
    """A write and what it has that others have not: the one `instance` that it is about, "" for none."""

    write: Write
    instance: str = ""


def path(urn: str) -> str:
    """The address of a history below the API's prefix."""
    return f"{HISTORIES}/{quote(urn, safe=':')}"


async def carried_out(request: Request, past: Past, local: Local) -> Response:
    """Write what is ours, tell sources what is theirs, and say what came of it; raises Problem where nothing was done."""
    write = past.write
    federation = await gate.federation(request, "write")
    division = None if federation is None else await _division(federation, request, write)
    if federation is None or division is None or not division.shares:
        return _done(write, created=await local(EVERYTHING))
    parts = await _told(federation, division, past, await request.context(), request.query)
    if division.here:
        parts.append(await _own(local, division.local))
    parts = _settled(parts, past)
    if (problem := outcomes.refusal(parts)) is not None:
        raise problem
    if all(part.problem is None for part in parts):
        return _done(write, created=any(part.created for part in parts))
    return _partly(write, parts)


async def _division(federation: Federation, request: Request, write: Write) -> Division:
    types = write.types or await writing.known_types(federation, request, write.urn)
    return planning.write(federation.about(write.urn, types), write.urn, types, write.names, write.operation)


async def _told(
    federation: Federation, division: Division, past: Past, context: Context, query: Mapping[str, str]
) -> list[Part]:
    able = [share for share in division.shares if share.supported]
    asked = [(share.registration, _speak(past, share, context, query)) for share in able]
    replies = await federation.ask(asked, body=past.write.body is not None)
    parts = [outcomes.of_reply(reply, share.names) for reply, share in zip(replies, able, strict=True)]
    unable = [share for share in division.shares if not share.supported]
    return parts + [outcomes.conflict(share.registration.id, share.names) for share in unable]


def _speak(past: Past, share: Share, context: Context, query: Mapping[str, str]) -> Speak:
    write = past.write

    def made(words: Words) -> Call:
        rename = words.renamer(context)
        passed = {name: query[name] for name in PASSED if name in query}
        if write.kind != "attribute":
            body = None if write.body is None else writing.fragment(write.body, context, share.names, rename)
            return Call(write.method, write.below, passed, body)
        below = f"{write.below}/{quote(words.context.compact(write.attribute), safe='')}"
        if past.instance:
            below += f"/{quote(past.instance, safe=':')}"
        return Call(write.method, below, passed, _one(write, share, context, rename))

    return made


def _one(write: Write, share: Share, context: Context, rename: wording.Rename | None) -> Any:
    """The body about one attribute: a fragment with it, or its instance alone (5.6.14)."""
    if write.body is None:
        return None
    if any(key not in ENTITY_MEMBERS and context.expand(key) == write.attribute for key in write.body):
        return writing.fragment(write.body, context, share.names, rename)
    return wording.fragment({key: value for key, value in write.body.items() if key != "@context"}, rename)


async def _own(local: Local, names: Names) -> Part:
    try:
        return Part("", names, created=await local(names))
    except Problem as problem:
        return Part("", names, problem)


def _settled(parts: Sequence[Part], past: Past) -> list[Part]:
    """The parts that count: an instance is in one place only, and nobody else is to blame that he does not have it."""
    if not past.instance:
        return outcomes.settled(parts, creating=past.write.creating)
    found = [part for part in parts if part.problem is None or part.problem.code != outcomes.NOT_FOUND]
    return found or list(parts)


def _done(write: Write, *, created: bool) -> Response:
    return responses.created(PREFIX + path(write.urn)) if created else responses.no_content()


def _partly(write: Write, parts: Sequence[Part]) -> Response:
    if write.kind == "entity":
        body = outcomes.batch_result(write.urn, parts)
    else:
        body = outcomes.update_result([(name, iri_of(name)) for name in sorted(write.names.listed)], parts)
    response = responses.json(body, outcomes.MULTI_STATUS)
    if any(part.created for part in parts):
        response.headers.append(("Location", PREFIX + path(write.urn)))
    return response
