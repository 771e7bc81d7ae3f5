"""Finds the entities whose history matches a temporal query (5.7.4.4), in the order of their ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from onecity.kernel.twin.ngsild.model.stored import Instance, StoredEntity
from onecity.kernel.twin.ngsild.query import matching
from onecity.kernel.twin.ngsild.query.selection import Selection
from onecity.kernel.twin.ngsild.store import problems
from onecity.kernel.twin.ngsild.temporal import history, readings
from onecity.kernel.twin.ngsild.temporal.asking import Asked
from onecity.kernel.twin.ngsild.temporal.collecting import selected, series_of
from onecity.kernel.twin.ngsild.temporal.evolution import Evolution, timed
from onecity.kernel.twin.ngsild.temporal.presenting import texts
from onecity.kernel.twin.ngsild.temporal.readings import Ask
from onecity.kernel.twin.ngsild.temporal.span import ALWAYS, Span, micros

LEAST, CHUNK = 50, 10_000
MOST_CANDIDATES: Final = 200_000
MOST_MATCHED: Final = 200_000
NULL: Final = "urn:ngsi-ld:null"


@dataclass(frozen=True, slots=True)
class Page:
    """The histories of a page, whether there are more, and how many match in all (where asked)."""

    evolutions: list[Evolution]
    more: bool
    total: int | None


async def find(
    ask: Ask, tenant: str, selections: Sequence[Selection], asked: Asked, limit: int, offset: int, *, count: bool
) -> Page:
    """A page of the matching histories; raises Problem 403 (TooComplexQuery) where too many would have to be looked at."""
    kept: list[Evolution] = []
    number, seen, wanted = 0, 0, offset + limit + 1
    merged: dict[str, None] = {}
    for selection in selections:
        last = ""
        while number < wanted or count:
            size = CHUNK if count else max(min(wanted - number, CHUNK), LEAST)
            found = await history.candidates(ask, tenant, selection, last, size)
            fresh = [one for one in found if one.urn not in merged and _meets(selection, one)]
            for evolution in await _matching(ask, tenant, selection, fresh, asked):
                merged[evolution.urn] = None
                number += 1
                if offset < number <= offset + limit:
                    kept.append(evolution)
            seen += len(found)
            if seen > MOST_CANDIDATES:
                raise problems.too_complex()
            if len(found) < size:
                break
            last = found[-1].urn
    return Page(kept, number > offset + limit, number if count else None)


def _meets(selection: Selection, one: history.Candidate) -> bool:
    """Whether id and type are as asked; SQL has not decided every pattern."""
    ids = Selection(ids=selection.ids, id_pattern=selection.id_pattern, types=selection.types)
    return matching.matches(ids, StoredEntity(one.urn, one.types))


async def _matching(
    ask: Ask, tenant: str, selection: Selection, candidates: Sequence[history.Candidate], asked: Asked
) -> list[Evolution]:
    if not candidates:
        return []
    tested = Selection(q=selection.q, geo=selection.geo, scope=selection.scope)
    names = None
    if asked.names and selection.scope is None:
        names = sorted(asked.names | tested.attribute_names())
    urns = [one.urn for one in candidates]
    evolutions = await history.evolutions(ask, tenant, urns, asked.span, names, newest=asked.last is not None)
    found = [evolutions[urn] for urn in urns if urn in evolutions]
    there = await _present(ask, found, asked)
    found = [one for one in found if one.urn in there]
    if selection.q is None and selection.geo is None and selection.scope is None:
        return found
    values = await _values(ask, found, tested.attribute_names(), asked.span)
    found = [one for one in found if matching.matches(tested, as_entity(one, asked.span, values))]
    if selection.scope is not None:
        for one in found:
            _under(one, Selection(scope=selection.scope), asked.span)
    return found


def _under(evolution: Evolution, selection: Selection, span: Span) -> None:
    """Leave of an evolution what it was while a scope of the selection held (4.18)."""
    times: list[tuple[int, int]] = []
    evolution.held = []
    for instance, scopes, start, end in _reigns(evolution, span):
        if matching.matches(selection, StoredEntity(evolution.urn, evolution.types, scopes)):
            times.append((start, end))
            evolution.held.append(instance)
    for name, instances in evolution.attributes.items():
        moments = [(one.get(span.timeproperty), one) for one in instances]
        evolution.attributes[name] = [
            one for at, one in moments if at is None or any(start <= micros(at) < end for start, end in times)
        ]


async def _present(ask: Ask, found: Sequence[Evolution], asked: Asked) -> set[str]:
    """Those with anything in the span that is asked for."""
    there = {one.urn for one in found if selected(one, asked)}
    latest: dict[int, int | None] = {}
    owners: dict[int, str] = {}
    for one in found:
        if one.urn in there:
            continue
        for number, name in series_of(one, asked).items():
            newest = one.series[name].latest
            if newest is not None and newest > one.erased.get(name, ALWAYS[0]):
                latest[number], owners[number] = newest, one.urn
    there.update(owners[number] for number in await readings.present(ask, latest, asked.span))
    return there


Values = Mapping[tuple[str, str], list[Instance]]


async def _values(ask: Ask, found: Sequence[Evolution], names: frozenset[str], span: Span) -> Values:
    """The readings that a condition looks at, as instances; raises Problem 403 where these are too many."""
    owners = {s.id: (one.urn, name) for one in found for name, s in one.series.items() if name in names}
    if not owners or span.timeproperty == "deletedAt":
        return {}
    rows = await readings.page(ask, list(owners), span, MOST_MATCHED)
    if len(rows) > MOST_MATCHED:
        raise problems.too_complex()
    values: dict[tuple[str, str], list[Instance]] = {}
    for series, value, at in zip(rows.series.tolist(), rows.value.tolist(), texts(rows.at), strict=True):
        values.setdefault(owners[series], []).append({"type": "Property", "value": value, "observedAt": at})
    return values


def as_entity(evolution: Evolution, span: Span, values: Values) -> StoredEntity:
    """What conditions are tested on: the instances within the span; of an attribute that never says the time in question
    (one that does not change, say) all that it was."""
    attributes: dict[str, list[Any]] = {}
    for name, instances in evolution.attributes.items():
        living = [one for one in instances if "deletedAt" not in one]
        telling = any(span.timeproperty in one for one in living)
        inside = [one.instance for one in timed(living, span)] if telling else living
        if inside:
            attributes[name] = inside
    for name in evolution.series:
        if found := values.get((evolution.urn, name)):
            attributes[name] = [*attributes.get(name, ()), *found]
    return StoredEntity(
        evolution.urn,
        evolution.types,
        tuple(_scopes(evolution, span)),
        attributes,
        evolution.created_at,
        evolution.modified_at,
    )


def _scopes(evolution: Evolution, span: Span) -> dict[str, None]:
    """The scopes that held at any moment of the span."""
    return dict.fromkeys(scope for _instance, scopes, _start, _end in _reigns(evolution, span) for scope in scopes)


def _reigns(evolution: Evolution, span: Span) -> Iterator[tuple[Instance, tuple[str, ...], int, int]]:
    """Scopes that held within the span, from when until when (µs): each from when it was set until the next was (4.18)."""
    ordered = sorted(evolution.scopes, key=_set_at)
    moments = [_set_at(one) for one in ordered]
    ends = [*moments[1:], ALWAYS[1]][: len(moments)]
    for one, start, end in zip(ordered, moments, ends, strict=True):
        value = one.get("value")
        if start < span.last and end > span.first and value != NULL:
            yield one, tuple(value) if isinstance(value, list) else (str(value),), start, end


def _set_at(scope: Instance) -> int:
    return micros(scope.get("observedAt") or scope["modifiedAt"])
