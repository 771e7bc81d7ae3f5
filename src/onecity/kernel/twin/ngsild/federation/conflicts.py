"""What proxied registrations may not claim: what another has for itself, or what entities here hold (4.3.6.3, 5.9.2.4)."""

from collections.abc import Mapping
from typing import Final

from onecity.kernel.twin.ngsild.federation.distributing.names import only
from onecity.kernel.twin.ngsild.federation.distributing.planning import covered
from onecity.kernel.twin.ngsild.federation.registration import EntityInfo, Information, Mode, Registration
from onecity.kernel.twin.ngsild.query.language import TypeExpr
from onecity.kernel.twin.ngsild.query.parsing import parse_id_pattern
from onecity.kernel.twin.ngsild.query.selection import Selection

# mode → the modes of registrations that may not overlap with it; several redirects may share what is theirs
PROXIED: Final[Mapping[Mode, tuple[Mode, ...]]] = {"exclusive": ("exclusive", "redirect"), "redirect": ("exclusive",)}


def conflicting(one: Registration, other: Registration) -> bool:
    """Whether two registrations, one of them exclusive, claim the same attribute of the same entity."""
    if one.mode == "exclusive":
        return _claims_of(one, other)
    return other.mode == "exclusive" and _claims_of(other, one)


def _claims_of(exclusive: Registration, other: Registration) -> bool:
    return any(
        info.id is not None and covered(other, info.id, ()) & only(information.properties | information.relationships)
        for information in exclusive.information
        for info in information.entities
    )


def claimed(registration: Registration) -> tuple[Selection, ...]:
    """The entities that may not be here beside a proxied registration; none for the other modes."""
    if registration.mode not in PROXIED:
        return ()
    return tuple(
        _selection(information, info, of_types=registration.mode == "redirect")
        for information in registration.information
        for info in information.entities or (EntityInfo(),)
    )


def _selection(information: Information, info: EntityInfo, *, of_types: bool) -> Selection:
    return Selection(
        ids=() if info.id is None else (info.id,),
        id_pattern=None if info.id_pattern is None else parse_id_pattern(info.id_pattern),
        types=TypeExpr(tuple((name,) for name in info.types)) if of_types and info.types else None,
        attrs=tuple(sorted(information.properties | information.relationships)),
    )
