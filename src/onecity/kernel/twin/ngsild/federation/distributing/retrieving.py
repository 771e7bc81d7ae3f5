"""One entity out of the local store and of all sources that know of it (5.7.1.4)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from onecity.kernel.twin.ngsild.federation.distributing import answers, planning, wording
from onecity.kernel.twin.ngsild.federation.distributing.answers import Versions
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.calls import Call, Speak, Words
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, Names
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.query.language import TypeExpr

OPERATION = "retrieveEntity"
# who has an attribute to itself, and whose attributes may be held here as well (4.3.6.2, 4.3.6.3)
ALONE = frozenset({planning.AUXILIARY, planning.EXCLUSIVE})
BESIDE = frozenset({planning.INCLUSIVE})


@dataclass(frozen=True, slots=True)
class Found:
    """The entity (None: nobody has it), what the reader is warned of, and which sources had part in it."""

    entity: StoredEntity | None
    warnings: list[str] = field(default_factory=list)
    sources: tuple[str, ...] = ()
    maps: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Along:
    """An entity map for one entity: the registrations that know of it, and the maps of the sources by registration."""

    among: Collection[str]
    maps: Mapping[str, str]


def path(urn: str) -> str:
    """The address of an entity below the API's prefix."""
    return f"/entities/{quote(urn, safe=':')}"


async def retrieve(
    federation: Federation,
    urn: str,
    local: StoredEntity | None,
    now: str,
    *,
    wanted: Names = EVERYTHING,
    types: TypeExpr | None = None,
    along: Along | None = None,
    system: bool = True,
) -> Found:
    """The entity as all know it together, of which only the attributes `wanted` are asked for.

    `along`: an entity map that the request goes along; `system`: with the times of the system, which are asked for also
    where several may say something of one attribute (4.5.5.3).
    """
    registrations = federation.about(urn, () if local is None else local.types)
    if local is None and types is not None:
        registrations = [one for one in registrations if planning.selects(one, (urn,), None, types, ())]
    division = planning.read(registrations, urn, () if local is None else local.types, wanted, OPERATION)
    shares = [share for share in division.shares if along is None or share.registration.id in along.among]
    if not shares:
        known = Versions(local)
        return Found(answers.together(registrations, urn, known, now, wanted) if registrations else local)
    linked = {} if along is None else along.maps
    sharing = [share for share in shares if share.registration.mode not in ALONE]
    system = (
        system or len(sharing) > 1 or (local is not None and any(one.registration.mode in BESIDE for one in sharing))
    )
    asked = [
        (share.registration, _speak(urn, share.names, types, linked.get(share.registration.id), system=system))
        for share in shares
    ]
    replies = await federation.ask(asked)
    return _found(registrations, urn, Versions(local), replies, now, wanted)


def _speak(urn: str, names: Names, types: TypeExpr | None, linked: str | None, *, system: bool) -> Speak:
    def speak(words: Words) -> Call:
        query = {"options": "sysAttrs"} if system else {}
        if not names.inverted:
            query["attrs"] = ",".join(sorted(words.context.compact(name) for name in names.listed))
        if types is not None:
            query["type"] = wording.types(types, words.context)
        return Call("GET", path(urn), query, headers={"ngsild-entitymap": linked} if linked else {})

    return speak


def _found(
    registrations: Sequence[Registration],
    urn: str,
    versions: Versions,
    replies: Sequence[Reply],
    now: str,
    wanted: Names,
) -> Found:
    warnings: list[str] = []
    sources: list[str] = [] if versions.local is None else ["@none"]
    maps: dict[str, str] = {}
    for reply in replies:
        warnings += reply.warnings()
        if not reply.ok:
            continue
        version = answers.entity(reply, reply.body, now)
        if version is None or version.urn != urn:
            warnings.append(answers.invalid(reply))
            continue
        versions.others.append((reply.registration, version))
        sources.append(reply.registration.id)
        if location := reply.headers.get("ngsild-entitymap", ""):
            maps[reply.registration.id] = location[:2048]
    found = answers.together(registrations, urn, versions, now, wanted)
    return Found(found, warnings, tuple(sources), maps)
