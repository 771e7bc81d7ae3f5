"""Entity maps of histories: which sources keep some of which entities, and pages along them (5.14.5, 5.7.4.4)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from onecity.kernel.twin.ngsild.federation.distributing import evolutions, limits, mapping, maps, query_calls, serving
from onecity.kernel.twin.ngsild.federation.distributing.evolutions import Told, Wanted
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.joining import is_history
from onecity.kernel.twin.ngsild.federation.distributing.maps import EntityMap
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.selecting import Question

OPERATION: Final = "createEntityMapQueryTemporal"
Urns = Callable[[Question, int], Awaitable[list[str]]]
"""The ids of the first so many histories of the local store that match."""
Bodies = Callable[[Question], Awaitable[Told]]
"""The histories that match, of here and of all sources; the question names the ids."""


@dataclass(frozen=True, slots=True)
class Walked:
    """A page along a map. `number`: how many match in all, where that was asked for; `certain`: all were looked at."""

    told: Told
    more: bool
    map: EntityMap
    number: int = 0
    certain: bool = False


async def create(
    federation: Federation | None,
    request: Request,
    parameters: Mapping[str, Any],
    question: Question,
    wanted: Wanted,
    urns: Urns,
) -> tuple[EntityMap, list[str]]:
    """A new map of all entities of which somebody keeps a history that matches."""
    found = mapping.Found({urn: [maps.LOCAL] for urn in await urns(question, limits.MOST_MAPPED + 1)}, {}, [])
    if federation is not None:
        for asked in serving.asked(parameters, question):
            await _ask(federation, asked, wanted, found)
    seconds = mapping.lifetime(parameters)
    made = await mapping.store(request).add(maps.TEMPORAL, found.entries, found.linked, seconds)
    return made, found.warnings


async def walk(request: Request, one: EntityMap, question: Question, bodies: Bodies) -> Walked:
    """A page of the entities of a map; those of which nothing matches any more are taken out of it."""
    left, place = one.left(), question.offset
    found: list[dict[str, Any]] = []
    warnings: list[str] = []
    gone: list[str] = []
    number, end, whole = question.offset, place, True
    last = min(len(left), limits.MOST_PAGED) if question.count else 0
    while (len(found) < question.limit and place < len(left)) or place < last:
        wanted = question.limit - len(found)
        chunk = left[place : place + (wanted or limits.PAGE)]
        place += len(chunk)
        told = await bodies(_about(question, chunk))
        warnings += told.warnings
        number += len(told.bodies)
        found += told.bodies if wanted else []
        end = place if wanted else end
        whole = whole and told.whole and not told.warnings
        if told.whole and not told.warnings:
            known = {body["id"] for body in told.bodies}
            gone += [urn for urn in chunk if urn not in known]
    await mapping.store(request).remove(one, gone)
    told = Told(found, list(dict.fromkeys(warnings)))
    return Walked(told, end < len(left), one, number, whole and place >= len(left))


def _about(question: Question, urns: Sequence[str]) -> Question:
    """The same question about these entities alone."""
    selections = tuple(replace(one, ids=tuple(urns)) for one in question.selections)
    return replace(question, selections=selections, limit=len(urns), offset=0, count=False)


async def _ask(federation: Federation, asked: query_calls.Asked, wanted: Wanted, found: mapping.Found) -> None:
    """Ask each source for its own map where it makes some, else for its histories."""
    registrations = federation.for_selection(asked.selection, asked.selection.types)
    makers = [one for one in registrations if OPERATION in one.operations]
    context = federation.origin.context
    calls = [
        (one, evolutions.dated(query_calls.speak(one, asked, context, {}, path="/temporal/entityMaps"), wanted))
        for one in makers
    ]
    for reply in await federation.ask(calls):
        if not mapping.take_map(reply, found):
            found.warnings += reply.warnings()
    others = [one for one in registrations if OPERATION not in one.operations and evolutions.QUERY in one.operations]
    page = {"limit": str(limits.PAGE)}
    calls = [
        (one, evolutions.dated(query_calls.speak(one, asked, context, page, path="/temporal/entities"), wanted))
        for one in others
    ]
    for reply in await federation.ask(calls):
        found.warnings += reply.warnings()
        for body in reply.body if reply.ok and isinstance(reply.body, list) else []:
            if is_history(body):
                mapping.note(found, body["id"], reply.registration.id)
