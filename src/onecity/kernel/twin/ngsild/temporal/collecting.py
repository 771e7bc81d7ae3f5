"""Brings together what one answer shows: instances and readings of its entities, within the answer's length (6.3.10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.context.terms import Context
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.shape import DEFAULT_INSTANCE
from onecity.kernel.twin.ngsild.model.shape import SCOPE as SCOPE_IRI
from onecity.kernel.twin.ngsild.store.times import text_of
from onecity.kernel.twin.ngsild.temporal import aggregating, readings
from onecity.kernel.twin.ngsild.temporal.asking import Asked
from onecity.kernel.twin.ngsild.temporal.evolution import Evolution, Timed, timed
from onecity.kernel.twin.ngsild.temporal.presenting import Shown, body, head, limited, range_header, shows_scope
from onecity.kernel.twin.ngsild.temporal.readings import Ask, Found
from onecity.kernel.twin.ngsild.temporal.span import ALWAYS, Cut, Span, micros

# instances and readings that one answer holds
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The entities as JSON, and the header that says which part of the time they have; None where they have all."""

    bodies: list[dict[str, Any]]
    content_range: tuple[str, str] | None = None


def selected(evolution: Evolution, asked: Asked) -> dict[str, list[Timed]]:
    """The instances of one entity that are asked for, by attribute, in the order of time; the scope under its whole name."""
    found: dict[str, list[Timed]] = {}
    datasets = asked.shape.dataset_ids
    for name, instances in evolution.attributes.items():
        if not asked.concerns(name):
            continue
        chosen = [one for one in instances if datasets is None or one.get("datasetId", DEFAULT_INSTANCE) in datasets]
        if within := timed(chosen, asked.span):
            found[name] = within
    if evolution.scopes and shows_scope(asked.shape):
        held = evolution.held
        within = timed(evolution.scopes, asked.span) if held is None else timed(held, Span(timeproperty="observedAt"))
        if within:
            found[SCOPE_IRI] = within
    return found


def series_of(evolution: Evolution, asked: Asked) -> dict[int, str]:
    """The series whose readings are asked for, and the attribute that each stands for."""
    if not asked.default_instances or asked.span.timeproperty == "deletedAt":
        return {}
    return {series.id: name for name, series in evolution.series.items() if asked.concerns(name)}


async def collect(ask: Ask, evolutions: Sequence[Evolution], asked: Asked, context: Context) -> Answer:
    """What is shown of these entities, normalized or simplified; those without anything in the span are left out."""
    shown = {one.urn: Shown(one, selected(one, asked)) for one in evolutions}
    owners = {series: (one.urn, name) for one in evolutions for series, name in series_of(one, asked).items()}
    found = await _read(ask, owners, asked)
    _distribute(shown, owners, found)
    for one in shown.values():
        _together(one, asked.last)
    cut = _boundary(shown, backwards=asked.last is not None)
    if cut is not None and not _any_before(shown, cut, backwards=asked.last is not None):
        # more than an answer holds belongs to one moment: then the answer holds that moment whole
        moment = await readings.moment(ask, list(owners), cut)
        _distribute(shown, owners, moment)
        cut += -1 if asked.last is not None else 1
    limited(shown, cut, backwards=asked.last is not None)
    kept = [one for one in shown.values() if not one.empty]
    header = None if cut is None else _header(kept, asked)
    return Answer([_body(one, asked, context) for one in kept], header)


async def _read(ask: Ask, owners: Mapping[int, object], asked: Asked) -> Found:
    if not owners:
        return Found.empty()
    if asked.last is not None:
        return await readings.last(ask, list(owners), asked.span, asked.last, MOST)
    return await readings.page(ask, list(owners), asked.span, MOST)


def _distribute(shown: Mapping[str, Shown], owners: Mapping[int, tuple[str, str]], found: Found) -> None:
    """Give each attribute its readings; instances that are readings as well are shown once."""
    order = np.argsort(found.series, kind="stable")
    ordered = found.take(order)
    starts = np.flatnonzero(np.r_[True, np.diff(ordered.series) != 0]) if len(ordered) else np.empty(0, np.int64)
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(ordered)], strict=False):
        urn, name = owners[int(ordered.series[start])]
        one = shown[urn]
        own = ordered.take(slice(start, end))
        erased = one.evolution.erased.get(name)
        if erased is not None:
            own = own.take(own.at > erased)
        if len(own):
            one.readings[name] = own


def _together(one: Shown, last: int | None) -> None:
    """Let an attribute have each of its instances once, and no more than the last ones where these were asked for."""
    for name, instances in list(one.instances.items()):
        kept = _without(instances, one.readings.get(name))
        if last is not None:
            kept = kept[::-1][:last]
        if kept:
            one.instances[name] = kept
        else:
            del one.instances[name]
        if last is not None and kept and name in one.readings:
            _trim(one, name, last)


def _without(instances: list[Timed], found: Found | None) -> list[Timed]:
    """The instances that are not readings as well."""
    if found is None:
        return instances
    known = np.isin(np.array([i.at or ALWAYS[0] for i in instances], np.int64), found.at).tolist()
    return [one for one, is_reading in zip(instances, known, strict=True) if not is_reading]


def _trim(one: Shown, name: str, last: int) -> None:
    """Keep the last of instances and readings together."""
    instances, found = one.instances[name], one.readings[name]
    times = np.r_[np.array([i.at or ALWAYS[0] for i in instances], np.int64), found.at]
    if len(times) <= last:
        return
    keep = np.zeros(len(times), np.bool_)
    keep[np.argsort(-times, kind="stable")[:last]] = True
    one.instances[name] = [i for i, kept in zip(instances, keep[: len(instances)].tolist(), strict=True) if kept]
    one.readings[name] = found.take(keep[len(instances) :])
    if not one.instances[name]:
        del one.instances[name]
    if not len(one.readings[name]):
        del one.readings[name]


def _times(shown: Mapping[str, Shown]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    moments = [
        i.at for one in shown.values() for instances in one.instances.values() for i in instances if i.at is not None
    ]
    return np.concatenate(
        [np.array(moments, np.int64), *(f.at for one in shown.values() for f in one.readings.values())]
    )


def _boundary(shown: Mapping[str, Shown], *, backwards: bool) -> int | None:
    """The first moment that the answer does not hold any more; None where it holds all."""
    times = _times(shown)
    if len(times) <= MOST:
        return None
    ordered = np.sort(times)
    return int(ordered[-1 - MOST] if backwards else ordered[MOST])


def _any_before(shown: Mapping[str, Shown], cut: int, *, backwards: bool) -> bool:
    times = _times(shown)
    return bool(np.any(times > cut) if backwards else np.any(times < cut))


def _header(kept: Sequence[Shown], asked: Asked) -> tuple[str, str]:
    times = _times({str(number): one for number, one in enumerate(kept)})
    least, most = text_of(int(times.min())), text_of(int(times.max()))
    span = asked.span
    if asked.last is not None:
        start = text_of(span.last) if span.relation in {"before", "between"} else most
        return range_header(start, least, asked.last)
    return range_header(text_of(span.first) if span.bounded_below else least, most, None)


def _body(one: Shown, asked: Asked, context: Context) -> dict[str, Any]:
    one.instances = {n: found for n, found in one.instances.items() if n == SCOPE_IRI or asked.shows(n)}
    one.readings = {n: found for n, found in one.readings.items() if asked.shows(n)}
    return body(one, context, asked.shape, asked.span.timeproperty, simple=asked.format == "temporalValues")


async def aggregate(ask: Ask, evolutions: Sequence[Evolution], asked: Asked, context: Context) -> Answer:
    """What these entities' attributes add up to; raises Problem 400 where a method does not suit an attribute that was named."""
    chosen = [(one, selected(one, asked), series_of(one, asked)) for one in evolutions]
    cut = await _cut(ask, chosen, asked)
    tables = await _tables(ask, chosen, asked, cut)
    spans = [found for _one, found, _series in chosen]
    if asked.names:
        _check_suits(spans, asked)
    bodies = []
    for one, found, series in chosen:
        attributes = {n: aggregating.instances(i, cut, asked.methods) for n, i in found.items() if n != SCOPE_IRI}
        attributes = {n: shown for n, shown in attributes.items() if len(shown) > 1 and asked.shows(n)}
        for number, name in series.items():
            if asked.shows(name) and (shown := aggregating.of_series(tables[one.erased.get(name)], number)):
                attributes[name] = shown
        if attributes or found:
            bodies.append(head(one, context, asked.shape) | {context.compact(n): s for n, s in attributes.items()})
    return Answer(bodies)


Chosen = Sequence[tuple[Evolution, dict[str, list[Timed]], dict[int, str]]]


async def _tables(ask: Ask, chosen: Chosen, asked: Asked, cut: Cut) -> dict[int | None, aggregating.Table]:
    """The sums of all series, by what was taken back of their history."""
    groups: dict[int | None, list[int]] = {}
    for one, _found, series in chosen:
        for number, name in series.items():
            groups.setdefault(one.erased.get(name), []).append(number)
    spread = not aggregating.SPREAD.isdisjoint(asked.methods)
    tables = {}
    for erased, numbers in groups.items():
        span = asked.span if erased is None else _behind(asked.span, erased)
        found = await readings.sums(ask, numbers, span, cut, spread=spread)
        tables[erased] = aggregating.table(found, cut, asked.methods)
    return tables


def _behind(span: Span, erased: int) -> Span:
    return Span(span.relation, max(span.first, erased + 1), span.last, span.timeproperty)


async def _cut(ask: Ask, chosen: Chosen, asked: Asked) -> Cut:
    """Periods are counted from where the span begins; an open end of it is closed by what was found (4.5.19.1)."""
    span = asked.span
    if not asked.duration.whole:
        origin = span.first if span.bounded_below else span.last if span.relation == "before" else 0
        return Cut(asked.duration, origin, span.last)
    times = [
        i.at for _one, found, _series in chosen for instances in found.values() for i in instances if i.at is not None
    ]
    latest = [s.latest for one, _found, series in chosen for n, s in one.series.items() if s.id in series and s.latest]
    first, last = span.first, span.last
    if not span.bounded_below:
        known = await readings.days(ask, span) if latest else []
        first = min([*times, *(day for day, _open in known[:1])], default=micros("1970-01-01T00:00:00Z"))
    if last >= ALWAYS[1]:
        last = max([*times, *latest], default=first)
    return Cut(asked.duration, first, max(last, first))


def _check_suits(spans: Sequence[Mapping[str, Sequence[Timed]]], asked: Asked) -> None:
    for found in spans:
        for name, instances in found.items():
            unsuited = set(asked.methods) - aggregating.suits(instances)
            if name in (asked.names or ()) and unsuited:
                raise problems.invalid_request(
                    _("{method} cannot be made of the attribute {name}.", method=min(unsuited), name=name)
                )
