"""Who is asked for or told what: the rules of the four modes, without any input or output (4.3.6.2, 4.3.6.3, 5.6, 5.7, 5.12).

An exclusive source alone has what it registered; several redirect sources may share what is theirs; inclusive ones stand
beside the local store; auxiliary ones are read only, for what nobody else has.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from onecity.kernel.twin.ngsild.federation.distributing.names import EVERYTHING, NOTHING, Names, only
from onecity.kernel.twin.ngsild.federation.registration import EntityInfo, Information, Registration
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.query.patterns import Pattern, pattern

EXCLUSIVE, REDIRECT, INCLUSIVE, AUXILIARY = "exclusive", "redirect", "inclusive", "auxiliary"
PROXIED: Final = (EXCLUSIVE, REDIRECT)


@dataclass(frozen=True, slots=True)
class Share:
    """What one source has to do with a request: the attributes `names`; `supported`: whether it offers the operation."""

    registration: Registration
    names: Names
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Division:
    """How a request about one entity is divided. `local`: the attributes that are ours to read or write.

    `here`: whether the local store takes part at all; a whole entity that others hold is none of ours.
    """

    shares: tuple[Share, ...]
    local: Names
    here: bool = True


def may_match(information: Information, urn: str, types: Collection[str]) -> bool:
    """Whether the information is about the entity; its types are not known where `types` is empty (5.12)."""
    if not information.entities:
        return True
    return any(_is_about(info, urn, types) for info in information.entities)


def covered(registration: Registration, urn: str, types: Collection[str]) -> Names:
    """The attributes of the entity that the registration speaks of; NOTHING where it does not speak of the entity."""
    names = NOTHING
    for information in registration.information:
        if may_match(information, urn, types):
            own = information.properties | information.relationships
            names |= only(own) if own else EVERYTHING
    return names


def write(
    registrations: Iterable[Registration], urn: str, types: Collection[str], names: Names, operation: str
) -> Division:
    """Divide a write of the attributes `names`; empty: of members of the entity itself only (5.6.1.4, 5.6.2.4).

    Shares that are not `supported` are conflicts to be told; inclusive sources that do not support it are left out.
    """
    spoken = [(one, covered(one, urn, types)) for one in registrations]
    shares: list[Share] = []
    left, whole = names, not names
    for mode in PROXIED:
        theirs = NOTHING
        for one, own in spoken:
            if one.mode == mode and (part := part_of(own, left, whole=whole)) is not None:
                shares.append(Share(one, part, operation in one.operations))
                theirs |= own
        left -= theirs
        whole = whole and not theirs.is_everything
    here = bool(left) or whole
    if here:
        for one, own in spoken:
            if one.mode == INCLUSIVE and operation in one.operations:
                part = part_of(own, left, whole=whole)
                if part is not None:
                    shares.append(Share(one, part))
    return Division(tuple(shares), left, here)


def read(
    registrations: Iterable[Registration], urn: str, types: Collection[str], wanted: Names, operation: str
) -> Division:
    """Divide a read of the attributes `wanted` of one entity (5.7.1.4).

    What a proxied source has registered is taken from nowhere else, even where it does not answer; a source that does not
    support the operation is not asked.
    """
    registrations = list(registrations)
    open_to = owners(registrations, urn, types)
    shares = [
        Share(one, part)
        for one in registrations
        if operation in one.operations and (part := covered(one, urn, types) & wanted & open_to[one.mode])
    ]
    return Division(tuple(shares), wanted & open_to[INCLUSIVE], bool(open_to[INCLUSIVE]))


def owners(registrations: Iterable[Registration], urn: str, types: Collection[str]) -> dict[str, Names]:
    """Mode → the attributes of the entity that its sources may speak of; those of INCLUSIVE are open to us too."""
    theirs = {EXCLUSIVE: NOTHING, REDIRECT: NOTHING}
    for one in registrations:
        if one.mode in theirs:
            theirs[one.mode] |= covered(one, urn, types)
    open_to_all = EVERYTHING - theirs[EXCLUSIVE] - theirs[REDIRECT]
    return {
        EXCLUSIVE: EVERYTHING,
        REDIRECT: EVERYTHING - theirs[EXCLUSIVE],
        INCLUSIVE: open_to_all,
        AUXILIARY: open_to_all,
    }


def selects(
    registration: Registration,
    ids: Sequence[str],
    id_pattern: Pattern | None,
    types: TypeExpr | None,
    names: Collection[str],
) -> Names:
    """The attributes of entities of a selection that the registration may have; NOTHING where it has none (5.12)."""
    found = NOTHING
    for information in registration.information:
        if information.entities and not any(
            _types_meet(info, types) and _ids_meet(info, ids, id_pattern) for info in information.entities
        ):
            continue
        own = information.properties | information.relationships
        if not own:
            found |= EVERYTHING
        elif not names or not own.isdisjoint(names):
            found |= only(own)
    return found


def ids_of(registration: Registration, ids: Sequence[str], types: Collection[str] = ()) -> list[str]:
    """Those ids that the registration can speak of: no other is asked of it (4.3.6.1)."""
    return [urn for urn in ids if covered(registration, urn, types)]


def encountered(registrations: Iterable[Registration], aliases: Collection[str]) -> list[Registration]:
    """The registrations without those whose source the request has already come through (5.12, 6.3.18)."""
    return [one for one in registrations if not one.context_source_alias or one.context_source_alias not in aliases]


def part_of(own: Names, left: Names, *, whole: bool) -> Names | None:
    """What of a write goes to a source that covers `own`; None where nothing does."""
    if whole:
        return NOTHING if own.is_everything else None
    return (own & left) or None


def _is_about(info: EntityInfo, urn: str, types: Collection[str]) -> bool:
    if types and info.types and not set(info.types) & set(types):
        return False
    if info.id is not None:
        return info.id == urn
    return info.id_pattern is None or pattern(info.id_pattern, "idPattern").search(urn)


def _types_meet(info: EntityInfo, types: TypeExpr | None) -> bool:
    return types is None or not info.types or not types.names().isdisjoint(info.types)


def _ids_meet(info: EntityInfo, ids: Sequence[str], id_pattern: Pattern | None) -> bool:
    if info.id is None and info.id_pattern is None:
        return True
    if info.id is not None:
        return (not ids or info.id in ids) and (id_pattern is None or id_pattern.search(info.id))
    # whether two patterns have an id in common is not decided: it is taken for granted (5.12)
    return not ids or any(pattern(info.id_pattern or "", "idPattern").search(urn) for urn in ids)
