"""Subscriptions to registrations made ready: which registrations each is about (5.11.2.4, 5.12)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.federation.discovering import Wanted, places
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.query.parsing import parse_q
from onecity.kernel.twin.ngsild.subscriptions import compiled
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.roster import Roster
from onecity.kernel.twin.ngsild.temporal.span import read_span

SOURCE: Final = "csource"
# members of an entity that are no attributes
MEMBERS: Final = frozenset({"id", "type", "scope"})


def asked(document: Mapping[str, Any], context: Context) -> tuple[Wanted, ...]:
    """What a subscription is about; raises Problem 400 where a condition is not well formed."""
    span = read_span(document.get("temporalQ", {}), required="temporalQ" in document)
    csf = parse_q(document["csf"], context, parameter="csf") if "csf" in document else None
    datasets = tuple(document.get("datasetId", ()))
    names = _names(document)
    return tuple(
        Wanted(replace(selection, csf=csf, dataset_ids=datasets), names, span)
        for selection in compiled.selections(document, context)
    )


def check(document: Mapping[str, Any], context: Context) -> None:
    """Raises Problem 400 where a subscription to registrations cannot be followed."""
    compiled.check(document, context)
    asked(document, context)
    if document["notification"].get("endpoint", {}).get("accept") == "application/geo+json":
        raise problems.bad_request(_("Registrations are not told as GeoJSON."), "notification.endpoint.accept")


def _names(document: Mapping[str, Any]) -> frozenset[str]:
    """The attributes by which registrations match: none where the notification names none (5.12)."""
    notification = document["notification"]
    shown = {*notification.get("attributes", ()), *notification.get("pick", ())} - MEMBERS
    return frozenset(shown | set(document.get("watchedAttributes", ()))) if shown else frozenset()


def entries(wanted: Sequence[Wanted], registration: Registration) -> list[int]:
    """The entries of the registration's information that a subscription is about; empty: it is not about it."""
    return sorted({place for one in wanted for place in places(registration, one)})


class Watches(Roster):
    """The active subscriptions to registrations, in step with the database."""

    kind = SOURCE

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: dict[UUID, tuple[Wanted, ...]] = {}
        # those that were changed while we followed them, and are to be told anew of all that matches
        self.altered: set[UUID] = set()

    def drop(self, identifier: UUID) -> None:
        """Forget a subscription that was deleted or paused."""
        super().drop(identifier)
        self.asked.pop(identifier, None)

    async def _take(self, row: Sequence[Any]) -> None:
        known = row[0] in self._versions
        await super()._take(row)
        one = self.active.get(row[0])
        if one is None:
            return
        one.of_sources = True
        document, source = msgspec.json.decode(row[6]), msgspec.json.decode(row[7] or "null")
        context = await self._context(one.tenant, source)
        if self.active.get(one.id) is not one:
            return  # deleted while its context was fetched
        self.asked[one.id] = asked(document, context)
        if known:
            self.altered.add(one.id)


def newcomers(watches: Watches) -> list[Compiled]:
    """Those that have not been told of anything yet, as they are now."""
    return [one for one in watches.active.values() if one.made_at is None or one.id in watches.altered]
