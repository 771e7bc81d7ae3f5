"""A page of entities out of the local store and of all sources that may have some (5.7.2.4, 5.5.9)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing import answers, limits, planning, pulling, query_calls, warning
from onecity.kernel.twin.ngsild.federation.distributing.answers import Versions
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.pulling import Need, Pulled
from onecity.kernel.twin.ngsild.federation.distributing.query_calls import Asked
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.matching import matcher, nothing_linked
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.store import search

LOCAL = "@none"
OPERATION, BATCH = "queryEntity", "queryBatch"
LEAST = "NGSILD-Results-Count-Minimum"
LOWER_BOUND = "The number of results is a lower bound"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for: alternatives, and which part of the answer.

    `bare`: the client did not say which part; `system`: it wants the times of the system.
    """

    asked: tuple[Asked, ...]
    operations: Collection[str]
    limit: int
    offset: int = 0
    count: bool = False
    bare: bool = False
    system: bool = True


@dataclass(slots=True)
class Page:
    """Entities of a page by id. `total`: how many there are in all, where that is known; `least`: else at least so many.

    `sources`: id → who knew of it; `maps`: registration → the entity map that its source made.
    """

    entities: list[StoredEntity]
    more: bool = False
    total: int | None = None
    least: int | None = None
    warnings: list[str] = field(default_factory=list)
    sources: dict[str, list[str]] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Pool:
    """Everything that came, by id."""

    registrations: Sequence[Registration]
    local: search.Page
    pulled: Sequence[Pulled]
    versions: dict[str, Versions] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything that matches has come."""
        return not self.local.more and all(one.whole and not one.failed for one in self.pulled)


async def query(federation: Federation, request: Request, wanted: Query, now: str) -> Page | None:
    """The page that is asked for; None where no source has anything to do with it."""
    pairs = [
        (registration, asked)
        for asked in wanted.asked
        for registration in federation.for_selection(asked.selection, asked.selection.types)
    ]
    offered = [(one, asked) for one, asked in pairs if not one.operations.isdisjoint(wanted.operations)]
    if not pairs:
        return None
    if wanted.offset + wanted.limit > limits.MOST_PAGED:
        raise problems.problem(
            "TooManyResults",
            _(
                "Where several sources answer, pages end at {most} entities; ask for an entity map (entityMap=true).",
                most=limits.MOST_PAGED,
            ),
        )
    registrations = list({one.id: one for one, _asked in pairs}.values())
    split = any(asked.split for asked in wanted.asked)
    most = None if split else wanted.offset + wanted.limit + 1
    pool = await _pooled(federation, request, wanted, registrations, offered, most, now)
    if wanted.count and not pool.whole and not split and _sum(pool) <= limits.MOST_PULLED:
        pool = await _pooled(federation, request, wanted, registrations, offered, None, now)
    page = _cut(pool, wanted, now)
    await _complete(federation, request, page, pool, wanted, now)
    if not wanted.system:
        await _settle(federation, page, pool, now)
    return page


async def linked(
    federation: Federation, urns: Sequence[str], local: Mapping[str, StoredEntity], now: str
) -> tuple[dict[str, StoredEntity], list[str]]:
    """Entities of these ids as all know them together, with warnings; `local`: as they are known here (4.5.23)."""
    asked = Asked(Selection(ids=tuple(urns)), {})
    registrations = federation.for_selection(asked.selection, None)
    # a query by ids alone is too wide: only sources whose types are registered can be asked so (5.7.2.4)
    pairs = [
        (one, asked, Need(None, ids=own))
        for one in registrations
        if OPERATION in one.operations
        and query_calls.narrowed(one, None) is not None
        and (own := planning.ids_of(one, urns))
    ]
    versions = {urn: Versions(local.get(urn)) for urn in urns}
    warnings: list[str] = []
    for pulled in await pulling.pull_all(federation, pairs, now):
        warnings += pulled.warnings
        for entity in pulled.entities:
            if entity.urn in versions:
                versions[entity.urn].others.append((pulled.registration, entity))
    found = {urn: answers.together(registrations, urn, known, now) for urn, known in versions.items()}
    return {urn: entity for urn, entity in found.items() if entity is not None}, warnings


async def _pooled(
    federation: Federation,
    request: Request,
    wanted: Query,
    registrations: Sequence[Registration],
    offered: Sequence[tuple[Registration, Asked]],
    most: int | None,
    now: str,
) -> _Pool:
    holders = {one.id for one, _asked in offered if one.mode != planning.AUXILIARY}
    need = Need(most, wanted.count, bare=wanted.bare and most is not None, system=wanted.system or len(holders) > 1)
    pairs = [(one, asked, replace(need, post=_by_post(one, wanted))) for one, asked in offered]
    pulled = await pulling.pull_all(federation, pairs, now)
    selections = [asked.candidates() if asked.split else asked.selection for asked in wanted.asked]
    local = await request.services.reader.find(
        request.principal,
        request.tenant,
        selections,
        limit=limits.MOST_PULLED if most is None else most,
        count=wanted.count,
    )
    if most is None and local.more and any(asked.split for asked in wanted.asked):
        raise problems.problem(
            "TooManyResults",
            _("More than {most} entities would have to be put together; narrow the query.", most=limits.MOST_PULLED),
        )
    pool = _Pool(registrations, local, pulled)
    for entity in local.entities:
        pool.versions[entity.urn] = Versions(entity)
    for one in pulled:
        for entity in one.entities:
            pool.versions.setdefault(entity.urn, Versions()).others.append((one.registration, entity))
    return pool


def _cut(pool: _Pool, wanted: Query, now: str) -> Page:
    """The part that is asked for of what came, in the order of the ids."""
    tests = [matcher(asked.selection) for asked in wanted.asked if asked.split]
    end = wanted.offset + wanted.limit
    page, number = Page([]), 0
    for urn in sorted(pool.versions):
        found = answers.together(pool.registrations, urn, pool.versions[urn], now)
        if found is None or (tests and not any(test(found, nothing_linked) for test in tests)):
            continue
        number += 1
        if wanted.offset < number <= end:
            page.entities.append(found)
            page.sources[urn] = _sources(pool.versions[urn])
        if number > end and not wanted.count:
            break
    page.more = number > end or not pool.whole
    page.warnings = [text for one in pool.pulled for text in one.warnings]
    page.maps = {one.registration.id: one.location for one in pool.pulled if one.location}
    if wanted.count:
        _count(page, pool, number)
    return page


def _count(page: Page, pool: _Pool, number: int) -> None:
    """How many there are in all: only where that is certain, otherwise how many there are at least."""
    totals = [one.total or 0 for one in pool.pulled] + [pool.local.total or 0]
    failed = any(one.failed for one in pool.pulled)
    if pool.whole:
        page.total = number
    elif not failed and sum(1 for total in totals if total) == 1:
        # only one has any: nothing can be counted twice
        page.total = max(totals)
    else:
        page.least = max(number, *totals)
        page.warnings.append(warning.written(warning.MISCELLANEOUS, "-", LOWER_BOUND))


def _sum(pool: _Pool) -> int:
    return sum(one.total or 0 for one in pool.pulled) + (pool.local.total or 0)


def _sources(versions: Versions) -> list[str]:
    own = [] if versions.local is None else [LOCAL]
    return own + list(dict.fromkeys(registration.id for registration, _entity in versions.others))


async def _complete(federation: Federation, request: Request, page: Page, pool: _Pool, wanted: Query, now: str) -> None:
    """Fetch those parts of the page's entities that did not meet the conditions by themselves."""
    if not page.entities or not any(asked.filtered and not asked.split for asked in wanted.asked):
        return
    urns = [entity.urn for entity in page.entities]
    alone = [urn for urn in urns if pool.versions[urn].local is None]
    for urn, entity in (await request.services.reader.get_many(request.principal, request.tenant, alone)).items():
        pool.versions[urn].local = entity
    pairs = [
        (one.registration, one.asked, Need(None, ids=missing))
        for one in pool.pulled
        if not one.failed and (missing := _missing(one, pool.versions, urns))
    ]
    for one in await pulling.pull_all(federation, pairs, now):
        page.warnings += one.warnings
        for entity in one.entities:
            if entity.urn in pool.versions:
                pool.versions[entity.urn].others.append((one.registration, entity))
    page.entities = [
        found
        for urn in urns
        if (found := answers.together(pool.registrations, urn, pool.versions[urn], now)) is not None
    ]
    page.sources = {urn: _sources(pool.versions[urn]) for urn in urns}


async def _settle(federation: Federation, page: Page, pool: _Pool, now: str) -> None:
    """Ask for the times of those entities of which two say different things, so that the newest is known (4.5.5.3)."""
    urns = [entity.urn for entity in page.entities if answers.is_contested(pool.versions[entity.urn], now)]
    pairs = []
    for one in pool.pulled:
        told = {entity.urn for entity in one.entities}
        if own := [urn for urn in urns if urn in told and not one.failed]:
            pairs.append((one.registration, one.asked, Need(None, ids=own)))
    for again in await pulling.pull_all(federation, pairs, now):
        page.warnings += again.warnings
        for entity in again.entities:
            if entity.urn in pool.versions:
                # the later of two answers of one source takes the place of the first
                others = pool.versions[entity.urn].others
                others[:] = [pair for pair in others if pair[0].id != again.registration.id]
                others.append((again.registration, entity))
    if pairs:
        page.entities = [
            answers.together(pool.registrations, entity.urn, pool.versions[entity.urn], now) or entity
            for entity in page.entities
        ]


def _by_post(registration: Registration, wanted: Query) -> bool:
    """Whether a source is asked by POST: where the client asks so and the source knows it."""
    return BATCH in registration.operations and BATCH in wanted.operations


def _missing(one: Pulled, versions: Mapping[str, Versions], urns: Sequence[str]) -> list[str]:
    """The ids of the page that a source has said nothing of, though it speaks of such entities."""
    told = {entity.urn for entity in one.entities}
    about = answers.speaks_of(one.registration)
    return [urn for urn in urns if urn not in told and about(urn, versions[urn].types)]
