"""How many different values several sources have of an attribute together: the values themselves are asked for (4.5.19).

Counts alone cannot tell which values are the same. So of attributes that several have, each is asked once more for its
values with their moments (4.5.9), and these are counted by period.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.federation.distributing import evolutions, gathering, limits, warning
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.evolutions import Open, Told, Wanted
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.joining import is_history
from onecity.kernel.twin.ngsild.federation.registration import Registration

Body = dict[str, Any]
Values = Callable[[str, Sequence[str]], Awaitable[tuple[list[Body], bool]]]
"""What is held here of an entity's attributes (stored names) as values with moments, and whether that is all of them."""
TIME: Final = ("timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "datasetId", "lang")


@dataclass(frozen=True, slots=True)
class _Part:
    """The values that one of those who have some gave; `source` "" is the local store."""

    source: str
    body: Body


async def settled(federation: Federation, told: Told, wanted: Wanted, values: Values) -> Told:
    """The histories with true counts of different values; with a warning where somebody did not tell all of his."""
    if not told.open:
        return told
    bodies, warnings = {body["id"]: body for body in told.bodies}, list(told.warnings)
    certain = len(told.open) <= limits.MOST_SETTLED
    for urn, open_ in list(told.open.items())[: limits.MOST_SETTLED]:
        parts = await _parts(federation, urn, open_, wanted, values)
        if parts is None:
            certain = False
            continue
        for name, who in open_.who.items():
            lists = [part.body[name] for part in parts if part.source in who and name in part.body]
            bodies[urn][name] = gathering.distinct(bodies[urn][name], lists, whole=wanted.whole)
    if not certain:
        warnings.append(warning.written(warning.MISCELLANEOUS, "-", evolutions.NOT_GATHERED))
    return replace(told, bodies=[bodies[body["id"]] for body in told.bodies], warnings=list(dict.fromkeys(warnings)))


async def _parts(federation: Federation, urn: str, open_: Open, wanted: Wanted, values: Values) -> list[_Part] | None:
    """All the values of one entity's attributes; None where not all of them can be had."""
    context = federation.origin.context
    calls = [(one, _speak(one, urn, list(map(context.expand, open_.names(one.id))), wanted)) for one in open_.sources]
    if any(speak is None for _one, speak in calls):
        return None
    replies = await federation.ask([(one, speak) for one, speak in calls if speak is not None])
    parts: list[_Part] = []
    for reply in replies:
        body = _whole(reply, urn)
        if body is None:
            return None
        parts.append(_Part(reply.registration.id, evolutions.in_words(body, reply.context or CORE, context)))
    if open_.names(""):
        own, all_of_them = await values(urn, [context.expand(name) for name in open_.names("")])
        if not all_of_them:
            return None
        parts += [_Part("", body) for body in own]
    return parts


def _speak(registration: Registration, urn: str, names: Sequence[str], wanted: Wanted) -> Speak | None:
    """How the source is asked for the values of these attributes (stored names); None where it offers no way to ask."""
    if evolutions.RETRIEVE in registration.operations:
        path, more = f"/temporal/entities/{quote(urn, safe=':')}", dict[str, str]()
    elif evolutions.QUERY in registration.operations:
        path, more = "/temporal/entities", {"id": urn}
    else:
        return None
    time = {name: str(wanted.parameters[name]) for name in TIME if wanted.parameters.get(name)}

    def made(words: Words) -> Call:
        attrs = ",".join(sorted(words.context.compact(name) for name in names))
        return Call("GET", path, {**time, **more, "attrs": attrs, "options": "temporalValues"})

    return made


def _whole(reply: Reply, urn: str) -> Body | None:
    """What a source told, where that is everything."""
    if not reply.ok or reply.status == evolutions.PARTIAL:
        return None
    bodies = reply.body if isinstance(reply.body, list) else [reply.body]
    found = [body for body in bodies if is_history(body) and body["id"] == urn]
    return found[0] if len(found) == 1 == len(bodies) else None
