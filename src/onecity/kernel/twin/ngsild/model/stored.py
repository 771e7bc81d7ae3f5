"""The one form in which entities are kept, merged, matched and represented: names expanded, kinds explicit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onecity.kernel.core.text import Text

Instance = dict[str, Any]
"""One instance of an attribute, under the standard's short member names; `type` is its kind. Never changed in place."""

Attributes = dict[str, list[Instance]]
"""Stored name → its instances; the default instance is the one without `datasetId`. Never changed in place."""


@dataclass(slots=True)
class StoredEntity:
    """An entity under stored names (see context.Context.expand). Times are RFC 3339 text in UTC, ended by `Z`.

    Treated as a value: merging answers with a new one that shares what did not change, so neither it nor anything
    within may be changed in place.
    """

    urn: str
    types: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=dict)
    created_at: str = ""
    modified_at: str = ""
    expires_at: str | None = None


@dataclass(slots=True)
class Fragment:
    """Part of an entity that a request wants to write (5.4): what was not given is None or empty.

    An instance whose `type` is `kinds.NULL` asks that this instance be deleted. `bare`: names given as a plain value
    (simplified representation, or a concise Property), whose kind a merge takes from the entity. `expires_at` and
    `scopes` may ask for deletion: `kinds.NULL`, (`kinds.NULL`,).
    """

    types: tuple[str, ...] = ()
    scopes: tuple[str, ...] | None = None
    attributes: Attributes = field(default_factory=dict)
    expires_at: str | None = None
    bare: frozenset[str] = frozenset()
    urn: str | None = None


@dataclass(slots=True)
class Outcome:
    """What a write makes of an entity.

    `entity` is the entity afterwards. `changed`: stored name → its instances afterwards, None where the attribute is
    gone; `previous`: the same names → their instances before, None where there were none. The keys `type`, `scope` and
    `expiresAt` stand for these members (list of stored names, list of scopes, text). `not_updated`: names that
    were refused with the reason in words. `unchanged`: nothing was written, the entity is the one that came in.
    """

    entity: StoredEntity
    changed: Mapping[str, Any]
    previous: Mapping[str, Any]
    not_updated: Sequence[tuple[str, Text | str]]
    unchanged: bool
