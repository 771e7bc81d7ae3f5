"""A selection: everything that decides whether an entity belongs to the answer of a query, a subscription or a purge."""

from dataclasses import dataclass

from onecity.kernel.twin.ngsild.query.language import GeoQuery, Q, ScopeExpr, TypeExpr, paths
from onecity.kernel.twin.ngsild.query.patterns import Pattern


@dataclass(frozen=True, eq=False)
class Selection:
    """Conditions that must all be met; one that is not given is met by everything (5.7.2.4).

    `types` None selects every type, also what `type=*` says. `attrs` are stored names of which the entity must have one.
    `dataset_ids` ("@none" for the default instance) shape the answer and do not select; `csf` selects context sources.
    Equality is identity: a selection is compiled once and found again by what it is (`matching.matcher`).
    """

    ids: tuple[str, ...] = ()
    id_pattern: Pattern | None = None
    types: TypeExpr | None = None
    q: Q | None = None
    geo: GeoQuery | None = None
    scope: ScopeExpr | None = None
    attrs: tuple[str, ...] = ()
    dataset_ids: tuple[str, ...] = ()
    csf: Q | None = None

    def type_names(self) -> frozenset[str] | None:
        """Return the types of which a matching entity has at least one; None when any type may match."""
        return None if self.types is None else self.types.names()

    def attribute_names(self) -> frozenset[str]:
        """Return the stored names of the entity's attributes that the selection looks at."""
        named = {path.first for path in paths(self.q)} if self.q is not None else set()
        if self.geo is not None:
            named.add(self.geo.geoproperty)
        return frozenset(named | set(self.attrs)) - {""}

    def follows_links(self) -> bool:
        """Tell whether other entities must be read to decide."""
        return self.q is not None and any(path.links for path in paths(self.q))
