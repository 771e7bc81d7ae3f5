"""Plain members as an entity, so that the query language also filters what is no entity: context sources (csf) and snapshots (4.9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class AsWritten:
    """An @context that leaves names as they are: members of registrations and snapshots have no longer names."""

    def expand(self, term: str, /) -> str:
        """Return the term."""
        return term


@dataclass(slots=True)
class Plain:
    """Members by name, each the value of a Property."""

    attributes: dict[str, list[dict[str, Any]]]
    urn: str = ""
    types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    created_at: str = field(default="")
    modified_at: str = field(default="")
    expires_at: str | None = None


def plain(members: Mapping[str, Any]) -> Plain:
    """Return what `matching.matches` decides over, for a JSON object whose members are the names in the query."""
    return Plain(
        {name: [{"type": "Property", "value": value}] for name, value in members.items()},
        created_at=str(members.get("createdAt", "")),
        modified_at=str(members.get("modifiedAt", "")),
        expires_at=members.get("expiresAt"),
    )
