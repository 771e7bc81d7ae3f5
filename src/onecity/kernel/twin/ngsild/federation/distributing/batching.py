"""Batches that several sources share: each entity divided for itself, each source told at once of what is its own (5.6.7-5.6.10, 5.6.20)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.distributing import outcomes, planning, writing
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, Names, only
from onecity.kernel.twin.ngsild.federation.distributing.outcomes import Part
from onecity.kernel.twin.ngsild.federation.distributing.planning import Share
from onecity.kernel.twin.ngsild.federation.distributing.retrieving import path
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model import problems, reading
from onecity.kernel.twin.ngsild.model.kinds import ENTITY_MEMBERS
from onecity.kernel.twin.ngsild.store.operation import Result

CREATED: Final = 201
MULTI_STATUS: Final = 207
ANY: Final = "@any"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation by which a batch can be passed on, an entity at a time. `below`: behind the entity's address."""

    operation: str
    method: str
    below: str = ""
    whole: bool = False
    options: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """How a batch is passed on: whole under `operation`, else by the first of `steps` that the source offers.

    `again`: what is tried next for an entity that is there already; `parameters` that go along.
    """

    operation: str
    address: str
    steps: tuple[Step, ...]
    again: Step | None = None
    creating: bool = False
    query: Mapping[str, str] = field(default_factory=dict)


CREATE: Final = Step("createEntity", "POST", whole=True)
REPLACE: Final = Step("replaceEntity", "PUT")
UPDATE: Final = Step("updateEntity", "PATCH", "/attrs")
APPEND: Final = Step("appendAttrs", "POST", "/attrs", options="noOverwrite")
MERGE: Final = Step("mergeEntity", "PATCH")
DELETE: Final = Step("deleteEntity", "DELETE")


@dataclass(slots=True)
class Item:
    """One entity of a batch: what was sent, and in which @context."""

    body: Any
    urn: str
    context: Context
    types: tuple[str, ...] = ()
    names: Names = EVERYTHING


@dataclass(slots=True)
class Shared:
    """A batch that others have part in. `local`: for each item the attributes that are ours, None where nothing is."""

    federation: Federation
    batch: Batch
    items: Sequence[Item]
    local: list[Names | None]
    told: dict[str, tuple[Registration, list[tuple[Item, Share]]]] = field(default_factory=dict)

    async def carry_out(self) -> dict[str, list[Part]]:
        """Tell every source what is its own; returns by entity what came of it."""
        parts: dict[str, list[Part]] = {}
        for registration, given in self.told.values():
            for urn, part in await self._tell(registration, given):
                parts.setdefault(urn, []).append(part)
        return parts

    async def _tell(self, registration: Registration, given: list[tuple[Item, Share]]) -> list[tuple[str, Part]]:
        if self.batch.operation in registration.operations:
            return await self._at_once(registration, given)
        step = next((one for one in self.batch.steps if one.operation in registration.operations), None)
        if step is None:
            return [(item.urn, outcomes.conflict(registration.id, share.names)) for item, share in given]
        bodies = step.method != "DELETE"
        asked = [(registration, _speak(step, item, share.names)) for item, share in given]
        replies = await self.federation.ask(asked, body=bodies)
        parts = [outcomes.of_reply(reply, share.names) for reply, (_item, share) in zip(replies, given, strict=True)]
        if step is CREATE and self.batch.again is not None:
            await self._again(registration, given, parts, self.batch.again)
        return [(item.urn, part) for part, (item, _share) in zip(parts, given, strict=True)]

    async def _again(
        self, registration: Registration, given: list[tuple[Item, Share]], parts: list[Part], again: Step
    ) -> None:
        """What was there already is replaced or updated, where the source offers it (5.6.8.4)."""
        places = [place for place, part in enumerate(parts) if outcomes.is_taken(part)]
        if again.operation not in registration.operations:
            for place in places:
                parts[place] = outcomes.not_offered(registration.id, given[place][1].names)
            return
        asked = [(registration, _speak(again, given[place][0], given[place][1].names)) for place in places]
        for place, reply in zip(places, await self.federation.ask(asked, body=True), strict=True):
            parts[place] = outcomes.of_reply(reply, given[place][1].names)

    async def _at_once(self, registration: Registration, given: list[tuple[Item, Share]]) -> list[tuple[str, Part]]:
        def speak(words: Words) -> Call:
            bodies: list[Any] = [_body(item, share.names, words) for item, share in given]
            return Call("POST", self.batch.address, self.batch.query, bodies)

        (reply,) = await self.federation.ask([(registration, speak)], body=True)
        return _results(reply, given)


async def shared(federation: Federation, request: Request, batch: Batch, items: Sequence[Item]) -> Shared | None:
    """The batch as it is shared with others; None where it is ours alone."""
    unknown = [item.urn for item in items if not item.types and federation.about(item.urn, ())]
    known = await request.services.reader.get_many(request.principal, request.tenant, unknown) if unknown else {}
    made = Shared(federation, batch, items, [])
    for item in items:
        types = item.types or (known[item.urn].types if item.urn in known else ())
        registrations = federation.about(item.urn, types)
        division = planning.write(registrations, item.urn, types, item.names, ANY)
        own = [share for share in division.shares if share.registration.mode in planning.PROXIED]
        own += _inclusive(registrations, item, types, division.local, batch) if division.here else []
        for share in own:
            made.told.setdefault(share.registration.id, (share.registration, []))[1].append((item, share))
        made.local.append(division.local if division.here else None)
    return made if made.told else None


def item_of(body: Any, urn: str, context: Context) -> Item:
    """An entity of a batch as it is divided; a bare id stands for the whole entity."""
    if not isinstance(body, dict):
        return Item(body, urn, context)
    given = body.get("type", body.get("@type"))
    types = () if given is None else reading.read_types(given, context)
    names = only(context.name(key) for key in body if key not in ENTITY_MEMBERS)
    return Item(body, urn, context, types, names)


def own_body(item: Item, names: Names) -> Any:
    """What of an item is to be written here."""
    if names.is_everything or not isinstance(item.body, dict):
        return item.body
    return {
        key: value for key, value in item.body.items() if key in ENTITY_MEMBERS or item.context.expand(key) in names
    }


def settled(results: Sequence[Result], told: Mapping[str, Sequence[Part]], *, creating: bool) -> list[Result]:
    """The results that count: where others have an entity, it is no error that it is not here."""
    if creating or not told:
        return list(results)
    return [
        one for one in results if one.problem is None or one.problem.code != outcomes.NOT_FOUND or one.urn not in told
    ]


def _inclusive(
    registrations: Sequence[Registration], item: Item, types: tuple[str, ...], left: Names, batch: Batch
) -> list[Share]:
    """Inclusive sources that offer the batch, or one of the ways in which it can be passed on."""
    offered = {batch.operation, *(step.operation for step in batch.steps)}
    usable = [one for one in registrations if one.mode == planning.INCLUSIVE and not offered.isdisjoint(one.operations)]
    return [
        Share(one, part)
        for one in usable
        if (part := planning.part_of(planning.covered(one, item.urn, types), left, whole=not item.names)) is not None
    ]


def _speak(step: Step, item: Item, names: Names) -> Speak:
    def made(words: Words) -> Call:
        address = "/entities" if step.whole else path(item.urn) + step.below
        body = None if step.method == "DELETE" else _body(item, names, words)
        return Call(step.method, address, {"options": step.options} if step.options else {}, body)

    return made


def _body(item: Item, names: Names, words: Words) -> Any:
    if not isinstance(item.body, dict):
        return item.body
    return writing.fragment(item.body, item.context, names, words.renamer(item.context))


def _results(reply: Reply, given: Sequence[tuple[Item, Share]]) -> list[tuple[str, Part]]:
    """What came of each entity of a batch that was passed on whole (5.2.16)."""
    registration = reply.registration.id
    listed = reply.body if isinstance(reply.body, list) else []
    created = frozenset(one for one in listed if isinstance(one, str))
    if reply.ok and reply.status == CREATED and not listed:
        # all of them, where a source does not say which
        created = frozenset(item.urn for item, _share in given)
    failed: dict[str, Problem] = {}
    if reply.status == MULTI_STATUS and isinstance(reply.body, dict):
        failed = _errors(reply.body.get("errors"))
        problem = None
    else:
        problem = outcomes.problem_of(reply)
    return [
        (item.urn, Part(registration, share.names, failed.get(item.urn, problem), created=item.urn in created))
        for item, share in given
    ]


def _errors(errors: object) -> dict[str, Problem]:
    found: dict[str, Problem] = {}
    for one in errors if isinstance(errors, list) else []:
        if isinstance(one, dict) and isinstance(one.get("entityId"), str):
            told = one.get("error")
            title = str(told.get("detail") or told.get("title") or "")[:300] if isinstance(told, dict) else ""
            found[one["entityId"]] = problems.problem(
                "InternalError", _("The source refuses this entity: {reason}", reason=title), status=502
            )
    return found
