"""Whether a request concerns others at all: the one question that every request is asked, and mostly answered at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.describing import description
from onecity.kernel.twin.ngsild.federation.discovering import area_of, somewhere
from onecity.kernel.twin.ngsild.federation.distributing import planning, via
from onecity.kernel.twin.ngsild.federation.distributing.asking import Origin, Reply, Sources
from onecity.kernel.twin.ngsild.federation.distributing.calls import Speak
from onecity.kernel.twin.ngsild.federation.distributing.rights import Right
from onecity.kernel.twin.ngsild.federation.index import Index
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.query.matching import nothing_linked, scope_test
from onecity.kernel.twin.ngsild.query.q_matching import q_test
from onecity.kernel.twin.ngsild.query.selection import Selection

SNAPSHOT: Final = "ngsild-snapshot"
LOOP_STATUS: Final = 508


@dataclass(frozen=True, slots=True)
class Federation:
    """The sources that a request may be shared with."""

    sources: Sources
    roster: Index
    origin: Origin
    encountered: Collection[str]

    def about(self, urn: str, types: Sequence[str]) -> list[Registration]:
        """The registrations that speak of an entity; all its types, or none where they are not known."""
        found = self.roster.candidates((urn,), types)
        return [one for one in planning.encountered(found, self.encountered) if planning.covered(one, urn, types)]

    def for_selection(self, selection: Selection, types: TypeExpr | None) -> list[Registration]:
        """The registrations that may have entities of a selection."""
        names = () if types is None else tuple(types.names())
        found = self.roster.candidates(selection.ids, names)
        return [
            one
            for one in planning.encountered(found, self.encountered)
            if planning.selects(one, selection.ids, selection.id_pattern, types, selection.attrs)
            and _datasets_meet(one, selection)
            and _described(one, selection)
            and _placed(one, selection)
        ]

    async def ask(self, asked: Sequence[tuple[Registration, Speak]], *, body: bool = False) -> list[Reply]:
        """The replies of sources, in the order of `asked`."""
        return await self.sources.ask(self.origin, asked, body=body)


async def federation(request: Request, right: Right) -> Federation | None:
    """The sources that the request may be shared with; None where it is ours alone.

    Raises Problem 508 where it has come through here before (6.3.17, 6.3.18).
    """
    services = request.services
    roster = services.registrations.at_hand(request.tenant)
    if roster is None:
        roster = await services.registrations.active(request.tenant)
    if not roster or SNAPSHOT in request.headers or request.flag("local"):
        return None
    alias, header = via.alias_of(services.alias, request.tenant), request.headers.get("via", "")
    encountered = via.hops(header)
    if alias in encountered:
        raise loop()
    if not await services.rights.may(request.principal, right, await services.root()):
        return None
    origin = Origin(request.headers, await request.context(), via.extended(header, alias))
    return Federation(services.sources, roster, origin, frozenset(encountered))


def way(request: Request) -> str:
    """The Via by which a request came, to be kept with what it asks for; raises Problem 508 where it was here before."""
    header = request.headers.get("via", "")[: via.LONGEST]
    if header and via.alias_of(request.services.alias, request.tenant) in via.hops(header):
        raise loop()
    return header


def loop() -> problems.NgsiProblem:
    """The request came back to where it had been."""
    detail = _("This request has come through here before: the registrations of two sources lead to each other.")
    return problems.problem("InternalError", detail, status=LOOP_STATUS)


def _datasets_meet(registration: Registration, selection: Selection) -> bool:
    wanted, offered = selection.dataset_ids, registration.dataset_ids
    return not wanted or not offered or not set(offered).isdisjoint(wanted)


def _described(registration: Registration, selection: Selection) -> bool:
    """Whether the context source filter lets the registration through (`csf`, 4.9)."""
    return selection.csf is None or q_test(selection.csf)(description(registration), nothing_linked)


def _placed(registration: Registration, selection: Selection) -> bool:
    """Whether the scopes and areas that the source is registered for leave room for what is asked; all where none is."""
    scopes, geo = registration.scopes, selection.geo
    if selection.scope is not None and scopes and not scope_test(selection.scope)(scopes):
        return False
    return geo is None or area_of(registration, geo) is None or somewhere(registration, geo)
