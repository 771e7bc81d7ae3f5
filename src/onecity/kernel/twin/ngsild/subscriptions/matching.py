"""From changes to notifications: which subscriptions each concerns, and what is told of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from onecity.kernel.core import clock
from onecity.kernel.twin.ngsild.http.joining import joined
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.services import Services
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.matching import matches
from onecity.kernel.twin.ngsild.store.principal import Principal
from onecity.kernel.twin.ngsild.subscriptions import limits, outbox, telling
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.events import Event, State, sets_off
from onecity.kernel.twin.ngsild.subscriptions.outbox import Item
from onecity.kernel.twin.ngsild.subscriptions.roster import Roster

# relationships that a condition may lead over, one after another
DEEPEST = 8
Bodies = list[dict[str, Any]]


@dataclass(slots=True)
class Made:
    """Notifications that follow from changes, and the throttled subscriptions among theirs."""

    items: list[Item] = field(default_factory=list)
    throttled: set[UUID] = field(default_factory=set)


@dataclass(slots=True)
class _Group:
    """What one notification will tell: changes of one transaction, each entity once."""

    one: Compiled
    bodies: Bodies = field(default_factory=list)
    urns: set[str] = field(default_factory=set)
    txid: str = ""


def principal_of(one: Compiled) -> Principal:
    """On whose behalf the subscription reads."""
    return Principal(one.account_id, one.seen, (), one.division, one.urn)


class Matching:
    """Decides over changes with the subscriptions of the roster."""

    def __init__(self, services: Services, roster: Roster) -> None:
        self._services = services
        self._roster = roster

    def concerns(self, event: Event) -> bool:
        """Whether any subscription may be concerned, before its entity is read."""
        return any(self._awaited(one, event) for one in self._roster.index.candidates(event))

    async def matched(self, changes: Sequence[Event], states: Mapping[int, tuple[State, State]]) -> Made:
        """The notifications that follow from changes, in their order; `states` by number: the entity before and after."""
        made = Made()
        groups: dict[UUID, _Group] = {}
        moment = clock.now()
        for event in changes:
            before, after = states.get(event.number, (None, None))
            entity = before if event.deleted else after
            if entity is None:
                continue
            views: dict[tuple[bytes, str], Bodies] = {}
            for one in await self._concerned(event, entity):
                group = groups.get(one.id)
                if group is None or group.txid != event.txid or event.urn in group.urns or _full(group):
                    if group is not None:
                        _close(group, made, moment)
                        groups.pop(one.id)
                    if _throttled(one, moment):
                        continue
                    group = groups[one.id] = _Group(one, txid=event.txid)
                    _note(one, made, moment)
                group.urns.add(event.urn)
                group.bodies += await self._told(one, event, entity, views)
        for group in groups.values():
            _close(group, made, moment)
        return made

    def _awaited(self, one: Compiled, event: Event) -> bool:
        if not sets_off(event, one.triggers, one.watched) or event.at < one.since or not one.live(event.at):
            return False
        return self._roster.may_see(one, event)

    async def _concerned(self, event: Event, entity: StoredEntity) -> list[Compiled]:
        """The subscriptions whose conditions the entity meets; equal conditions are asked once."""
        answers: dict[bytes, bool] = {}
        found = []
        for one in self._roster.index.candidates(event, entity):
            if not self._awaited(one, event):
                continue
            met = answers.get(one.key)
            if met is None:
                met = await self._meets(one, entity)
                if not any(selection.follows_links() for selection in one.selections):
                    answers[one.key] = met
            if met:
                found.append(one)
        return found

    async def _meets(self, one: Compiled, entity: StoredEntity) -> bool:
        if not any(selection.follows_links() for selection in one.selections):
            return any(matches(selection, entity) for selection in one.selections)
        return await self._meets_with_links(one, entity)

    async def _meets_with_links(self, one: Compiled, entity: StoredEntity) -> bool:
        """Like `_meets` where conditions lead to other entities: those asked for are read, and it is asked again."""
        known: dict[str, StoredEntity | None] = {}
        for _step in range(DEEPEST + 1):
            asked: set[str] = set()

            def linked(urn: str, asked: set[str] = asked) -> StoredEntity | None:
                if urn not in known:
                    asked.add(urn)
                return known.get(urn)

            met = any(matches(selection, entity, linked) for selection in one.selections)
            if not asked:
                return met
            got = await self._services.reader.get_many(principal_of(one), one.tenant, sorted(asked))
            known.update({urn: got.get(urn) for urn in asked})
        return False

    async def _told(
        self, one: Compiled, event: Event, entity: StoredEntity, views: dict[tuple[bytes, str], Bodies]
    ) -> Bodies:
        """What is told of the change; equal views are made once, unless they show what only this subscriber may see."""
        view = one.view
        gone = one.watched if event.deleted and "entityDeleted" not in one.triggers else frozenset()
        key = (view.key, one.urn if view.join.how or gone else "")
        bodies = views.get(key)
        if bodies is None:
            if event.deleted:
                bodies = [telling.of_deletion(event, entity, view, gone)]
            elif view.join.how:
                bodies = await self._with_linked(one, event, entity)
            else:
                bodies = [telling.of_change(event, entity, view)]
            views[key] = bodies
        return bodies

    async def _with_linked(self, one: Compiled, event: Event, entity: StoredEntity) -> Bodies:
        shown, bare = telling.changed(event, entity, one.view)
        bodies = await self.joined(one, [shown])
        return [telling.finished(body, one.view, () if place else bare) for place, body in enumerate(bodies)]

    async def joined(self, one: Compiled, entities: Sequence[StoredEntity]) -> Bodies:
        """Entities in the subscription's shape, with what they link to where that is asked for (4.5.23)."""
        request = Request("GET", "", "", {}, {}, b"", self._services, principal_of(one), one.tenant)
        return await joined(request, entities, one.view.shape, one.view.context, one.view.join)


def _throttled(one: Compiled, moment: dt.datetime) -> bool:
    """Whether the last notification is too recent for another one (5.2.12, throttling)."""
    if one.throttling is None or one.made_at is None:
        return False
    return (moment - one.made_at).total_seconds() < one.throttling


def _note(one: Compiled, made: Made, moment: dt.datetime) -> None:
    if one.throttling is not None:
        one.made_at = moment
        made.throttled.add(one.id)


def _full(group: _Group) -> bool:
    return len(group.bodies) >= limits.ENTITIES


def _close(group: _Group, made: Made, moment: dt.datetime) -> None:
    if group.bodies:
        told = telling.data(group.bodies, group.one.view, group.one.endpoint)
        made.items.append(outbox.item(group.one.id, moment, told))


def message_of(item: Item, one: Compiled, at: str) -> bytes:
    """The notification as it goes out."""
    context = one.view.link if one.endpoint.accept == "application/ld+json" else None
    tell = telling.source_message if one.of_sources else telling.message
    return tell(f"urn:ngsi-ld:Notification:{item.id}", one.urn, at, item.data, context=context)
