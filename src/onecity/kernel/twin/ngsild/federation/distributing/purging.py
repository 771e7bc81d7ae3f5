"""A purge that several sources share (5.6.21)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.federation.distributing import gate, outcomes, planning, query_calls
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING
from onecity.kernel.twin.ngsild.federation.distributing.outcomes import Part
from onecity.kernel.twin.ngsild.federation.distributing.query_calls import Asked
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http import response as responses
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.response import Response

OPERATION: Final = "purgeEntity"
PROJECTIONS: Final = ("keep", "drop")
# what a failed part is told of where no single entity is meant
NO_ENTITY: Final = "urn:ngsi-ld:null"


async def carried_out(
    request: Request, asked: Sequence[Asked], local: Callable[[], Awaitable[None]]
) -> Response | None:
    """What came of a purge that others have part in; None where it is ours alone and nothing was done yet."""
    federation = await gate.federation(request, "write")
    if federation is None:
        return None
    pairs = [
        (registration, one)
        for one in asked
        for registration in federation.for_selection(one.selection, one.selection.types)
        if registration.mode != planning.AUXILIARY
    ]
    if not pairs:
        return None
    parts = [
        outcomes.conflict(registration.id, EVERYTHING)
        for registration, _one in pairs
        if OPERATION not in registration.operations
    ]
    offered = [(registration, one) for registration, one in pairs if OPERATION in registration.operations]
    replies = await federation.ask([(one, _speak(federation, request, one, what)) for one, what in offered])
    # that a source has nothing of the kind is as good as removed
    parts += [outcomes.of_reply(reply, EVERYTHING) for reply in replies if not reply.missing]
    parts.append(await _own(local))
    if (problem := outcomes.refusal(parts)) is not None:
        raise problem
    errors = outcomes.errors(NO_ENTITY, parts)
    return responses.json({"success": [], "errors": errors}, 207) if errors else responses.no_content()


def _speak(federation: Federation, request: Request, registration: Registration, asked: Asked) -> Speak:
    inner = query_calls.speak(registration, asked, federation.origin.context, {})

    def made(words: Words) -> Call:
        call = inner(words)
        query = {name: value for name, value in call.query.items() if name != "options"}
        context = federation.origin.context
        for name in PROJECTIONS:
            if request.query.get(name):
                terms = request.query[name].split(",")
                query[name] = ",".join(words.context.compact(context.expand(term.strip())) for term in terms)
        return Call("DELETE", call.path, query)

    return made


async def _own(local: Callable[[], Awaitable[None]]) -> Part:
    try:
        await local()
    except Problem as problem:
        return Part("", EVERYTHING, problem)
    return Part("", EVERYTHING)
