"""Queries along an entity map: their entities are fixed when it is made, their conditions are checked again (5.5.9.3, 5.5.14)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation import reading
from onecity.kernel.twin.ngsild.federation.distributing import answers, limits, planning, pulling, query_calls
from onecity.kernel.twin.ngsild.federation.distributing.answers import Versions
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.maps import ENTITY, LOCAL, EntityMap, Maps
from onecity.kernel.twin.ngsild.federation.distributing.pulling import Need
from onecity.kernel.twin.ngsild.federation.distributing.query_calls import Asked
from onecity.kernel.twin.ngsild.federation.distributing.querying import Page, Query
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.names import is_uri
from onecity.kernel.twin.ngsild.query.matching import matcher, nothing_linked

HEADER: Final = "NGSILD-EntityMap"
OPERATION: Final = "createEntityMapQueryEntity"
CHUNK: Final = 500
Pairs = Sequence[tuple[Registration, Asked]]


@dataclass(slots=True)
class Found:
    """What a map is made of, while it is being made."""

    entries: dict[str, list[str]]
    linked: dict[str, str]
    warnings: list[str]


def store(request: Request) -> Maps:
    """The maps of the one who asks."""
    return Maps(request.services.database, request.principal, request.tenant)


def lifetime(parameters: Mapping[str, Any]) -> float:
    """How long a map is wanted, in seconds; raises Problem 400."""
    given = str(parameters.get("entityMapLifetime") or "")
    if not given:
        return limits.LIFETIME_S
    seconds = reading.seconds(given)
    if seconds <= 0:
        raise problems.bad_request(_("{text} is no duration such as PT30S or P1D.", text=given[:100]))
    return seconds


async def create(
    federation: Federation | None, request: Request, query: Query, seconds: float, now: str
) -> tuple[EntityMap, list[str]]:
    """A new map of all entities that the query is about, with warnings of sources that could not be asked (5.14.4.4)."""
    pairs = _pairs(federation, query)
    split = any(asked.split or _is_partial(one) for one, asked in pairs)
    asked = [replace(one, split=split) for one in query.asked]
    found = Found({}, {}, [])
    selections = [one.candidates() if split else one.selection for one in asked]
    last = ""
    while True:
        urns = await request.services.reader.urns(
            request.principal, request.tenant, selections, after=last, most=limits.MOST_PULLED
        )
        for urn in urns:
            found.entries[urn] = [LOCAL]
        if len(urns) < limits.MOST_PULLED or len(found.entries) > limits.MOST_MAPPED:
            break
        last = urns[-1]
    if federation is not None:
        await _ask(federation, [(one, replace(which, split=split)) for one, which in pairs], found, now)
    made = await store(request).add(ENTITY, found.entries, found.linked, seconds)
    return made, found.warnings


async def page(federation: Federation | None, request: Request, query: Query, one: EntityMap, now: str) -> Page:
    """A page of the entities of a map; those that do not meet the query any more are taken out of it."""
    pairs = _pairs(federation, query)
    registrations = list({registration.id: registration for registration, _asked in pairs}.values())
    tests = [matcher(asked.selection) for asked in query.asked]
    result, gone, number = Page([]), [], 0
    left, end = one.left(), query.offset + query.limit
    place = 0
    while place < len(left) and (number <= end or query.count):
        chunk = left[place : place + CHUNK]
        place += CHUNK
        known, unsure = await _versions(federation, request, pairs, one, chunk, result, now)
        for urn in chunk:
            found = answers.together(registrations, urn, known[urn], now)
            if found is not None and any(test(found, nothing_linked) for test in tests):
                number += 1
                result.entities += [found] if query.offset < number <= end else []
            elif urn not in unsure:
                gone.append(urn)
    await store(request).remove(one, gone)
    result.more = number > end or place < len(left)
    if query.count:
        certain = place >= len(left) and not result.warnings
        result.total, result.least = (number, None) if certain else (None, number)
    return result


async def _versions(
    federation: Federation | None,
    request: Request,
    pairs: Pairs,
    one: EntityMap,
    urns: Sequence[str],
    result: Page,
    now: str,
) -> tuple[dict[str, Versions], set[str]]:
    """What is known of some entities of a map, and those of which a source could not be asked."""
    local = [urn for urn in urns if LOCAL in one.entries[urn]]
    here = await request.services.reader.get_many(request.principal, request.tenant, local) if local else {}
    known = {urn: Versions(here.get(urn)) for urn in urns}
    if federation is None:
        return known, {urn for urn in urns if set(one.entries[urn]) - {LOCAL}}
    needs = [
        (registration, asked, Need(None, ids=own, location=one.linked.get(registration.id, "")))
        for registration, asked in pairs
        if (own := [urn for urn in urns if registration.id in one.entries[urn]])
    ]
    unsure: set[str] = set()
    for pulled, (_one, _asked, need) in zip(await pulling.pull_all(federation, needs, now), needs, strict=True):
        result.warnings += pulled.warnings
        if pulled.failed:
            unsure.update(need.ids)
        for entity in pulled.entities:
            if entity.urn in known:
                known[entity.urn].others.append((pulled.registration, entity))
    return known, unsure


def _pairs(federation: Federation | None, query: Query) -> Pairs:
    if federation is None:
        return []
    return [
        (registration, asked)
        for asked in query.asked
        for registration in federation.for_selection(asked.selection, asked.selection.types)
        if not registration.operations.isdisjoint(query.operations)
    ]


def _is_partial(registration: Registration) -> bool:
    """Whether the source has only some attributes: then its entities are always put together of several parts."""
    return any(one.properties or one.relationships for one in registration.information)


async def _ask(federation: Federation, pairs: Pairs, found: Found, now: str) -> None:
    """Ask each source for its own map where it makes some, else for its entities."""
    makers = [pair for pair in pairs if OPERATION in pair[0].operations]
    context = federation.origin.context
    replies = await federation.ask(
        [(one, query_calls.speak(one, asked, context, {}, path="/entityMaps")) for one, asked in makers]
    )
    plain: list[tuple[Registration, Asked]] = [pair for pair in pairs if OPERATION not in pair[0].operations]
    for reply, pair in zip(replies, makers, strict=True):
        if not take_map(reply, found):
            plain.append(pair)
    for pulled in await pulling.pull_all(federation, [(*pair, Need(None)) for pair in plain], now):
        found.warnings += pulled.warnings
        for entity in pulled.entities:
            if planning.covered(pulled.registration, entity.urn, entity.types):
                note(found, entity.urn, pulled.registration.id)


def take_map(reply: Reply, found: Found) -> bool:
    """Take in the map that a source made; False where it made none, and is to be asked for its entities."""
    body = reply.body
    if not reply.ok or not isinstance(body, dict) or not isinstance(body.get("entityMap"), dict):
        return False
    found.warnings += reply.warnings()
    for urn in list(body["entityMap"])[: limits.MOST_MAPPED]:
        if is_uri(urn):
            note(found, urn, reply.registration.id)
    if isinstance(body.get("id"), str) and is_uri(body["id"]):
        found.linked[reply.registration.id] = body["id"]
    return True


def note(found: Found, urn: str, registration: str) -> None:
    """Take down that a source knows of an entity."""
    known = found.entries.setdefault(urn, [])
    if registration not in known:
        known.append(registration)
