"""What the query languages say, as values: conditions, paths, type and scope selections, geometries, projections, orders."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from shapely.geometry.base import BaseGeometry

from onecity.kernel.twin.ngsild.query.patterns import Pattern

Kind = Literal["number", "string", "word", "boolean", "datetime", "date", "time"]
Comparison = Literal["exists", "==", "!=", ">", ">=", "<", "<=", "~=", "!~="]
Relation = Literal["near", "within", "contains", "intersects", "equals", "disjoint", "overlaps"]
Direction = Literal["asc", "desc", "dist-asc", "dist-desc"]


LOCATION = (
    "https://uri.etsi.org/ngsi-ld/location"  # stored name of the geoproperty that a geo-query means when it names none
)

# members of the standard that a path may end at: of an attribute's instance, and of the entity itself
TEMPORAL_MEMBERS = frozenset({"observedAt", "createdAt", "modifiedAt", "deletedAt", "expiresAt"})
MEMBERS = TEMPORAL_MEMBERS | {"unitCode", "datasetId", "instanceId", "objectType", "valueType"}
ENTITY_MEMBERS = frozenset({"createdAt", "modifiedAt", "expiresAt"})


class Names(Protocol):
    """What the parsers need of an @context."""

    def expand(self, term: str, /) -> str:
        """Return the stored name of a term."""
        ...


class Entity(Protocol):
    """What matching needs of an entity: `model.StoredEntity` has it."""

    @property
    def urn(self) -> str:
        """Return the entity's id."""
        ...

    @property
    def types(self) -> tuple[str, ...]:
        """Return the stored names of its types."""
        ...

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return its scopes as they were given."""
        ...

    @property
    def attributes(self) -> Mapping[str, list[dict[str, Any]]]:
        """Return the instances of each attribute by stored name."""
        ...

    @property
    def created_at(self) -> str:
        """Return when it was created, as text in UTC."""
        ...

    @property
    def modified_at(self) -> str:
        """Return when it was last changed, as text in UTC."""
        ...

    @property
    def expires_at(self) -> str | None:
        """Return when it ends, as text in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a query with its data type (4.9, production rule Value).

    `value` is a number, a text or a truth value; datetime, date and time are kept as text in a canonical form in UTC.
    `vocab` is the stored name that a VocabProperty must hold to be equal, "" where none can.
    """

    kind: Kind
    value: float | str | bool
    vocab: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """All values from `low` to `high`, both included; both are of one data type."""

    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class Link:
    """A step over a Relationship to the entities it points at; only those of one of `types` where some are given."""

    relationship: str
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """Where a condition looks: over `links`, along the attribute `names` (stored), then at a `member` or into the value.

    `member` is one of the standard's own members (observedAt, unitCode …) of the last element, or of the entity itself where
    `names` is empty; `trailing` is the path in square brackets: members of the value, a language, or ("*",).
    """

    names: tuple[str, ...]
    member: str = ""
    trailing: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def first(self) -> str:
        """Return the attribute of the entity itself that the path begins with, "" for a member of the entity."""
        if self.links:
            return self.links[0].relationship
        return self.names[0] if self.names else ""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition (4.9, production rule QueryTerm)."""

    path: Path
    comparison: Comparison = "exists"
    operand: tuple[Value, ...] | Range | Pattern = ()


@dataclass(frozen=True, slots=True)
class Every:
    """All parts must be met (`;`)."""

    parts: tuple["Q", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One part must be met (`|`)."""

    parts: tuple["Q", ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """The path must lead to nothing (`!attribute`, an addition to the grammar that several brokers accept)."""

    path: Path


def of_moments(term: Term) -> tuple[Value, ...] | Range | None:
    """Return the part of a term's operand that a DateTime can be compared with; None when there is none."""
    operand = term.operand
    if isinstance(operand, Pattern):
        return None
    if isinstance(operand, Range):
        return operand if operand.low.kind == "datetime" else None
    return tuple(value for value in operand if value.kind == "datetime") or None


Q = Term | Every | Either | Absent


def paths(q: Q) -> Iterator[Path]:
    """Yield the path of every condition."""
    if isinstance(q, Every | Either):
        for part in q.parts:
            yield from paths(part)
    else:
        yield q.path


def link_depth(q: Q) -> int:
    """Return over how many relationships the deepest condition goes (5.7.2.4: at most joinLevel)."""
    return max((len(path.links) for path in paths(q)), default=0)


@dataclass(frozen=True, slots=True)
class TypeExpr:
    """A selection of entity types: one of `any_of`, each of which is a set that the entity must have whole (4.17)."""

    any_of: tuple[tuple[str, ...], ...]

    def names(self) -> frozenset[str]:
        """Return the stored names of all types that are mentioned."""
        return frozenset(name for group in self.any_of for name in group)


@dataclass(frozen=True, slots=True)
class ScopePattern:
    """Levels of a scope, `+` for any one; `below` lets everything beneath match too. No level and `below`: any scope."""

    levels: tuple[str, ...]
    below: bool = False


@dataclass(frozen=True, slots=True)
class ScopeExpr:
    """A selection of scopes: one of `any_of`, each of which is a set of patterns that must all be met (4.19)."""

    any_of: tuple[tuple[ScopePattern, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class GeoQuery:
    """A spatial relation to a reference geometry in WGS-84 degrees (4.10); distances are metres, both only with `near`."""

    relation: Relation
    geometry: BaseGeometry
    geoproperty: str = LOCATION
    max_distance: float | None = None
    min_distance: float | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """Members to pick or omit (4.21): stored names or `id`, `type`, `scope`, each with what is taken of linked entities."""

    members: Mapping[str, "Projection | None"]

    def __contains__(self, name: object) -> bool:
        return name in self.members

    @property
    def names(self) -> frozenset[str]:
        """Return the members of the entity itself."""
        return frozenset(self.members)

    @property
    def dropped(self) -> frozenset[str]:
        """Return the members that omit takes away whole; of the others it means parts of what they lead to."""
        return frozenset(name for name, inner in self.members.items() if inner is None)

    def linked(self, relationship: str) -> "Projection | None":
        """Return what is said about the entities that a relationship leads to."""
        return self.members.get(relationship)

    def depth(self) -> int:
        """Return over how many relationships the projection reaches (5.7.2.4: at most joinLevel)."""
        return max((1 + inner.depth() for inner in self.members.values() if inner is not None), default=0)


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One key of an ordering (4.23.3): a path or, with `path.member`, one of id, type, scope, createdAt, modifiedAt."""

    path: Path
    direction: Direction = "asc"


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Keys applied one after another; `origin` is the geometry from which distances are measured."""

    terms: tuple[OrderTerm, ...]
    origin: BaseGeometry | None = None
    collation: str = ""
