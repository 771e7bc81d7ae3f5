"""What one source has for a query, page by page, as far as it is needed and within bounds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from onecity.kernel.twin.ngsild.federation.distributing import answers, limits, query_calls
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.calls import Speak
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.query_calls import Asked
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.matching import matcher, nothing_linked

COUNT = "NGSILD-Results-Count"
MAP = "NGSILD-EntityMap"


@dataclass(slots=True)
class Pulled:
    """What came of one source for one selection. `whole`: nothing is left there; `total`: how many it says it has."""

    registration: Registration
    asked: Asked
    entities: list[StoredEntity] = field(default_factory=list)
    whole: bool = False
    failed: bool = False
    total: int | None = None
    warnings: list[str] = field(default_factory=list)
    location: str = ""

    @property
    def in_order(self) -> bool:
        """Whether the source gives its entities by id."""
        return all(one.urn < two.urn for one, two in zip(self.entities, self.entities[1:], strict=False))


@dataclass(frozen=True, slots=True)
class Need:
    """How many entities are needed (None: all), whether the source is to count them, and which ids alone are wanted.

    `bare`: the client did not say how long a page is; `system`: the times of the system are wanted; `post`: asked by POST.
    """

    most: int | None
    count: bool = False
    ids: Sequence[str] = ()
    location: str = ""
    bare: bool = False
    system: bool = True
    post: bool = False


async def pull_all(federation: Federation, pairs: Sequence[tuple[Registration, Asked, Need]], now: str) -> list[Pulled]:
    """What several sources have, in the order of `pairs`."""
    gate = asyncio.Semaphore(limits.AT_ONCE)

    async def one(registration: Registration, asked: Asked, need: Need) -> Pulled:
        async with gate:
            return await _pull(federation, registration, asked, need, now)

    return list(await asyncio.gather(*(one(*pair) for pair in pairs)))


async def _pull(federation: Federation, registration: Registration, asked: Asked, need: Need, now: str) -> Pulled:
    pulled, size, seen = Pulled(registration, asked), 0, 0
    most = limits.MOST_PULLED if need.most is None else min(need.most, limits.MOST_PULLED)
    for turn in range(limits.MOST_PAGES):
        step = limits.PAGE if turn else min(most, limits.PAGE)
        page = {} if need.bare and not turn else {"limit": str(step), "offset": str(seen)}
        if need.count and not turn:
            page["count"] = "true"
        speak = query_calls.speak(
            registration,
            asked,
            federation.origin.context,
            page,
            ids=need.ids,
            linked=need.location,
            system=need.system,
        )
        if need.post:
            speak = _posted(speak)
        reply = await federation.sources.one(federation.origin, registration, speak, body=need.post)
        size += reply.size
        seen += _take(pulled, reply, now)
        if pulled.failed or pulled.whole or seen >= limits.MOST_PULLED or size >= limits.MOST_BYTES:
            break
        # one more than a page holds is enough, or that the source says there is one
        if need.most is not None and len(pulled.entities) >= need.most - 1 and pulled.in_order:
            break
    _filter(pulled, federation, need)
    return pulled


def _posted(speak: Speak) -> Speak:
    return lambda words: query_calls.posted(speak(words))


def _take(pulled: Pulled, reply: Reply, now: str) -> int:
    """Take a page in; returns how many entities it held."""
    found, warnings = answers.entities(reply, now)
    pulled.warnings += [*reply.warnings(), *warnings]
    if reply.missing:
        pulled.whole = True
        return 0
    if not reply.ok:
        pulled.failed = True
        return 0
    pulled.entities += found
    number = len(reply.body) if isinstance(reply.body, list) else 0
    if pulled.total is None:
        pulled.total = _number(reply.headers.get(COUNT, ""))
        pulled.location = reply.headers.get(MAP, "")[:2048]
    pulled.whole = not number or not _goes_on(reply)
    return number


def _goes_on(reply: Reply) -> bool:
    """Whether the source says that there is another page (6.3.10)."""
    return any('rel="next"' in value or "rel=next" in value for value in reply.headers.get_list("link"))


def _filter(pulled: Pulled, federation: Federation, need: Need) -> None:
    """Apply here what could not be said in the words of the source."""
    asked = pulled.asked
    if need.ids or asked.split or query_calls.is_pushed(pulled.registration, asked, federation.origin.context):
        return
    test = matcher(asked.selection)
    pulled.entities = [one for one in pulled.entities if test(one, nothing_linked)]
    pulled.total = len(pulled.entities) if pulled.whole else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
